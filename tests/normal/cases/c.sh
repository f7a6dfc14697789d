# C and C++: gcc, g++, clang, a static library, a shared one, pkg-config, threads, a sanitizer
# needs: gcc ar
printf '#include <stdio.h>\n#include <pthread.h>\nextern int lib(void);\nstatic void *t(void *x) { return x; }\nint main(void) { pthread_t p; pthread_create(&p, 0, t, 0); pthread_join(p, 0); printf("%%d\\n", lib()); return 0; }\n' >main.c
echo 'int lib(void) { return 42; }' >lib.c; gcc -g -O2 -c lib.c; ar rcs liblib.a lib.o; gcc -O2 -o a main.c liblib.a -pthread; ./a | grep -q 42
gcc -shared -fPIC -o liblib.so lib.c; gcc -o b main.c -L. -llib -pthread; LD_LIBRARY_PATH=. ./b | grep -q 42
gcc -fsanitize=undefined -o u main.c lib.c -pthread; ./u | grep -q 42
if command -v g++ >/dev/null; then printf '#include <iostream>\n#include <thread>\nint main() { std::thread t([] { std::cout << 42; }); t.join(); }\n' >x.cc; g++ -o x x.cc -pthread; ./x | grep -q 42; fi
if command -v clang >/dev/null; then clang -o cl main.c lib.c -pthread; ./cl | grep -q 42; fi
