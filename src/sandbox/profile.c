/*
 * Reading profiles.
 *
 * A profile over another one says only what differs: a number or word replaces, a list adds, and `network: none` takes
 * away what stood before. Nothing in it is taken for something else: an unknown key, a relative path and a misspelt word
 * are refused, since each would quietly mean a wider or narrower sandbox than its writer thought.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/profile.h"

#include "base/conf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "sandbox/own.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const nothing[] = { NULL };

static size_t list_length(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

const char *const *profile_list_add(struct arena *a, const char *const *list, const char *more)
{
	size_t n = list_length(list);
	const char **grown = arena_array(a, n + 2, sizeof(*grown));

	if (n)
		memcpy(grown, list, n * sizeof(*grown));
	grown[n] = more;
	return grown;
}

/* ---- one file ---- */

struct reading {
	struct arena *a;
	const char *path;
	const struct conf *top;
	struct profile *p;
};

static int wrong(const struct reading *r, const struct conf *c, const char *what, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s:%d: %s", r->path, c->line, what);
}

/* Adds the texts under a key to a list, each checked. */
static int add_list(const struct reading *r, const char *key, const char *const **list,
		    const char *(*check)(struct arena *a, const char *text), const char *takes, struct err *e)
{
	const char *const *texts = NULL;
	const struct conf *c = conf_get(r->top, key);

	if (conf_texts(r->a, r->top, key, &texts, e) < 0)
		return err_wrap(e, "%s", r->path);
	for (int i = 0; texts && texts[i]; i++) {
		const char *good = check(r->a, texts[i]);

		if (!good)
			return err_set(e, ERR_USAGE, "%s:%d: %s takes %s, not \"%.100s\"", r->path, c->line, key, takes, texts[i]);
		if (list_length(*list) == PROFILE_LIST_MAX)
			return err_set(e, ERR_USAGE, "%s:%d: %s holds more than %d", r->path, c->line, key, PROFILE_LIST_MAX);
		*list = profile_list_add(r->a, *list, good);
	}
	return 0;
}

/* Absolute, or of the person's home, without "." and "..". */
static const char *check_path(struct arena *a, const char *text)
{
	const char *home = getenv("HOME"), *path = text;

	if (!strncmp(text, "~/", 2) && home && home[0] == '/')
		path = arena_printf(a, "%s%s", home, text + 1);
	if (path[0] != '/' || strlen(path) > 4000)
		return NULL;
	for (const char *p = path; (p = strstr(p, "/.")); p++)
		if (!p[2] || p[2] == '/' || (p[2] == '.' && (!p[3] || p[3] == '/')))
			return NULL;
	return path;
}

/* Beneath the tree. */
static const char *check_beneath(struct arena *a, const char *text)
{
	return *text && *text != '/' && *text != '~' && check_path(a, arena_printf(a, "/%s", text)) ? text : NULL;
}

static const char *check_variable(struct arena *a, const char *text)
{
	(void)a;
	if (!isalpha((unsigned char)*text) && *text != '_')
		return NULL;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return NULL;
	return text;
}

/* Its bytes alone: what a host may be is decided where it is dialled. */
static const char *check_host(struct arena *a, const char *text)
{
	(void)a;
	if (!*text || strlen(text) > 300 || *text == '-')
		return NULL;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".-*:[]_", *p))
			return NULL;
	return text;
}

static const char *check_change(struct arena *a, const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon > text && check_beneath(a, colon + 1) ? text : NULL;
}

static int read_network(const struct reading *r, struct err *e)
{
	const char *const *words = NULL;
	struct profile *p = r->p;
	const struct conf *c = conf_get(r->top, "network");

	if (conf_texts(r->a, r->top, "network", &words, e) < 0)
		return err_wrap(e, "%s", r->path);
	for (int i = 0; words && words[i]; i++) {
		if (!strcmp(words[i], "none")) {
			if (i || words[1])
				return wrong(r, c, "network: none stands alone", e);
			p->network = nothing;
			p->registries = p->network_asked = false;
		} else if (!strcmp(words[i], "registries")) {
			p->registries = true;
		} else if (!strcmp(words[i], "asked")) {
			p->network_asked = true;
		} else if (!check_host(r->a, words[i]) || list_length(p->network) == PROFILE_LIST_MAX) {
			return err_set(e, ERR_USAGE, "%s:%d: network takes none, registries, asked, or at most %d of HOST[:PORT], not "
				       "\"%.100s\"", r->path, c->line, PROFILE_LIST_MAX, words[i]);
		} else {
			p->network = profile_list_add(r->a, p->network, words[i]);
		}
	}
	return 0;
}

static int read_env(const struct reading *r, struct err *e)
{
	const struct conf *env = conf_get(r->top, "env");

	if (!env || (env->kind == CONF_TEXT && !*env->text))
		return 0;
	if (env->kind != CONF_MAP)
		return wrong(r, env, "env takes NAME: VALUE, a line each", e);
	for (const struct conf *c = env->first; c; c = c->next) {
		if (c->kind != CONF_TEXT || !check_variable(r->a, c->key))
			return wrong(r, c, "env takes NAME: VALUE, a line each; a name is letters, digits and _", e);
		if (list_length(r->p->env) == PROFILE_LIST_MAX)
			return wrong(r, c, "env holds too many", e);
		r->p->env = profile_list_add(r->a, r->p->env, arena_printf(r->a, "%s=%s", c->key, c->text));
	}
	return 0;
}

/* The keys of a map, for messages; NULL-ended. */
static int known(const struct reading *r, const struct conf *map, const char *what, const char *const *keys, struct err *e)
{
	for (const struct conf *c = map ? map->first : NULL; c; c = c->next) {
		bool found = false;

		for (const char *const *k = keys; c->key && *k; k++)
			found = found || !strcmp(*k, c->key);
		if (!found)
			return err_set(e, ERR_USAGE, "%s:%d: %s has no key %.64s; docs/formats/profile.md lists them", r->path,
				       c->key_line, what, c->key ? c->key : "in a list");
	}
	return 0;
}

static int read_limits(const struct reading *r, struct err *e)
{
	static const char *const keys[] = { "time", "memory", "processes", "disk", "output", NULL };
	const struct conf *l = conf_get(r->top, "limits");
	struct profile *p = r->p;

	if (!l || (l->kind == CONF_TEXT && !*l->text))
		return 0;
	if (l->kind != CONF_MAP)
		return wrong(r, l, "limits takes time, memory, processes, disk and output, a line each", e);
	if (known(r, l, "limits", keys, e) < 0)
		return -1;
	if (conf_time(l, "time", &p->time_ms, e) < 0 || conf_size(l, "memory", &p->memory, e) < 0 ||
	    conf_whole(l, "processes", 1, 1000000, &p->processes, e) < 0 || conf_size(l, "disk", &p->disk, e) < 0 ||
	    conf_size(l, "output", &p->output, e) < 0)
		return err_wrap(e, "%s: limits", r->path);
	return 0;
}

static int read_word(const struct reading *r, const char *key, const char *const *words, int *out, struct err *e)
{
	const char *text = NULL;
	char takes[120] = "";

	if (conf_text(r->top, key, &text, e) < 0)
		return err_wrap(e, "%s", r->path);
	for (int i = 0; text && words[i]; i++) {
		if (!strcmp(text, words[i])) {
			*out = i;
			return 0;
		}
		snprintf(takes + strlen(takes), sizeof(takes) - strlen(takes), "%s%s", i ? ", " : "", words[i]);
	}
	return text ? err_set(e, ERR_USAGE, "%s:%d: %s takes one of %s, not \"%.60s\"", r->path, conf_get(r->top, key)->line, key,
			      takes, text) : 0;
}

static int read_words(const struct reading *r, struct err *e)
{
	static const char *const trees[] = { "write", "read", NULL }, *const backends[] = { "own", "oci", NULL },
				 *const keeps[] = { "ask", "keep", "drop", NULL };
	struct profile *p = r->p;
	int tree = -1, backend = -1, keep = -1;
	int64_t level = p->level_min;

	if (read_word(r, "tree", trees, &tree, e) < 0 || read_word(r, "backend", backends, &backend, e) < 0 ||
	    read_word(r, "keep", keeps, &keep, e) < 0)
		return -1;
	if (conf_whole(r->top, "level_min", 1, 4, &level, e) < 0 || conf_text(r->top, "image", &p->image, e) < 0 ||
	    conf_text(r->top, "about", &p->about, e) < 0)
		return err_wrap(e, "%s", r->path);
	p->level_min = (int)level;
	if (tree >= 0)
		p->tree_readonly = tree == 1;
	if (backend >= 0) {
		p->backend = backend ? SANDBOX_OCI : SANDBOX_OWN;
		p->has_backend = true;
	}
	if (keep >= 0)
		p->keep = (enum profile_keep)(keep + 1);
	return 0;
}

static int read_one(const struct reading *r, struct err *e)
{
	static const char *const keys[] = { "extends", "about", "network", "tree", "read", "write", "env", "pass", "protect", "limits",
					    "level_min", "backend", "image", "keep", "allow_change", NULL };
	struct profile *p = r->p;

	if (known(r, r->top, "a profile", keys, e) < 0 || read_network(r, e) < 0 || read_words(r, e) < 0 || read_env(r, e) < 0 ||
	    read_limits(r, e) < 0 ||
	    add_list(r, "read", &p->read, check_path, "folders, absolute or ~/..., without . and ..", e) < 0 ||
	    add_list(r, "write", &p->write, check_path, "folders, absolute or ~/..., without . and ..", e) < 0 ||
	    add_list(r, "pass", &p->pass, check_variable, "names of variables", e) < 0 ||
	    add_list(r, "protect", &p->protect, check_beneath, "names beneath the tree", e) < 0 ||
	    add_list(r, "allow_change", &p->allow_change, check_change, "RULE:PATH", e) < 0) {
		if (e)
			e->code = ERR_USAGE;
		return -1;
	}
	return 0;
}

struct file { /* of a chain of `extends` */
	struct bytes text;
	const char *path;
	const struct conf *top;
};

int profile_parse(struct arena *a, struct bytes text, const char *path, profile_find_fn *find, void *arg, struct profile *out,
		  struct err *e)
{
	struct file files[PROFILE_DEPTH_MAX];
	struct profile p = { .about = "", .network = nothing, .read = nothing, .write = nothing, .env = nothing, .pass = nothing,
			     .protect = nothing, .allow_change = nothing };
	int n = 0;

	for (;;) {
		struct file *f = &files[n++];
		const char *more = "";
		struct conf *top = NULL;

		*f = (struct file){ text, path, NULL };
		if (conf_parse(a, text, &top, e) < 0) {
			err_wrap(e, "%s", path);
			if (e)
				e->code = ERR_USAGE;
			return -1;
		}
		f->top = top;
		if (conf_text(top, "extends", &more, e) < 0)
			return err_wrap(e, "%s", path);
		if (!*more)
			break;
		if (n == PROFILE_DEPTH_MAX)
			return err_set(e, ERR_USAGE, "%s:%d: extends goes on for more than %d profiles, or in a circle", path,
				       conf_get(top, "extends")->line, PROFILE_DEPTH_MAX);
		if (find(arg, a, more, &text, &path, e) < 0)
			return err_wrap(e, "%s:%d: extends", f->path, conf_get(top, "extends")->line);
	}
	while (n--)
		if (read_one(&(struct reading){ a, files[n].path, files[n].top, &p }, e) < 0)
			return -1;
	*out = p;
	return 0;
}

/* ---- where they stand ---- */

static char *own_folder(struct arena *a)
{
	char *dir = fs_config_dir(a, NULL);

	return dir ? arena_printf(a, "%s/profiles", dir) : NULL;
}

static const char *const *names_in(struct arena *a, const char *const *list, const char *folder)
{
	DIR *d = folder ? opendir(folder) : NULL;
	const struct dirent *x;

	while (d && (x = readdir(d))) {
		size_t n = strlen(x->d_name);

		if (n > 4 && x->d_name[0] != '.' && !strcmp(x->d_name + n - 4, ".yml") && list_length(list) < PROFILE_LIST_MAX)
			list = profile_list_add(a, list, arena_memdup(a, x->d_name, n - 4));
	}
	if (d)
		closedir(d);
	return list;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

const char *const *profile_names(struct arena *a)
{
	const char *const *list = names_in(a, nothing, fs_share(a, "profiles", NULL));
	size_t n = list_length(list);
	const char **sorted = arena_array(a, n + PROFILE_LIST_MAX + 1, sizeof(*sorted));

	memcpy(sorted, list, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (const char *const *own = names_in(a, nothing, own_folder(a)); *own; own++) {
		bool built_in = false;

		for (size_t i = 0; sorted[i]; i++)
			built_in = built_in || !strcmp(sorted[i], *own);
		if (!built_in)
			sorted[n++] = *own;
	}
	return sorted;
}

static bool is_word(const char *name)
{
	return *name && *name != '.' && strlen(name) < 100 &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

static bool is_path(const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 4 && !strcmp(name + n - 4, ".yml"));
}

/* A built-in name always means the built-in one. */
static char *path_by_name(struct arena *a, const char *name, bool *built_in, struct err *e)
{
	char *shared = fs_share(a, "profiles", e), *own = own_folder(a), *path, *all = arena_strdup(a, "");

	if (!shared)
		return NULL;
	if (is_word(name)) {
		path = arena_printf(a, "%s/%s.yml", shared, name);
		*built_in = fs_exists(path);
		if (*built_in)
			return path;
		path = own ? arena_printf(a, "%s/%s.yml", own, name) : NULL;
		if (path && fs_exists(path))
			return path;
	}
	for (const char *const *n = profile_names(a); *n; n++)
		all = arena_printf(a, "%s%s%s", all, *all ? ", " : "", *n);
	err_set(e, ERR_NOT_FOUND, "no profile %.100s; there are %s; a file of your own is named by its path, or stands in %s", name, all,
		own ? own : "~/.config/sealwright/profiles");
	return NULL;
}

/* A built-in one has the mode that a clone gave it, as the program beside it. Code inside may have written it when it lies within the
 * tree, whoever made it first. */
static int read_file(struct arena *a, const char *path, const char *tree, bool built_in, struct bytes *text, struct err *e)
{
	auto_buf b = buf_max(CONF_BYTES_MAX);
	char *real = realpath(path, NULL), *real_tree = tree ? realpath(tree, NULL) : NULL;
	bool within = real && real_tree && path_is_beneath(real, real_tree);
	auto_fd fd = real && !within ? open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	int number = errno;
	struct stat st;

	free(real);
	free(real_tree);
	if (within)
		return err_set(e, ERR_DENIED, "the profile %s lies within the tree, where code inside could have written it; copy it to "
			       "~/.config/sealwright/profiles", path);
	errno = number;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "%s is no regular file", path);
	if (!built_in && (st.st_mode & 022))
		return err_set(e, ERR_DENIED, "%s can be changed by others; run: chmod go-w %s", path, path);
	if (fs_read_all(fd, &b, e) < 0)
		return err_wrap(e, "%s", path);
	*text = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	return 0;
}

static int find(void *tree, struct arena *a, const char *name, struct bytes *text, const char **path, struct err *e)
{
	bool built_in = false;

	*path = is_path(name) ? name : path_by_name(a, name, &built_in, e);
	return *path ? read_file(a, *path, tree, built_in, text, e) : -1;
}

int profile_load(struct arena *a, const char *name, const char *tree, struct profile *out, struct err *e)
{
	struct bytes text;
	const char *path;
	char *at = tree ? arena_strdup(a, tree) : NULL;

	if (find(at, a, name, &text, &path, e) < 0 || profile_parse(a, text, path, find, at, out, e) < 0)
		return err_wrap(e, "--profile");
	out->name = name;
	return 0;
}

/* ---- and what becomes of them ---- */

static json_t *texts(const char *const *list)
{
	json_t *v = json_array();

	for (; *list; list++)
		json_array_append_new(v, json_string_any(bytes_of(*list)));
	return v;
}

int profile_write(const struct profile *p, struct buf *out)
{
	static const char *const keeps[] = { "unsaid", "ask", "keep", "drop" };
	auto_json *v = json_pack("{s:o, s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "network", texts(p->network), "registries",
				p->registries, "network_asked", p->network_asked, "tree", p->tree_readonly ? "read" : "write", "read",
				texts(p->read), "write", texts(p->write), "env", texts(p->env), "pass", texts(p->pass), "protect",
				texts(p->protect), "allow_change", texts(p->allow_change));

	json_object_set_new(v, "limits", json_pack("{s:I, s:I, s:I, s:I, s:I}", "time_ms", (json_int_t)p->time_ms, "memory",
						   (json_int_t)p->memory, "processes", (json_int_t)p->processes, "disk",
						   (json_int_t)p->disk, "output", (json_int_t)p->output));
	json_object_set_new(v, "level_min", json_integer(p->level_min));
	json_object_set_new(v, "backend", json_string(!p->has_backend ? "unsaid" : p->backend == SANDBOX_OCI ? "oci" : "own"));
	json_object_set_new(v, "image", json_string_any(bytes_of(p->image ? p->image : "")));
	json_object_set_new(v, "keep", json_string(keeps[p->keep]));
	return json_write(out, v);
}

struct digest profile_digest(const struct profile *p)
{
	auto_buf b = buf_max(16 << 20);

	profile_write(p, &b);
	return hash_bytes(buf_bytes(&b));
}

static const char *const *or_null(const char *const *list)
{
	return *list ? list : NULL;
}

void profile_apply(struct arena *a, const struct profile *p, struct sandbox *s)
{
	const char *const *env = p->env;

	for (const char *const *name = p->pass; *name; name++)
		if (getenv(*name))
			env = profile_list_add(a, env, arena_printf(a, "%s=%s", *name, getenv(*name)));
	s->tree_readonly = p->tree_readonly;
	s->read = or_null(p->read);
	s->write = or_null(p->write);
	s->protect = or_null(p->protect);
	s->env = or_null(env);
	if (p->memory)
		s->memory_max = p->memory;
	if (p->processes)
		s->processes_max = (int)p->processes;
	if (p->disk)
		s->disk_max = p->disk;
	if (p->level_min)
		s->level_min = p->level_min;
	if (p->has_backend)
		s->backend = p->backend;
	if (p->image && *p->image)
		s->image = p->image;
}
