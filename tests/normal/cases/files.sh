# files: symbolic and hard links, modes, sub-second times, sparse and large files, long names
ln -s file link; test "$(readlink link)" = file; echo x >h; ln h h2; test "$(stat -c %h h)" = 2; echo y >>h2; grep -q y h; rm h
mkdir d; ln -s ../file d/up; cat d/up >/dev/null; chmod 700 file; test "$(stat -c %a file)" = 700; chmod 644 file; umask 077; echo >u; test "$(stat -c %a u)" = 600; umask 022
touch -d '2020-01-02 03:04:05.123456789' t; test "$(stat -c %y t | cut -c1-29)" = '2020-01-02 03:04:05.123456789'
touch -r t r; test ! t -nt r; test ! r -nt t; echo a >o; sleep 0.02; echo b >n; test n -nt o
truncate -s 300M sparse; test "$(stat -c %s sparse)" = 314572800; dd if=/dev/zero of=big bs=1M count=200 status=none; rm big sparse
fallocate -l 1M f; test "$(stat -c %s f)" = 1048576; cp --reflink=auto file copied; cp -a file kept; cmp file kept
long=$(printf '%0200d' 0); echo >"$long"; rm "$long"; mkdir -p "a/b c/ü/$long"; rm -r a; echo >'new
line'; rm new*
rm -rf d; mkdir d; rmdir d
