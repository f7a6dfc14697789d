/*
 * What went wrong, for whoever has to mend it.
 *
 * The lowest function says what happened (err_set, err_sys), each caller puts
 * what it was doing in front (err_wrap), and the top alone prints. The code
 * decides exit status, HTTP status and JSON-RPC code. All of them return -1,
 * so that `return err_set(e, ...)` reads as one thought.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_SYS,       /* the operating system refused                          */
	ERR_INPUT,     /* bytes from outside that break their format or bounds  */
	ERR_USAGE,     /* the command line or configuration makes no sense      */
	ERR_NOT_FOUND, /* a thing that was named does not exist                 */
	ERR_DENIED,    /* policy, permission or the sandbox says no             */
	ERR_VERIFY,    /* a signature, digest or proof does not hold            */
	ERR_NET,       /* a peer could not be reached or broke off              */
	ERR_AUTH,      /* a peer refused our credentials                        */
	ERR_BUSY,      /* a peer asked us to come back later (429, 503)         */
	ERR_MODEL,     /* a model's reply cannot be used                        */
	ERR_LIMIT,     /* a budget or limit of ours is spent                    */
	ERR_TIMEOUT,   /* time ran out                                          */
	ERR_SPACE,     /* the disk is full or a quota is reached                */
	ERR_DAMAGED,   /* our own stored state is damaged or in use             */
	ERR_STOPPED,   /* a person or a signal asked us to stop                 */
};

struct err {
	enum err_code code;
	char text[1024];
};

/* Replaces what stands in e. e may be NULL: the caller does not care why. Returns -1. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set with ": " and strerror(errno) behind; ENOSPC and EDQUOT become ERR_SPACE, EACCES and
 * EPERM ERR_DENIED, ENOENT ERR_NOT_FOUND, all else ERR_SYS. Returns -1. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<fmt>: " in front of what stands in e; the code stays. Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Exit status for a code: 0 none, 2 usage, 3 denied or not verified, 1 all else (STYLE, "Errors"). */
int err_exit_status(enum err_code code);

/* A short stable word for --json: "input", "denied", ... */
const char *err_code_name(enum err_code code);

#endif
