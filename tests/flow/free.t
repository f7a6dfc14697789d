#!/bin/sh
# Free work with a scripted model: a plan, tests that must fail first, a wrong answer that the tests send back, an attempt to
# bend a test, and the end only when the test engine says so.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh
. tests/flow/lib.sh

python3 - "$tmp/free.json" <<'PY'
import json, sys
plan = {"test": "python3 -m unittest discover -s tests -t . -v", "tasks": [
    {"id": "add", "title": "Adds two numbers", "what": "calc.add(2, 2) is 4", "tests": ["tests/test_add.py"]},
    {"id": "packaging", "title": "Packaging", "what": "README, Dockerfile, CI, .gitignore", "tests": ["tests/test_packaging.py"]}]}
add = "import unittest\n\n\nclass Add(unittest.TestCase):\n    def test_sum(self):\n        import calc\n        self.assertEqual(calc.add(2, 3), 5)\n"
pack = ("import os\nimport unittest\n\n\nclass Packaging(unittest.TestCase):\n    def test_files(self):\n"
        "        for name in ('README.md', 'Dockerfile', '.gitignore', '.github/workflows/ci.yml'):\n"
        "            self.assertTrue(os.path.exists(name), name)\n")


def call(name, **arguments):
    return {"name": name, "arguments": arguments}


def write(path, text):
    return call("write", path=path, content=text)


def answer(*calls):
    return {"calls": list(calls)}


tools = ["shell", "read", "edit", "write", "search", "plan", "test", "finish"]
steps = [
    {"expect": {"has": ["adds two numbers"], "roles": ["system", "user"], "tools": None, "true": "'json_schema' in json.dumps(body)"},
     "answer": {"text": "Sure!\n" + json.dumps(plan)}},
    {"expect": {"tools": tools, "has": ["tests/test_add.py", "tests/test_packaging.py"]},
     "answer": answer(write("tests/__init__.py", ""), write("tests/test_add.py", "import unittest\n\n\nclass Add(unittest.TestCase):\n    def test_nothing(self):\n        pass\n"),
                      write("tests/test_packaging.py", pack))},
    {"expect": {"prefix": True, "last_role": "tool"}, "answer": answer(call("finish", summary="tests written"))},
    {"expect": {"last": "passes before anything was built"}, "answer": answer(write("tests/test_add.py", add))},
    {"expect": {}, "answer": answer(call("finish", summary="tests written"))},
    {"expect": {"has": ["Your task: Adds two numbers"]}, "answer": answer(write("calc.py", "def add(a, b):\n    return a - b\n"))},
    {"expect": {"last_role": "tool"}, "answer": answer(call("finish", summary="done"))},
    {"expect": {"last": "do not pass"}, "answer": answer(write("tests/test_add.py", "import unittest\n"))},
    {"expect": {"last": "protected"}, "answer": answer(call("shell", command="echo >tests/test_add.py; cat calc.py"))},
    {"expect": {"last": "return a - b"}, "answer": answer(call("edit", path="calc.py", old="a - b", new="a + b"))},
    {"expect": {}, "answer": answer(call("finish", summary="done"))},
    {"expect": {"has": ["Your task: Packaging"]}, "answer": answer(write(".vscode/tasks.json", "{}"),
        write("README.md", "# Adds\n\n    python3 -m unittest\n"), write("Dockerfile", "FROM scratch\nCOPY calc.py /\n"),
        write(".gitignore", "__pycache__/\n"), write(".github/workflows/ci.yml", "on: push\n"))},
    {"expect": {}, "answer": answer(call("finish", summary="done"))},
    {"expect": {"last": "refused: added .vscode", "has_not": ["editor"]}, "answer": answer(call("shell", command="rm -r .vscode"))},
    {"expect": {}, "answer": answer(call("finish", summary="done"))},
]
json.dump({"steps": steps, "models": ["glm-5.1"]}, open(sys.argv[1], "w"))
PY

serve "$tmp/free.json"
run sealwright run --json --model glm-5.1 --base-url "$url" "a python module that adds two numbers" "$tmp/calc"
check 'the run finishes' exits 0
check 'and says so' prints '"finished":true'
check 'the model got what was scripted, and asked nothing else' served
check 'the events are JSON lines' is_json_lines
check 'the first test, which tested nothing, was sent back' grep -q 'assertEqual' "$tmp/calc/tests/test_add.py"
check 'the wrong answer was sent back' grep -q 'a + b' "$tmp/calc/calc.py"
run git -C "$tmp/calc" log --format='%s %(trailers:key=Origin,valueonly)'
check 'there is a commit for the tests' prints 'tests: what the program must do'
check 'one for each task' prints 'add: Adds two numbers'
check 'each naming whose work it is' prints 'model glm-5.1'
run git -C "$tmp/calc" ls-files
check 'what the model was told is refused it has undone' says_not '.vscode'
check 'nothing is left uncommitted' test -z "$(git -C "$tmp/calc" status --porcelain)"

# A task that is given up is rolled back: its layer is dropped, whole.
python3 - "$tmp/free.json" "$tmp/given-up.json" <<'PY'
import json, sys
s = json.load(open(sys.argv[1]))
s["steps"] = s["steps"][:6] + [{"answer": {"calls": [{"name": "finish", "arguments": {"summary": "done"}}]}}]
json.dump(s, open(sys.argv[2], "w"))
PY
serve "$tmp/given-up.json"
run sealwright run --json --model glm-5.1 --base-url "$url" --max-turns 7 "a python module that adds two numbers" "$tmp/half"
check 'a run whose budget ends is unfinished' exits 1
check 'the model got what was scripted' served
check 'what it had changed is dropped' prints '"type":"dropped"'
check 'and not in the tree' test ! -e "$tmp/half/calc.py"
check 'nor in a commit' test -z "$(git -C "$tmp/half" log --all --format=%h -- calc.py)"
check 'the tests that it wrote before are' test -s "$tmp/half/tests/test_add.py"
check 'no layer is left' test -z "$(ls "$XDG_STATE_HOME/sealwright/layers")"

# kill -9 within a task: its layer is found again, and what it wrote is kept when the task is green.
python3 - "$tmp/free.json" "$tmp/killed.json" <<'PY'
import json, sys
s = json.load(open(sys.argv[1]))["steps"]
late = {**s[9], "expect": {"last_role": "tool"}}
s[6:11] = [{**late, "answer": {**late["answer"], "delay": 5}}, late, s[10]]
json.dump({"steps": s}, open(sys.argv[2], "w"))
PY
rm -f "$tmp/.run/requests"
serve "$tmp/killed.json"
sealwright run --json --model glm-5.1 --base-url "$url" "a python module that adds two numbers" "$tmp/killed" >/dev/null 2>&1 </dev/null &
pid=$!
for _ in $(seq 200); do
	grep -q '"n": 7' "$tmp/.run/requests" 2>/dev/null && break
	sleep 0.05
done
check 'while a task is at work its changes are not in the tree' test ! -e "$tmp/killed/calc.py"
kill -9 $pid
wait $pid 2>/dev/null
check 'after a kill they are in its layer' test -n "$(find "$XDG_STATE_HOME/sealwright/layers" -name calc.py)"
run sealwright resume --json --model glm-5.1 --base-url "$url" "$(ls "$XDG_STATE_HOME/sealwright/layers")"
check 'a resume goes on with them' exits 0
check 'and asks for nothing twice' served
check 'and they come into the tree' grep -q 'a + b' "$tmp/killed/calc.py"
check 'with their commit' test -z "$(git -C "$tmp/killed" status --porcelain)"
check 'and no layer is left' test -z "$(ls "$XDG_STATE_HOME/sealwright/layers")"
done_testing
