# `make show-exec`: exec against a scripted model over real HTTP that asserts on every request (tests/flow/server.py).

show-exec: $(B)/sealwright ## exec at work on a scripted model over HTTP
	B=$(abspath $(B)) sh bench/agent/show.sh
.PHONY: show-exec
