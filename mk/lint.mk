# `make lint`: cppcheck and gcc's own analyzer over src/, shellcheck over the scripts. Each file leaves a stamp, so
# only what changed (itself or a header of it) is looked at again. Why a finding is suppressed stands in
# mk/cppcheck.suppress, or beside the line for shellcheck.
#
# shellcheck: SC2317 (never called) is wrong for functions that `check` calls by name, SC2016 for sh -c '... "$1"'.
#
# cppcheck analyses our C, not jansson's headers: its macros are told to it in mk/cppcheck.h.

LINT     := $(SRC:%=$(B)/lint/%.ok)
SCRIPTS  := $(sort $(wildcard runtests start .ci/run tests/show/kernel tests/show/level-1 tests/show/read-only-root tests/cli/*.t tests/cli/*.sh tests/flow/*.t tests/flow/*.sh tests/fuzz/*.t tests/egress/*.sh \
	      bench/*.sh bench/*/*.sh .ci/*.sh share/*/*.sh))
CPPCHECK  = cppcheck --quiet --enable=warning,performance,portability --std=c11 --library=posix --inline-suppr \
	    -D_GNU_SOURCE -D__linux__ -Isrc --include=mk/cppcheck.h --suppressions-list=mk/cppcheck.suppress \
	    --error-exitcode=1 --template='{file}:{line}: {id}: {message}'

# -fanalyzer in gcc 12 knows C; with -Werror each of its findings stops the build.
$(B)/lint/%.c.ok: %.c mk/cppcheck.h mk/cppcheck.suppress
	@mkdir -p $(@D)
	@echo "lint $<"
	@gcc $(CSTD) -O1 -g -fanalyzer -fdiagnostics-path-format=none -Werror -Isrc -MMD -MP -MF $(@:.ok=.d) -MT $@ -c -o /dev/null $<
	@$(CPPCHECK) $<
	@touch $@

$(B)/lint/shell.ok: $(SCRIPTS)
	@mkdir -p $(@D)
	shellcheck -x -e SC2317,SC2016 $(SCRIPTS)
	@touch $@

lint: ## cppcheck, gcc -fanalyzer and shellcheck; unchanged files are not looked at again
	@$(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) --no-print-directory lint-all
lint-all: $(LINT) $(B)/lint/shell.ok

-include $(LINT:.ok=.d)
.PHONY: lint lint-all
