# `make bench-agent`: the agent loop beside a C program that does the least, on one scripted model.

BENCHC = $(CC) $(CSTD) -O2 $(WARN) -Wno-conversion -Wno-sign-conversion

$(B)/bench/server: bench/agent/server.c
	@mkdir -p $(@D)
	$(BENCHC) -o $@ $<

$(B)/bench/floor: bench/agent/floor.c
	@mkdir -p $(@D)
	$(BENCHC) -o $@ $< -lcurl

bench-agent: $(B)/sealwright $(B)/bench/server $(B)/bench/floor ## CPU, memory, bytes and time of a turn, beside a floor in C
	python3 bench/agent/run.py $(B) $(if $(QUICK),--quick)
.PHONY: bench-agent

soak-exec: $(B)/sealwright $(B)/bench/server ## kill -9 at KILLS instants (default 200), resumed each time: no turn lost or doubled; SANDBOX=own: in layers
	python3 bench/agent/soak.py $(B) $(or $(KILLS),200) $(SANDBOX)
.PHONY: soak-exec
