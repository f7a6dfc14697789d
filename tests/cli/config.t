#!/bin/sh
# Settings: where each value came from, what is refused with its place and cure, and an organisation's policy over all.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

yml=$HOME/.config/sealwright/config.yml
run sealwright config path
check 'the file has a place' prints "$yml"
run sealwright config list
check 'without a file there are defaults' exits 0
check 'a local model by default' prints 'model          local                        default'
run sealwright config set model glm-5.1
check 'a value is set' exits 0
check 'in silence' is_silent
run sealwright config get model
check 'and is had back' prints 'glm-5.1'
check 'the file is for its owner alone' test "$(stat -c %a "$yml")" = 600
run env SEALWRIGHT_MODEL=other sealwright config list
check 'a variable wins over the file' prints 'model          other                        SEALWRIGHT_MODEL'
run env SEALWRIGHT_MODEL=other sealwright config set model third
check 'setting what a variable holds says so' complains 'SEALWRIGHT_MODEL wins here'
printf '# mine\nmodel: a # b\n' >"$yml"
run sealwright config set tags.internal 'for our own staff: no strangers'
check 'a tag is set' exits 0
check 'comments stay' grep -q '^# mine$' "$yml"
run sealwright config get tags.internal
check 'a tag is had back' prints 'for our own staff: no strangers'
run sealwright config list --json
check 'the list is JSON' is_json
check 'with tags and places' prints '"tags","value":{"internal":"for our own staff: no strangers"},"from":"config"'
run sealwright config unset tags.internal
check 'a tag is taken out' exits 0
run sealwright config get tags.internal
check 'and is gone' exits 1
run sealwright config unset max_cost
check 'what is not set can not be taken out' exits 1

run sealwright config set modle x
check 'an unknown setting is a usage error' exits 2
check 'with the nearest' complains 'no setting modle; did you mean model?'
run sealwright config set sandbox docker
check 'a wrong value is a usage error' exits 2
check 'that says what is taken' complains 'takes own|oci|off'
run sealwright config set tags.secure x
check '@secure keeps its meaning' exits 2
run sealwright config set api_key sk-0000
check 'a key is not taken' exits 2
check 'and the cure is named' complains 'set SEALWRIGHT_API_KEY'
check 'the key is not repeated' says_not 'sk-0000'
printf 'model: a\napi_key: sk-0000\n' >"$yml"
run sealwright config list
check 'a key in the file is refused' exits 2
check 'by file and line' complains 'config.yml:2: api_key: a key does not belong'
run sealwright config unset api_key
check 'and can be taken out' exits 0
printf 'model: a\nmodel: b\n' >"$yml"
run sealwright config get model
check 'a value given twice is refused' complains 'config.yml: line 2: model stands here again'
check 'as a usage error' exits 2
printf 'model: a\n' >"$yml"; chmod 666 "$yml"
run sealwright config list
check 'a file that others can write is denied' exits 3
check 'with the cure' complains 'chmod go-w'
chmod 600 "$yml"

mkdir "$tmp/dots"; mv "$yml" "$tmp/dots/c.yml"; ln -s "$tmp/dots/c.yml" "$yml"
run sealwright config set model linked
check 'a linked file stays a link' test -L "$yml"
check 'and what it points to is changed' grep -q linked "$tmp/dots/c.yml"
rm "$yml"; mkdir "$yml"
run sealwright config set model x
check 'a folder in its place is an error' exits 1
rmdir "$yml"
run sh -c 'sealwright config list >/dev/full'
check 'a full disk is a failure' exits 1

# The policy's path is fixed, so that no variable can lead around it; a test needs an /etc of its own.
mkdir -p "$tmp/etc/sealwright"
cp /etc/passwd "$tmp/etc/"
policy() { unshare -r -m sh -c 'mount --bind "$0" /etc && exec "$@"' "$tmp/etc" "$@"; }
printf 'sandbox: own\nmax_cost: 5\nendpoints: [local]\n' >"$tmp/etc/sealwright/policy.yml"
if policy true 2>/dev/null; then
	run policy sealwright config list
	check 'a policy is seen' prints 'Locked by /etc/sealwright/policy.yml'
	check 'its budget stands where nobody asked for one' prints '/etc/sealwright/policy.yml (locked)'
	run policy env SEALWRIGHT_SANDBOX=off sealwright config list
	check 'a variable does not open the sandbox' exits 3
	check 'and the file is named' complains '/etc/sealwright/policy.yml allows own'
	run policy env SEALWRIGHT_BASE_URL=https://elsewhere.example/v1 sealwright config list
	check 'an endpoint that is not listed is denied' exits 3
	log() { python3 "$top/tests/cli/log.py" "$1" "$tmp" "$2" x "$3" </dev/null; }
	log aaaaaaaaaaaa run '{"sandbox":"off"}'
	log bbbbbbbbbbbb exec '{"max_cost":"50"}'
	run policy sealwright resume aaaa
	check 'a session that began without a sandbox is not resumed without one' exits 3
	check 'and the file is named' complains 'the session asks for the sandbox off; /etc/sealwright/policy.yml allows own'
	run policy sealwright resume bbbb
	check 'nor is one that may spend more' exits 3
	check 'and both are named' complains 'the session asks for 50; /etc/sealwright/policy.yml allows at most max_cost 5'
	run policy sealwright resume bbbb --max-cost 50
	check 'a flag does not change that' exits 3
	echo 'max_cost: [' >"$tmp/etc/sealwright/policy.yml"
	run policy sealwright config list
	check 'a policy that is broken denies' exits 3
	check 'by file and line' complains '/etc/sealwright/policy.yml: line '
else
	skip 'a policy locks' 'no user namespaces here'
fi
done_testing
