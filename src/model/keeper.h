/*
 * The process that owns a model server of ours: starts the engine, says where it answers, ends it.
 *
 * Files in the state folder's "local", all 0600, ID being the model's name:
 *   ID.json    where it answers, while it does        ID.key    its bearer token, new at each start
 *   ID.keeper  locked while a keeper lives            ID.lease  share-locked by every user (local.c)
 *   ID.start   locked while one is being started      ID.log    what the engine printed, from its last start
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_KEEPER_H
#define MODEL_KEEPER_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct keeper {
	const char *id;            /* names the files                                       */
	const char *path;          /* of the GGUF file                                      */
	int64_t context;           /* tokens                                                */
	int port;                  /* 0: any free one                                       */
	int64_t idle_ms;           /* ends when nobody held the lease for so long; 0: never */
	const char *python;        /* with xllamacpp; NULL: llama-server                    */
	const char *llama_server;
	const volatile int *stop;
	/* Called once, when the model answers. */
	void (*ready)(void *arg, int port, const char *key_file);
	void *arg;
};

/* Serves until *stop, idleness, or the engine's end. 0 when it ended because it was asked to or idle. */
int keeper_run(struct arena *a, const struct keeper *k, struct err *e);

/* What a running keeper says of itself. */
struct keeper_state {
	int port;
	int64_t context;
	pid_t pid;
	char engine[32];
};
/* The file of a keeper: its folder is made when absent. */
char *keeper_file(struct arena *a, const char *id, const char *ending, struct err *e);
/* False when none runs for this id. */
bool keeper_is_running(struct arena *a, const char *id, struct keeper_state *out);
int keeper_state_parse(struct bytes in, struct keeper_state *out, struct err *e);

/* Cores that compute: those we may run on, hyper-threads of one core counted once. */
int keeper_threads(void);

#endif
