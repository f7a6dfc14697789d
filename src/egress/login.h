/*
 * Names and passwords, as a header of HTTP's Basic scheme (RFC 7617). What comes back is sodium_malloc's: sodium_free it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_LOGIN_H
#define EGRESS_LOGIN_H

#include "base/buf.h"

/* "<header>: Basic base64(user:password)"; NULL without memory. */
char *login_basic(const char *header, struct bytes user_and_password);
/* The same, of a URL's part before its @, with its percent escapes undone. */
char *login_of_url(const char *header, struct bytes escaped);

#endif
