# inotify watchers, on files that were there before, too
# needs: python3
python3 - <<'P'
import ctypes, os, select, time
c = ctypes.CDLL(None, use_errno=True); fd = c.inotify_init1(os.O_NONBLOCK)
assert c.inotify_add_watch(fd, b".", 0xfff) >= 0 and c.inotify_add_watch(fd, b"dir", 0xfff) >= 0
def seen(): return select.select([fd], [], [], 2)[0] and os.read(fd, 65536)
for act in (lambda: open("file", "a").write("x"), lambda: open("dir/inner", "a").write("x"), lambda: open("dir/new", "w").close(), lambda: os.rename("dir/new", "dir/new2"), lambda: os.unlink("dir/new2")):
    act(); assert seen(), act; time.sleep(0.02)
    try: os.read(fd, 65536)
    except BlockingIOError: pass
P
