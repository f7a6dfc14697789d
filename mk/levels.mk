# What the sandbox holds on other machines than this one: another kernel, a read-only root, no namespaces, another processor.

KERNELTESTS ?= sandbox sandbox_layer sandbox_level1 sandbox_cgroup sandbox_walls sandbox_warm sandbox_refuse sandbox_attack

show-kernel-6.1: all $(KERNELTESTS:%=$(B)/unit/%.t) ## the sandbox's tests under Debian 12's own kernel (QEMU), as root and as a user
	B="$(B)" TESTS="$(KERNELTESTS)" tests/show/kernel

show-read-only-root: all $(B)/unit/sandbox.t $(B)/unit/sandbox_level1.t ## the sandbox where nothing but /tmp can be written
	B="$(abspath $(B))" tests/show/read-only-root

show-level-1: all $(B)/unit/sandbox_level1.t $(B)/unit/sandbox_walls.t ## normal work and attacks where namespaces are refused
	B="$(abspath $(B))" tests/show/level-1
.PHONY: show-kernel-6.1 show-read-only-root show-level-1

# ---- arm64: every object is compiled, and the filter's table of system calls is checked by its own test ----

ARM64    = aarch64-linux-gnu
ARM64B   = build-arm64
# Headers of our libraries hold nothing of a processor; only the C library's own are arm64's.
ARM64INC = -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu

arm64: ## compile all of src/ for arm64, warnings as errors
	@command -v $(ARM64)-gcc >/dev/null || { echo "arm64: no $(ARM64)-gcc; apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"; exit 1; }
	$(MAKE) -k B=$(ARM64B) CC="$(ARM64)-gcc $(ARM64INC)" HARDEN= $(OBJ:$(B)/%=$(ARM64B)/%)
	@echo "arm64: $(words $(OBJ)) objects compiled for $(ARM64)"
.PHONY: arm64
