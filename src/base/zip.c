/*
 * Reading a zip from its end: the end record, the directory it points at, then one member.
 *
 * The directory is believed, the local header in front of the data only for its own length: two readings of one
 * file is how zips are made to show different things to different readers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zip.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
	END_MARK = 0x06054b50, END_SIZE = 22, END_REACH = END_SIZE + 65535,
	ENTRY_MARK = 0x02014b50, ENTRY_SIZE = 46,
	LOCAL_MARK = 0x04034b50, LOCAL_SIZE = 30,
	DIRECTORY_MAX = 4 << 20, PIECE = 128 << 10,
};

static uint16_t get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int read_at(int fd, void *to, size_t n, int64_t at, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t r = pread(fd, (char *)to + have, n - have, at + (int64_t)have);

		if (r < 0)
			return err_sys(e, "read");
		if (r == 0)
			return err_set(e, ERR_INPUT, "the zip file is cut off");
		have += (size_t)r;
	}
	return 0;
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "not a zip file that can be read: %s", what);
}

/* Where the directory stands and how many entries it has. */
static int find_directory(int fd, int64_t size, uint32_t *at, uint32_t *bytes, int *n, struct err *e)
{
	size_t reach = size < END_REACH ? (size_t)size : END_REACH;
	auto_buf tail = buf_max(END_REACH);
	const unsigned char *p = (const unsigned char *)buf_room(&tail, reach);

	if (reach < END_SIZE)
		return bad(e, "too short");
	if (read_at(fd, (void *)(uintptr_t)p, reach, size - (int64_t)reach, e) < 0)
		return -1;
	for (size_t i = reach - END_SIZE + 1; i-- > 0;) {
		if (get32(p + i) != END_MARK || i + END_SIZE + get16(p + i + 20) != reach)
			continue;
		if (get16(p + i + 4) || get16(p + i + 6) || get16(p + i + 8) != get16(p + i + 10))
			return bad(e, "it spans several disks");
		*n = get16(p + i + 10);
		*bytes = get32(p + i + 12);
		*at = get32(p + i + 16);
		if ((int64_t)*at + *bytes > size - (int64_t)reach + (int64_t)i || *bytes > DIRECTORY_MAX)
			return bad(e, "its directory stands outside of it");
		return 0;
	}
	return bad(e, "it has no end record");
}

static int find_data(int fd, int64_t size, uint32_t local, struct zip_member *m, struct err *e)
{
	unsigned char head[LOCAL_SIZE];

	if ((int64_t)local + LOCAL_SIZE > size)
		return bad(e, "a member stands outside of it");
	if (read_at(fd, head, sizeof(head), local, e) < 0)
		return -1;
	if (get32(head) != LOCAL_MARK)
		return bad(e, "a member has no header");
	m->data = (int64_t)local + LOCAL_SIZE + get16(head + 26) + get16(head + 28);
	if (m->data + m->packed > size)
		return bad(e, "a member stands outside of it");
	if (m->method != 0 && m->method != 8)
		return bad(e, "a way of packing that is not known");
	if (m->method == 0 && m->packed != m->bytes)
		return bad(e, "a stored member has two sizes");
	return 0;
}

static int take_entry(const unsigned char *p, size_t left, const char *pattern, size_t *used, uint32_t *local,
		      struct zip_member *m, int *found, struct err *e)
{
	struct zip_member x = { 0 };
	size_t name;

	if (left < ENTRY_SIZE || get32(p) != ENTRY_MARK)
		return bad(e, "its directory is cut off");
	name = get16(p + 28);
	*used = ENTRY_SIZE + name + get16(p + 30) + get16(p + 32);
	if (*used > left)
		return bad(e, "its directory is cut off");
	if (name >= sizeof(x.name))
		return 0;
	memcpy(x.name, p + ENTRY_SIZE, name);
	if (strlen(x.name) != name || fnmatch(pattern, x.name, 0) != 0)
		return 0;
	if (get16(p + 8) & 1)
		return bad(e, "the member is encrypted");
	x.method = get16(p + 10);
	x.crc = get32(p + 16);
	x.packed = get32(p + 20);
	x.bytes = get32(p + 24);
	*local = get32(p + 42);
	(*found)++;
	*m = x;
	return 0;
}

int zip_find(int fd, const char *pattern, struct zip_member *out, struct err *e)
{
	auto_buf text = buf_max(DIRECTORY_MAX);
	struct zip_member m = { 0 };
	struct stat st;
	uint32_t at = 0, bytes = 0, local = 0;
	int n = 0, found = 0;
	const unsigned char *p;
	size_t left, used = 0;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (find_directory(fd, st.st_size, &at, &bytes, &n, e) < 0)
		return -1;
	p = (const unsigned char *)buf_room(&text, bytes + 1);
	if (!p || read_at(fd, (void *)(uintptr_t)p, bytes, at, e) < 0)
		return p ? -1 : bad(e, "its directory is too large");
	for (left = bytes; n > 0; n--, p += used, left -= used)
		if (take_entry(p, left, pattern, &used, &local, &m, &found, e) < 0)
			return -1;
	if (found != 1)
		return err_set(e, ERR_INPUT, "%d members are named %.100s, not one", found, pattern);
	if (find_data(fd, st.st_size, local, &m, e) < 0)
		return -1;
	*out = m;
	return 0;
}

struct copying {
	const struct zip_member *m;
	int from, to;
	uint32_t taken, given, crc; /* bytes read and written so far */
	unsigned char in[PIECE], out[PIECE];
};

static int give(struct copying *c, const unsigned char *p, size_t n, struct err *e)
{
	if (n > c->m->bytes - c->given)
		return err_set(e, ERR_INPUT, "%s unpacks to more than it announced", c->m->name);
	c->crc = (uint32_t)crc32(c->crc, p, (uInt)n);
	c->given += (uint32_t)n;
	return fs_write_all(c->to, (struct bytes){ (const char *)p, n }, e);
}

static int take(struct copying *c, size_t *n, struct err *e)
{
	*n = c->m->packed - c->taken < PIECE ? c->m->packed - c->taken : PIECE;
	if (*n && read_at(c->from, c->in, *n, c->m->data + c->taken, e) < 0)
		return -1;
	c->taken += (uint32_t)*n;
	return 0;
}

static int unpack(struct copying *c, z_stream *z, const volatile int *stop, struct err *e)
{
	int r = Z_OK;

	while (r != Z_STREAM_END) {
		size_t n;

		if (stop && *stop)
			return err_set(e, ERR_STOPPED, "stopped");
		if (z->avail_in == 0) {
			if (take(c, &n, e) < 0)
				return -1;
			if (n == 0)
				return err_set(e, ERR_INPUT, "%s is cut off", c->m->name);
			z->next_in = c->in;
			z->avail_in = (uInt)n;
		}
		z->next_out = c->out;
		z->avail_out = PIECE;
		r = inflate(z, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return err_set(e, ERR_INPUT, "%s cannot be unpacked", c->m->name);
		if (give(c, c->out, PIECE - z->avail_out, e) < 0)
			return -1;
	}
	return 0;
}

static int copy_plain(struct copying *c, const volatile int *stop, struct err *e)
{
	size_t n = 1;

	while (n) {
		if (stop && *stop)
			return err_set(e, ERR_STOPPED, "stopped");
		if (take(c, &n, e) < 0 || give(c, c->in, n, e) < 0)
			return -1;
	}
	return 0;
}

int zip_copy(int fd, const struct zip_member *m, int to, const volatile int *stop, struct err *e)
{
	struct copying *c = mem_alloc(sizeof(*c));
	z_stream z = { 0 };
	int r;

	c->m = m;
	c->from = fd;
	c->to = to;
	c->taken = c->given = c->crc = 0;
	if (m->method == 0) {
		r = copy_plain(c, stop, e);
	} else if (inflateInit2(&z, -15) != Z_OK) {
		r = err_set(e, ERR_SYS, "zlib cannot start");
	} else {
		r = unpack(c, &z, stop, e);
		inflateEnd(&z);
	}
	if (r == 0 && (c->given != m->bytes || c->crc != m->crc))
		r = err_set(e, ERR_INPUT, "%s is damaged: its CRC-32 or size is wrong", m->name);
	free(c);
	return r;
}
