#!/bin/sh
# What bad input gets: each a clear message with the cure, the right exit status, and nothing lost.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh
. tests/flow/lib.sh

scenario() {
	printf '%s' "$1" >"$tmp/scenario.json"
	serve "$tmp/scenario.json"
}
cd_work() { mkdir -p "$tmp/work" && cd "$tmp/work" || exit 1; }
here=$(pwd)

run sealwright exec --model glm-5.1 "say hi"
check 'a missing key is told' exits 1
check 'with the variable to set' complains 'SEALWRIGHT_API_KEY'
check 'in one line' test "$(wc -l <"$err")" -le 2

run sealwright exec --model scripted --base-url http://127.0.0.1:9/v1 --patience 1s "say hi"
check 'an endpoint that is down ends with 1' exits 1
check 'and is named' complains '127.0.0.1:9'
check 'with a question that leads to the cure' complains 'running'

scenario '{"loop": true, "steps": [{"answer": {"status": 401, "body": {"error": {"message": "bad key"}}}}]}'
SEALWRIGHT_API_KEY=sk-shown-0123456789 run sealwright exec --model scripted --base-url "$url" "say hi"
check 'a refused key ends with 1' exits 1
check 'says 401' complains '401'
check 'and where the key comes from' complains 'SEALWRIGHT_API_KEY'
check 'and not the key itself' says_not 'sk-shown-0123456789'
check 'nor is it in the session' sh -c "! grep -rq 'sk-shown-0123456789' '$HOME'"

scenario '{"loop": true, "steps": [{"answer": {"fault": "html"}}]}'
run sealwright exec --model scripted --base-url "$url" --patience 2s "say hi"
check 'HTML instead of JSON ends with 1' exits 1
check 'and is called what it is' complains 'web page'

scenario '{"loop": true, "steps": [{"answer": {"fault": "endless", "most": 200000000}}]}'
run sealwright exec --model scripted --base-url "$url" --patience 2s --time 60s "say hi"
check 'an endless stream is ended' exits 1
check 'with the bound that it passed' complains 'bytes'

scenario '{"loop": true, "steps": [{"answer": {"fault": "long_line"}}]}'
run sealwright exec --model scripted --base-url "$url" --patience 2s --time 60s "say hi"
check 'a line of 100 MB is refused' exits 1
check 'with the bound that it passed' complains 'bytes'

scenario '{"steps": [{"answer": {"text": "unused"}, "optional": true}]}'
if [ "$(id -u)" = 0 ]; then
	run sealwright run --model scripted --base-url "$url" "a python module that adds two numbers" /proc/nothing
else
	mkdir "$tmp/closed" && chmod 555 "$tmp/closed"
	run sealwright run --model scripted --base-url "$url" "a python module that adds two numbers" "$tmp/closed/app"
fi
check 'a folder that cannot be made is refused' test "$status" -ne 0
check 'and named' says 'nothing'

mkdir "$tmp/full" && echo mine >"$tmp/full/file"
run sealwright run --model scripted --base-url "$url" "a python module that adds two numbers" "$tmp/full"
check 'a folder that is not empty is a usage error' exits 2
check 'and the cure is told' complains 'another folder'
check 'what was in it is untouched' test "$(cat "$tmp/full/file")" = mine

run sealwright run
check 'no intent is a usage error' exits 2
run sealwright run "build a CRUD app @secrue"
check 'a misspelt tag is a usage error' exits 2
check 'and the tag that was meant is named' complains 'secure'

# A full disk: a file system of our own, so that nothing else fills up.
if unshare -Urm true 2>/dev/null; then
	mkdir "$tmp/disk"
	scenario '{"loop": true, "steps": [{"answer": {"calls": [{"name": "shell", "arguments": {"command": "head -c 300000 /dev/urandom | base64"}}]}}]}'
	cat >"$tmp/full.sh" <<-SH
	mount -t tmpfs -o size=256k none "$tmp/disk" || exit 99
	mkdir "$tmp/disk/work" "$tmp/disk/state"
	cd "$tmp/disk/work"
	XDG_STATE_HOME=$tmp/disk/state sealwright exec --model scripted --base-url "$url" --max-turns 20 "fill it"
	r=\$?
	cp -r "$tmp/disk/state" "$tmp/after"
	exit \$r
	SH
	run unshare -Urm sh "$tmp/full.sh"
	check 'a full disk ends with 1' exits 1
	check 'and says that there is no space' complains 'No space left'
	check 'every line of the log that was written is whole' sh -c "cat '$tmp'/after/sealwright/sessions/*/log.jsonl | python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]'"
else
	skip 'a full disk' 'user namespaces are refused here, so no small file system can be mounted'
fi
cd "$here" || exit 1
served >/dev/null
done_testing
