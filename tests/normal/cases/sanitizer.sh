# a program under AddressSanitizer, its leak checker too
# needs: gcc
printf '#include <stdlib.h>\nint main(int n, char **v) { char *p = malloc(9); (void)v; if (n < 2) free(p); else p = 0; return 0; }\n' >s.c
gcc -g -fsanitize=address -o s s.c; ./s
ASAN_OPTIONS=detect_leaks=1 ./s; no env ASAN_OPTIONS=detect_leaks=1 ./s leak 2>/dev/null
