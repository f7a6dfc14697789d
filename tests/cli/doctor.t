#!/bin/sh
# doctor says what is there, what is missing and how to get it; and never prints a key.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

run sealwright doctor
check 'it names the level of the sandbox' prints 'level '
check 'its parts' prints ' landlock '
check 'and how they can be had' prints ' cgroup '
check 'git' prints 'git version'
check 'and where the model is or how to get it' prints 'model'

SEALWRIGHT_API_KEY=sk-not-to-be-seen run sealwright doctor
check 'a key is named' prints 'set: SEALWRIGHT_API_KEY'
check 'and not printed' says_not 'sk-not-to-be-seen'

run sealwright doctor --json
check 'it answers a program in JSON' is_json
check 'with the level as a number' prints '"sandbox_level":'

mkdir "$tmp/broken"
echo x >"$tmp/broken/sealwright"
XDG_STATE_HOME=$tmp/broken run sealwright doctor
check 'a state folder that cannot be is missing' prints 'missing  folders'
check 'with the cure' prints '-> make it writable'
check 'and the exit status is 1' exits 1

run sealwright doctor something
check 'an argument makes no sense' exits 2
done_testing
