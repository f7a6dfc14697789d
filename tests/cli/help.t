#!/bin/sh
# Help is printed from the table of commands: every command, every option, within 80 columns.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

run sealwright
check 'no command at all is a usage error' exits 2
check 'and shows the commands on stderr' complains 'Usage: sealwright COMMAND'
run sealwright --version
check '--version answers' exits 0
check 'with name and number' prints 'sealwright 0.'
run sealwright help
check 'help answers' exits 0
check 'and lists itself' prints '  help '
cp "$out" "$tmp/overview"
run sealwright --help
check '--help is the same text' cmp -s "$out" "$tmp/overview"
run sealwright -h
check 'and so is -h' cmp -s "$out" "$tmp/overview"

narrow() { ! grep -qE '^.{81}' "$1"; }
check 'the overview fits 80 columns' narrow "$tmp/overview"

run sealwright help --json
check 'help --json is JSON' is_json
cp "$out" "$tmp/table"
python3 - "$tmp/table" >"$tmp/names" <<'P'
import json, sys
for c in json.load(open(sys.argv[1])):
    print(c["name"])
P
check 'the table has commands' test -s "$tmp/names"

while read -r name; do
	# shellcheck disable=SC2086
	run sealwright $name --help
	check "$name --help answers" exits 0
	check "$name --help starts with its usage" prints "Usage: sealwright $name"
	check "$name --help fits 80 columns" narrow "$out"
	cp "$out" "$tmp/one"
	# shellcheck disable=SC2086
	run sealwright help $name
	check "help $name is the same text" cmp -s "$out" "$tmp/one"
done <"$tmp/names"

python3 - "$tmp/table" >"$tmp/wrong" <<'P'
import json, sys
for c in json.load(open(sys.argv[1])):
    n = c["name"]
    if not c["summary"] or c["summary"].endswith("."):
        print(n, "summary is empty or ends with a full stop:", c["summary"])
    if not c["examples"]:
        print(n, "has no example")
    for line in filter(None, c["examples"].split("\n")):
        if "sealwright" not in line:
            print(n, "example does not call the program:", line)
    seen = set()
    for o in c["options"]:
        if not o["help"] or o["help"].endswith("."):
            print(n, "--" + o["name"], "help is empty or ends with a full stop:", o["help"])
        for key in filter(None, ("--" + o["name"], o.get("letter") and "-" + o["letter"])):
            if key in seen:
                print(n, "has", key, "twice")
            seen.add(key)
P
check 'every summary, example and option is complete and said once' test ! -s "$tmp/wrong" || sed 's/^/# /' "$tmp/wrong"

done_testing
