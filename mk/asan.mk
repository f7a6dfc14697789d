# `make asan`: the tests under AddressSanitizer and UBSan, in a tree of their own. Leaks are looked for where
# LeakSanitizer works: not under a tracer, nor where ptrace of one's own threads is refused. It is asked first, by a
# program that leaks.

ASAN    = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ASANOPT = abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1

build-asan/leak:
	@mkdir -p build-asan
	@echo 'int main(void) { *(char *volatile *)&(char *){ 0 } = __builtin_malloc(9); return 0; }' | \
		$(CC) -fsanitize=address -x c -o $@ -

asan: build-asan/leak ## unit, cli, flow and fuzz-replay under ASan and UBSan
	@leaks=0; build-asan/leak >build-asan/leak.out 2>&1 || grep -q 'detected memory leaks' build-asan/leak.out && leaks=1; \
	test $$leaks = 1 || echo "asan: LeakSanitizer does not work here, so leaks are not looked for"; \
	ASAN_OPTIONS="$(ASANOPT):detect_leaks=$$leaks" UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) -k B=build-asan OPT="-O1 -g" SAN="$(ASAN)" all unit cli flow fuzz-replay
.PHONY: asan
