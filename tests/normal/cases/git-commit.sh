# git: commit, amend, log, show, blame, tag
# layer
# needs: git
echo two >>file; git add file; git commit -qm second
echo three >>file; git commit -qam third; git commit -q --amend -m third-again
test "$(git log --format=%s | head -1)" = third-again
git show --stat HEAD >/dev/null; git blame file | grep -q three; git tag v1; git describe --tags | grep -q v1
git diff HEAD~1 -- file | grep -q '^+three'; git fsck --no-progress; test -z "$(git status --porcelain)"
