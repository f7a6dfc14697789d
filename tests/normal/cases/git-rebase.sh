# git: rebase, interactive too, squash
# layer
# needs: git
main=$(git symbolic-ref --short HEAD)
git switch -qc side; for i in 1 2 3; do echo $i >s$i; git add .; git commit -qm s$i; done
git switch -q "$main"; echo m >m; git add .; git commit -qm m; git switch -q side
git rebase -q "$main"; test "$(git rev-list --count "$main"..)" = 3
GIT_SEQUENCE_EDITOR='sed -i 2,3s/^pick/fixup/' git rebase -qi "$main"; test "$(git rev-list --count "$main"..)" = 1
test -f s3 && test -f m
