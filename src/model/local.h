/*
 * Local models: a llama.cpp server of our own, shared by all sealwright processes of one person, or one that runs
 * already on this machine.
 *
 * Ours listens on 127.0.0.1 with a port and a key of its own (0600), so that nobody else on the machine can use it.
 * A keeper process (local_keep) owns the engine and holds the state file; each user holds a shared lock on the lease
 * file for as long as it lives, so the kernel tells the keeper when the last one is gone, however it ended. The keeper
 * ends the engine LOCAL_IDLE_MS after that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_LOCAL_H
#define MODEL_LOCAL_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum { LOCAL_IDLE_MS = 10 * 60 * 1000, LOCAL_CONTEXT = 16384 };

struct local_server {
	int lease;              /* descriptor of our shared lock; -1: none (not our server)  */
	char key[64];           /* bearer token; "": none                                    */
	char model[128];        /* id to name in requests                                    */
	char title[128];        /* for people: "Qwen2.5-Coder-1.5B-Instruct Q4_K_M"          */
	char engine[32];        /* "llama.cpp", "ollama", ...                                */
	int64_t context;        /* tokens; 0: unknown                                        */
	bool ours;
	bool small;             /* as the catalogue says; true for what it does not know     */
	bool native_calls, schema, fim;
	pid_t pid;              /* of the keeper, when ours                                  */
};

/*
 * Makes sure that a model answers on this machine and writes its base URL ("http://127.0.0.1:PORT/v1").
 * name: "local" (ours when it runs or its model is here; else a server found running; else ours, pulled first),
 * a name of the catalogue, the path of a .gguf file, or "ollama", "lmstudio", "llama-server", "vllm", "sglang" with
 * ":MODEL" behind it or not.
 * told, which may be NULL, gets a line now and then: download, checking, loading. Ends early with ERR_STOPPED when
 * *stop becomes true (stop may be NULL). The server stays at least until local_release.
 */
int local_ensure(const char *name, void (*told)(void *arg, const char *line), void *arg, const volatile int *stop,
		 char base_url[256], struct local_server *out, struct err *e);
void local_release(struct local_server *s);

/* A server that answers now. */
struct local_found {
	const char *engine, *base_url, *model;
	int64_t context;
	int port;
	bool ours;
};
/* Ours first, then those on the usual loopback ports that this person or the system started; how many. */
int local_find(struct arena *a, struct local_found **out);

/* Serves a model of the catalogue or a .gguf file here and now, until *stop or idle_ms without a user (0: never).
 * ready is called once, when it answers. */
struct local_serve {
	const char *name;
	int port;               /* 0: any          */
	int64_t idle_ms, context; /* context 0: as the catalogue says */
	void (*told)(void *arg, const char *line);
	void (*ready)(void *arg, int port, const char *key_file);
	void *arg;
	const volatile int *stop;
};
int local_serve(struct arena *a, const struct local_serve *s, struct err *e);

/* True when local_ensure knows what to do with this name. */
bool local_is_name(const char *name);

#endif
