# unix sockets in the tree, in /tmp and abstract; descriptors passed; socketpair
# needs: python3
python3 - <<'P'
import array, os, socket
for name in ("s.sock", "/tmp/s.sock", "\0abstract"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        s = socket.socket(socket.AF_UNIX, kind); s.bind(name); s.listen(); c = socket.socket(socket.AF_UNIX, kind); c.connect(name)
        a, _ = s.accept(); socket.send_fds(c, [b"x"], [0]); m, fds, _, _ = socket.recv_fds(a, 1, 1); assert fds; os.fstat(fds[0])
        a.close(); c.close(); s.close()
        if name[0] != "\0": os.unlink(name)
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.send(b"x"); assert b.recv(1) == b"x"
P
