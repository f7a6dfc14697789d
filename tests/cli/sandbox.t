#!/bin/sh
# `sealwright sandbox -- COMMAND`: what the command sees, how it ends, and what is told of it.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

mkdir -p "$tmp/proj/sub"
cd "$tmp/proj" || exit 1
git init -q -b main .
echo secret >"$HOME/.netrc"

if ! sealwright sandbox -- true 2>"$err"; then
	skip 'a command runs in the sandbox' "$(head -c 300 "$err" | tr '\n' ' ')"
	done_testing
fi

# ---- the command and its streams ----
run sealwright sandbox -- sh -c 'echo out; echo err >&2; exit 7'
check 'the status is the command'"'"'s' exits 7
check 'stdout passes' prints 'out'
check 'stderr passes' complains 'err'
check 'and nothing is added' test "$(cat "$out" "$err" | wc -l)" -eq 2
feed 'some text' sealwright sandbox -- cat
check 'stdin passes' prints 'some text'
run sh -c 'head -c 3000000 /dev/zero | sealwright sandbox -- cat | wc -c'
check 'any number of bytes passes' prints 3000000
head -c 3000000 /dev/zero >"$tmp/big"
run sh -c 'sealwright sandbox -- cat <"$1" >"$2"' sh "$tmp/big" "$tmp/copy"
check 'also from and to a file' cmp -s "$tmp/big" "$tmp/copy"
run sh -c 'sealwright sandbox -- sh -c "echo 1; echo 2 >&2; echo 3; echo 4 >&2" >"$1" 2>&1' sh "$tmp/both"
check 'one file for both outputs keeps their order' test "$(tr -d '\n' <"$tmp/both")" = 1234
run sh -c 'sealwright sandbox -- ls / <"$1"' sh "$tmp"
check 'a folder is no stdin' complains 'stdin is a folder'
echo kept >"$tmp/file"
run sh -c 'sealwright sandbox -- sh -c "echo changed >/proc/self/fd/0; cat" <"$1"' sh "$tmp/file"
check 'a file for reading is not opened again for writing' grep -q kept "$tmp/file"
check 'and is read' prints kept
run sh -c 'sealwright sandbox -- sh -c "sleep 100 & sleep 100 & echo gone"'
check 'what it leaves running ends with it' prints gone
run sealwright sandbox -- no-such-program
check 'a program that is not there is 127' exits 127
check 'and is named' complains 'no program no-such-program'
: >file
run sealwright sandbox -- ./file
check 'one that can not be run is 126' exits 126
run sealwright sandbox -- sh -c 'kill -9 $$'
check 'a signal is 128 and its number' exits 137
run sealwright sandbox --time 1s -- sleep 20
check 'when its time is up it is 124' exits 124
check 'and the account says so' complains 'its time was up'
run sealwright sandbox ls
check 'a command stands behind --' exits 125
check 'as the error says' complains 'sealwright sandbox -- ls'
run sealwright sandbox
check 'nothing to run is 125' exits 125
run sealwright sandbox --nonsense -- true
check 'so is an unknown option' exits 125
run sh -c 'sealwright sandbox -- sleep 50 & sleep 0.5; kill -TERM $!; wait $!'
check 'a signal to us ends it' exits 143

# ---- what it sees ----
run sealwright sandbox -- sh -c 'cat "$1/.netrc"' sh "$HOME"
check 'nothing of the home folder' says_not secret
run env TOKEN_OF_MINE=abc sealwright sandbox -- env
check 'no variable of ours' says_not TOKEN_OF_MINE
run env KEPT=abc sealwright sandbox --env KEPT --env OWN=1 -- env
check 'but those that are named' prints KEPT=abc
check 'or set' prints OWN=1
cd sub || exit 1
run sealwright sandbox -- sh -c 'pwd; echo x >../written'
check 'it starts in this folder' prints "$tmp/proj/sub"
check 'and the whole repository is its tree' test -f ../written
cd "$HOME" || exit 1
run sealwright sandbox -- true
check 'the home folder is no tree' exits 125
check 'and the cure is named' complains 'use a folder beneath it'
cd "$tmp/proj" || exit 1
mkdir "$tmp/ro" "$tmp/rw"
echo text >"$tmp/ro/text"
run sealwright sandbox --ro "$tmp/ro" --rw "$tmp/rw" -- sh -c 'cat "$1/ro/text"; echo y >"$1/rw/new"; ! echo z >"$1/ro/new"' sh "$tmp"
check 'folders are shown for reading and writing' exits 0
check 'the one is read' prints text
check 'the other written' test -f "$tmp/rw/new"
check 'and not the other way' test ! -e "$tmp/ro/new"
run sealwright sandbox --ro "$tmp/absent" -- true
check 'a folder that is not there is named' complains "--ro $tmp/absent"
run sealwright sandbox --profile scan -- sh -c 'echo x >new'
check 'a profile may make the tree read-only' test ! -e new
run sealwright sandbox --profile scam -- true
check 'an unknown profile lists what there is' complains 'there are allow, deps, none, scan, test'
echo 'tree: read' >here.yml
run sealwright sandbox --profile ./here.yml -- true
check 'a profile of the tree is refused' complains 'lies within the tree'
printf 'limits:\n  memry: 1G\n' >"$tmp/p.yml"
run sealwright sandbox --profile "$tmp/p.yml" -- true
check 'a wrong one by file and line' complains "$tmp/p.yml:2: limits has no key memry"

# ---- limits and what is told ----
run sealwright sandbox --memory 64M -- python3 -c 'import time; x = b"1" * (200 << 20); time.sleep(5)'
check 'memory is limited' test "$status" -ne 0
run sealwright sandbox --output 100 -- sh -c 'while :; do echo 123456789; done'
check 'output is limited' test "$(wc -c <"$out")" -eq 100
check 'and the account says by what' complains 'raise it by --output'
run sealwright sandbox --events "$tmp/ev" -- sh -c 'unshare -U true; exit 3'
check 'a refusal does not change the status' exits 3
check 'the account names what was refused' complains 'refused: unshare(2) CLONE_NEWUSER, by unshare'
cp "$tmp/ev" "$out"
check 'events are JSON lines' is_json_lines
check 'with the start' prints '"type":"start","data":{"profile":"none","rules":"sha256:'
check 'what was refused' prints '"type":"refused","data":{"wall":"seccomp","what":"unshare(2) CLONE_NEWUSER"'
check 'and the end' prints '"type":"end","data":{"status":3,'
check 'with the level that it ran at' prints '"level":'
check 'the file is its owner'"'"'s' test "$(stat -c %a "$tmp/ev")" = 600
run sealwright sandbox --events /dev/full -- true
check 'events that can not be written are a failure' exits 125
run sealwright sandbox --quiet -- unshare -U true
check '--quiet gives no account' says_not 'refused:'
run sealwright sandbox --json -- sh -c 'printf "\303"; sleep 0.1; printf "\244 \033[2J\n"; echo e >&2'
check '--json is JSON lines' is_json_lines
check 'with the output, characters whole' prints '"stream":"stdout","text":"ä \u001B[2J'
check 'of both streams' prints '"stream":"stderr","text":"e\n"'
run sealwright sandbox --json -- no-such-program
check 'errors, too' prints '"type":"error","code":"not_found","exit":127'

# ---- what it wrote ----
printf 'one\n' >old; printf 'two\n' >gone; git add -A; git commit -qm first; head=$(git rev-parse HEAD)
run sealwright sandbox -- sh -c 'echo changed >old; rm gone; mkdir -p d/e; echo new >d/e/f; chmod +x old'
check 'what it wrote is in the tree' test "$(cat old d/e/f)" = 'changed
new'
check 'what it removed is not' test ! -e gone
check 'modes are kept' test -x old
check 'in silence' is_silent
run sealwright sandbox list
check 'and no layer is left' complains 'nothing was left'
run sealwright sandbox --drop -- sh -c 'echo dropped >old; test "$(cat old)" = dropped'
check 'with --drop it writes' exits 0
check 'and nothing of it stays' grep -q changed old
run sealwright sandbox --profile test -- sh -c 'echo dropped >old'
check 'so says the profile test' grep -q changed old
run sealwright sandbox --here -- sh -c 'echo here >old; echo x >.git/x'
check 'with --here the tree is written at once' grep -q here old
check 'but not .git' test ! -e .git/x
run sealwright sandbox --keep --drop -- true
check 'two fates are one too many' complains '--keep and --drop go against each other'
run sealwright sandbox --ask -- true
check '--ask needs a terminal' complains '--ask needs a terminal'
run sealwright sandbox --events "$tmp/ev" -- sh -c 'echo fine >fine; mkdir .github .github/workflows; echo x >.github/workflows/ci.yml; mkfifo pipe; mkdir sub/.git; echo x >sub/.git/config'
check 'what must not come in does not' test ! -e .github -a ! -p pipe -a ! -e sub/.git
check 'while the rest does' grep -q fine fine
check 'and the account names each' complains '.github/workflows/ci.yml'
check 'with its rule' complains 'asks: '
check 'and how to allow it' complains 'To allow: sealwright sandbox keep '
cp "$tmp/ev" "$out"
check 'events name it, too' prints '"type":"change","data":{"path":".github/workflows/ci.yml","kind":"added","verdict":"asks"'
check 'and where it waits' prints '"state":"left"'
run sealwright sandbox list
check 'the layer is listed' prints "$tmp/proj"
id=$(cut -c1-12 <"$out")
run sealwright sandbox list --json
check 'also as JSON' is_json
run sealwright sandbox diff "$(printf %.5s "$id")"
check 'the beginning of an id is enough' exits 0
run sealwright sandbox diff
check 'the newest of this folder is shown without one' prints '.github/workflows/ci.yml'
check 'as a difference' prints '+x'
run sealwright sandbox diff --stat
check 'or by names' prints 'added    .github/workflows/ci.yml'
run sealwright sandbox diff --json
check 'also as JSON' is_json
rule=$(python3 -c 'import json,sys; print([c["rule"] for c in json.load(open(sys.argv[1]))["changes"] if c["path"].endswith("ci.yml")][0])' "$out")
run sealwright sandbox keep
check 'what was not kept is not kept without a yes' exits 3
run sealwright sandbox keep --allow-change "$rule:.github/workflows/ci.yml"
check 'with one it is' test -f .github/workflows/ci.yml
check 'the rest is still not' test ! -p pipe
run sealwright sandbox diff nosuch
check 'an unknown id is an error' complains 'no layer nosuch'
run sealwright sandbox drop "$id"
check 'a layer is dropped' exits 0
run sealwright sandbox drop
check 'once' complains 'nothing was left'
run sealwright sandbox --allow-change "$rule" -- sh -c 'echo y >.github/workflows/two.yml'
check 'a yes can be given before' test -f .github/workflows/two.yml
run sh -c 'sealwright sandbox -- sh -c "echo theirs >old; sleep 2" & sleep 1; echo mine >old; wait' sh "$tmp"
check 'what a person changed meanwhile is not overwritten' grep -q mine old
check 'and named as a conflict' complains 'conflict: '
run sealwright sandbox drop
run sh -c 'sealwright sandbox -- sh -c "echo survived >survivor; sleep 30" & sleep 2; kill -9 $!; wait $!'
run sealwright sandbox diff
check 'a kill loses nothing' prints survivor
run sealwright sandbox keep
check 'which can be kept' grep -q survived survivor
check 'git outside saw nothing of it all' test "$(git rev-parse HEAD)" = "$head"

# ---- commits made inside ----
git add -A; git commit -qm 'all of it'; head=$(git rev-parse HEAD)
run sealwright sandbox -- sh -c 'git config user.name x; echo c >committed; git add committed; git commit -qm "made inside" && git branch other'
check 'git inside commits' exits 0
check 'its commit is in the repository' test "$(git log -1 --format=%s)" = 'made inside'
check 'on top of what was there' test "$(git rev-parse HEAD~1)" = "$head"
check 'its branch, too' sh -c 'git rev-parse -q --verify other >/dev/null'
check 'and the tree is clean' test -z "$(git status --porcelain)"
check 'the repository is whole' sh -c 'git fsck --strict >/dev/null 2>&1'
head=$(git rev-parse HEAD)
run sealwright sandbox --drop -- git commit -q --allow-empty -m dropped
check 'with --drop there is none' test "$(git rev-parse HEAD)" = "$head"
run sealwright sandbox -- sh -c 'echo "*.c filter=x" >.gitattributes; git add .gitattributes; git commit -qm filtered'
check 'one that the keep check asks about is not taken' test "$(git rev-parse HEAD)" = "$head"
check 'which is said' complains 'commits were not taken'
run sealwright sandbox drop
check 'and waits in the layer' exits 0

# ---- the network ----
cat >"$tmp/web.py" <<'EOF'
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"from outside\n")
    def log_message(self, *args): pass
s = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(s.server_port, flush=True)
s.serve_forever()
EOF
python3 "$tmp/web.py" >"$tmp/port" &
web=$!
trap 'kill $web 2>/dev/null; chmod -R u+rwX "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$tmp/port" ] && break; sleep 0.2; done
port=$(cat "$tmp/port")
cat >ask.py <<'EOF'
import os, sys, urllib.request
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ""
proxy = urllib.request.ProxyHandler({"http": "http://127.0.0.1:3128"})
print(urllib.request.build_opener(proxy).open(sys.argv[1], timeout=10).read().decode())
EOF
run python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read())' "http://127.0.0.1:$port/"
check 'outside, the server is reached' prints 'from outside'
run sealwright sandbox -- python3 ask.py "http://127.0.0.1:$port/"
check 'inside it is not' says_not 'from outside'
run sealwright sandbox --allow "127.0.0.1:$port" --events "$tmp/ev" -- python3 ask.py "http://127.0.0.1:$port/"
check 'unless it is named' prints 'from outside'
cp "$tmp/ev" "$out"
check 'and an event says so' prints '"allowed":true'
run sealwright sandbox --allow example.org -- python3 ask.py http://elsewhere.example/
check 'no other host is' complains 'refused: elsewhere.example:80 (http)'
check 'and the account says how to allow it' complains 'allow it with --allow'
run sealwright sandbox --allow 'exa mple' -- true
check 'what is no host is refused' exits 125
run sealwright sandbox --profile allow -- true
check 'the profile allow wants a host' complains 'name a host: --allow HOST[:PORT]'
run sealwright sandbox --backend oci --allow example.org -- true
check 'a container has no network' complains 'use --backend own'

# ---- profiles, and the same as an OCI bundle ----
run sealwright sandbox profiles
check 'profiles are listed' prints 'scan      Looking at code that nobody trusts'
run sealwright sandbox profiles --json
check 'also as JSON' is_json
run sealwright sandbox profiles show deps
check 'one is shown' is_json
check 'with the digest of its rules' prints '"rules": "sha256:'
run sealwright sandbox profiles show none --oci
check 'or as a configuration of runc' is_json
check 'which names no capability' prints '"bounding": []'
run sealwright sandbox profiles hide none
check 'nothing else is taken' exits 2
printf '[remote "o"]\n\turl = https://user:hidden@example.org/x\n' >>.git/config
run sealwright sandbox --oci-bundle "$tmp/bundle" -- sh -c 'cat .git/config; echo made >made; echo x >.git/hooks/h; ls /home/agent; exit 7'
check 'a bundle is written' exits 0
run sealwright sandbox --oci-bundle "$tmp/bundle" -- true
check 'not over another one' complains 'is not empty'
for engine in runc crun; do
	if ! command -v $engine >/dev/null; then
		skip "$engine runs the bundle" "no $engine"
		continue
	fi
	rm -f made
	run sh -c 'cd "$1/bundle" && XDG_RUNTIME_DIR=$1 timeout 30 "$2" --root "$1/$2" run "sealwright-$2-$$"' sh "$tmp" $engine
	if [ "$status" -ne 7 ] && grep -qE 'cgroup|userns|namespace|newuidmap|permission denied|not permitted' "$err"; then
		skip "$engine runs the bundle" "$(head -c 200 "$err" | tr '\n' ' ')"
		continue
	fi
	check "$engine runs the bundle" exits 7
	check 'in the tree' test -f made
	check 'with .git read-only' complains 'Read-only file system'
	check 'and without a token' says_not hidden
done

# ---- level 1, where namespaces are refused ----
refusing() { unshare -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"; }
if refusing true 2>/dev/null && ! refusing sealwright sandbox --here -- true 2>/dev/null; then
	run refusing sealwright sandbox -- true
	check 'level 1 is not gone to by itself' exits 125
	check 'and the cure is named' complains 'max_user_namespaces'
	run refusing sealwright sandbox --level 1 --events "$tmp/ev" -- sh -c 'echo one >level1; ls .git >/dev/null && echo x >.github/workflows/l1.yml'
	check 'but when it is asked for' exits 0
	check 'what is written is kept, too' grep -q one level1
	check 'through the keep check' test ! -e .github/workflows/l1.yml
	check 'and what that level can not hold is said' complains 'this was level 1, which can not hold:'
	cp "$tmp/ev" "$out"
	check 'also in events' prints '"level":1'
	run sealwright sandbox drop
	run refusing sealwright sandbox --level 1 --allow example.org -- true
	check 'it has no network to let anything through' complains 'level 1 has no network of its own'
else
	skip 'level 1 works' 'namespaces can not be refused here'
fi

# ---- an organisation's locks; its file has a fixed place, so a test needs an /etc of its own ----
mkdir -p "$tmp/etc/sealwright"
cp /etc/passwd "$tmp/etc/"
policy() { unshare -r -m sh -c 'mount --bind "$0" /etc && exec "$@"' "$tmp/etc" "$@"; }
printf 'sandbox: own\nsandbox_memory: 2G\nsandbox_time: 1h\n' >"$tmp/etc/sealwright/policy.yml"
if policy true 2>/dev/null; then
	run policy sealwright sandbox --memory 4G -- true
	check 'more memory than the policy allows is denied' exits 125
	check 'by both numbers' complains 'memory 4G; /etc/sealwright/policy.yml allows at most 2G'
	run policy sealwright sandbox --backend oci -- true
	check 'so is another backend' complains 'asks for the sandbox oci, which /etc/sealwright/policy.yml does not allow'
	run policy sealwright sandbox --profile deps -- true
	check 'a profile is held against it, too' complains 'memory 8G; /etc/sealwright/policy.yml allows at most 2G'
	echo 'hosts: ["**.example.org"]' >>"$tmp/etc/sealwright/policy.yml"
	run policy sealwright sandbox --allow example.net -- true
	check 'and so is a host' complains 'reach example.net; /etc/sealwright/policy.yml allows **.example.org'
else
	skip 'a policy locks the sandbox' 'no user namespaces here'
fi

# ---- a terminal ----
cat >"$tmp/term.py" <<'EOF'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sealwright", ["sealwright", "sandbox", "--"] + sys.argv[2:])
out, seen, last = b"", 0, time.time()
keys = [k.encode().decode("unicode_escape").encode() for k in sys.argv[1].split("|")]
while time.time() - last < 15:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            piece = b""
        if not piece:
            break
        out += piece
        last = time.time()
    elif keys and (b"ready" in out[seen:] or b"[k/d/s/L]" in out[seen:]):
        os.write(fd, keys.pop(0))
        seen = len(out)
sys.stdout.buffer.write(out)
if time.time() - last >= 15:
    os.kill(pid, 9)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
run python3 "$tmp/term.py" 'typed\n' sh -c 'test -t 0 && test -t 1 && test -t 2 && echo ready; read x; echo "got $x" >/dev/tty; exit 4'
check 'a terminal inside is one' exits 4
check 'what is typed arrives' prints 'got typed'
run python3 "$tmp/term.py" '\x03' sh -c 'trap "echo caught; exit 9" INT; echo ready; sleep 20 & wait'
check 'Ctrl-C reaches the command' exits 9
check 'which may catch it' prints caught
run python3 "$tmp/term.py" 'd\n' sh -c 'echo dropped >asked'
check 'on a terminal it is asked about' prints 'keep, drop, show, or decide later?'
check 'with its name' prints 'added    asked'
check 'and d drops it' test ! -e asked
run python3 "$tmp/term.py" 's\n|k\n' sh -c 'echo kept >asked'
check 'and k keeps it' grep -q kept asked
run python3 "$tmp/term.py" '\n' sh -c 'echo later >asked'
check 'any other answer leaves it' prints 'It waits in the layer'
run sealwright sandbox drop
check 'until it is decided' exits 0
run python3 "$tmp/term.py" '' python3 -c 'import fcntl, termios
try: fcntl.ioctl(0, termios.TIOCSTI, b"x")
except OSError as e: print("no", e.errno)'
check 'nothing can be typed into a terminal' prints 'no 1'
done_testing
