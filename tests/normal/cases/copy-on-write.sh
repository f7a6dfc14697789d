# changing what was there before: append, truncate, chmod, replace, delete, make again
echo more >>file; : >dir/inner; chmod +x dir/inner; rm -r dir; test ! -e dir; mkdir dir; echo again >dir/inner; grep -q again dir/inner; test "$(ls dir)" = inner
rm file; test ! -e file; echo new >file; python3 -c 'import mmap; f = open("data", "r+b"); m = mmap.mmap(f.fileno(), 0); m[0:3] = b"new"; m.flush()'; head -c 3 data | grep -q new
exec 3<big; rm big; head -c 1 <&3 | wc -c | grep -q 1
