/*
 * What a model may ask for: one row a tool, in one table (tool.c).
 *
 * A tool's answer is text for the model. What the model did wrong is said in that text (`failed`), so that it can do
 * better; -1 with an error is for what the model cannot mend: a full disk, a sandbox that cannot be built, a person who
 * said stop. Commands run through sandbox/ alone; files are opened by descriptor beneath the tree (place.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "sandbox/sandbox.h"

struct err;

enum {
	TOOL_ARGUMENTS_MAX = 4 << 20, /* bytes of a call's arguments             */
	TOOL_RESULT_MAX = 24 << 10,   /* bytes of a result that the model sees   */
};

/* What the calls of one agent stand on. */
struct toolbox {
	const char *tree;                /* absolute, without links                                             */
	int dir;                         /* descriptor of it, as the sandbox shows it once that is open         */
	int outer;                       /* as it is outside                                                    */
	char real[4200];                 /* the path by which the kernel names what dir shows                   */
	const char *const *protect;      /* names beneath the tree that are read-only, folders too; may be NULL */
	const struct sandbox *sandbox;
	const struct sandbox *tests;     /* what test runs get, on the same tree and layer; NULL: as sandbox    */
	const char *spill;               /* folder that takes long outputs; shown read-only in the sandbox      */
	int spilled;                     /* number of the last one                                              */
	int64_t limit_ms;                /* of a command when the call names none; 0: 2 minutes                 */
	int64_t command_ms, tests_ms;    /* the most that a command, a test run may take; 0: their own limits  */
	size_t result_max;               /* of a result, for models with a small window; 0: TOOL_RESULT_MAX     */
	int64_t until_ms;                /* monotonic: when the agent's own time is up; 0: never                */
	const char *test_command;        /* from the configuration; NULL: found                                 */
	const volatile int *stop;        /* may be NULL                                                         */
	json_t *steps;                   /* of the agent's working plan; owned                                  */
	struct sandbox box;              /* sandbox with the spill folder in view, warm: what commands get      */
	sandbox_refused_fn *on_refused;  /* told what of a command was refused; may be NULL                     */
	void *refused_arg;
	long refusals;                   /* of the last command                                                 */
	const char *read[18], *env[80];
};

struct tool_result {
	char *text;              /* for the model, at most TOOL_RESULT_MAX bytes; never NULL after tool_call */
	size_t n;
	bool failed;             /* it did not do what was asked: the text says why                          */
	bool malformed;          /* because the call's arguments do not fit                                  */
	bool changed;            /* the tree or the plan                                                     */
	bool finished;           /* the model says that it is done; text is its summary                      */
	const char *file;        /* that was written, beneath the tree; NULL: none                           */
	struct digest after;     /* of that file's bytes                                                     */
	const char *spill;       /* where the whole output stands; NULL: in the text                         */
	int status;              /* of a command, else 0                                                     */
	bool green;              /* of a test run                                                            */
	int64_t ms;
};

struct tool {
	const char *name;
	const char *what;        /* for the model                                                            */
	const char *parameters;  /* JSON schema: an object of strings, integers, booleans, lists             */
	bool read_only;          /* changes nothing: may run beside others                                   */
	bool again;              /* a second run does no harm: what a kill cut off is run again              */
	enum { TOOL_APART, TOOL_FILES, TOOL_COMMAND } needs; /* of the sandbox: nothing, its tree, all        */
	int (*run)(struct toolbox *t, struct arena *a, const json_t *arguments, struct tool_result *out, struct err *e);
};

/* tree: absolute. sandbox is borrowed and must outlive the box, as all strings given. spill is made when it is needed. */
int toolbox_open(struct toolbox *t, const char *tree, const struct sandbox *sandbox, const char *spill, struct err *e);
void toolbox_close(struct toolbox *t);
/* The warm sandbox of all calls: opened unless it is; ended with all that it kept (/tmp, home). */
int toolbox_enter(struct toolbox *t, struct err *e);
void toolbox_leave(struct toolbox *t);
#define auto_toolbox __attribute__((cleanup(toolbox_close))) struct toolbox

/* All tools, ended by a NULL name. */
const struct tool *tool_all(void);
const struct tool *tool_find(const char *name);
/* The JSON array for a request: names NULL-ended, in the table's order whatever theirs; NULL: all but "finish". */
int tool_list_json(struct buf *out, const char *const *names);

/* One call. arguments: as the model wrote them. 0: out holds what the model gets to see. */
int tool_call(struct toolbox *t, struct arena *a, const char *name, struct bytes arguments, struct tool_result *out,
	      struct err *e);

/* For the tools' own use. */
size_t tool_result_max(const struct toolbox *t);
int tool_says(struct arena *a, struct tool_result *out, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int tool_refuses(struct arena *a, struct tool_result *out, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Keeps a text in the spill folder: its path, or NULL when that fails (the reason is in e). */
char *tool_spill(struct toolbox *t, struct arena *a, struct bytes text, struct err *e);
/* An empty spill file, open for writing. */
int tool_spill_open(struct toolbox *t, struct arena *a, char **path, struct err *e);

int tool_shell(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_read(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_edit(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_write(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_search(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_plan(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_test(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);
int tool_finish(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e);

/* The working plan as text; "" when there is none. */
char *tool_plan_text(struct arena *a, const json_t *steps);

#endif
