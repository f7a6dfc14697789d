# 500 MB of memory, a large mapping that is not touched, mlock, huge stacks
# needs: python3
python3 - <<'P'
import mmap, threading
x = bytearray(500 << 20); x[::4096] = b"1" * len(x[::4096]); del x
mmap.mmap(-1, 2 << 30, flags=mmap.MAP_PRIVATE | 0x4000 | mmap.MAP_ANONYMOUS); threading.stack_size(64 << 20); t = threading.Thread(target=int); t.start(); t.join()
P
