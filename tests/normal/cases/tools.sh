# tar, zip, sed -i, find, xargs, diff and patch, perl
tar cf - dir file | gzip >t.tgz; mkdir out; tar xzf t.tgz -C out; cmp file out/file; sed -i s/one/uno/ file; grep -q uno file
find . -name inner -newermt 2000-01-01 | xargs -r grep -q .; cp file old; echo more >>file; diff -u old file >p || true; patch -s old p; cmp old file
perl -e 'use Socket; open(F, ">", "perl") or die; print F $$; rename "perl", "lrep" or die'; ls -la >/dev/null; df . >/dev/null; du -sh . >/dev/null; ps aux >/dev/null; free >/dev/null 2>&1 || true; uptime >/dev/null || true
install -D -m 755 file in/st/all; test -x in/st/all; split -b 2 file part; cat part* | cmp - file; rm -rf out in part*; test ! -e out; nproc >/dev/null; getconf PAGE_SIZE >/dev/null; id -un >/dev/null; hostname >/dev/null
