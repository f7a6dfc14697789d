# sealwright: `make` builds build/sealwright; `make help` lists the targets.
#
# One object tree per flavour (B=build, build-asan, build-clang), so that they do not rebuild one another.

B       ?= build
CC      ?= gcc
CSTD     = -std=gnu17 -D_GNU_SOURCE
WARN     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 \
           -Wno-format-nonliteral
HARDEN   = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fno-plt
OPT     ?= -O2 -g
WERROR  ?= -Werror
CFLAGS  ?=
ALLC     = $(CSTD) $(OPT) $(WARN) $(WERROR) $(if $(SAN),,$(HARDEN)) $(SAN) $(CFLAGS) -Isrc -MMD -MP
LDALL    = $(SAN) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS)
# libcurl is not linked: net/http.c loads it when a request is made, since its thirty libraries cost every start.
LIBS     = -ljansson -lsqlite3 -lsodium -lcrypto -lyaml -lseccomp -lz -lm -ldl -lpthread

SRC     := $(sort $(wildcard src/*.c src/*/*.c))
OBJ     := $(SRC:%.c=$(B)/%.o)
CORE    := $(filter-out $(B)/src/main.o,$(OBJ))
UNIT    := $(sort $(wildcard tests/unit/*.c))
UNITBIN := $(UNIT:tests/unit/%.c=$(B)/unit/%.t)

all: $(B)/sealwright

$(B)/sealwright: $(OBJ)
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

unit: $(UNITBIN)
	prove --failures $(if $(V),-v) $(UNITBIN)

clean:
	rm -rf build build-*

-include $(OBJ:.o=.d) $(UNIT:%.c=$(B)/%.d)
.PHONY: all unit clean
.SECONDARY:
