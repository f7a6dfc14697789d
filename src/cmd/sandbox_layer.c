/*
 * A layer of `sealwright sandbox`, from its making to its end.
 *
 * A layer that could not be kept whole stays, and is named with its id: nothing that a command wrote is lost by a question that
 * was not answered. Paths in it are a stranger's text; a hint that a person may paste into a shell holds none that a shell
 * would read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/sandbox_layer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "cmd/plain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ID_LETTERS = 12, SHOWN = 20, EVENTS_MAX = 1000, DIFF_MAX = 8 << 20, PACK_MS = 600000, SETTLE_MS = 200 };

char *sandbox_layers(struct arena *a, struct err *e)
{
	return fs_state_dir(a, "layers", e);
}

static void box_of(const struct sandbox_layer *sl, struct sandbox *box)
{
	box->layer = sl->l.layer;
	box->tree_source = sl->l.source;
	box->git_dir = sl->l.git_dir;
	box->git_objects = sl->l.git_objects;
}

int sandbox_layer_new(struct sandbox_job *j, struct sandbox_layer *out, struct err *e)
{
	const bool is_level1 = j->profile.level_min == 1 && sandbox_probe()->level < 2; /* no mounts, whatever was found out before */
	const struct layer_how how = { .works = sandbox_layer_works, .copy = j->box.backend == SANDBOX_OCI || is_level1 };
	struct sandbox_layer sl = { .a = j->a, .log = j->log, .protect = j->box.protect };
	char *parent = sandbox_layers(j->a, e), id[ID_LETTERS + 1];

	if (!parent)
		return -1;
	rand_id(id, ID_LETTERS);
	sl.id = arena_strdup(j->a, id);
	if (layer_open(j->a, arena_printf(j->a, "%s/%s", parent, id), j->box.tree, &how, &sl.l, e) < 0)
		return err_wrap(e, "a layer for what it writes");
	box_of(&sl, &j->box);
	*out = sl;
	return 0;
}

static int nothing_left(const struct layer_left *all, size_t n, const char *id, struct err *e)
{
	if (id)
		return err_set(e, ERR_NOT_FOUND, "no layer %.40s; run: sealwright sandbox list --all", id);
	return err_set(e, ERR_NOT_FOUND, all && n ? "nothing was left of this folder's commands; those of other folders: sealwright sandbox "
		       "list --all" : "nothing was left: every command's changes were kept or dropped");
}

int sandbox_layer_find(struct arena *a, const char *id, const char *tree, struct sandbox_layer *out, struct sandbox *box, struct err *e)
{
	struct sandbox_layer sl = { .a = a, .box = box };
	const struct layer_left *found = NULL;
	struct layer_left *all = NULL;
	char *parent = sandbox_layers(a, e);
	size_t n = 0;

	if (!parent || layer_list(a, parent, &all, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (id ? strncmp(all[i].name, id, strlen(id)) != 0 : strcmp(all[i].tree, tree) != 0)
			continue;
		if (id && found)
			return err_set(e, ERR_USAGE, "%.40s is the beginning of several layers; give more of it", id);
		found = &all[i];
		if (!id)
			break;
	}
	if (!found || (id && !*id))
		return nothing_left(all, n, id, e);
	if (layer_find(a, arena_printf(a, "%s/%s", parent, found->name), &sl.l, e) < 0)
		return err_wrap(e, "layer %s", found->name);
	sl.id = found->name;
	box->tree = sl.l.tree;
	box_of(&sl, box);
	*out = sl;
	return 0;
}

int sandbox_layer_allow(struct sandbox_layer *sl, const struct opts *o, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(o, "allow-change", i)); i++) {
		if (!*given || *given == ':')
			return err_set(e, ERR_USAGE, "--allow-change takes RULE or RULE:PATH, not \"%.60s\"", given);
		sl->allow = profile_list_add(sl->a, sl->allow, given);
	}
	return 0;
}

static struct layer_rules rules_of(const struct sandbox_layer *sl)
{
	return (struct layer_rules){ .allow = sl->allow, .protect = sl->protect };
}

int sandbox_layer_changes(struct sandbox_layer *sl, struct layer_changes *out, struct err *e)
{
	const struct layer_rules rules = rules_of(sl);

	return layer_changes(sl->a, &sl->l, &rules, out, e);
}

/* ---- shown to a person ---- */

static const char *const kinds[] = { [LAYER_ADDED] = "added", [LAYER_CHANGED] = "changed", [LAYER_REMOVED] = "removed",
				     [LAYER_MODE] = "mode" };
static const char *const verdicts[] = { [LAYER_KEEPS] = "keeps", [LAYER_ASKS] = "asks", [LAYER_REFUSED] = "refused",
					[LAYER_CONFLICT] = "conflict" };

static void print_one(FILE *f, const struct layer_change *c)
{
	fprintf(f, "  %-8s ", kinds[c->kind]);
	plain_print(f, c->path, 300);
	if (c->type == LAYER_FOLDER)
		putc('/', f);
	if (c->type == LAYER_LINK && c->target) {
		fputs(" -> ", f);
		plain_print(f, c->target, 200);
	}
	if (c->verdict != LAYER_KEEPS) {
		fprintf(f, "\n           %s: ", verdicts[c->verdict]);
		plain_print(f, c->why, 300);
		if (*c->rule)
			fprintf(f, " (%s)", c->rule);
	}
	putc('\n', f);
}

/* Those that need a person come first. */
void sandbox_layer_print(FILE *f, const struct layer_changes *c, size_t max)
{
	size_t by_kind[4] = { 0 }, shown = 0;
	bool first = true;

	for (size_t i = 0; i < c->n; i++)
		by_kind[c->item[i].kind]++;
	for (int k = 0; k < 4; k++) {
		if (!by_kind[k])
			continue;
		fprintf(f, "%s%zu %s", first ? "" : ", ", by_kind[k], k == LAYER_MODE ? "with another mode" : kinds[k]);
		first = false;
	}
	putc('\n', f);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < c->n && shown < max; i++)
			if ((c->item[i].verdict == LAYER_KEEPS) == (pass == 1)) {
				print_one(f, &c->item[i]);
				shown++;
			}
	if (shown < c->n)
		fprintf(f, "  and %zu more\n", c->n - shown);
}

/* True when a shell and a person read the same in it. */
static bool is_plain(const char *path)
{
	return *path != '-' && !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+@,-")];
}

static void print_left(const struct sandbox_layer *sl, const struct layer_changes *left)
{
	size_t asks = 0, i;

	if (!sl->told || !left->n)
		return;
	fprintf(sl->told, "sealwright: not kept: ");
	sandbox_layer_print(sl->told, left, SHOWN);
	fprintf(sl->told, "They wait in the layer %s. To look: sealwright sandbox diff %s\n", sl->id, sl->id);
	for (i = 0; i < left->n && asks < 5; i++)
		if (left->item[i].verdict == LAYER_ASKS && is_plain(left->item[i].path)) {
			fprintf(sl->told, "%s --allow-change %s:%s", asks++ ? "" : arena_printf(sl->a, "To allow: sealwright sandbox keep %s",
				sl->id), left->item[i].rule, left->item[i].path);
		}
	if (asks)
		putc('\n', sl->told);
	fprintf(sl->told, "To forget them: sealwright sandbox drop %s\n", sl->id);
}

/* ---- kept ---- */

static void event(const struct sandbox_layer *sl, const char *what, json_t *data)
{
	if (sl->log)
		sandbox_log_add(sl->log, what, data);
	else
		json_decref(data);
}

static void tell_left(const struct sandbox_layer *sl, const struct layer_changes *left)
{
	for (size_t i = 0; sl->log && i < left->n && i < EVENTS_MAX; i++) {
		const struct layer_change *c = &left->item[i];

		event(sl, "change", json_pack("{s:o, s:s, s:s, s:s, s:o}", "path", json_string_any(bytes_of(c->path)), "kind", kinds[c->kind],
					      "verdict", verdicts[c->verdict], "rule", c->rule, "why", json_string_any(bytes_of(c->why))));
	}
}

static void tell_layer(const struct sandbox_layer *sl, const char *state, size_t kept, size_t left, size_t commits)
{
	event(sl, "layer", json_pack("{s:s, s:s, s:I, s:I, s:I}", "id", sl->id, "state", state, "kept", (json_int_t)kept, "left",
				     (json_int_t)left, "commits", (json_int_t)commits));
}

/* What git inside committed, as a pack in a file that has no name. */
static int pack(struct sandbox_layer *sl, const struct layer_draft *d, size_t n, int *fd, struct err *e)
{
	struct sandbox box = *sl->box;
	struct bytes input = { NULL, 0 };
	struct proc p = { .argv = layer_drafts_argv(sl->a, &sl->l, d, n, &input), .apart = true, .limit_ms = PACK_MS };
	struct proc_result r;
	auto_fd out = open(sl->l.folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (out < 0)
		return err_sys(e, "a file for commits in %s", sl->l.folder);
	p.input = input;
	p.given = (const int[3]){ -1, out, -1 }; /* not spill, which gets what git says on stderr, too */
	box.on_refused = NULL;
	box.env = NULL;
	if (sandbox_run(sl->a, &box, &p, &r, e) < 0)
		return err_wrap(e, "packing commits");
	if (r.status != 0)
		return err_set(e, ERR_INPUT, "packing commits: git inside ended with %d: %.300s", r.status, r.errors);
	if (lseek(out, 0, SEEK_SET) < 0)
		return err_sys(e, "packing commits");
	*fd = take_fd(&out);
	return 0;
}

static int all_dropped(struct sandbox_layer *sl, struct err *e)
{
	return layer_drop(&sl->l, e) < 0 ? err_wrap(e, "layer %s", sl->id) : 0;
}

static int keep(struct sandbox_layer *sl, struct layer_report *files, struct layer_draft_report *drafts, struct err *e)
{
	const struct layer_rules rules = rules_of(sl);
	struct layer_draft *d = NULL;
	auto_fd fd = -1;
	size_t n = 0;

	if (layer_drafts(sl->a, &sl->l, &d, &n, e) < 0 || (n && pack(sl, d, n, &fd, e) < 0) ||
	    layer_keep(sl->a, &sl->l, &rules, files, e) < 0)
		return -1;
	if (!n)
		return 0;
	return layer_drafts_take(sl->a, &sl->l, d, n, fd, &(struct layer_draft_rules){ .rules = &rules, .branches = true }, drafts, e);
}

int sandbox_layer_keep(struct sandbox_layer *sl, struct err *e)
{
	struct layer_report files = { 0 };
	struct layer_draft_report drafts = { .why = "", .note = "" };
	bool left;

	if (keep(sl, &files, &drafts, e) < 0) {
		layer_close(&sl->l);
		return err_wrap(e, "what it wrote waits in the layer %s", sl->id);
	}
	left = files.left.n || *drafts.why || drafts.left.n;
	tell_left(sl, &files.left);
	tell_left(sl, &drafts.left);
	tell_layer(sl, left ? "left" : "kept", files.kept, files.left.n + drafts.left.n, drafts.commits);
	if (*drafts.note && sl->told) {
		fprintf(sl->told, "sealwright: ");
		plain_print(sl->told, drafts.note, 500);
		fprintf(sl->told, "\n");
	}
	if (!left)
		return all_dropped(sl, e);
	print_left(sl, &files.left);
	if (*drafts.why && sl->told) {
		fprintf(sl->told, "sealwright: its commits were not taken: ");
		plain_print(sl->told, drafts.why, 500);
		fprintf(sl->told, "\nThey wait in the layer %s.\n", sl->id);
	}
	layer_close(&sl->l);
	return (int)(files.left.n + drafts.left.n) + (*drafts.why != 0);
}

int sandbox_layer_drop(struct sandbox_layer *sl, struct err *e)
{
	tell_layer(sl, "dropped", 0, 0, 0);
	return all_dropped(sl, e);
}

/* ---- asked ---- */

static char answer(const char *question)
{
	char line[64] = "";
	int c;

	fprintf(stderr, "%s ", question);
	fflush(stderr);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	if (!strchr(line, '\n'))
		while ((c = getchar()) != EOF && c != '\n')
			;
	return line[strspn(line, " \t")];
}

static void show_diff(struct sandbox_layer *sl)
{
	const struct layer_rules rules = rules_of(sl);
	auto_buf text = buf_max(DIFF_MAX);
	struct err why = { 0 };

	if (layer_diff(sl->a, &sl->l, &rules, &text, &why) < 0)
		fprintf(stderr, "sealwright: %s\n", why.text);
	plain_lines(stderr, buf_str(&text), text.n);
}

/* Each rule's yes by itself. */
static void ask_each(struct sandbox_layer *sl, const struct layer_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct layer_change *x = &c->item[i];

		if (x->verdict != LAYER_ASKS)
			continue;
		print_one(stderr, x);
		if ((answer("  keep this one, too? [y/N]") | 0x20) == 'y')
			sl->allow = profile_list_add(sl->a, sl->allow, arena_printf(sl->a, "%s:%s", x->rule, x->path));
	}
}

int sandbox_layer_ask(struct sandbox_layer *sl, struct err *e)
{
	struct layer_changes c;
	struct layer_draft *d;
	size_t drafts = 0;

	if (sandbox_layer_changes(sl, &c, e) < 0 || layer_drafts(sl->a, &sl->l, &d, &drafts, e) < 0) {
		layer_close(&sl->l);
		return err_wrap(e, "what it wrote waits in the layer %s", sl->id);
	}
	if (!c.n && !drafts)
		return all_dropped(sl, e);
	clock_sleep_ms(SETTLE_MS, NULL); /* what the command had a terminal answer to itself is no answer of the person's */
	tcflush(STDIN_FILENO, TCIFLUSH);
	fprintf(stderr, "sealwright: it wrote: ");
	if (c.n)
		sandbox_layer_print(stderr, &c, SHOWN);
	if (drafts)
		fprintf(stderr, "%sommits on %zu branch%s\n", c.n ? "and c" : "c", drafts, drafts == 1 ? "" : "es");
	for (;;) {
		switch (answer("keep, drop, show, or decide later? [k/d/s/L]")) {
		case 'k':
		case 'K':
			ask_each(sl, &c);
			return sandbox_layer_keep(sl, e);
		case 'd':
		case 'D':
			return sandbox_layer_drop(sl, e);
		case 's':
		case 'S':
			show_diff(sl);
			break;
		default:
			fprintf(stderr, "It waits in the layer %s: sealwright sandbox keep %s, or drop, or diff\n", sl->id, sl->id);
			tell_layer(sl, "left", 0, c.n, 0);
			layer_close(&sl->l);
			return (int)c.n;
		}
	}
}
