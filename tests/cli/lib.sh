# The program as a person meets it: sourced by tests/cli/*.t and tests/flow/*.t from the top of the tree.
#
#   run COMMAND...           runs it; what it printed and how it ended is kept for the checks
#   feed TEXT COMMAND...     the same with TEXT on stdin
#   check 'name' exits N     the last run ended with N
#   check 'name' says TEXT   stdout or stderr holds TEXT          says_not TEXT: neither does
#   check 'name' prints TEXT stdout alone holds TEXT              complains TEXT: stderr alone does
#   check 'name' is_json     stdout is one JSON value             is_json_lines: one a line
#   check 'name' COMMAND...  any other command succeeds
#   skip 'name' 'reason'     a test that cannot run here: the reason is printed
#   done_testing
#
# $tmp is a folder of this test's own, removed at its end; HOME and the XDG folders stand in it, so nothing of the
# machine's configuration is read or written. $B is the build tree (default build), first in PATH; $top the source tree.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

top=$(pwd)
B=${B:-$top/build}
case $B in /*) ;; *) B=$top/$B ;; esac
[ -x "$B/sealwright" ] || { echo "Bail out! no $B/sealwright; run: make"; exit 1; }

# A short path: socket names have 107 bytes.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sw.XXXXXX") || exit 1
trap 'chmod -R u+rwX "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$tmp/home" "$tmp/.run"
HOME=$tmp/home
XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state XDG_CACHE_HOME=$HOME/.cache XDG_DATA_HOME=$HOME/.local/share
PATH=$B:$PATH
LC_ALL=C.UTF-8
export HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME PATH LC_ALL
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.org \
	GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.org
unset OPENAI_API_KEY XDG_RUNTIME_DIR
for v in $(env | sed -n 's/^\(SEALWRIGHT_[A-Z_]*\)=.*/\1/p'); do
	[ "$v" = SEALWRIGHT_SHARE ] || unset "$v"
done

tests=0 failed=0 ran='(nothing)' status=0
out=$tmp/.run/out err=$tmp/.run/err
: >"$out"; : >"$err"

run() {
	ran=$*
	"$@" >"$out" 2>"$err" </dev/null
	status=$?
}

feed() {
	printf '%s' "$1" >"$tmp/.run/in"
	shift
	ran=$*
	"$@" >"$out" 2>"$err" <"$tmp/.run/in"
	status=$?
}

exits() { [ "$status" -eq "$1" ]; }
says() { grep -qF -e "$1" "$out" "$err"; }
says_not() { ! grep -qF -e "$1" "$out" "$err"; }
prints() { grep -qF -e "$1" "$out"; }
complains() { grep -qF -e "$1" "$err"; }
is_silent() { [ ! -s "$out" ] && [ ! -s "$err" ]; }
is_json() { python3 -c 'import json,sys; json.load(open(sys.argv[1]))' "$out" 2>/dev/null; }
is_json_lines() {
	[ -s "$out" ] && python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$out" 2>/dev/null
}

check() {
	check_name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $check_name"
		return 0
	fi
	failed=$((failed + 1))
	echo "not ok $tests - $check_name"
	echo "#   wanted: $*"
	echo "#   ran:    $ran"
	echo "#   status: $status"
	head -c 2000 "$out" | awk '{ print "#   stdout: " $0 }' # which ends a line that was cut
	head -c 2000 "$err" | awk '{ print "#   stderr: " $0 }'
	return 1
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tests"
	[ "$tests" -gt 0 ] && [ "$failed" -eq 0 ]
	exit $?
}
