# gdb on its own child
# needs: gdb gcc
printf 'int f(int x) { return x + 1; }\nint main(void) { return f(1) - 2; }\n' >d.c; gcc -g -O0 -o d d.c
gdb -q -batch -ex 'break f' -ex run -ex bt -ex 'print x' -ex continue ./d 2>&1 | grep -q 'x=1'
sleep 30 & p=$!; gdb -q -batch -p $p -ex bt >o 2>&1; kill $p; grep -q 'nanosleep\|#0' o
