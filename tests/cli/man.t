#!/bin/sh
# Manual pages come from the table of commands, and mandoc finds nothing to say about them.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

mkdir "$tmp/man1"
sealwright help --json | python3 -c 'import json,sys
for c in json.load(sys.stdin): print(c["name"])' >"$tmp/names"
sealwright help --man >"$tmp/man1/sealwright.1"
while read -r name; do
	# shellcheck disable=SC2086
	sealwright help --man $name >"$tmp/man1/sealwright-$(echo "$name" | tr ' ' -).1"
done <"$tmp/names"
check 'every command has a page' test "$(find "$tmp/man1" -size +0 | wc -l)" -gt "$(wc -l <"$tmp/names")"

if command -v mandoc >/dev/null; then
	for page in "$tmp/man1"/*.1; do
		run mandoc -Tlint -Wstyle "$page"
		grep -v 'STYLE: referenced manual not found' "$out" "$err" >"$tmp/found"
		check "mandoc finds nothing in ${page##*/}" test ! -s "$tmp/found"
	done
	run sh -c 'mandoc -Tutf8 "$1" | sed "s/.$(printf "\010")//g"' - "$tmp/man1/sealwright-show.1"
	check 'an option stands in its page' prints '-l, --log'
	check 'an example too' prints 'sealwright show abcd --json'
else
	skip 'mandoc -Tlint' 'mandoc is not installed'
fi
sed -n 's/.*\.\{0,1\}It Xr \([a-z-]*\) 1$/\1/p; s/^\.Xr \([a-z-]*\) 1.*/\1/p' "$tmp/man1"/*.1 | sort -u >"$tmp/refs"
check 'pages refer to pages' test -s "$tmp/refs"
while read -r ref; do
	check "$ref(1), which a page refers to, is there" test -s "$tmp/man1/$ref.1"
done <"$tmp/refs"
run sealwright help --man nonesuch
check 'no page for what is no command' exits 2
done_testing
