#!/bin/sh
# What goes wrong is said in one shape: a line on stderr, a JSON line with --json, an exit status that tells which kind.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

run sealwright hlep
check 'an unknown command is a usage error' exits 2
check 'and the nearest one is named' complains 'sealwright: no command hlep; did you mean help?'
run sealwright xyzzyplugh
check 'a word like no command names none' says_not 'did you mean'
run sealwright help --jsn
check 'an unknown option is a usage error' exits 2
check 'and the nearest one is named' complains 'sealwright: help: no option --jsn; did you mean --json?'
check 'with the way to help' complains 'run: sealwright help help'
run sealwright help nonesuch --json
check 'with --json an error keeps its exit status' exits 2
check 'and stands on stdout as JSON' is_json
check 'with its kind and status' prints '"code":"usage","exit":2'
check 'while stderr has the line for people' complains 'sealwright: help: no command nonesuch'
run sealwright help -- --json
check 'what stands behind -- is no option' says_not '"type":"error"'

run sealwright "$(printf 'bad\033]0;title\007\302\233x')"
check 'control characters of a stranger do not reach the terminal' exits 2
clean() { ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$err"; }
check 'they are shown as question marks' clean
check 'in UTF-8 too' sh -c '! LC_ALL=C grep -q "$(printf "\302\233")" "$1"' - "$err"

run sh -c 'sealwright help >/dev/full'
check 'a full disk under stdout is a failure' exits 1
check 'that is named' complains 'write to stdout: No space left on device'
run sh -c 'sealwright help >&-'
check 'a closed stdout is a failure' exits 1
run sh -c '(trap "" PIPE; sealwright help --json; echo "ended with $?" >&2) | true'
check 'a reader that went away is none' complains 'ended with 0'
check 'and needs no words' says_not 'write to stdout'
run sh -c 'sealwright --version </dev/null 2>&-'
check 'a closed stderr harms nobody' exits 0

done_testing
