# Fuzzing. `make fuzz-replay` runs every harness of tests/fuzz on its seeds and on a fixed row of mutations of them;
# `make fuzz-NAME SECONDS=60` looks for new inputs with clang's libFuzzer under ASan and UBSan.

FUZZPLANT := $(patsubst tests/fuzz/planted/%.c,$(B)/fuzz/planted/%,$(wildcard tests/fuzz/planted/*.c))
SECONDS   ?= 60

$(B)/fuzz/planted/%: $(B)/tests/fuzz/planted/%.o $(B)/tests/fuzz/replay.o
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $^

$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $(B)/tests/fuzz/$*.o $(B)/tests/fuzz/replay.o $(B)/core.a $(LIBS)

fuzz-replay: $(B)/sealwright $(FUZZBIN) $(FUZZPLANT) ## every fuzz harness on its seeds and 2,000 mutations of them
	prove --failures $(if $(V),-v) $(FUZZBIN)
	B="$(abspath $(B))" prove --failures $(if $(V),-v) -e sh tests/fuzz/planted.t

# What the pattern below makes when it is called with clang and its flags.
$(B)/libfuzzer/%: $(B)/tests/fuzz/%.o $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# New inputs stay in build-fuzz/corpus/NAME; one worth keeping is copied to tests/fuzz/corpus/NAME under a name that
# says what it is. A crash is written to build-fuzz/NAME-crash-....
fuzz-%: tests/fuzz/%.c
	$(MAKE) B=build-fuzz CC=clang OPT="-O1 -g" build-fuzz/libfuzzer/$* \
		SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
	@mkdir -p build-fuzz/corpus/$*
	build-fuzz/libfuzzer/$* -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 -close_fd_mask=1 \
		-print_final_stats=1 -artifact_prefix=build-fuzz/$*- build-fuzz/corpus/$* tests/fuzz/corpus/$*

-include $(B)/tests/fuzz/replay.d $(FUZZPLANT:$(B)/fuzz/planted/%=$(B)/tests/fuzz/planted/%.d)
.PHONY: fuzz-replay
