"""The HTTP server around the WSGI application: the standard library's, with what it lacks.

One request a connection, so that no two readers can disagree where the next one starts. The
whole request must arrive within a deadline, however slowly its bytes drip. What is ambiguous
(doubled or folded headers, a Transfer-Encoding, a strange Content-Length) is refused before
the application sees it. Put a reverse proxy with TLS in front to serve beyond this machine.
"""

import io
import json
import logging
import re
import signal
import socket
import socketserver
import sys
import threading
import time
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from app.core.problem import TITLES, Problem

log = logging.getLogger("app.server")

DEADLINE = 10.0         # seconds for a whole request to arrive
MAX_REQUEST = 192 * 1024
MAX_LINE = 8192
MAX_CONNECTIONS = 64
ONCE = ("host", "authorization", "content-length", "content-type", "if-match", "transfer-encoding")


class Deadline(io.RawIOBase):
    """A socket's bytes, until a moment and a size."""

    def __init__(self, connection, seconds):
        self._connection = connection
        self._end = time.monotonic() + seconds
        self._left = MAX_REQUEST

    def readable(self):
        return True

    def readinto(self, buffer):
        rest = self._end - time.monotonic()
        if rest <= 0:
            raise socket.timeout("the request took too long")
        self._connection.settimeout(rest)
        count = self._connection.recv_into(buffer, min(len(buffer), max(self._left, 0)))
        self._left -= count
        return count


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"
    deadline = DEADLINE

    def setup(self):
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(Deadline(self.connection, self.deadline), 8192)

    def handle(self):
        self.requestline = self.command = ""
        self.request_version = "HTTP/1.0"
        try:
            self._handle()
        except Problem as problem:
            self._refuse(problem)
        except socket.timeout:
            self._refuse(Problem(408, "The request did not arrive in time."))
        except (ConnectionError, BrokenPipeError):
            pass

    def _handle(self):
        self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
        if not self.raw_requestline:
            return
        if len(self.raw_requestline) > MAX_LINE:
            raise Problem(414, "The request line is longer than %d bytes." % MAX_LINE)
        if not re.fullmatch(rb"[A-Z]{1,20} [!-~]+ HTTP/1\.[01]\r?\n", self.raw_requestline):
            raise Problem(400, "The request line is not right.")
        if not self.parse_request():
            return
        self._check_headers()
        handler = ServerHandler(self.rfile, _Whole(self.wfile), self.get_stderr(),
                                self.get_environ(), multithread=True)
        handler.server_software = ""
        handler.http_version = "1.1"
        handler.request_handler = self
        self.connection.settimeout(self.deadline)
        handler.run(self.server.get_app())

    def _check_headers(self):
        headers = self.headers
        if headers.defects or headers.get_payload():
            raise Problem(400, "The headers are not right.")
        for name, value in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^`|~-]+", name, re.ASCII) \
                    or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
                raise Problem(400, "The headers are not right.")
        for name in ONCE:
            if len(headers.get_all(name, ())) > 1:
                raise Problem(400, "The header %s stands twice." % name.title())
        if self.request_version == "HTTP/1.1" and "host" not in headers:
            raise Problem(400, "A Host is needed.")
        if "transfer-encoding" in headers:
            raise Problem(400 if "content-length" in headers else 501,
                          "Transfer-Encoding is not supported; send a Content-Length.")
        if not re.fullmatch(r"[0-9]{1,10}", headers.get("content-length", "0"), re.ASCII):
            raise Problem(400, "The Content-Length is not a number.")
        if "expect" in headers and headers["expect"].lower() != "100-continue":
            raise Problem(400, "This Expect is not supported.")

    def handle_expect_100(self):
        return True  # the body is small: it is simply read

    def send_error(self, code, message=None, explain=None):
        status = int(code) if int(code) in TITLES else 400
        self._refuse(Problem(status, "The request is not right."))

    def _refuse(self, problem):
        raw = (json.dumps(problem.body()) + "\n").encode("utf-8")
        head = "HTTP/1.1 %d %s\r\n" % (problem.status, TITLES.get(problem.status, "Error"))
        for name, value in problem.headers + [
                ("Content-Type", "application/problem+json"), ("Content-Length", str(len(raw))),
                ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
                ("Content-Security-Policy", "default-src 'none'"), ("Connection", "close")]:
            head += "%s: %s\r\n" % (name, value)
        log.info("%s", json.dumps({"from": self.client_address[0], "status": problem.status,
                                   "why": problem.detail}))
        try:
            self.connection.settimeout(2)
            self.connection.sendall(head.encode("ascii") + b"\r\n" + raw)
        except OSError:
            pass

    def finish(self):
        """Half-close and drain a little: else a refused sender sees a reset, not the answer."""
        try:
            super().finish()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.2)
            end = time.monotonic() + 1
            while time.monotonic() < end and self.connection.recv(65536):
                pass
        except OSError:
            pass

    def address_string(self):
        return self.client_address[0]  # no lookup of names

    def log_message(self, format, *args):
        pass  # the application logs each request


class _Whole(io.RawIOBase):
    """Adds Connection: close, and sends head and body together."""

    def __init__(self, below):
        self._below = below
        self._head = b""

    def writable(self):
        return True

    def write(self, data):
        if self._head is not None:
            self._head += bytes(data)
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return len(data)
            self._below.write(self._head[:end] + b"\r\nConnection: close" + self._head[end:])
            self._head = None
            return len(data)
        self._below.write(data)
        return len(data)

    def flush(self):
        self._below.flush()


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = False
    block_on_close = True       # a stop lets running requests end
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address, app, handler=Handler):
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, handler)
        self.set_app(app)

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # without a lookup of the host's name
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()

    def process_request(self, request, client_address):
        if not self._slots.acquire(timeout=1):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address):
        log.error("connection failed: %s", type(sys.exc_info()[1]).__name__)


def serve(server):
    """Serve until SIGTERM or SIGINT, then let running requests end."""
    def stop(number, frame):
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
