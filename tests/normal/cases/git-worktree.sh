# git: worktrees in the tree and in /tmp, a clone, a fetch from it, a bundle
# layer
# needs: git
git worktree add -q /tmp/wt -b wt; (cd /tmp/wt; echo x >x; git add x; git commit -qm in-wt); git log wt --format=%s | grep -q in-wt
git worktree list | grep -q /tmp/wt; git worktree remove /tmp/wt
git worktree add -q inner -b inner; (cd inner; echo y >y; git add y; git commit -qm in-inner; git status -s); git worktree remove inner
git clone -q . /tmp/clone; (cd /tmp/clone; git config user.name n; git config user.email e@example.org; echo z >z; git add z; git commit -qm z)
git fetch -q /tmp/clone HEAD:fetched; git merge -q fetched; test -f z
git bundle create -q /tmp/b HEAD; git bundle verify -q /tmp/b; git gc -q; git fsck --no-progress
