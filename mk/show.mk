# `make show-...`: what must be shown, shown again; each prints its figures and can fail.

show-inventory: ## the README's first command from nothing, driven over HTTP and in a container (FRESH=1: model too)
	tests/show/inventory
show-domains: all ## four domains through one blueprint on the local model, rules and examples driven over HTTP
	tests/show/domains.sh
show-bad-input: all ## what a bad endpoint, key, folder or disk gets
	B="$(abspath $(B))" prove --failures -v -e sh tests/flow/bad.t
show-run: all ## run against a scripted model over HTTP that asserts on each request
	B="$(abspath $(B))" prove --failures -v -e sh tests/flow/run.t tests/flow/free.t
.PHONY: show-inventory show-domains show-bad-input show-run
