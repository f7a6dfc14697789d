# git: stash with untracked files, pop, clean
# layer
# needs: git
echo changed >file; echo new >untracked; git stash -qu; test ! -e untracked; no grep -q changed file
git stash pop -q; test -e untracked; grep -q changed file; git checkout -q file; git clean -qfd; test ! -e untracked
