#!/bin/sh
# An installed sealwright is whole: it runs from its place and finds its data there, not in the source tree.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

unset SEALWRIGHT_SHARE MAKEFLAGS MAKELEVEL
root=$tmp/root
run make -s -C "$top" B="$B" DESTDIR="$root" PREFIX=/opt/sw install
check 'make install succeeds' exits 0
for f in bin/sealwright share/sealwright/models/catalogue.json share/man/man1/sealwright.1 share/man/man1/sealwright-show.1 \
	share/doc/sealwright/LICENSE share/bash-completion/completions/sealwright share/zsh/site-functions/_sealwright \
	share/fish/vendor_completions.d/sealwright.fish; do
	check "$f is there" test -s "$root/opt/sw/$f"
done
cd "$tmp" || exit 1
run "$root/opt/sw/bin/sealwright" help
check 'it runs from there' exits 0
run "$root/opt/sw/bin/sealwright" completion bash
check 'and finds its share folder' prints 'qwen2.5-coder-1.5b'
mkdir "$root/opt/sw/share/models"
echo '{}' >"$root/opt/sw/share/models/catalogue.json"
run "$root/opt/sw/bin/sealwright" completion bash
check 'a neighbour with a like-named folder does not mislead it' prints 'qwen2.5-coder-1.5b'
rm -rf "$root/opt/sw/share/models" "$root/opt/sw/share/sealwright"
run "$root/opt/sw/bin/sealwright" models list
check 'without it, it names what is missing' complains 'share/models/catalogue.json is missing'
check 'nothing is writable by others' sh -c '! find "$1" -perm /022 ! -type l | grep -q .' - "$root"
run make -s -C "$top" B="$B" DESTDIR="$root" PREFIX=/opt/sw uninstall
check 'make uninstall succeeds' exits 0
check 'and leaves no file' test -z "$(find "$root" ! -type d)"
done_testing
