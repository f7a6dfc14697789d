#!/bin/sh
# From an intent to a finished code base with a scripted small model over HTTP that asserts on each request; killed on the way,
# resumed, and no reply asked for twice. Then one that never finds the function: unfinished, and said so.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh
. tests/flow/lib.sh

python3 - "$tmp" <<'PY'
import json, sys
draft = {"title": "Inventory", "entities": [{"name": "item", "plural": "items", "about": "a thing in stock", "fields": [
    "name: text required unique", "sku: text required", "quantity: whole required", "price: money"]}]}
totals = ("def item_totals(records):\n    made = {'count': len(records), 'quantity': 0, 'price': 0}\n    for r in records:\n"
          "        for k in ('quantity', 'price'):\n            made[k] += r.get(k) or 0\n    return made\n")
label = ("def item_label(record):\n    text = str(record.get('name')).replace('\\n', ' ')\n"
         "    if record.get('id') is not None:\n        text += ' (#' + str(record.get('id')) + ')'\n    return text[:200]\n")
order = "def order_quantity(quantity, target):\n    return max(0, target - quantity)\n"
good = {"item_totals": totals, "item_label": label, "order_quantity": order}


def fenced(text):
    return {"text": "Here it is:\n```python\n" + text + "```\n"}


def asks(name, n):
    """What every ask for a function must be: the same bytes each time, no tools, no error or test shown, warmer."""
    return {"tools": None, "stream": True, "true": f"abs(body['temperature'] - {[0.0, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9][n]}) < 1e-9 and body['seed'] == {n + 1}",
            "has": [f"def {name}("], "has_not": ["AssertionError", "Traceback", "unittest"]}


def scenario(functions, file):
    steps = [{"expect": {"model": "scripted-1.5b", "tools": None, "has": ["CRUD app for inventory", "json_schema"],
                         "true": "body['temperature'] == 0", "auth": None}, "answer": {"text": "no JSON at all"}},
             {"expect": {"has": ["CRUD app for inventory", "json_schema"], "true": "body['temperature'] == 0.5"},
              "answer": {"text": json.dumps(draft)}}]
    for name, answers in functions:
        steps += [{"expect": asks(name, n), "answer": fenced(a)} for n, a in enumerate(answers)]
    json.dump({"steps": steps, "models": ["scripted-1.5b"]}, open(f"{sys.argv[1]}/{file}", "w"))


wrong = "def order_quantity(quantity, target):\n    return %d\n"
scenario([("order_quantity", [wrong % 7, "import os\ndef order_quantity(quantity, target):\n    os.system('id')\n    return 7\n", order]),
          ("item_totals", [totals]), ("item_label", [label])], "good.json")
scenario([("order_quantity", [wrong % n for n in range(100, 109)]), ("item_totals", [totals]),
          ("item_label", [label.replace("name", "sku", 1).replace("None", "0") + "# %d\n" % n for n in range(9)])], "bad.json")
PY

intent='build a CRUD app for inventory: items with name, SKU, quantity and price. Stock never below zero. SKU is unique. The order fills stock up to a target: order_quantity(quantity=3, target=10) == 7, order_quantity(quantity=12, target=10) == 0. Nothing may ever be sold on Sundays.'
serve "$tmp/good.json"
run sealwright run --json --model scripted-1.5b --base-url "$url" "$intent" "$tmp/shop"
check 'the run finishes' exits 0
check 'and says so' prints '"finished":true'
check 'the model was asked what it had to be, in that order, and nothing else' served
check 'every event is one JSON line' is_json_lines
check 'a sentence that no rule covers is told, not guessed' sh -c "grep '\"type\":\"summary\"' '$out' | grep -q 'Sundays'"
check 'what the model alone proposed is told, too' sh -c "grep '\"type\":\"summary\"' '$out' | grep -q '\"proposed\":\[\"item.name unique\"'"
check 'and not enforced' test ! -e "$tmp/shop/tests/test_rule_item_name_unique.py"
check 'an answer that wants the operating system is refused before it runs' prints 'imports os'
for f in README.md Dockerfile .gitignore .github/workflows/ci.yml app/__main__.py tests/test_rule_item_sku_unique.py; do
	check "it has $f" test -f "$tmp/shop/$f"
done
run git -C "$tmp/shop" log --format='%s [%(trailers:key=Origin,valueonly,separator=)]'
check 'there is a commit for the tests' prints 'tests: what the program must do, before it does [blueprint crud-service]'
check 'one for each rule' prints 'item-quantity-never-below'
check 'one by the model for its function' prints 'Function: order_quantity [model scripted-1.5b]'
check 'nothing is left uncommitted' test -z "$(git -C "$tmp/shop" status --porcelain)"
check 'its suite is green outside the sandbox, too' sh -c "cd '$tmp/shop' && python3 -m unittest discover -s tests -t . >/dev/null 2>&1"
run sealwright show
run sh -c "cd '$tmp/shop' && sealwright show"
check 'show tells whose lines are whose' says 'model'
check 'and what was left out' says 'Sundays'
check 'and what was proposed' says 'item.name unique'

# Killed again and again: no reply is asked for twice, nothing is done twice.
serve "$tmp/good.json"
kills=0
sealwright run --model scripted-1.5b --base-url "$url" "$intent" "$tmp/killed" >"$out" 2>"$err" </dev/null &
pid=$!
for seconds in 0.6 1.5 5 0.3 3 1 2 4; do
	sleep "$seconds"
	kill -9 "$pid" 2>/dev/null || break
	wait "$pid" 2>/dev/null
	kills=$((kills + 1))
	(cd "$tmp/killed" && exec sealwright resume --model scripted-1.5b --base-url "$url") >"$out" 2>"$err" </dev/null &
	pid=$!
done
wait "$pid"
status=$? ran="sealwright resume, after $kills kills"
check 'a run that is killed again and again finishes' exits 0
check 'with no reply asked for twice' served
check 'and the same tree as one that was never killed' diff -r -x .git -x .sealwright -x __pycache__ "$tmp/shop" "$tmp/killed"
check 'killed at least four times' test "$kills" -ge 4

# A function that no answer gets right.
serve "$tmp/bad.json"
run sealwright run --model scripted-1.5b --base-url "$url" "$intent" "$tmp/short"
check 'a function that was asked for and not found makes the run unfinished' exits 1
check 'and that is said' complains 'Unfinished'
check 'naming what is missing' complains 'order_quantity: no answer of 9 passed'
check 'after nine answers to the unchanged prompt' served
check 'one that was merely offered is left out, tests and all' test ! -e "$tmp/short/tests/test_function_item_label.py"
done_testing
