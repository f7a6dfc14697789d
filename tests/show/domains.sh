#!/bin/sh
# Four domains through one blueprint, on the local model: each from its intent (tests/show/domains/NAME.intent) to an app whose
# tests pass, then driven over HTTP by its own steps (NAME.steps.json): fields, constraints, the rules that the intent names,
# a rule given as an example, a function that the model wrote. `tests/show/domains.sh library` shows one.
#
# SPDX-License-Identifier: Apache-2.0
set -u
. tests/show/lib.sh

summary() {
	python3 - "$1" <<-'PY'
	import json, sys
	s = next(e["data"] for e in map(json.loads, open(sys.argv[1])) if e["type"] == "summary")
	print(s["elapsed_ms"] // 1000, s["lines"]["blueprint"], s["lines"]["model"], s["tests"]["passed"], s["turns"],
	      len(s["left_out"]), len(s["given_up"]))
	PY
}

for d in ${*:-stock library clinic tickets}; do
	app=$work/$d
	sealwright run --json "$(cat "tests/show/domains/$d.intent")" "$app" >"$work/$d.events" 2>"$work/$d.err"
	ended=$?
	check "$d: the run finishes" sh -c "tail -n 3 '$work/$d.err'; [ $ended -eq 0 ]"
	summary "$work/$d.events" >"$work/sums" 2>/dev/null
	read -r seconds blueprint model passed turns left given <"$work/sums"
	check "$d: nothing that the intent says is left out" sh -c "grep '\"type\":\"summary\"' '$work/$d.events'; [ '${left:-9}' = 0 ]"
	check "$d: a model wrote a function under test" test "${model:-0}" -gt 0
	check "$d: driven over HTTP, rules and all" \
		sh -c "python3 tests/show/crud.py '$app' 'tests/show/domains/$d.steps.json' >'$work/crud' 2>&1; s=\$?; grep -v '^ok' '$work/crud'; exit \$s"
	check "$d: the blueprint's code has no word of it" sh -c "! grep -riE 'isbn|patient|doctor|ticket|sku|warehouse' \
		share/blueprints/crud-service/files share/blueprints/crud-service/each share/blueprints/crud-service/whole"
	figure "$d" "${seconds:-?} s, ${passed:-?} tests, lines: ${blueprint:-?} blueprint, ${model:-?} model, ${turns:-?} turns, ${given:-?} given up, HTTP checks $(grep -c '^ok' "$work/crud")"
done
shown
