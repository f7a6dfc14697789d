# `make bench-local`: how well a local model fills a blueprint, over a server that sealwright starts itself. Some
# minutes on an idle machine; MODEL=qwen2.5-coder-0.5b tries another model, ARGS="specs --set plain" a part of it.

bench-local: $(B)/sealwright ## a local model's specifications and functions, measured (MODEL=, ARGS=)
	bench/local/run $(B)/sealwright $(or $(MODEL),qwen2.5-coder-1.5b) $(or $(ARGS),all)
.PHONY: bench-local
