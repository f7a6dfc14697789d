/*
 * apt: this machine's sources, told to the inside with the gateway in the place of their hosts.
 *
 * Code inside is no root, so it can fetch and unpack packages (apt-get download, dpkg -x), not install them. Signatures are
 * checked inside, by the keys of /usr/share/keyrings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/fs.h"
#include "egress/registry.h"
#include "net/handover.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS "/usr/share/keyrings/"

enum { FILE_MAX = 1 << 20, VALUE_MAX = 512 };

struct source {
	char uris[VALUE_MAX], suites[VALUE_MAX], components[VALUE_MAX], key[VALUE_MAX];
};

static char sources[16 << 10]; /* the lines told */

static void add_line(const struct source *s, const char *uri, const char *suite)
{
	char key[VALUE_MAX + 20] = "";
	size_t n = strlen(sources);
	int which = -1;
	const char *host = strstr(uri, "://"), *at = host ? strchr(host, '@') : NULL;
	char base[REGISTRY_URL_MAX];

	if (strncmp(uri, "http", 4) || !registry_add(REGISTRY_APT, uri, NULL))
		return;
	/* As registry_add keeps it: without a user, and without a slash at its end. */
	snprintf(base, sizeof(base), "%.*s%s", host ? (int)(host + 3 - uri) : 0, uri, at && at < host + 3 + strcspn(host + 3, "/") ? at + 1 : host + 3);
	while (*base && base[strlen(base) - 1] == '/')
		base[strlen(base) - 1] = 0;
	for (int i = 0; i < registry_count(REGISTRY_APT); i++)
		if (!strcmp(registry_get(REGISTRY_APT, i)->base, base))
			which = i;
	if (which < 0)
		return;
	if (!strncmp(s->key, KEYS, strlen(KEYS)))
		snprintf(key, sizeof(key), "[signed-by=%s] ", s->key);
	snprintf(sources + n, sizeof(sources) - n, "deb %shttp://127.0.0.1:%d/+%d/ %s %s\n", key, HANDOVER_REGISTRY + REGISTRY_APT, which,
		 suite, s->components);
	if (strlen(sources) + 1 == sizeof(sources)) /* cut: not this one */
		sources[n] = 0;
}

static void add_source(const struct source *s)
{
	char uris[VALUE_MAX], suites[VALUE_MAX], *a, *b;

	snprintf(uris, sizeof(uris), "%s", s->uris);
	for (char *uri = strtok_r(uris, " \t", &a); uri; uri = strtok_r(NULL, " \t", &a)) {
		snprintf(suites, sizeof(suites), "%s", s->suites);
		for (char *suite = strtok_r(suites, " \t", &b); suite; suite = strtok_r(NULL, " \t", &b))
			add_line(s, uri, suite);
	}
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(" \t-._~/:@%+,=", *text))
			return false;
	return true;
}

static void take(char to[VALUE_MAX], const char *value)
{
	value += strspn(value, " \t");
	if (strlen(value) < VALUE_MAX && is_plain(value))
		strcpy(to, value);
}

/* deb822 (sources.list(5)): stanzas of "Field: value". */
static void read_stanzas(char *text)
{
	struct source s = { .uris = "" };
	bool is_deb = false, is_on = true;

	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (!line[strspn(line, " \t\r")]) {
			if (is_deb && is_on)
				add_source(&s);
			s = (struct source){ .uris = "" };
			is_deb = false;
			is_on = true;
		} else if (!strncasecmp(line, "Types:", 6)) {
			is_deb = strstr(line, "deb") != NULL;
		} else if (!strncasecmp(line, "URIs:", 5)) {
			take(s.uris, line + 5);
		} else if (!strncasecmp(line, "Suites:", 7)) {
			take(s.suites, line + 7);
		} else if (!strncasecmp(line, "Components:", 11)) {
			take(s.components, line + 11);
		} else if (!strncasecmp(line, "Signed-By:", 10)) {
			take(s.key, line + 10);
		} else if (!strncasecmp(line, "Enabled:", 8)) {
			is_on = strstr(line, "no") == NULL;
		}
	}
	if (is_deb && is_on)
		add_source(&s);
}

/* "deb [options] URI SUITE COMPONENT...". */
static void read_lines(char *text)
{
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct source s = { .uris = "" };
		char *p = line + strspn(line, " \t"), *end;
		char *key;

		if (strncmp(p, "deb ", 4) && strncmp(p, "deb\t", 4))
			continue;
		p += 4;
		p += strspn(p, " \t");
		if (*p == '[' && (end = strchr(p, ']'))) {
			*end = 0;
			key = strstr(p, "signed-by=");
			if (key)
				snprintf(s.key, sizeof(s.key), "%.*s", (int)strcspn(key + 10, " \t,"), key + 10);
			p = end + 1;
			p += strspn(p, " \t");
		}
		end = p + strcspn(p, " \t");
		if (!*end)
			continue;
		*end++ = 0;
		take(s.uris, p);
		p = end + strspn(end, " \t");
		end = p + strcspn(p, " \t");
		if (*end)
			*end++ = 0;
		take(s.suites, p);
		take(s.components, end);
		add_source(&s);
	}
}

static void read_sources(const char *path)
{
	auto_buf text = buf_max(FILE_MAX);
	size_t n = strlen(path);

	if (fs_read_file(path, &text, NULL) < 0 || !text.n)
		return;
	if (n > 8 && !strcmp(path + n - 8, ".sources"))
		read_stanzas(text.p);
	else if (n > 5 && !strcmp(path + n - 5, ".list"))
		read_lines(text.p);
}

void registry_discover_apt(void)
{
	DIR *d = opendir("/etc/apt/sources.list.d");
	struct source debian = { "http://deb.debian.org/debian", "bookworm", "main", KEYS "debian-archive-keyring.gpg" };

	read_sources("/etc/apt/sources.list");
	for (struct dirent *i; d && (i = readdir(d));) {
		char path[512];

		snprintf(path, sizeof(path), "/etc/apt/sources.list.d/%s", i->d_name);
		read_sources(path);
	}
	if (d)
		closedir(d);
	if (!*sources)
		add_source(&debian);
}

static void tell_file(json_t *files, const char *path, const char *text)
{
	json_array_append_new(files, json_pack("{s:s, s:s}", "path", path, "text", text));
}

/* All of apt's state lies in the home folder; folders are made by a file in each. */
void registry_tell_apt(json_t *env, json_t *files)
{
	static const char conf[] =
		"Dir::State \"/home/agent/.apt/state\";\nDir::State::status \"/home/agent/.apt/status\";\n"
		"Dir::Cache \"/home/agent/.apt/cache\";\nDir::Etc \"/home/agent/.apt\";\n"
		"Dir::Etc::trustedparts \"/usr/share/keyrings\";\nDir::Log \"/home/agent/.apt\";\n"
		"APT::Sandbox::User \"\";\nAcquire::Languages \"none\";\nAcquire::http::Proxy \"DIRECT\";\n"
		"Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n";
	static const char *const made[] = { ".apt/state/lists/partial/.keep", ".apt/cache/archives/partial/.keep", ".apt/status",
					    ".apt/sources.list.d/.keep", ".apt/preferences.d/.keep", ".apt/apt.conf.d/.keep", NULL };

	for (int i = 0; made[i]; i++)
		tell_file(files, made[i], "");
	tell_file(files, ".apt/apt.conf", conf);
	tell_file(files, ".apt/sources.list", sources);
	json_array_append_new(env, json_string("APT_CONFIG=/home/agent/.apt/apt.conf"));
}
