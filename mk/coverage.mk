# docs/coverage.md and the pages beside it, held to the truth.

coverage: all unit ## every test that docs/coverage.md names, run; what pages name, looked for
	B="$(abspath $(B))" tests/coverage --run
.PHONY: coverage
