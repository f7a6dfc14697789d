#!/bin/sh
# Completion scripts, tried in the shells they are for.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

for shell in bash zsh fish; do
	sealwright completion $shell >"$tmp/$shell"
	check "there is a script for $shell" test -s "$tmp/$shell"
done
run sealwright completion tcsh
check 'another shell is a usage error' exits 2
python3 "$top/tests/cli/log.py" aaaaaaaaaaaa "$tmp" run x </dev/null

# One word a line of what each shell offers for the words given; the last one is being typed.
offers_bash() { bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sealwright; printf "%s\n" "${COMPREPLY[@]}"' "$tmp/bash" "$@"; }
offers_zsh() {
	zsh -f -c 'compdef() { :; }; compadd() { shift; print -l -- ${(M)@:#$cur*}; }; _files() { print -l *; }
		source "$0"; words=("$@"); CURRENT=$#; _sealwright' "$tmp/zsh" "$@"
}
offers_fish() { fish -N -c 'source $argv[1]; complete -C "$argv[2..-1]"' "$tmp/fish" "$*" | cut -f1; }

cd "$tmp" || exit 1
touch plain.txt
for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null; then
		skip "completion in $shell" "$shell is not installed"
		continue
	fi
	run offers_$shell sealwright ''
	check "$shell offers the commands" prints 'show'
	check "$shell offers a word that holds others" prints 'config'
	check "$shell offers nothing hidden" says_not 'keep'
	run offers_$shell sealwright sh
	check "$shell completes a command" prints 'show'
	check "$shell leaves out what does not fit" says_not 'config'
	run offers_$shell sealwright config ''
	check "$shell offers what stands beneath" prints 'unset'
	run offers_$shell sealwright config get mo
	check "$shell completes a setting" prints 'model'
	run offers_$shell sealwright show --
	check "$shell offers the options of a command" prints '--log'
	check "$shell offers no option of another" says_not '--port'
	run offers_$shell sealwright models serve --port ''
	check "$shell offers nothing where a number stands" says_not 'plain.txt'
	run offers_$shell sealwright models pull qwen
	check "$shell completes a model" prints 'qwen2.5-coder-1.5b'
	run offers_$shell sealwright show ''
	check "$shell completes a session" prints 'aaaaaaaaaaaa'
	run offers_$shell sealwright completion z
	check "$shell completes a choice" prints 'zsh'
done
if command -v shellcheck >/dev/null; then
	run shellcheck -s bash -e SC2207,SC2034 "$tmp/bash"
	check 'shellcheck finds nothing in the script for bash' exits 0
else
	skip 'shellcheck of the script for bash' 'shellcheck is not installed'
fi
done_testing
