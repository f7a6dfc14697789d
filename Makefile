# sealwright: `make` builds build/sealwright; `make help` lists the targets.
#
# One object tree per flavour (B=build, build-asan, build-clang), so that they do not rebuild one another.
# Fragments in mk/ add targets (show-..., bench-...) of their own.

B       ?= build
ifeq ($(origin CC),default)
CC       = gcc
endif
PREFIX  ?= /usr/local
CSTD     = -std=gnu17 -D_GNU_SOURCE
WARN     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 \
           -Wno-format-nonliteral
HARDEN   = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fno-plt
OPT     ?= -O2 -g
WERROR  ?= -Werror
CFLAGS  ?=
# The tree's own path stays out of the binary: two builds of one commit are equal wherever they stand.
SAME     = -ffile-prefix-map=$(CURDIR)=.
ALLC     = $(CSTD) $(OPT) $(WARN) $(WERROR) $(SAME) $(if $(SAN),,$(HARDEN)) $(SAN) $(CFLAGS) -Isrc -MMD -MP
LDALL    = $(SAN) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS)
# libcurl is not linked: net/http.c loads it when a request is made, since its thirty libraries cost every start.
LIBS     = -ljansson -lsqlite3 -lsodium -lcrypto -lyaml -lseccomp -lz -lm -ldl -lpthread

SRC     := $(sort $(wildcard src/*.c src/*/*.c))
OBJ     := $(SRC:%.c=$(B)/%.o)
CORE    := $(filter-out $(B)/src/main.o,$(OBJ))
UNIT    := $(sort $(wildcard tests/unit/*.c))
UNITBIN := $(UNIT:tests/unit/%.c=$(B)/unit/%.t)
CLI     := $(sort $(wildcard tests/cli/*.t))
FLOW    := $(sort $(wildcard tests/flow/*.t))
FUZZ    := $(sort $(wildcard tests/fuzz/*.c))
FUZZBIN := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(filter-out tests/fuzz/replay.c,$(FUZZ)))

all: $(B)/sealwright ## build build/sealwright (the default)

$(B)/sealwright: $(B)/src/main.o $(B)/core.a
	$(CC) $(LDALL) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLC) -c -o $@ $<

# One archive serves all unit tests: each links what it uses.
$(B)/core.a: $(CORE)
	@rm -f $@
	ar rcs $@ $^

$(B)/unit/%.t: $(B)/tests/unit/%.o $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $< $(B)/core.a $(LIBS)

unit: $(UNITBIN) ## unit tests (V=1 shows every test)
	prove --failures $(if $(V),-v) $(UNITBIN)

cli: $(B)/sealwright ## the program as a person meets it (tests/cli)
	B="$(abspath $(B))" prove --failures $(if $(V),-v) -e sh $(CLI)

flow: $(B)/sealwright ## intent to merge with a scripted model (tests/flow)
	$(if $(FLOW),B="$(abspath $(B))" prove --failures $(if $(V),-v) -e sh $(FLOW),@echo "flow: no tests/flow/*.t yet")

clean: ## remove every build tree
	rm -rf build build-*

help: ## list the targets
	@awk -F' *## ' '/^[a-z][a-z0-9-]*:.*## /{split($$1, t, ":"); printf "%-18s %s\n", t[1], $$2}' $(MAKEFILE_LIST)

include $(sort $(wildcard mk/*.mk))
-include $(OBJ:.o=.d) $(UNIT:%.c=$(B)/%.d) $(FUZZ:%.c=$(B)/%.d)
.PHONY: all unit cli flow clean help
.DELETE_ON_ERROR:
.SECONDARY:
