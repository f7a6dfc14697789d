# `make bench-sandbox`: what the sandbox costs, beside a plain spawn and beside bubblewrap; its goals, met or not. As root,
# once more as an ordinary user. QUICK=1 for fewer rounds, JSON=1 for programs, IN=folder for where the trees are made,
# CALM=1 (root) to let no other work of the machine come between, by a real-time class for all that is measured.

BENCHBOX = $(sort $(wildcard bench/sandbox/*.c))

$(B)/bench/sandbox: $(BENCHBOX) bench/sandbox/bench.h $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALLC)) $(LDALL) -o $@ $(BENCHBOX) $(B)/core.a $(LIBS)

bench-sandbox: $(B)/bench/sandbox ## starts, memory, throughput and ends of sandboxes, beside a plain spawn and bwrap
	$(if $(CALM),chrt -r 1) $< $(if $(QUICK),--quick) $(if $(JSON),--json) $(IN)
	if [ "$$(id -u)" = 0 ]; then $(if $(CALM),chrt -r 1) setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent \
		$(abspath $<) $(if $(QUICK),--quick) $(if $(JSON),--json) $(IN); fi
.PHONY: bench-sandbox
