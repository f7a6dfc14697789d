# git: branch, switch, merge with a conflict, cherry-pick, revert, reset
# layer
# needs: git
main=$(git symbolic-ref --short HEAD)
git switch -qc side; echo side >file; git commit -qam side
git switch -q "$main"; echo main >file; git commit -qam main
no git merge -q side >/dev/null 2>&1; grep -q '<<<<' file; echo both >file; git add file; git commit -qm merged
git switch -q side; echo more >more; git add more; git commit -qm more; git switch -q "$main"
git cherry-pick side >/dev/null; test -f more; git revert --no-edit HEAD >/dev/null; test ! -f more
git reset -q --hard HEAD~1; test -f more; git branch -D side >/dev/null
