#!/bin/sh
# `make show-exec`: a small repository with a failing test, a scripted model that mends it, and what is seen of that.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh
. tests/flow/lib.sh

cat >"$tmp/scenario.json" <<'JSON'
{"steps": [
 {"expect": {"roles": ["system", "user"], "true": "len(raw) <= 8192"},
  "answer": {"text": "I read the test and the code first.", "calls": [
   {"name": "read", "arguments": {"path": "stock.py"}}, {"name": "read", "arguments": {"path": "test_stock.py"}}]}},
 {"expect": {"prefix": true, "same_connection": true, "last": "remove"},
  "answer": {"calls": [{"name": "plan", "arguments": {"steps": [
   {"step": "see it fail", "state": "doing"}, {"step": "mend stock.py", "state": "open"}, {"step": "see it pass", "state": "open"}]}},
   {"name": "test", "arguments": {}}]}},
 {"expect": {"prefix": true, "last": "test_stock_never_goes_below_zero"}, "answer": {"text": "Nothing stops it from going below zero.", "calls": [
   {"name": "edit", "arguments": {"path": "stock.py", "old": "def remove(have, n):\nreturn have - n",
    "new": "def remove(have, n):\nif n > have:\n    raise ValueError(\"stock never goes below zero\")\nreturn have - n"}}]}},
 {"expect": {"prefix": true, "last": "old matched but for indentation"}, "answer": {"calls": [
   {"name": "test", "arguments": {}}]}},
 {"expect": {"prefix": true, "last": "1 passed"}, "answer": {"text": "remove() now refuses to go below zero; the test passes."}}
]}
JSON
serve "$tmp/scenario.json"
mkdir "$tmp/stock" && cd "$tmp/stock" || exit 1
printf 'def remove(have, n):\n\treturn have - n\n' | expand -t4 >stock.py
cat >test_stock.py <<'PY'
import unittest
from stock import remove


class Stock(unittest.TestCase):
    def test_stock_never_goes_below_zero(self):
        with self.assertRaises(ValueError):
            remove(3, 4)
PY
echo "\$ sealwright exec --model scripted --base-url $url \"make the test pass\""
sealwright exec --model scripted --base-url "$url" "make the test pass"
echo "[exit status $?]"
echo
echo "\$ cat stock.py"
cat stock.py
cd "$top" || exit 1
served && echo && echo "The scripted model got what it was to get in each of its $(wc -l <"$tmp/.run/requests") requests."
