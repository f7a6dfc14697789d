/*
 * The layer of a session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/layers.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TOLD_MAX = 50, LISTED_MAX = 200, WAIT_MS = 3000, PACK_MS = 600000 };

static int add(struct layers *y, const char *type, json_t *d, struct err *e)
{
	if (y->task)
		json_object_set_new(d, "task", json_string_any(bytes_of(y->task)));
	return session_add(y->session, type, d, e) < 0 ? err_wrap(e, "session log") : 0;
}

static const char *kind_name(const struct layer_change *c)
{
	static const char *const names[] = { [LAYER_ADDED] = "added", [LAYER_CHANGED] = "changed", [LAYER_REMOVED] = "removed",
					     [LAYER_MODE] = "mode" };

	return names[c->kind];
}

static const char *verdict_name(const struct layer_change *c)
{
	static const char *const names[] = { [LAYER_KEEPS] = "keeps", [LAYER_ASKS] = "asks", [LAYER_REFUSED] = "refused",
					     [LAYER_CONFLICT] = "conflict" };

	return names[c->verdict];
}

static int log_kept(struct layers *y, const struct layer_report *r, const struct layer_draft_report *drafts, struct err *e)
{
	json_t *left = json_array(), *d;

	for (size_t i = 0; i < r->left.n && i < LISTED_MAX; i++) {
		const struct layer_change *c = &r->left.item[i];

		json_array_append_new(left, json_pack("{s:o, s:s, s:s, s:s, s:o}", "path", json_string_any(bytes_of(c->path)), "change",
						      kind_name(c), "verdict", verdict_name(c), "rule", c->rule, "why",
						      json_string_any(bytes_of(c->why))));
	}
	d = json_pack("{s:I, s:I, s:o}", "kept", (json_int_t)r->kept, "left_n", (json_int_t)r->left.n, "left", left);
	if (drafts && drafts->commits)
		json_object_set_new(d, "commits", json_integer((json_int_t)drafts->commits));
	if (drafts && drafts->why && *drafts->why)
		json_object_set_new(d, "commits_left", json_string_any(bytes_of(drafts->why)));
	return add(y, "kept", d, e);
}

/* A killed sealwright's last process may hold a lock a moment longer than it. */
static int open_waiting(struct arena *a, const char *folder, const char *tree, struct layer *l, struct err *e)
{
	const struct layer_how how = { .works = sandbox_layer_works };
	const int64_t until = clock_mono_ms() + WAIT_MS;
	int r;

	while ((r = layer_open(a, folder, tree, &how, l, e)) < 0 && e->code == ERR_BUSY && clock_mono_ms() < until)
		clock_sleep_ms(20, NULL);
	return r;
}

static void wait_for_sandbox(const struct layer *l)
{
	auto_fd fd = open(l->layer ? l->layer : l->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int64_t until = clock_mono_ms() + WAIT_MS;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK && clock_mono_ms() < until)
		clock_sleep_ms(20, NULL);
}

static bool has_layers(const struct sandbox *box)
{
	const int least = box->level_min ? box->level_min : 2;

	return box->backend == SANDBOX_OWN && sandbox_probe()->level >= least;
}

static int open_at(struct arena *a, const char *folder, bool fresh, struct sandbox *box, struct layers *out, struct err *e)
{
	struct layer l = { 0 };

	if (sandbox_check(box, e) < 0 || open_waiting(a, folder, box->tree, &l, e) < 0)
		return err_wrap(e, "layer");
	if (l.found)
		wait_for_sandbox(&l);
	if (l.found && fresh && (layer_drop(&l, e) < 0 || open_waiting(a, folder, box->tree, &l, e) < 0))
		return err_wrap(e, "layer");
	out->l = l;
	out->open = true;
	box->layer = l.layer;
	box->tree_source = l.source;
	return 0;
}

int layers_open_trial(struct arena *a, struct session *s, struct sandbox *box, struct layers *out, struct err *e)
{
	*out = (struct layers){ .session = s };
	if (!has_layers(box))
		return 0;
	return open_at(a, arena_printf(a, "%s/trial", session_folder(s)), true, box, out, e);
}

int layers_open(struct arena *a, struct session *s, const char *task, bool fresh, bool git, struct sandbox *box,
		struct layers *out, struct err *e)
{
	struct layers y = { .session = s, .task = task };
	const char *parent;
	json_t *d;

	*out = y;
	if (!has_layers(box))
		return 0;
	parent = fs_state_dir(a, "layers", e);
	if (!parent || open_at(a, arena_printf(a, "%s/%s", parent, session_id(s)), fresh, box, &y, e) < 0)
		return -1;
	d = json_pack("{s:s, s:s, s:b}", "folder", y.l.folder, "by", y.l.layer ? "overlay" : "copy", "found", y.l.found);
	if (git && y.l.git_why)
		json_object_set_new(d, "git", json_string_any(bytes_of(y.l.git_why)));
	if (add(&y, "layer", d, e) < 0 || (y.l.finished && log_kept(&y, y.l.finished, NULL, e) < 0)) {
		layers_close(&y, box);
		return -1;
	}
	box->git_dir = git ? y.l.git_dir : NULL;
	box->git_objects = git ? y.l.git_objects : NULL;
	*out = y;
	return 0;
}

void layers_share(const struct sandbox *from, struct sandbox *to)
{
	to->layer = from->layer;
	to->tree_source = from->tree_source;
	to->git_dir = from->git_dir;
	to->git_objects = from->git_objects;
}

void layers_close(struct layers *y, struct sandbox *box)
{
	box->layer = box->tree_source = box->git_dir = box->git_objects = NULL;
	if (y->open)
		layer_close(&y->l);
	y->open = false;
}

void layers_leave(struct layers *y, struct sandbox *box)
{
	auto_arena a = { 0 };
	struct layer_changes c = { 0 };

	if (!y->open || layer_changes(&a, &y->l, NULL, &c, NULL) < 0 || c.n || layers_drop(y, box, NULL, NULL) < 0)
		layers_close(y, box);
}

static bool is_litter(const struct layer_change *c)
{
	return c->verdict == LAYER_REFUSED && (!strcmp(c->rule, "special-file") || (!strcmp(c->rule, "git") && c->type != LAYER_LINK));
}

int layers_judge(struct arena *a, struct layers *y, const struct layer_rules *rules, const char **refused, struct err *e)
{
	auto_buf b = buf_max(64 << 10);
	struct layer_changes c = { 0 };
	int told = 0;

	*refused = NULL;
	if (!y->open)
		return 0;
	if (layer_changes(a, &y->l, rules, &c, e) < 0)
		return err_wrap(e, "keep check");
	for (size_t i = 0; i < c.n; i++) {
		if (c.item[i].verdict == LAYER_KEEPS || is_litter(&c.item[i]))
			continue;
		if (told++ >= TOLD_MAX)
			continue;
		buf_printf(&b, "refused: %s ", kind_name(&c.item[i]));
		for (const char *p = c.item[i].path; *p; p++) /* a line break in a name must not look like a line of ours */
			buf_add_char(&b, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
		buf_add_char(&b, '\n');
	}
	if (told > TOLD_MAX)
		buf_printf(&b, "and %d more\n", told - TOLD_MAX);
	if (told)
		*refused = arena_printf(a, "Changes of these files are not accepted; undo them:\n%s", buf_str(&b));
	return 0;
}

/* What git inside committed, as a pack in a file that has no name: made inside, since a git outside would obey the configuration of
 * that directory. */
static int pack(struct arena *a, struct layers *y, const struct sandbox *box, const struct layer_draft *d, size_t n, int *fd, struct err *e)
{
	struct bytes input = { NULL, 0 };
	struct proc p = { .argv = layer_drafts_argv(a, &y->l, d, n, &input), .apart = true, .limit_ms = PACK_MS };
	struct sandbox in = *box;
	struct proc_result r;
	auto_fd out = open(y->l.folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (out < 0)
		return err_sys(e, "a file for commits in %s", y->l.folder);
	p.input = input;
	p.given = (const int[3]){ -1, out, -1 };
	in.on_refused = NULL;
	in.egress = 0;
	in.env = NULL;
	if (sandbox_run(a, &in, &p, &r, e) < 0)
		return err_wrap(e, "packing commits");
	if (r.status)
		return err_set(e, ERR_INPUT, "packing commits: git inside ended with %d", r.status);
	if (lseek(out, 0, SEEK_SET) < 0)
		return err_sys(e, "packing commits");
	*fd = take_fd(&out);
	return 0;
}

int layers_keep(struct layers *y, const struct sandbox *box, const struct layer_rules *rules, size_t *left, struct err *e)
{
	auto_arena a = { 0 };
	struct layer_report r = { 0 };
	struct layer_draft_report taken = { .why = "" };
	struct layer_draft *d = NULL;
	struct err why = { 0 };
	auto_fd fd = -1;
	size_t n = 0;

	*left = 0;
	if (!y->open)
		return 0;
	if (box->git_dir && (layer_drafts(&a, &y->l, &d, &n, &why) < 0 || (n && pack(&a, y, box, d, n, &fd, &why) < 0)))
		taken.why = why.text; /* hostile bytes; the files are no worse for it */
	if (layer_keep(&a, &y->l, rules, &r, e) < 0)
		return err_wrap(e, "keep");
	if (n && fd >= 0 && layer_drafts_take(&a, &y->l, d, n, fd, &(struct layer_draft_rules){ .rules = rules, .branches = true }, &taken, &why) < 0) {
		if (why.code != ERR_INPUT)
			return err_set(e, why.code, "keep: %s", why.text);
		taken.why = why.text;
	}
	for (size_t i = 0; i < r.left.n; i++)
		*left += !is_litter(&r.left.item[i]);
	*left += taken.why && *taken.why;
	return log_kept(y, &r, &taken, e);
}

int layers_drop(struct layers *y, struct sandbox *box, const char *why, struct err *e)
{
	if (!y->open)
		return 0;
	if (layer_drop(&y->l, e) < 0)
		return err_wrap(e, "drop the layer");
	y->open = false;
	layers_close(y, box);
	return why ? add(y, "dropped", json_pack("{s:s}", "why", why), e) : 0;
}
