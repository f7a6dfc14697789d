# shared memory, semaphores, message queues: POSIX and System V; python's multiprocessing
# needs: python3
python3 - <<'P'
import multiprocessing as m, multiprocessing.shared_memory as s, ctypes, os, mmap
def f(x): return x * x
if __name__ == "__main__":
    with m.Pool(3) as p: assert p.map(f, range(10))[-1] == 81
    q = m.Queue(); p = m.Process(target=q.put, args=(5,)); p.start(); assert q.get(timeout=5) == 5; p.join()
    l = m.Lock(); e = m.Event(); b = m.Barrier(1); b.wait(); v = m.Value("i", 3); assert v.value == 3
    with m.Manager() as g: d = g.dict(); d["a"] = 1; assert d["a"] == 1
    x = s.SharedMemory(create=True, size=1 << 20); x.buf[0] = 1; y = s.SharedMemory(x.name); assert y.buf[0] == 1; y.close(); x.close(); x.unlink()
    c = ctypes.CDLL(None, use_errno=True)
    i = c.shmget(0, 4096, 0o1600); assert i >= 0, os.strerror(ctypes.get_errno()); c.shmat.restype = ctypes.c_void_p; assert c.shmat(i, None, 0) not in (None, 2**64 - 1); c.shmctl(i, 0, None)
    i = c.semget(0, 1, 0o1600); assert i >= 0; c.semctl(i, 0, 0); i = c.msgget(0, 0o1600); assert i >= 0; c.msgctl(i, 0, None)
    try: r = ctypes.CDLL("librt.so.1", use_errno=True)
    except OSError: r = c
    class A(ctypes.Structure): _fields_ = [("flags", ctypes.c_long), ("max", ctypes.c_long), ("size", ctypes.c_long), ("cur", ctypes.c_long), ("pad", ctypes.c_long * 4)]
    n = r.mq_open(b"/q", os.O_CREAT | os.O_RDWR, 0o600, ctypes.byref(A(0, 4, 64))); assert n >= 0, os.strerror(ctypes.get_errno())
    assert r.mq_send(n, b"hi", 2, 1) == 0; t = ctypes.create_string_buffer(64); assert r.mq_receive(n, t, 64, None) == 2; r.mq_unlink(b"/q")
    a = mmap.mmap(-1, 1 << 20); a[0] = 7
P
