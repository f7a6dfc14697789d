# a server on loopback with a client, IPv4 and IPv6, UDP, by the name localhost
# needs: python3 curl
python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 & s=$!
i=0; until curl -sf http://localhost:8123/file >/dev/null; do i=$((i+1)); test $i -lt 50; sleep 0.1; done; kill $s
python3 - <<'P'
import asyncio, socket
s = socket.socket(socket.AF_INET6); s.bind(("::1", 0)); s.listen(); c = socket.create_connection(("::1", s.getsockname()[1])); s.accept()[0].send(b"x"); assert c.recv(1) == b"x"
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); u.sendto(b"y", u.getsockname()); assert u.recv(1) == b"y"
s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(); socket.create_connection(("127.0.0.1", s.getsockname()[1]))
async def main():
    v = await asyncio.start_server(lambda r, w: w.close(), "localhost", 0); r, w = await asyncio.open_connection("localhost", v.sockets[0].getsockname()[1]); await r.read()
asyncio.run(main()); assert socket.gethostbyname("localhost") == "127.0.0.1"; socket.getaddrinfo(socket.gethostname(), 80); socket.if_nameindex()
P
