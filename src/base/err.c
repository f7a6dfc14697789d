/*
 * Errors: formatting them, and what a code means to the outside.
 *
 * Nothing here allocates: an error must be reportable when memory is gone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap); /* an argument may be e->text itself */
	va_end(ap);
	e->code = code;
	memcpy(e->text, text, sizeof(text));
	return -1;
}

static enum err_code code_of_errno(int n)
{
	switch (n) {
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_SYS;
	}
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int n = errno;
	char text[sizeof(e->text)];
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, code_of_errno(n), "%.900s: %s", text, strerror(n));
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	size_t n;
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	if (n + 2 < sizeof(text)) {
		size_t room = sizeof(text) - n - 3, more = strnlen(e->text, sizeof(e->text) - 1);

		memcpy(text + n, ": ", 2);
		memcpy(text + n + 2, e->text, more < room ? more : room);
		text[n + 2 + (more < room ? more : room)] = 0;
	}
	memcpy(e->text, text, sizeof(text));
	return -1;
}

int err_exit_status(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_DENIED:
	case ERR_VERIFY:
		return 3;
	default:
		return 1;
	}
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",       [ERR_SYS] = "system",     [ERR_INPUT] = "input",
		[ERR_USAGE] = "usage",     [ERR_NOT_FOUND] = "not_found", [ERR_DENIED] = "denied",
		[ERR_VERIFY] = "verify",   [ERR_NET] = "network",    [ERR_AUTH] = "authentication",
		[ERR_BUSY] = "busy",       [ERR_MODEL] = "model",    [ERR_LIMIT] = "limit",
		[ERR_TIMEOUT] = "timeout", [ERR_SPACE] = "space",    [ERR_DAMAGED] = "damaged",
		[ERR_STOPPED] = "stopped",
	};

	return (unsigned int)code < sizeof(names) / sizeof(*names) ? names[code] : "unknown";
}
