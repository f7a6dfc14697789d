# The README's two commands where nothing is installed but apt. Needs root and mmdebstrap; .ci/run calls it.

bare-root: ## ./start and ./runtests of the last commit, in a bare Debian 12 (as root)
	tests/bare-root
.PHONY: bare-root
