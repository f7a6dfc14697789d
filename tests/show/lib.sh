# What the show scripts share: a folder of their own, checks that print TAP, figures at the end. Run from the top of the tree.
#
#   check 'name' COMMAND...    TAP; what the command printed is shown when it fails
#   figure NAME VALUE          kept for the table that `shown` prints
#   shown                      the figures, the plan line, and the exit status
#
# $work is removed at the end unless KEEP=1. XDG folders stand in it, so nothing of a person's is read or written; the cache
# is theirs (models are large) unless FRESH=1.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

top=$(pwd)
B=${B:-$top/build}
PATH=$B:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/sw-show.XXXXXX") || exit 1
shown_end() {
	if [ "${KEEP:-}" = 1 ]; then
		echo "# kept: $work"
	else
		chmod -R u+rwX "$work" 2>/dev/null
		rm -rf "$work"
	fi
}
trap shown_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cache=${XDG_CACHE_HOME:-$HOME/.cache}
show_cache=$cache/sealwright/show # what only the show scripts use: base images of containers
[ "${FRESH:-}" = 1 ] && cache=$work/cache
XDG_CACHE_HOME=$cache XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
export PATH show_cache XDG_CACHE_HOME XDG_STATE_HOME XDG_CONFIG_HOME

tests=0 failed=0
: >"$work/figures"

check() {
	name=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $tests - $name"
		return 0
	fi
	failed=$((failed + 1))
	echo "not ok $tests - $name"
	tail -n 40 "$work/out" | sed 's/^/#   /'
	return 1
}

figure() {
	printf '%-44s %s\n' "$1" "$2" >>"$work/figures"
}

shown() {
	echo "1..$tests"
	echo
	cat "$work/figures"
	[ "$tests" -gt 0 ] && [ "$failed" -eq 0 ]
	exit $?
}
