#!/bin/sh
# A harness that crashes is reported: on a seed, on a mutation, and when it has no seed at all.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

cd "$tmp" || exit 1
mkdir seed mutation empty
printf 'so it is!' >seed/bad
printf 'so it is' >seed/good
printf 'a\001b\003 ' >mutation/near
run "$B/fuzz/planted/crash" seed
check 'a seed that crashes fails the run' exits 1
check 'by name' prints 'not ok 1 - crash takes the seed bad'
check 'while a good one passes' prints 'ok 2 - crash takes the seed good'
check 'with the signal' prints 'Aborted'
run env FUZZ_MUTATIONS=20000 "$B/fuzz/planted/crash" mutation
check 'a mutation that crashes fails the run' exits 1
check 'and is kept' prints 'the input stands in'
check 'as it was' grep -q '!' "$B/fuzz/planted/crash.crash"
run "$B/fuzz/planted/crash" empty
check 'a harness without a seed fails' exits 1
run "$B/fuzz/planted/crash" nowhere
check 'and so does one without a corpus' exits 1
rm -f "$B/fuzz/planted/crash.crash"

done_testing
