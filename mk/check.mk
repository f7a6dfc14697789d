# `make check`: what must be green at every commit.

check: ## everything that must be green at each commit
	$(MAKE) all
	$(MAKE) B=build-clang CC=clang all
	$(MAKE) unit
	$(MAKE) cli
	$(MAKE) flow
	$(MAKE) fuzz-replay
	$(MAKE) lint
	tests/layers
	tests/lengths
	tests/outside
	B="$(abspath $(B))" tests/coverage
.PHONY: check
