# make -j with a jobserver, recursive too
# needs: make gcc
mkdir m; cat >Makefile <<'M'
all: $(patsubst %,o%.o,1 2 3 4 5 6 7 8) sub
o%.o: ; echo 'int f$*(void) { return $*; }' >f$*.c && gcc -c -o $@ f$*.c
sub: ; +$(MAKE) -C m
.PHONY: all sub
M
printf 'all: a b c\na b c: ; sleep 0.1; touch $@\n' >m/Makefile
make -s -j4; test -f o8.o; test -f m/c; make -s -j4 -Otarget; make -q -C m
