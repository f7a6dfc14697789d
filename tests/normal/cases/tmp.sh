# /tmp, /var/tmp, home, /dev/shm, mktemp, TMPDIR
echo x >/tmp/x; echo x >/var/tmp/y; echo x >~/z; echo x >/dev/shm/s; f=$(mktemp); d=$(mktemp -d); echo x >"$f"; mkdir "$d/e"; mv "$f" "$d/"
test "$(stat -c %a /tmp)" = 1777; cp /tmp/x .; mv /tmp/x moved; ln -s /tmp/y link; cat link moved >/dev/null
mkdir -p ~/.cache/a ~/.config/b ~/.local/share/c; cd ~; pwd >/dev/null; test -w .
