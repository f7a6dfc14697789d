#!/bin/sh
# Blueprints as a person meets them: what there is, how a rule is said, what comes of an intent.
. tests/cli/lib.sh
mini=$top/tests/blueprints/mini
mkdir -p "$tmp/share"
ln -s "$top/tests/blueprints" "$tmp/share/blueprints"
SEALWRIGHT_SHARE=$tmp/share
export SEALWRIGHT_SHARE
cat >"$tmp/draft.json" <<'END'
{"title":"Inventory","entities":[{"name":"item","fields":["name: text required","sku: text unique","quantity: whole","price: money"]}]}
END

run sealwright blueprint list
check 'list names what there is' prints 'mini'
check 'and ends well' exits 0
run sealwright blueprint list --json
check 'list is JSON when asked' is_json

run sealwright blueprint show mini
check 'show says how a rule may be said' prints '"stock never goes below zero"'
run sealwright blueprint show mini --json
check 'show is JSON when asked' is_json
run sealwright blueprint show nothing
check 'an unknown blueprint is not found' exits 1
check 'and those that there are are named' complains 'there is mini'
run sealwright blueprint show
check 'without a name it makes no sense' exits 2

run sealwright blueprint plan --draft "$tmp/draft.json" 'inventory; stock never goes below zero; price is rounded'
check 'plan chooses by the words and shows what binds' prints 'Quantity of item never goes below 0'
check 'and what is left out' prints 'left out: price is rounded'
check 'and what a model proposed' prints 'item.sku unique'
check 'and the tasks' prints 'item-quantity-never-below'
run sealwright blueprint plan mini 'inventory'
check 'plan without a draft makes no sense' exits 2
run sealwright blueprint plan --draft "$tmp/draft.json" 'a parser for logs'
check 'words that fit no blueprint are said' complains 'no blueprint fits'

run sealwright blueprint render "$mini" --draft "$tmp/draft.json" 'inventory; stock never goes below zero' "$tmp/out"
check 'render writes everything' exits 0
check 'with the tests' test -f "$tmp/out/tests/test_item_quantity_never_below.txt"
check 'and modes' test -x "$tmp/out/run.sh"
check 'and rules in the file of their entity' grep -q 'rule item-quantity-never-below' "$tmp/out/app/item.txt"
mkdir "$tmp/out2" && ln -s /etc "$tmp/out2/app"
run sealwright blueprint render "$mini" --draft "$tmp/draft.json" inventory "$tmp/out2"
check 'render follows no link out of the folder' exits 1
done_testing
