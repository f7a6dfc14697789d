#!/bin/sh
# Sessions are listed from an index that may vanish or break at any time, and shown from their logs alone.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

mkdir -p "$tmp/shop/app" "$tmp/other"
log() { python3 "$top/tests/cli/log.py" "$@"; }
sessions=$XDG_STATE_HOME/sealwright/sessions index=$XDG_STATE_HOME/sealwright/index.db
cd "$tmp/shop" || exit 1

run sealwright sessions
check 'without any session it says so' complains 'no session yet'
check 'and that is no failure' exits 0
run sealwright show
check 'there is nothing to show then' exits 1

log aaaaaaaaaaaa "$tmp/shop" run 'build a CRUD app for inventory, stock never below zero @secure' <<'E'
model {"name":"local","endpoint":"http://127.0.0.1:8080/v1","small":true}
spec {"spec":{"entities":[{"name":"item","fields":[{"name":"quantity"}],"rules":[{"id":"r1","title":"Quantity of item never goes below 0","words":"stock never below zero"}]}],"left_out":["print labels: no rule for it"]}}
plan {"plan":1,"blueprint":"crud-service","tasks":[{"id":"skeleton","title":"Core"},{"id":"f1","title":"Item totals","by_model":true,"optional":true}],"left_out":["print labels: no rule for it"]}
usage {"prompt":1000,"cached":400,"completion":50,"cost":0.25,"elapsed_ms":4000}
task {"id":"skeleton","state":"passed","tests":12}
usage {"prompt":500,"cached":0,"completion":50,"cost":0.25,"elapsed_ms":9000}
task {"id":"f1","state":"left_out","why":"no \u001b[31msample passed","attempts":9}
commit {"id":"0123456789","subject":"x","origin":"blueprint crud-service"}
summary {"dir":"x","finished":true,"files":40,"lines":{"blueprint":1200,"model":31},"model_files":{"app/f.py":31},"tests":{"passed":45,"failed":0,"skipped":1},"given_up":["Item totals: no sample passed"],"missing":[],"left_out":["print labels: no rule for it"],"elapsed_ms":61000,"sandbox_level":2}
end {"state":"finished"}
E
log bbbbbbbbbbbb "$tmp/shop/app" exec 'say hello' <<'E'
usage {"prompt":10,"cached":0,"completion":5,"cost":0,"elapsed_ms":100}
tool {"id":"c1","name":"shell","about":"ls"}
loop.end {"text":"hello, all done"}
stopped {"code":"limit","why":"the turns of --max-turns are spent"}
E
log bbbbbbcccccc "$tmp/other" run 'something else' </dev/null
log dddddddddddd "$tmp/dear" exec 'price unknown' <<'E'
usage {"prompt":10,"cached":0,"completion":5,"cost":0.25,"elapsed_ms":100}
usage {"prompt":10,"cached":0,"completion":5,"elapsed_ms":200}
E
log eeeeeeeeeeee "$tmp/dear" exec 'price absurd' <<'E'
usage {"prompt":10,"cached":0,"completion":5,"cost":1e308,"elapsed_ms":100}
usage {"prompt":10,"cached":0,"completion":5,"cost":1e308,"elapsed_ms":200}
E

run sealwright sessions
check 'sessions are listed' exits 0
check 'a finished one' prints 'aaaaaaaaaaaa'
check 'with turns and cost' prints 'finished    run       2  $0.5000'
check 'one beneath this folder' prints 'stopped     exec      1'
check 'none of another folder' says_not bbbbbbcccccc
run sealwright sessions --all
check 'which --all shows' prints 'bbbbbbcccccc'
check 'as interrupted, since it neither ended nor runs' prints 'interrupted'
run sealwright sessions --json
check 'for a program too' is_json
cp "$out" "$tmp/listed"
check 'the index is for its owner alone' test "$(stat -c %a "$index")" = 600

run sealwright sessions --all
check 'a cost that is not known is no number' prints 'exec      2  ?         price unknown'
check 'nor is one that is too much to be true' prints 'exec      2  ?         price absurd'
run sealwright show dddd
check 'nor when it is shown' prints 'cost not known'
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("PRAGMA user_version=1"); c.commit()' "$index"
run sealwright sessions --json
check 'an index of an older version is made again' cmp -s "$out" "$tmp/listed"

rm "$index"
run sealwright sessions --json
check 'an index that is gone is made again' cmp -s "$out" "$tmp/listed"
echo 'this is no database, and long enough to be looked at as one by its header' >"$index"
run sealwright sessions --json
check 'one that is no database is replaced' cmp -s "$out" "$tmp/listed"
dd if=/dev/urandom of="$index" bs=1k seek=4 count=8 conv=notrunc 2>/dev/null
run sealwright sessions --json
check 'one that is damaged inside is replaced' cmp -s "$out" "$tmp/listed"
rm "$index"; mkdir "$index"
run sealwright sessions --json
check 'one that can not be written is done without' cmp -s "$out" "$tmp/listed"
rmdir "$index"
sealwright sessions >/dev/null
printf '{"seq":6,"time":"2026-11-24T05:00:04.000Z","type":"usage","prev":"","data":{"prompt":1,"completion":1}}\n{"torn' >>"$sessions/bbbbbbbbbbbb/log.jsonl"
run sealwright sessions
check 'what was added since is seen' prints 'interrupted exec      2'

run sealwright show aaaa
check 'a session is shown by a beginning of its id' exits 0
for text in 'Session aaaaaaaaaaaa (run): finished' 'build a CRUD app for inventory' 'http://127.0.0.1:8080/v1' '45 passed, 0 failed, 1 skipped' \
	'1200 from the blueprint, 31 written by the model, in 40 files' 'model: app/f.py, 31 lines' \
	'2 turns, 1500 tokens in (400 cached), 100 out, $0.5000' 'on the blueprint crud-service: 2 tasks, 1 passed, 1 left out' \
	'passed    Core' 'left out  Item totals [written by the model]: no' 'Quantity of item never goes below 0  <- "stock never below zero"' \
	'print labels: no rule for it' 'worked for 1:01' 'level 2'; do
	check "it says: $text" prints "$text"
done
check 'what a finished one needs is not a resume' says_not 'To go on'
check 'no control character of a stranger comes through' sh -c '! LC_ALL=C grep -q "$(printf "\033")" "$1"' - "$out"
run sealwright show bbbbbbb
check 'one that stopped' prints 'Session bbbbbbbbbbbb (exec): interrupted'
check 'says how to go on' prints 'sealwright resume bbbbbbbbbbbb'
check 'and what the model said last' prints 'said      hello, all done'
run sealwright show bbbbbb
check 'a beginning of two is refused' exits 2
check 'with how many' complains '2 sessions begin with bbbbbb'
run sealwright show ../../etc
check 'an id is no path' exits 1
run sealwright show aaaa --json
check 'an account for a program' is_json
check 'with its rules' prints '"rules":[{"id":"r1"'
run sealwright show aaaa --log
check 'its log' prints 'task {"id":"skeleton","state":"passed","tests":12}'
run sealwright show aaaa --log --json
check 'its log for a program' is_json_lines
run sealwright show bbbbbbc
check 'a session without a turn is shown' exits 0

sed -i 's/"tests":12/"tests":13/' "$sessions/aaaaaaaaaaaa/log.jsonl"
run sealwright show aaaa
check 'a changed log is a failure' exits 1
check 'that names the line' complains 'line 7 does not chain'
check 'and shows what came before' prints 'stock never below zero'
run sealwright sessions rm nonesuch
check 'removing what is not there is a failure' exits 1
(exec 9>>"$sessions/bbbbbbbbbbbb/log.jsonl"; flock 9; exec sleep 60) &
holder=$!
i=0
while [ $i -lt 1000 ] && flock -n "$sessions/bbbbbbbbbbbb/log.jsonl" true; do i=$((i + 1)); done
run sealwright sessions
check 'one that is held by another process runs' prints 'running     exec'
run sealwright sessions rm bbbbbbbb
check 'and is not removed' exits 3
kill "$holder"
wait "$holder" 2>/dev/null
run sealwright sessions rm bbbbbbbb aaaa
check 'sessions are removed' exits 0
check 'with their folders' test ! -e "$sessions/bbbbbbbbbbbb" -a ! -e "$sessions/aaaaaaaaaaaa"
run sealwright sessions
check 'and from the list' complains 'no session here'
done_testing
