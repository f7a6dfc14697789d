/*
 * Drafts: commits made inside become commits of the tree's repository.
 *
 * git is never run in the private git directory outside, since untrusted code wrote its configuration. Its refs are read as
 * bytes; its objects come as a pack that git inside the sandbox made, which is an opponent's: it goes into a folder of its own, git
 * checks every object and that none is missing, every path that a commit changes is held against the keep check, and only
 * then do objects and refs enter. A branch only goes forward, by compare-and-swap from where it stood when the layer was made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/hostgit.h"
#include "work/inside.h"
#include "work/rawdiff.h"
#include "work/refs.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINK_MAX_BYTES = 4096, ATTRIBUTES_MAX = 1 << 20, PACK_MAX = 1 << 30 };

static const char *line_of(struct arena *a, const struct layer *l, const char *name)
{
	auto_buf text = buf_max(LAYER_PATH_MAX);

	if (fs_read_file(arena_printf(a, "%s/base/%s", l->folder, name), &text, NULL) < 0)
		return NULL;
	return arena_memdup(a, buf_str(&text), strcspn(buf_str(&text), "\n"));
}

/* ---- which ---- */

int layer_drafts(struct arena *a, const struct layer *l, struct layer_draft **out, size_t *n, struct err *e)
{
	const char *base = arena_printf(a, "%s/base", l->folder), *head;
	struct refs was = { 0 }, is = { 0 };
	struct layer_draft *list;

	*out = NULL;
	*n = 0;
	if (!l->git_dir)
		return 0;
	if (refs_read(a, base, &was, e) < 0 || refs_read(a, l->git_dir, &is, e) < 0)
		return err_wrap(e, "drafts of %s", l->tree);
	head = refs_head(a, base);
	list = arena_array(a, is.n, sizeof(*list));
	for (size_t i = 0; i < is.n; i++) {
		const struct ref *r = &is.ref[i], *old = refs_find(&was, r->name);

		if (strncmp(r->name, "refs/heads/", 11) || (i && !strcmp(r->name, is.ref[i - 1].name)) || (old && !strcmp(old->id, r->id)))
			continue;
		list[*n] = (struct layer_draft){ .ref = r->name, .is_head = head && !strcmp(head, r->name) };
		strcpy(list[*n].new_id, r->id);
		strcpy(list[(*n)++].old_id, old ? old->id : "");
	}
	*out = list;
	return 0;
}

const char *const *layer_drafts_argv(struct arena *a, const struct layer *l, const struct layer_draft *d, size_t n, struct bytes *input)
{
	static const char *const argv[] = { "git", "pack-objects", "--quiet", "--stdout", "--revs", "--delta-base-offset", NULL };
	auto_buf text = buf_max(16 << 20);
	struct refs was = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s\n", d[i].new_id);
	/* What the repository had already. One that git inside no longer knows would be an error there. */
	if (refs_read(a, arena_printf(a, "%s/base", l->folder), &was, NULL) == 0)
		for (size_t i = 0; i < was.n; i++)
			if (!strncmp(was.ref[i].name, "refs/heads/", 11))
				buf_printf(&text, "^%s\n", was.ref[i].id);
	*input = (struct bytes){ arena_memdup(a, buf_str(&text), text.n), text.n };
	return argv;
}

/* ---- taking them ---- */

struct taking {
	struct arena *a;
	struct layer *l;
	const struct layer_draft *d;
	size_t n;
	const struct layer_draft_rules *rules;
	struct layer_draft_report *out;
	struct hostgit git;
	bool *wanted;      /* of each draft: it is to move now */
	size_t room;       /* of out->left */
	struct layer_state *s;
};

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }
static const struct bytes nothing = { "", 0 };

static int give_up(struct taking *t, const char *why)
{
	t->out->why = why;
	return 1;
}

static int pack_in(struct taking *t, int fd, struct err *e)
{
	int64_t max = t->rules && t->rules->pack_max ? t->rules->pack_max : PACK_MAX;
	struct proc_result r = { 0 };
	struct bytes pack;
	struct stat st;
	int bad;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "the drafts' pack must be in a file");
	if (st.st_size == 0)
		return err_set(e, ERR_INPUT, "the drafts' pack is empty");
	if (st.st_size > max)
		return err_set(e, ERR_LIMIT, "the drafts are larger than %lld bytes", (long long)max);
	pack = (struct bytes){ mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), (size_t)st.st_size };
	if (pack.p == MAP_FAILED)
		return err_sys(e, "read the drafts' pack");
	bad = hostgit_run(t->a, &t->git, WORDS("index-pack", "--stdin", "--strict", arena_printf(t->a, "--max-input-size=%lld", (long long)max)),
			  pack, &r, e);
	munmap((void *)pack.p, pack.n);
	if (bad == 0 && r.status)
		bad = err_set(e, ERR_INPUT, "the drafts' pack is refused by git: %.300s", hostgit_said(&r));
	return bad;
}

/* The ids of the drafts that are to move; "--not --all" leaves out what the repository has. */
static struct bytes revisions(struct taking *t)
{
	auto_buf text = buf_max(1 << 20);

	for (size_t i = 0; i < t->n; i++)
		if (t->wanted[i])
			buf_printf(&text, "%s\n", t->d[i].new_id);
	return (struct bytes){ arena_memdup(t->a, buf_str(&text), text.n), text.n };
}

static struct bytes blob(struct taking *t, const char *id, int64_t max)
{
	struct bytes text = { NULL, 0 };
	struct bytes size = { NULL, 0 };

	if (hostgit_ask(t->a, &t->git, WORDS("cat-file", "-s", id), nothing, &size, NULL) < 0 || atoll(size.p) > max ||
	    hostgit_ask(t->a, &t->git, WORDS("cat-file", "blob", id), nothing, &text, NULL) < 0)
		return (struct bytes){ NULL, 0 };
	return text;
}

/* A path as a tree's entry may make it: no empty part, no dots. git's own check has refused the worst. */
static bool is_odd_path(const char *p)
{
	for (;;) {
		size_t n = strcspn(p, "/");

		if (!n || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return true;
		if (!p[n])
			return false;
		p += n + 1;
	}
}

static void judge(struct taking *t, const struct rawdiff *d, struct layer_change *c)
{
	mode_t m = d->new_mode ? d->new_mode : d->old_mode;
	struct bytes text = { NULL, 0 };

	*c = (struct layer_change){ .path = d->path, .kind = !d->new_mode ? LAYER_REMOVED : d->old_mode ? LAYER_CHANGED : LAYER_ADDED,
				    .type = S_ISLNK(m) ? LAYER_LINK : S_ISREG(m) ? LAYER_FILE : LAYER_OTHER, .mode = m & 07777 };
	if (S_ISREG(m) && !c->mode)
		c->mode = 0644;
	if (c->type == LAYER_LINK && d->new_mode) {
		text = blob(t, d->id, LINK_MAX_BYTES);
		c->target = text.p && strlen(text.p) == text.n ? arena_memdup(t->a, text.p, text.n) : NULL;
	}
	if (c->type == LAYER_FILE && d->new_mode && rules_wants_text(t->a, d->path))
		text = blob(t, d->id, ATTRIBUTES_MAX);
	rules_judge_commit(t->a, t->s, t->rules ? t->rules->rules : NULL, c, text);
	if (is_odd_path(d->path)) {
		c->verdict = LAYER_REFUSED;
		c->rule = "name";
		c->why = "it is no path within the tree";
	}
}

static void add_left(struct taking *t, const struct layer_change *c)
{
	struct layer_changes *left = &t->out->left;

	for (size_t i = 0; i < left->n; i++)
		if (!strcmp(left->item[i].path, c->path) && left->item[i].rule == c->rule)
			return;
	if (left->n == t->room) {
		struct layer_change *more = arena_array(t->a, t->room * 2 + 16, sizeof(*more));

		if (left->n)
			memcpy(more, left->item, left->n * sizeof(*more));
		left->item = more;
		t->room = t->room * 2 + 16;
	}
	left->item[left->n++] = *c;
}

/* Messages and names go to terminals. */
static int judge_messages(struct taking *t, struct err *e)
{
	struct bytes text = { NULL, 0 };

	if (hostgit_ask(t->a, &t->git, WORDS("rev-list", "--header", "--stdin", "--not", "--all"), revisions(t), &text, e) < 0)
		return -1;
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;
		char *line = arena_memdup(t->a, text.p, n);

		for (size_t i = 0; i < n; i++)
			if (line[i] == 0 || line[i] == '\t') /* between commits */
				line[i] = ' ';
		if (name_has_control(line) || name_has_bidi(line))
			return give_up(t, "a commit's message or author holds control characters");
		text.p += n + (end != NULL);
		text.n -= n + (end != NULL);
	}
	return 0;
}

/* Every file that any of the new commits changes, even one that a later commit takes back: it would be in the history. */
static int judge_all(struct taking *t, struct err *e)
{
	struct bytes commits = { NULL, 0 }, raw = { NULL, 0 };
	struct rawdiff *d;
	size_t n, max = t->rules && t->rules->rules && t->rules->rules->max_changes ? t->rules->rules->max_changes : LAYER_CHANGES;

	if (hostgit_ask(t->a, &t->git, WORDS("rev-list", "--stdin", "--not", "--all"), revisions(t), &commits, e) < 0)
		return err_wrap(e, "the drafts are not whole");
	for (size_t i = 0; i < commits.n; i++)
		t->out->commits += commits.p[i] == '\n';
	if (!commits.n)
		return 0;
	/* Trees are compared with each parent: what a merge brings counts as well. */
	if (hostgit_ask(t->a, &t->git, WORDS("diff-tree", "--stdin", "-r", "-z", "-m", "--root", "--raw", "--no-commit-id", "--no-renames",
					     "--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"), commits, &raw, e) < 0 ||
	    rawdiff_parse(t->a, raw, max, &d, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct layer_change c;

		judge(t, &d[i], &c);
		if (c.verdict != LAYER_KEEPS)
			add_left(t, &c);
	}
	changes_count(&t->out->left);
	return t->out->left.n ? give_up(t, "the commits change files that may not be kept") : 0;
}

/* A repository that came with its .git from a stranger may hold links where git outside writes; it would follow them. */
static bool has_link(const char *folder, const char *path)
{
	auto_fd dir = fs_open_dir(folder, NULL), fd = dir < 0 ? -1 : place_open(dir, path, O_RDONLY | O_NONBLOCK);

	return dir >= 0 && fd < 0 && errno == ELOOP;
}

static const char *link_on_the_way(struct taking *t, const char *ref)
{
	const char *common = line_of(t->a, t->l, "common");
	const char *const places[] = { "objects/pack", "packed-refs", ref, arena_printf(t->a, "logs/%s", ref), NULL };
	static const char *const own[] = { "index", "logs/HEAD", NULL };

	for (int i = 0; places[i]; i++)
		if (has_link(common, places[i]))
			return arena_printf(t->a, "%s/%s is a symbolic link or lies behind one, and git would write where that leads", common, places[i]);
	for (int i = 0; own[i]; i++)
		if (has_link(t->git.git, own[i]))
			return arena_printf(t->a, "%s/%s is a symbolic link or lies behind one, and git would write where that leads", t->git.git, own[i]);
	return NULL;
}

/* Which of them move: the branch of HEAD, forward; new ones when asked. */
static int choose(struct taking *t, struct err *e)
{
	struct refs now = { 0 };
	size_t some = 0;

	if (refs_read(t->a, line_of(t->a, t->l, "common"), &now, e) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		const struct layer_draft *d = &t->d[i];
		const struct ref *r = refs_find(&now, d->ref);

		if (!ref_name_is_good(d->ref) || (!d->is_head && (*d->old_id || !t->rules || !t->rules->branches)))
			continue;
		if (r && !strcmp(r->id, d->new_id))
			continue; /* taken before, and killed before that was noted */
		if (strcmp(r ? r->id : "", d->old_id))
			return give_up(t, arena_printf(t->a, "%s was moved in the repository since the layer was opened; merge or rebase inside first",
						       d->ref));
		if (link_on_the_way(t, d->ref))
			return give_up(t, link_on_the_way(t, d->ref));
		t->wanted[i] = true;
		some++;
	}
	return some ? 0 : give_up(t, "no branch is to move: the branch of HEAD has no drafts, and others were not asked for");
}

static int check_forward(struct taking *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		struct proc_result r = { 0 };
		const struct layer_draft *d = &t->d[i];

		if (!t->wanted[i])
			continue;
		if (hostgit_ask(t->a, &t->git, WORDS("cat-file", "-e", arena_printf(t->a, "%s^{commit}", d->new_id)), nothing, NULL, e) < 0)
			return err_set(e, ERR_INPUT, "%s is no commit in the drafts' pack", d->new_id);
		if (!*d->old_id)
			continue;
		if (hostgit_run(t->a, &t->git, WORDS("merge-base", "--is-ancestor", d->old_id, d->new_id), nothing, &r, e) < 0)
			return -1;
		if (r.status)
			return give_up(t, arena_printf(t->a, "%s would not go forward: its history was rewritten inside", d->ref));
	}
	return 0;
}

/* All that the new commits need is there. */
static int check_whole(struct taking *t, struct err *e)
{
	struct proc_result r = { 0 };

	if (hostgit_run(t->a, &t->git, WORDS("rev-list", "--objects", "--quiet", "--stdin", "--not", "--all"), revisions(t), &r, e) < 0)
		return -1;
	return r.status ? err_set(e, ERR_INPUT, "the drafts are not whole: %.300s", hostgit_said(&r)) : 0;
}

static void give_owner(const char *path, const struct stat *like)
{
	if (geteuid() == 0 && like->st_uid != 0 && lchown(path, like->st_uid, like->st_gid) < 0)
		errno = 0;
}

/* The pack's files into the repository, the index last: without it git does not see the pack. */
static int move_pack(struct taking *t, struct err *e)
{
	static const char *const ends[] = { ".pack", ".rev", ".idx" };
	const char *from = arena_printf(t->a, "%s/pack", t->git.incoming), *to = arena_printf(t->a, "%s/pack", t->git.objects);
	struct stat like;

	if (fs_make_dirs(to, 0755, e) < 0 || stat(t->git.objects, &like) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		DIR *d = opendir(from);
		const struct dirent *x;

		if (!d)
			return errno == ENOENT ? 0 : err_sys(e, "look into %s", from);
		while ((x = readdir(d))) {
			const char *end = strrchr(x->d_name, '.'), *path = arena_printf(t->a, "%s/%s", to, x->d_name);

			if (!end || strcmp(end, ends[i]))
				continue;
			if (rename(arena_printf(t->a, "%s/%s", from, x->d_name), path) < 0) {
				err_sys(e, "move %s into the repository", x->d_name);
				closedir(d);
				return -1;
			}
			give_owner(path, &like);
		}
		closedir(d);
	}
	return 0;
}

/* All of them or none, from where they stood. */
static int move_refs(struct taking *t, struct err *e)
{
	static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";
	auto_buf text = buf_max(1 << 20);
	struct stat like;

	buf_add_str(&text, "start\n");
	for (size_t i = 0; i < t->n; i++)
		if (t->wanted[i])
			buf_printf(&text, "update %s %s %.*s\n", t->d[i].ref, t->d[i].new_id, (int)strlen(t->d[i].new_id),
				   *t->d[i].old_id ? t->d[i].old_id : none);
	buf_add_str(&text, "prepare\ncommit\n");
	if (hostgit_ask(t->a, &t->git, WORDS("update-ref", "-m", "sealwright: commits made in the sandbox", "--stdin"), buf_bytes(&text), NULL,
			e) < 0)
		return err_wrap(e, "move the branch");
	for (size_t i = 0; i < t->n; i++) {
		if (!t->wanted[i])
			continue;
		t->out->refs++;
		if (stat(t->git.objects, &like) == 0) {
			give_owner(arena_printf(t->a, "%s/%s", line_of(t->a, t->l, "common"), t->d[i].ref), &like);
			give_owner(arena_printf(t->a, "%s/logs/%s", line_of(t->a, t->l, "common"), t->d[i].ref), &like);
		}
	}
	return 0;
}

/* What a person has staged stays; where both changed a file, the index is left alone. */
static void move_index(struct taking *t)
{
	struct proc_result r = { 0 };
	struct stat like;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->wanted[i] || !t->d[i].is_head)
			continue;
		if (hostgit_run(t->a, &t->git, *t->d[i].old_id ? WORDS("read-tree", "-i", "-m", t->d[i].old_id, t->d[i].new_id)
							       : WORDS("read-tree", "-i", "-m", t->d[i].new_id), nothing, &r, NULL) < 0 || r.status)
			t->out->note = "the branch has moved, but the index could not follow: it holds other changes of the same files; run: git reset";
		if (stat(t->git.objects, &like) == 0)
			give_owner(arena_printf(t->a, "%s/index", t->git.git), &like);
	}
}

/* The ids that the tree's files would have, one a line, for those of d that are files of the tree; which, in *picked. */
static int ids_of_files(struct taking *t, const struct rawdiff *d, size_t n, const struct rawdiff **picked, size_t *some, struct bytes *ids,
			struct err *e)
{
	auto_buf paths = buf_max(LAYER_PATHS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (!S_ISREG(d[i].new_mode) || place_stat(t->s->tree, d[i].path, &st) < 0 || !S_ISREG(st.st_mode) || strpbrk(d[i].path, "\n\""))
			continue;
		picked[(*some)++] = &d[i];
		buf_printf(&paths, "%s\n", d[i].path);
	}
	if (buf_check(&paths, "list of files", e) < 0)
		return -1;
	return hostgit_ask(t->a, &t->git, WORDS("hash-object", "--no-filters", "--stdin-paths"), buf_bytes(&paths), ids, e);
}

/* A person has seen the files, not the commits: where those hold something else, that must be said. Files that are only in the
 * commits count as well. Not told for line ends that git would change. */
static void compare(struct taking *t, const struct layer_draft *head)
{
	struct bytes raw = { NULL, 0 }, ids = { NULL, 0 }, crlf = { NULL, 0 };
	const struct rawdiff **picked;
	struct rawdiff *d;
	size_t n, some = 0, unlike = 0;
	const char *first = NULL;

	if (hostgit_ask(t->a, &t->git, WORDS("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff",
					     "--no-textconv", *head->old_id ? head->old_id : "4b825dc642cb6eb9a060e54bf8d69288fbee4904", head->new_id),
			nothing, &raw, NULL) < 0 || rawdiff_parse(t->a, raw, LAYER_CHANGES, &d, &n, NULL) < 0 || !n ||
	    (hostgit_ask(t->a, &t->git, WORDS("config", "core.autocrlf"), nothing, &crlf, NULL) == 0 && strncmp(crlf.p, "false", 5)))
		return;
	picked = arena_array(t->a, n, sizeof(*picked));
	if (ids_of_files(t, d, n, picked, &some, &ids, NULL) < 0)
		return;
	for (size_t i = 0; i < some; i++) {
		size_t len = strlen(picked[i]->id);

		if (ids.n < len + 1)
			return;
		if (memcmp(ids.p, picked[i]->id, len)) {
			first = first ? first : picked[i]->path;
			unlike++;
		}
		ids.p += len + 1;
		ids.n -= len + 1;
	}
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (S_ISREG(d[i].new_mode) && place_stat(t->s->tree, d[i].path, &st) < 0) {
			first = first ? first : d[i].path;
			unlike++;
		}
	}
	if (unlike && !*t->out->note)
		t->out->note = arena_printf(t->a, "%zu file%s of the commits hold%s other content than the tree, first %.200s; look at them: git diff "
					      "HEAD", unlike, unlike == 1 ? "" : "s", unlike == 1 ? "s" : "", first);
}

/* They are drafts no longer. */
static int note(struct taking *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *path = arena_printf(t->a, "%s/base/%s", t->l->folder, t->d[i].ref);

		if (!t->wanted[i])
			continue;
		if (fs_make_dirs(arena_memdup(t->a, path, (size_t)(strrchr(path, '/') - path)), 0755, e) < 0 ||
		    fs_write_atomic(path, bytes_of(arena_printf(t->a, "%s\n", t->d[i].new_id)), 0644, e) < 0)
			return -1;
	}
	return 0;
}

static int take(struct taking *t, int fd, struct err *e)
{
	int r = choose(t, e);

	if (r != 0)
		return r;
	/* On the repository's own disk; the name is one of those that git's prune takes away after a crash. */
	t->git.incoming = arena_printf(t->a, "%s/tmp_objdir-incoming-sealwright-%ld", t->git.objects, (long)getpid());
	if (fs_remove_tree(t->git.incoming, e) < 0 || fs_make_dirs(t->git.incoming, 0700, e) < 0)
		return -1;
	r = pack_in(t, fd, e);
	if (r == 0)
		r = check_forward(t, e);
	if (r == 0)
		r = check_whole(t, e);
	if (r == 0)
		r = judge_messages(t, e);
	if (r == 0)
		r = judge_all(t, e);
	if (r == 0)
		r = move_pack(t, e);
	fs_remove_tree(t->git.incoming, NULL);
	t->git.incoming = NULL;
	if (r == 0)
		r = move_refs(t, e);
	if (r == 0) {
		move_index(t);
		for (size_t i = 0; i < t->n; i++)
			if (t->wanted[i] && t->d[i].is_head)
				compare(t, &t->d[i]);
		r = note(t, e);
	}
	return r;
}

int layer_drafts_take(struct arena *a, struct layer *l, const struct layer_draft *d, size_t n, int fd,
		      const struct layer_draft_rules *rules, struct layer_draft_report *out, struct err *e)
{
	struct taking t = { .a = a, .l = l, .d = d, .n = n, .rules = rules, .out = out, .s = l->state };
	auto_fd still = layer_still(l->state, e);

	*out = (struct layer_draft_report){ .why = "", .note = "" };
	if (still < 0)
		return err_wrap(e, "drafts");
	if (!l->git_dir)
		return err_set(e, ERR_NOT_FOUND, "drafts: the layer has no git directory of its own");
	t.git = (struct hostgit){ l->tree, line_of(a, l, "git"), l->git_objects, NULL };
	if (!t.git.git || strpbrk(t.git.objects, ":\"\n"))
		return err_set(e, ERR_DENIED, "drafts: the repository's path %s holds a colon, a quote or a line break; move it", t.git.objects);
	t.wanted = arena_array(a, n, sizeof(*t.wanted));
	if (take(&t, fd, e) < 0)
		return err_wrap(e, "drafts of %s", l->tree);
	if (*out->why && !out->refs)
		out->commits = 0;
	return 0;
}
