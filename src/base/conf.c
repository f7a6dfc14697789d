/*
 * Reading configuration: libyaml's events into a tree, within bounds.
 *
 * Events are used rather than libyaml's documents, since a document resolves aliases and lets a key stand twice. The
 * depth is counted here: the tree is built on a stack of CONF_DEPTH_MAX nodes, without recursion.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/conf.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/opt.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

struct building {
	struct arena *a;
	struct conf *at[CONF_DEPTH_MAX];     /* open maps and lists            */
	struct conf *last[CONF_DEPTH_MAX];   /* the latest child of each       */
	int depth, nodes, documents;
	const char *key;                     /* read, its value not yet        */
	int key_line;
	struct conf *top;
};

static int line_of(const yaml_mark_t *m)
{
	return (int)m->line + 1;
}

/* A plain word: letters, digits, "_", "-", and "." which is no path down here (`tags: {a.b: x}` stays one key). */
static bool key_is_plain(const char *s, size_t n)
{
	if (!n || n > CONF_KEY_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-' && s[i] != '.')
			return false;
	return true;
}

static int key_take(struct building *b, const yaml_event_t *ev, struct err *e)
{
	const char *s = (const char *)ev->data.scalar.value;
	size_t n = ev->data.scalar.length;
	int line = line_of(&ev->start_mark);

	if (n == 2 && !memcmp(s, "<<", 2))
		return err_set(e, ERR_INPUT, "line %d: merge keys (<<) are not taken; write the values out", line);
	if (!key_is_plain(s, n))
		return err_set(e, ERR_INPUT, "line %d: a key is one word of letters, digits, - _ and ., at most %d long", line,
			       CONF_KEY_MAX);
	for (const struct conf *c = b->at[b->depth - 1]->first; c; c = c->next)
		if (!strncmp(c->key, s, n) && !c->key[n])
			return err_set(e, ERR_INPUT, "line %d: %s stands here again; it was set in line %d", line, c->key,
				       c->key_line);
	b->key = arena_memdup(b->a, s, n);
	b->key_line = line;
	return 0;
}

/* Hangs a new node into what is open. */
static struct conf *node_add(struct building *b, enum conf_kind kind, const yaml_event_t *ev)
{
	struct conf *c = arena_alloc(b->a, sizeof(*c)), *in = b->depth ? b->at[b->depth - 1] : NULL;

	*c = (struct conf){
		.kind = kind, .key = b->key, .key_line = b->key ? b->key_line : line_of(&ev->start_mark),
		.line = line_of(&ev->start_mark), .column = (int)ev->start_mark.column,
		.end_line = line_of(&ev->end_mark), .end_column = (int)ev->end_mark.column,
	};
	b->key = NULL;
	if (!in) {
		b->top = c;
		return c;
	}
	if (b->last[b->depth - 1])
		b->last[b->depth - 1]->next = c;
	else
		in->first = c;
	b->last[b->depth - 1] = c;
	in->n++;
	return c;
}

static int open_node(struct building *b, enum conf_kind kind, const yaml_event_t *ev, struct err *e)
{
	if (b->depth == CONF_DEPTH_MAX)
		return err_set(e, ERR_INPUT, "line %d: nested deeper than %d", line_of(&ev->start_mark), CONF_DEPTH_MAX);
	b->at[b->depth] = node_add(b, kind, ev);
	b->last[b->depth++] = NULL;
	return 0;
}

static int scalar_take(struct building *b, const yaml_event_t *ev, struct err *e)
{
	const char *s = (const char *)ev->data.scalar.value;
	size_t n = ev->data.scalar.length;
	struct conf *c;

	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] == 0x7f)
			return err_set(e, ERR_INPUT, "line %d: a control character", line_of(&ev->start_mark));
	if (!b->key && b->depth && b->at[b->depth - 1]->kind == CONF_MAP)
		return key_take(b, ev, e);
	c = node_add(b, CONF_TEXT, ev);
	c->text = arena_memdup(b->a, s, n);
	if (n == 1 && *s == '~' && ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		c->text = "";
	return 0;
}

static const char *refused(const yaml_event_t *ev)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not taken; write the value out";
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		break;
	}
	return anchor ? "anchors (&name) are not taken" : tag ? "tags (!name) are not taken; quote a text that begins with !" : NULL;
}

static int event_take(struct building *b, const yaml_event_t *ev, struct err *e)
{
	const char *why = refused(ev);
	bool wants_key = b->depth && b->at[b->depth - 1]->kind == CONF_MAP && !b->key;

	if (why)
		return err_set(e, ERR_INPUT, "line %d: %s", line_of(&ev->start_mark), why);
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			return err_set(e, ERR_INPUT, "line %d: a second document", line_of(&ev->start_mark));
		return 0;
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (++b->nodes > CONF_NODES_MAX)
			return err_set(e, ERR_INPUT, "line %d: more than %d values", line_of(&ev->start_mark), CONF_NODES_MAX);
		if (ev->type == YAML_SCALAR_EVENT)
			return scalar_take(b, ev, e);
		if (wants_key)
			return err_set(e, ERR_INPUT, "line %d: a list or map can't be a key", line_of(&ev->start_mark));
		return open_node(b, ev->type == YAML_MAPPING_START_EVENT ? CONF_MAP : CONF_LIST, ev, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		b->at[b->depth]->end_line = line_of(&ev->end_mark);
		b->at[b->depth]->end_column = (int)ev->end_mark.column;
		return 0;
	default:
		return 0;
	}
}

static int events_read(yaml_parser_t *p, struct building *b, struct err *e)
{
	for (bool end = false; !end;) {
		yaml_event_t ev;
		int r;

		if (!yaml_parser_parse(p, &ev))
			return err_set(e, ERR_INPUT, "line %d: %s", line_of(&p->problem_mark),
				       p->problem ? p->problem : "no YAML");
		end = ev.type == YAML_STREAM_END_EVENT;
		r = event_take(b, &ev, e);
		yaml_event_delete(&ev);
		if (r < 0)
			return -1;
	}
	return 0;
}

int conf_parse(struct arena *a, struct bytes in, struct conf **out, struct err *e)
{
	struct building b = { .a = a };
	yaml_parser_t p;
	int r;

	if (in.n > CONF_BYTES_MAX)
		return err_set(e, ERR_INPUT, "larger than %d bytes", CONF_BYTES_MAX);
	if (!yaml_parser_initialize(&p))
		return err_set(e, ERR_SYS, "no memory for YAML");
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING); /* else two bytes at the start make it UTF-16 */
	yaml_parser_set_input_string(&p, (const unsigned char *)(in.p ? in.p : ""), in.n);
	r = events_read(&p, &b, e);
	yaml_parser_delete(&p);
	if (r < 0)
		return -1;
	if (!b.top || (b.top->kind == CONF_TEXT && !*b.top->text)) {
		b.top = arena_alloc(a, sizeof(*b.top));
		b.top->kind = CONF_MAP;
		b.top->line = b.top->end_line = 1;
	}
	if (b.top->kind != CONF_MAP)
		return err_set(e, ERR_INPUT, "line %d: this is no map; write KEY: VALUE", b.top->line);
	*out = b.top;
	return 0;
}

int conf_load(struct arena *a, const char *path, struct conf **out, struct err *e)
{
	auto_buf text = buf_max(CONF_BYTES_MAX);
	struct stat st;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is no regular file", path);
	if (st.st_mode & 022)
		return err_set(e, ERR_DENIED, "%s can be changed by others; run: chmod go-w %s", path, path);
	if (fs_read_all(fd, &text, e) < 0 || conf_parse(a, buf_bytes(&text), out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

const struct conf *conf_get(const struct conf *c, const char *key)
{
	const struct conf *x;
	const char *dot;

	if (!c || c->kind != CONF_MAP)
		return NULL;
	for (x = c->first; x; x = x->next)
		if (!strcmp(x->key, key))
			return x;
	dot = strchr(key, '.');
	if (!dot)
		return NULL;
	for (x = c->first; x; x = x->next)
		if (!strncmp(x->key, key, (size_t)(dot - key)) && !x->key[dot - key])
			return conf_get(x, dot + 1);
	return NULL;
}

static int wants(const struct conf *x, const char *key, const char *what, struct err *e)
{
	return err_set(e, ERR_INPUT, "line %d: %s takes %s%s%.60s%s", x->line, key, what, x->kind == CONF_TEXT ? ", not \"" : "",
		       x->kind == CONF_TEXT ? x->text : "", x->kind == CONF_TEXT ? "\"" : "");
}

int conf_text(const struct conf *c, const char *key, const char **out, struct err *e)
{
	const struct conf *x = conf_get(c, key);

	if (!x)
		return 0;
	if (x->kind != CONF_TEXT)
		return wants(x, key, "a text", e);
	*out = x->text;
	return 0;
}

int conf_whole(const struct conf *c, const char *key, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	const struct conf *x = conf_get(c, key);
	char what[80];
	int64_t v = 0;

	if (!x)
		return 0;
	snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)min, (long long)max);
	if (x->kind != CONF_TEXT || opt_whole_parse(x->text, &v) < 0 || v < min || v > max)
		return wants(x, key, what, e);
	*out = v;
	return 0;
}

int conf_real(const struct conf *c, const char *key, double min, double max, double *out, struct err *e)
{
	const struct conf *x = conf_get(c, key);
	char what[80];
	double v = 0;

	if (!x)
		return 0;
	snprintf(what, sizeof(what), "a number from %g to %g", min, max);
	if (x->kind != CONF_TEXT || opt_real_parse(x->text, &v) < 0 || v < min || v > max)
		return wants(x, key, what, e);
	*out = v;
	return 0;
}

int conf_time(const struct conf *c, const char *key, int64_t *ms, struct err *e)
{
	const struct conf *x = conf_get(c, key);

	if (!x)
		return 0;
	if (x->kind != CONF_TEXT || opt_time_parse(x->text, ms, NULL) < 0)
		return wants(x, key, "a time like 90s, 10m, 2h or 1d", e);
	return 0;
}

int conf_size(const struct conf *c, const char *key, int64_t *bytes, struct err *e)
{
	const struct conf *x = conf_get(c, key);

	if (!x)
		return 0;
	if (x->kind != CONF_TEXT || opt_size_parse(x->text, bytes, NULL) < 0)
		return wants(x, key, "a size like 512M or 4G", e);
	return 0;
}

int conf_flag(const struct conf *c, const char *key, bool *out, struct err *e)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	const struct conf *x = conf_get(c, key);

	if (!x)
		return 0;
	for (size_t i = 0; x->kind == CONF_TEXT && i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(words[i], x->text)) {
			*out = i % 2;
			return 0;
		}
	}
	return wants(x, key, "true or false", e);
}

int conf_texts(struct arena *a, const struct conf *c, const char *key, const char *const **out, struct err *e)
{
	const struct conf *x = conf_get(c, key);
	const char **list;
	int n = 0;

	if (!x)
		return 0;
	if (x->kind == CONF_MAP)
		return wants(x, key, "a list of texts", e);
	list = arena_array(a, (size_t)x->n + 2, sizeof(*list));
	if (x->kind == CONF_TEXT)
		list[n++] = x->text;
	for (const struct conf *v = x->first; v; v = v->next) {
		if (v->kind != CONF_TEXT)
			return wants(v, key, "a list of texts", e);
		list[n++] = v->text;
	}
	*out = list;
	return 0;
}
