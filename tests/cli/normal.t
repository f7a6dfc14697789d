#!/bin/sh
# Normal work runs unbroken in the sandbox: the quick ones of tests/normal/cases; `make show-normal-work` runs all.
#
# SPDX-License-Identifier: Apache-2.0
exec tests/normal/run "${B:-build}" git-commit git-branch git-stash git-rebase git-worktree git-hooks shell jobs tmp files rename \
	rename-folder copy-on-write locks ipc loopback unix-sockets make c sanitizer python pytest sqlite terminal watch proc threads
