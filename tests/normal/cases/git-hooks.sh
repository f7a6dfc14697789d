# git: hooks run inside, attributes, ignored files, submodule by path, sparse checkout
# layer
# needs: git
mkdir -p .git/hooks; printf '#!/bin/sh\necho ran >/tmp/hook\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
echo '*.log' >.gitignore; echo '*.txt text eol=lf' >.gitattributes; echo a >a.log; printf 'a\r\n' >a.txt; git add .; git commit -qm hooked
test -f /tmp/hook; test -z "$(git ls-files a.log)"; git grep -q a -- a.txt
git init -q /tmp/sub; (cd /tmp/sub; git config user.name n; git config user.email e@example.org; echo s >s; git add s; git commit -qm s)
git -c protocol.file.allow=always submodule --quiet add /tmp/sub sub; git commit -qm sub; test -f sub/s
