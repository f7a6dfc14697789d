/*
 * .git/config as it is shown in the sandbox.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "../tap.h"

static void shown(const char *in, const char *want, const char *name)
{
	auto_buf out = buf_max(1 << 16);

	gitconfig_scrub(bytes_of(in), &out);
	is_text(buf_str(&out), want, name);
}

int main(void)
{
	shown("[core]\n\tbare = false\n", "[core]\n\tbare = false\n", "what is harmless stays");
	shown("[remote \"o\"]\n\turl = https://me:tok@host/x.git\n\tfetch = +refs/*:refs/*\n",
	      "[remote \"o\"]\n\turl = https://host/x.git\n\tfetch = +refs/*:refs/*\n", "a URL loses its user and password");
	shown("[url \"https://a@b@host/\"]\n\tinsteadOf = x\n", "[url \"https://host/\"]\n\tinsteadOf = x\n",
	      "in a section's name too, up to the last @");
	shown("[remote \"o\"]\n\turl = git@host:x.git\n", "[remote \"o\"]\n\turl = git@host:x.git\n", "an ssh address stays");
	shown("[http]\n\tExtraHeader = AUTH x\n\tpostBuffer = 1\n", "[http]\n\tpostBuffer = 1\n", "a header is left out");
	shown("[http]\n\textraheader = a \\\n  secret-on-the-next-line\n[core]\n", "[http]\n[core]\n",
	      "with the lines on which it goes on");
	shown("[http]\n\textraheader = a \\\r\n  next\r\n[core]\r\n", "[http]\n[core]\r\n", "whatever the line ends");
	shown("[credential]\n\thelper = store\n\tusername = x", "[credential]\n\tusername = x", "a helper is left out");
	shown("", "", "nothing gives nothing");
	return done();
}
