#!/bin/sh
# The bare agent loop against a scripted model over real HTTP that asserts on every request; kill -9 and resume included.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh
. tests/flow/lib.sh

# scenario JSON: served from here on. The folder to work in is $work.
scenario() {
	cd "$top" || exit 1
	rm -f "$tmp/.run/requests"
	printf '%s' "$1" >"$tmp/scenario.json"
	serve "$tmp/scenario.json"
	rm -rf "$work"
	mkdir "$work" && cd "$work" || exit 1
	printf 'one\ntwo\n' >a.txt
}
work=$tmp/work
model() { run sealwright "$@" --model scripted --base-url "$url"; }
until_true() {
	for _ in $(seq 200); do
		eval "$1" && return 0
		sleep 0.05
	done
	return 1
}

scenario '{"steps": [
 {"expect": {"tools": ["shell", "read", "edit", "write", "search", "plan", "test"], "roles": ["system", "user"], "stream": true,
   "last": "rename two to three", "auth": null, "true": "len(raw) <= 8192 and \"work tree: \" in raw and \"a.txt\" in raw"},
  "answer": {"text": "I look first.", "reasoning": "thinking \u00e4", "calls": [{"name": "read", "arguments": {"path": "a.txt"}},
   {"name": "shell", "arguments": {"command": "echo out; echo err >&2; pwd"}}]}},
 {"expect": {"prefix": true, "same_connection": true, "roles": ["system", "user", "assistant", "tool", "tool"],
   "reasoning": ["thinking \u00e4"], "last": "out\nerr\n",
   "true": "body[\"messages\"][3][\"content\"] == \"1\\tone\\n2\\ttwo\\n\" and body[\"messages\"][4][\"content\"].split(\"\\n\")[3].startswith(\"[0, \")"},
  "answer": {"calls": [{"name": "edit", "arguments": {"path": "a.txt", "old": "two", "new": "three"}}]}},
 {"expect": {"prefix": true, "last": "replaced in a.txt, line 2"}, "answer": {"text": "Renamed."}}
]}'
model exec "rename two to three"
check 'exec ends when the model ends its turn' exits 0
check 'its last words are all of stdout' test "$(cat "$out")" = 'Renamed.'
check 'the work is done' test "$(cat a.txt)" = "$(printf 'one\nthree')"
check 'what it did is told on stderr' complains 'edit       a.txt'
check 'and what it said on the way' complains 'I look first.'
check 'and what it cost' complains '3 turns'
check 'the model got what it was to get, byte for byte, on one connection' served
run sealwright show
check 'show knows the session' prints 'rename two to three'
run sealwright resume --model scripted --base-url "$url"
check 'resuming what has ended says its words again' prints 'Renamed.'

scenario '{"steps": [{"answer": {"calls": [{"name": "shell", "arguments": {"command": "exit 3"}}]}}, {"answer": {"text": "Fine."}}]}'
model exec --json go
check '--json prints events' is_json_lines
check 'with the result of a call' prints '"status":3'
check 'and the end' prints '"type":"end"'
check 'and nothing else' says_not 'sealwright:'
check 'the scripted model is content' served

scenario '{"steps": [{"expect": {"last": "from stdin"}, "answer": {"text": "Read."}}]}'
feed 'from stdin' sealwright exec --model scripted --base-url "$url" --quiet -
check 'a prompt comes from stdin too' prints 'Read.'
check '--quiet is quiet' test ! -s "$err"
run sealwright exec
check 'no prompt is a usage error' exits 2
run sealwright exec ' '
check 'an empty one too' exits 2

scenario '{"steps": [{"answer": {"status": 429, "headers": {"Retry-After": "0"}}}, {"answer": {"status": 503}},
 {"answer": {"fault": "cut", "text": "half of an answer that never"}}, {"answer": {"text": "At last."}}]}'
model exec go
check 'a busy server and a broken stream cost no turn' exits 0
check 'and the answer is whole' test "$(cat "$out")" = 'At last.'
check 'each request was asked once more' served

scenario '{"steps": [
 {"answer": {"calls": [{"name": "shell", "arguments": "{\"command\": "}, {"name": "reed", "arguments": {"path": "a.txt"}}, {"name": "read", "arguments": {}}]}},
 {"expect": {"roles": ["system", "user", "assistant", "tool", "tool", "tool"], "has": ["not valid JSON", "There is no tool", "needs the argument path"]},
  "answer": {"lost": true, "calls": [{"name": "read", "arguments": {"path": "a.txt"}}]}},
 {"expect": {"true": "not body.get(\"stream\")"}, "answer": {"calls": [{"name": "read", "arguments": {"path": "a.txt"}}]}, "optional": true},
 {"expect": {"last": "1\tone"}, "answer": {"lost": "reasoning", "calls": [{"name": "read", "arguments": {"path": "a.txt", "offset": "2"}}]}},
 {"expect": {"last": "2\ttwo"}, "answer": {"text": "Mended."}}
]}'
model exec go
check 'malformed calls go back with what is wrong, lost ones are found or asked for again' test "$(cat "$out")" = 'Mended.'
check 'each as it should' served

scenario '{"loop": true, "steps": [{"answer": {"calls": [{"name": "shell", "arguments": "{broken"}]}}]}'
model exec go
check 'a model that stays malformed is left after three complaints' exits 1
check 'with the reason' complains 'malformed 4 times in a row'

echo 'root:SECRET' >"$tmp/secret"
scenario '{"steps": [
 {"answer": {"calls": [{"name": "read", "arguments": {"path": "../secret"}}, {"name": "read", "arguments": {"path": "/etc/passwd"}},
   {"name": "read", "arguments": "{\"path\": \"a.txt\\u0000/../../secret\"}"},
   {"name": "shell", "arguments": {"command": "ln -s ../secret link; ln -s / top; cat ../secret; cat '"$HOME"'/.local/state/sealwright/sessions/*/log.jsonl"}}]}},
 {"expect": {"has_not": ["SECRET", "root:x:0"]}, "answer": {"calls": [{"name": "read", "arguments": {"path": "link"}}, {"name": "read", "arguments": {"path": "top/etc/passwd"}},
   {"name": "write", "arguments": {"path": "link", "content": "x"}}, {"name": "write", "arguments": {"path": "top/tmp/x", "content": "x"}},
   {"name": "write", "arguments": {"path": ".git/hooks/pre-commit", "content": "x"}}, {"name": "search", "arguments": {"pattern": "SECRET"}}]}},
 {"expect": {"has_not": ["SECRET\\n", "root:x:0"], "has": ["leads out of the tree", "is protected"], "last": "nothing found"}, "answer": {"text": "Contained."}}
]}'
model exec go
check 'a hostile model gets nothing from outside the tree' test "$(cat "$out")" = 'Contained.'
check 'in no request' served
check 'and changes nothing there' test "$(cat "$tmp/secret")" = 'root:SECRET'

if sealwright doctor 2>/dev/null | grep -qi 'sandbox.*level [23]'; then
	scenario '{"steps": [
	 {"answer": {"calls": [{"name": "shell", "arguments": {"command": "unshare -m true; echo kept >/tmp/kept"}}]}},
	 {"expect": {"last": ", refused by the sandbox]", "has_not": ["seccomp"]}, "answer": {"calls": [
	  {"name": "shell", "arguments": {"command": "cat /tmp/kept"}}, {"name": "write", "arguments": {"path": "test_a.py",
	  "content": "import os, unittest\nclass T(unittest.TestCase):\n    def test_fresh(self):\n        self.assertFalse(os.path.exists(\"/tmp/kept\"))\n"}},
	  {"name": "test", "arguments": {}}]}},
	 {"expect": {"last": "1 passed, 0 failed", "has": ["kept\\n[0, "]}, "answer": {"text": "Tried."}}
	]}'
	model exec go
	check 'what the sandbox refuses is told to a person, with the wall and the rule' complains 'refused    unshare'
	check 'commands share one /tmp, a test run has its own; the model hears only that something was refused' served
	run sealwright show
	check 'show names it' prints 'Refused by the sandbox'
	check 'and by which wall' prints 'by unshare, seccomp: '
	check 'and the level that held it' prints 'sandbox   level '
	run sealwright show --json
	check 'for programs as well' prints '"refused":[{"wall":"seccomp"'

	scenario '{"steps": [
	 {"answer": {"calls": [{"name": "shell", "arguments": {"command": "mkdir .vscode; echo {} >.vscode/tasks.json; echo new >b.txt; rm a.txt"}}]}},
	 {"expect": {"last": "[0, "}, "answer": {"calls": [{"name": "read", "arguments": {"path": "b.txt"}}, {"name": "search", "arguments": {}}]}},
	 {"expect": {"has": ["1\\tnew"], "last": ".vscode/tasks.json\nb.txt\n", "has_not": ["a.txt\\nb.txt"]}, "answer": {"text": "Made."}}
	]}'
	model exec go
	check 'what a program outside would act on is not kept without a word' exits 3
	check 'it is named with its rule' complains '.vscode/tasks.json (editor)'
	check 'and how to allow it' complains 'sealwright sandbox keep --allow-change RULE:PATH'
	check 'the rest is kept' test "$(cat b.txt) $(ls)" = 'new b.txt'
	check 'and the file tools saw all of it before' served
	run sealwright show
	check 'show says what waits' prints '.vscode/tasks.json (editor)'
	check 'what waits, waits in the layer' test -n "$(find "$XDG_STATE_HOME/sealwright/layers" -name tasks.json)"
	run sealwright sandbox keep --allow-change editor:.vscode/tasks.json "$(sealwright show --json | sed 's/.*"id":"\([a-z2-7]*\)".*/\1/')"
	check 'a word keeps it' test -e .vscode/tasks.json

	scenario '{"steps": [
	 {"answer": {"calls": [{"name": "shell", "arguments": {"command": "git add -A; git commit -qm second; git checkout -qb more; echo 3 >>a.txt; git commit -qam third; git log --oneline | wc -l"}}]}},
	 {"expect": {"last": "3\n[0, "}, "answer": {"text": "Committed."}}
	]}'
	git init -q -b main . && git add -A && git commit -qm first && echo b >b.txt
	model exec go
	check 'what is committed inside' exits 0
	check 'becomes a commit of the repository' test "$(git log --format=%s more)" = "$(printf 'third\nsecond\nfirst')"
	check 'files and all' test "$(cat a.txt)" = "$(printf 'one\ntwo\n3')"

	# ---- the network that a person allows ----
	(cd "$tmp" && mkdir -p www && echo from outside >www/index.html && exec python3 -c '
import functools, http.server
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory="www"))
open("webport", "w").write(str(s.server_address[1]))
s.serve_forever()' 2>/dev/null) &
	web=$!
	check 'a server stands outside' until_true '[ -s "$tmp/webport" ]'
	webport=$(cat "$tmp/webport")
	fetch='import os, sys, urllib.request as u\nos.environ[\"no_proxy\"] = os.environ[\"NO_PROXY\"] = \"\"\nfor x in sys.argv[1:]:\n    try: print(u.build_opener(u.ProxyHandler({\"http\": \"http://127.0.0.1:3128\"})).open(x, timeout=10).read().decode())\n    except OSError as e: print(\"not reached\")\n'
	call='{"name": "write", "arguments": {"path": "fetch.py", "content": "'$fetch'"}}, {"name": "shell", "arguments": {"command": "python3 fetch.py http://127.0.0.1:'$webport'/ http://elsewhere.example/"}}'
	test='{"name": "write", "arguments": {"path": "test_net.py", "content": "import subprocess, unittest\nclass T(unittest.TestCase):\n    def test_none(self):\n        out = subprocess.run([\"python3\", \"fetch.py\", \"http://127.0.0.1:'$webport'/\"], capture_output=True, text=True).stdout\n        self.assertEqual(out, \"not reached\\n\")\n"}}, {"name": "test", "arguments": {}}'
	scenario '{"steps": [{"expect": {"has_not": ["this much network"]}, "answer": {"calls": ['"$call"']}}, {"expect": {"last": "not reached\nnot reached", "has_not": ["from outside"]}, "answer": {"text": "None."}}]}'
	model exec go
	check 'commands have no network' served
	scenario '{"steps": [
	 {"expect": {"has": ["this much network, and no more: 127.0.0.1:'"$webport"'"]}, "answer": {"calls": ['"$call"']}},
	 {"expect": {"last": "from outside\n\nnot reached"}, "answer": {"calls": ['"$test"']}},
	 {"expect": {"last": "1 passed, 0 failed"}, "answer": {"text": "One."}}]}'
	model exec --allow "127.0.0.1:$webport" go
	check 'but what --allow names, which the model is told; test runs have none' served
	check 'what was refused is told' complains 'refused    elsewhere.example:80 (http)'
	run sealwright show --json
	check 'and in the log' prints '"refused":[{"wall":"egress"'
	egress_is_left() {
		for p in /proc/[0-9]*; do
			grep -qsxz sealwright-egress "$p/cmdline" && grep -qsxzF "HOME=$HOME" "$p/environ" && return 0
		done
		return 1
	}
	check 'its process has ended' until_true '! egress_is_left'
	scenario '{"loop": true, "steps": [{"answer": {"calls": ['"$call"']}}]}'
	model exec --allow "127.0.0.1:$webport" --max-turns 1 go
	model resume --max-turns 2 --json
	check 'a resume keeps it' prints "\"network\":[\"127.0.0.1:$webport\"]"
	check 'and uses it' prints 'from outside'
	check 'with an event for each attempt' prints '"type":"network"'
	model resume --max-turns 3 --json --allow example.org
	check 'but a flag wins' prints '"network":["example.org"]'
	check 'and holds' says_not '"allowed":true'
	model resume --max-turns 4 --json --profile deps
	check 'a profile is taken too' prints '"profile":"deps"'
	kill $web
	model exec --allow 'exa mple' go
	check 'what is no host is a usage error' exits 2
	model exec --profile allow go
	check 'the profile allow wants a host' exits 2
	check 'and says how to name it' complains 'name a host: --allow HOST[:PORT]'
	model exec --profile scan go
	check 'a profile that lets nothing be written is refused' exits 2
	model exec --profile nosuch go
	check 'an unknown one lists what there is' complains 'there are allow, deps'
	model exec --sandbox off --allow example.org go
	check 'without a sandbox nothing could hold it' exits 2
	check 'which is said' complains 'use --sandbox own'
	model exec --sandbox oci --allow example.org go
	check 'nor in a container' exits 2
	model run --allow example.org: 'build a CRUD app' "$tmp/never"
	check 'run takes it too' exits 2
	mkdir -p "$tmp/etc/sealwright"
	cp /etc/passwd "$tmp/etc/"
	printf 'hosts: ["**.example.org"]\nsandbox_memory: 2G\n' >"$tmp/etc/sealwright/policy.yml"
	policy() { unshare -r -m sh -c 'mount --bind "$0" /etc && exec "$@"' "$tmp/etc" "$@"; }
	if policy true 2>/dev/null; then
		run policy sealwright exec --allow example.net --model scripted --base-url "$url" go
		check 'a host that the policy does not allow is denied' exits 3
		check 'by name' complains 'reach example.net; /etc/sealwright/policy.yml allows **.example.org'
		run policy sealwright exec --profile deps --model scripted --base-url "$url" go
		check 'so is a profile beyond its locks' complains 'memory 8G; /etc/sealwright/policy.yml allows at most 2G'
		run policy sealwright run --allow example.net --model scripted --base-url "$url" 'build a CRUD app' "$tmp/denied"
		check 'for run as well' exits 3
	else
		skip 'a policy locks the network' 'no user namespaces here'
	fi

	# Where namespaces are refused, as in many containers: the layer is a copy, worked on where it lies.
	none=$tmp/no-namespaces
	printf '#!/bin/sh\nexec unshare -U --map-user=1000 --map-group=1000 --keep-caps sh -c '"'"'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'"'"' x "$@"\n' >"$none"
	chmod +x "$none"
	if "$none" true 2>/dev/null; then
		scenario '{"steps": [
		 {"answer": {"calls": [{"name": "shell", "arguments": {"command": "echo new >b.txt; git add b.txt; git commit -qm second"}}, {"name": "read", "arguments": {"path": "b.txt"}},
		  {"name": "write", "arguments": {"path": "test_b.py", "content": "import unittest\nclass T(unittest.TestCase):\n    def test_b(self):\n        self.assertEqual(open(\"b.txt\").read(), \"new\\n\")\n"}},
		  {"name": "test", "arguments": {}}]}},
		 {"expect": {"has": ["1\\tnew"], "last": "1 passed, 0 failed"}, "answer": {"text": "Less."}}
		]}'
		git init -q -b main . && git add -A && git commit -qm first
		chmod -R a+rwX "$tmp"
		run "$none" sealwright exec --sandbox-level 1 --model scripted --base-url "$url" go
		check 'without namespaces it works on a copy, file tools and tests too' served
		check 'which is told' complains 'the tree was copied'
		check 'and keeps it' test "$(ls)" = "$(printf 'a.txt\nb.txt\ntest_b.py')"
		check 'commits and all' test "$(git log --format=%s | head -n 1)" = second
		run "$none" sealwright exec --model scripted --base-url "$url" go
		check 'but only when somebody asked for less' exits 3
	else
		skip 'without namespaces it works on a copy' 'unshare cannot make a user namespace here'
	fi

	scenario '{"loop": true, "steps": [{"answer": {"calls": [{"name": "shell", "arguments": {"command": "date +%s%N >c.txt; cat c.txt"}}]}}]}'
	model exec --max-turns 2 go
	check 'work that did not come to its end is not in the folder' test ! -e c.txt
	run sealwright resume --model scripted --base-url "$url" --max-turns 4
	check 'and goes on in its layer' test -n "$(find "$XDG_STATE_HOME/sealwright/layers" -name c.txt)"
	check 'what comes to its end leaves no layer, nor does what wrote nothing' test "$(find "$XDG_STATE_HOME/sealwright/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 3
else
	skip 'what the sandbox refuses is told' "$(sealwright doctor 2>&1 | grep -i sandbox | head -n 1)"
fi

scenario '{"loop": true, "steps": [{"answer": {"calls": [{"name": "shell", "arguments": {"command": "date +%s%N"}}]}}]}'
model exec --max-turns 3 go
check 'a budget ends it' exits 1
check 'says which' complains 'the 3 turns of --max-turns are spent'
check 'and how to go on' complains 'sealwright resume '
scenario '{"loop": true, "steps": [{"answer": {"calls": [{"name": "shell", "arguments": {"command": "make"}}]}}]}'
model exec go
check 'a model that turns in circles is stopped' exits 1
check 'with the facts' complains '`shell make` was called 7 times with the same result'

scenario '{"steps": [{"answer": {"delay": 20, "text": "too late"}}, {"expect": {"messages": 2}, "answer": {"text": "In time."}}]}'
sealwright exec --model scripted --base-url "$url" go >"$tmp/stop.out" 2>&1 &
pid=$!
check 'a request is out' until_true '[ -s "$tmp/.run/requests" ]'
kill -TERM $pid
wait $pid
check 'a person who says stop is obeyed at once' test $? = 1
check 'and told how to go on' grep -q 'stopped; to go on: sealwright resume' "$tmp/stop.out"
model resume
check 'which works' test "$(cat "$out")" = 'In time.'

# kill -9 while an answer is awaited, then while a command runs.
scenario '{"steps": [
 {"answer": {"calls": [{"name": "shell", "arguments": {"command": "echo 1 >>ran"}}]}},
 {"expect": {"prefix": true, "messages": 4}, "answer": {"delay": 5, "text": "never heard"}},
 {"expect": {"prefix": true, "messages": 4, "last": "[0, "}, "answer": {"calls": [{"name": "shell", "arguments": {"command": "echo 2 >>ran; sleep 297"}}]}},
 {"expect": {"prefix": true, "messages": 6, "last": "was killed while this ran"}, "answer": {"text": "Survived."}}
]}'
sealwright exec --model scripted --base-url "$url" go >/dev/null 2>&1 &
pid=$!
check 'the first turn is done' until_true 'grep -q "\"n\": 2" "$tmp/.run/requests" 2>/dev/null'
kill -9 $pid
wait $pid 2>/dev/null
sealwright resume --model scripted --base-url "$url" >/dev/null 2>&1 &
pid=$!
# What it writes stands in the session's layer until the end, or, where no sandbox can be, in the folder.
check 'after a kill it goes on with the second' until_true 'grep -rqs --include=ran 2 ran "$XDG_STATE_HOME/sealwright/layers"'
kill -9 $pid
wait $pid 2>/dev/null
check 'a killed sealwright leaves no command behind' until_true '! grep -qsz "^297$" /proc/[0-9]*/cmdline'
model resume
check 'after a kill within a command it goes on' exits 0
check 'to the end' test "$(cat "$out")" = 'Survived.'
check 'no command ran twice' test "$(cat ran)" = "$(printf '1\n2')"
check 'and every request was as it should be' served

done_testing
