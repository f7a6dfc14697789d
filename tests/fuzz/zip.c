/*
 * Fuzzes base/zip: whatever bytes a package is made of, its directory is read within its bounds, and what is copied
 * out has the announced size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "base/zip.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_fd from = memfd_create("zip", MFD_CLOEXEC), to = memfd_create("out", MFD_CLOEXEC);
	struct zip_member m;
	struct stat st;
	struct err e = { 0 };

	if (from < 0 || to < 0 || fs_write_all(from, (struct bytes){ (const char *)p, n }, NULL) < 0)
		return 0;
	if (zip_find(from, "*.gguf", &m, &e) < 0)
		return 0;
	if (!memchr(m.name, 0, sizeof(m.name)) || m.data < 0)
		abort();
	if (m.bytes > 1 << 20)
		return 0;
	if (zip_copy(from, &m, to, NULL, &e) == 0 && (fstat(to, &st) < 0 || st.st_size != (off_t)m.bytes))
		abort();
	return 0;
}
