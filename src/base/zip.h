/*
 * One member out of a zip file (PKWARE APPNOTE 6.3, without zip64, encryption or several disks).
 *
 * A Python wheel is a zip; we take the one file that we want out of it and never unpack or run the rest. Sizes are
 * checked against what the directory announced and the CRC-32 at the end, so that a cut file is an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include <stdint.h>

struct err;

struct zip_member {
	char name[256];
	uint16_t method;             /* 0 stored, 8 deflated            */
	uint32_t crc, packed, bytes;
	int64_t data;                /* offset of its bytes in the file */
};

/* The one member whose name matches the fnmatch pattern; ERR_INPUT when there is none or more than one. */
int zip_find(int fd, const char *pattern, struct zip_member *out, struct err *e);
/* Writes its bytes to `to`; ERR_STOPPED when *stop becomes true (stop may be NULL). */
int zip_copy(int fd, const struct zip_member *m, int to, const volatile int *stop, struct err *e);

#endif
