# `make show-normal-work`: normal work inside the sandbox, each script of tests/normal/cases in a tree of its own. tests/cli
# has a part of it in every `make check`. CASES="git-commit npm" for some; WITH=bwrap to see the same in bubblewrap.

show-normal-work: $(B)/sealwright ## git, compilers, servers, debuggers, databases, package managers inside: passed or failed
	tests/normal/run $(if $(WITH),--with $(WITH)) $(B) $(CASES)
.PHONY: show-normal-work
