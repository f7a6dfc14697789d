#!/bin/sh
# ./start says what it will install, download and take, before it does.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

start() { run env SEALWRIGHT_START=say "$@"; }
start ./start
check 'it tells what comes' exits 0
check 'the size of the model, where none is here' prints '1.1 GB'
check 'and the time that the job takes' prints '10 minutes'
start ./start --model glm-5.1
check 'a model by name needs no download' says_not '1.1 GB'
start ./start --base-url=http://127.0.0.1:1/v1 --json
check 'nor does an endpoint' says_not '1.1 GB'
start env SEALWRIGHT_MODEL=glm-5.1 ./start
check 'nor one that a variable names' says_not '1.1 GB'
start ./start --json
check 'another option does not change that' prints '1.1 GB'
mkdir "$tmp/models"; : >"$tmp/models/x.gguf"
start env SEALWRIGHT_MODELS_DIR="$tmp/models" ./start
check 'a model that is here is not downloaded' says_not '1.1 GB'
done_testing
