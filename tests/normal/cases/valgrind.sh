# valgrind
# needs: valgrind gcc
printf '#include <stdlib.h>\nint main(void) { free(malloc(3)); return 0; }\n' >v.c; gcc -g -o v v.c; valgrind -q --error-exitcode=9 --leak-check=full ./v
