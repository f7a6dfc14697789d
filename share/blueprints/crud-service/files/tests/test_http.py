"""HTTP from a hostile side: each thing that is refused, at the application and on the wire."""

import json
import logging
import socket
import threading
import time

from app.core import strict
from app.core.server import Handler, Server
from tests.support import JSON, TOKEN, AppTest
from tests.widgets import entities


class BodyTest(AppTest):
    ENTITIES = staticmethod(entities)

    def post(self, raw, **environ):
        return self.call("POST", "/api/widgets", raw=raw, **environ)

    def test_json_that_two_readers_could_read_differently_is_refused(self):
        for raw in (b"", b"{", b"[]", b'"x"', b"null", b"{} {}", b"{}x", b'{"name": NaN}',
                    b'{"name": "a", "name": "b"}', b'{"price": Infinity}', b'{"price": -Infinity}',
                    b'\xef\xbb\xbf{"name": "a"}', b'{"name": "\xff"}', b"{'name': 'a'}",
                    b'{"name": "a",}', b'{"name": "a\nb"}', b"\x00", '{"name": "a"}'.encode("utf-16"),
                    b'{"count": 1' + b"0" * 100 + b"}", b'{"price": 1e999999999}',
                    b'{"price": 1.' + b"1" * 100 + b"}", b'{"count": 01}', b'{"count": +1}'):
            answer = self.post(raw)
            self.assertEqual(answer.status, 400, (raw[:40], answer))
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_deep_nesting_is_refused_quickly(self):
        begin = time.monotonic()
        for raw in (b"[" * 60000, b'{"a":' * 10000 + b"1" + b"}" * 10000, b'{"a":' + b"[" * 17):
            self.assertEqual(self.post(raw).status, 400)
        self.assertLess(time.monotonic() - begin, 1)

    def test_brackets_inside_text_are_no_nesting(self):
        self.assertEqual(self.post(json.dumps({"name": '[["\\' * 20}).encode()).status, 201)

    def test_a_body_over_the_limit_is_refused_unread(self):
        raw = b'{"name": "' + b"x" * strict.MAX_BODY + b'"}'
        self.assertEqual(self.post(raw).status, 413)
        self.assertEqual(self.post(b"{}", CONTENT_LENGTH="99999999999").status, 400)
        self.assertEqual(self.post(b"{}", CONTENT_LENGTH="9999999999").status, 413)

    def test_another_content_type_is_refused(self):
        for kind in (None, "", "text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data", "application/json; charset=latin-1",
                     "application/merge-patch+json", "application/jsonx"):
            self.assertEqual(self.post(b'{"name": "a"}', CONTENT_TYPE=kind).status, 415, kind)
        self.assertEqual(self.post(b'{"name": "a"}', CONTENT_TYPE=JSON + "; charset=UTF-8").status, 201)
        self.assertEqual(self.post(b"x", HTTP_CONTENT_ENCODING="gzip").status, 415)

    def test_a_length_that_makes_no_sense_is_refused(self):
        self.assertEqual(self.post(b"{}", CONTENT_LENGTH=None).status, 411)
        for length in ("x", "-1", "+2", "2 2", "0x2", "\u0662"):
            self.assertEqual(self.post(b"{}", CONTENT_LENGTH=length).status, 400, length)
        self.assertEqual(self.post(b"{}", CONTENT_LENGTH="20").status, 400)
        self.assertEqual(self.post(b"{}", HTTP_TRANSFER_ENCODING="chunked").status, 501)

    def test_unknown_paths_and_methods_are_refused(self):
        for path in ("/api/", "/api/nothing", "/api/widgets/", "/api/widgets/0", "/api/widgets/01",
                     "/api/widgets/x", "/api/widgets/1/x", "/api/widgets/99999999999999999999",
                     "/API/widgets", "/api/../etc/passwd", "/../app/__main__.py", "/app.py",
                     "/api/widgets/\u0661", "//api/widgets", "/api/widgets/1/adjust/", "/page/app.js"):
            self.assertEqual(self.call("GET", path).status, 404, path)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "BREW"):
            answer = self.call(method, "/api/widgets")
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, POST, HEAD"))
        self.assertEqual(self.call("POST", "/", raw=b"{}").status, 405)
        self.assertEqual(self.call("GET", "/api/widgets", PATH_INFO="/\xff\xfe").status, 400)

    def test_head_is_get_without_a_body(self):
        answer = self.call("HEAD", "/api/widgets")
        self.assertEqual((answer.status, answer.raw), (200, b""))

    def test_every_answer_has_the_security_headers(self):
        for path, policy in (("/", "script-src 'self'"), ("/api", "default-src 'none'"),
                             ("/nowhere", "default-src 'none'"), ("/health", "default-src 'none'")):
            headers = self.call("GET", path).headers
            self.assertIn(policy, headers["Content-Security-Policy"])
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertNotIn("Access-Control-Allow-Origin", headers)
        self.assertEqual(self.call("GET", "/api").headers["Cache-Control"], "no-store")

    def test_the_page_has_no_inline_script_or_style(self):
        page = self.call("GET", "/").raw.decode()
        self.assertNotRegex(page, r"(?i)<script(?![^>]*\bsrc=)|<style|\son\w+=|style=|javascript:")
        self.assertNotRegex(self.call("GET", "/app.js").raw.decode(), r"innerHTML|outerHTML|eval\(|document\.write")

    def test_a_fault_inside_is_logged_and_not_told(self):
        self.app.records.list = lambda *_: 1 / 0
        with self.assertLogs("app.web", logging.ERROR) as logs:
            answer = self.call("GET", "/api/widgets")
        self.assertEqual(answer.status, 500)
        self.assertNotRegex(answer.raw.decode(), r"(?i)zero|traceback|\.py")
        self.assertIn(answer.json["request_id"], logs.output[0])
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_the_log_holds_the_request_id_and_no_secret(self):
        with self.assertLogs("app.web", logging.INFO) as logs:
            answer = self.call("GET", "/api/widgets?q=private-words")
            self.call("GET", "/api/x\r\nINFO forged")
            self.call("GET", "/api", token="a-wrong-secret")
        text = "\n".join(logs.output)
        self.assertIn(answer.headers["X-Request-Id"], text)
        for secret in (TOKEN, "private-words", "a-wrong-secret"):
            self.assertNotIn(secret, text)
        self.assertEqual(len(text.splitlines()), 3)


class WireTest(AppTest):
    ENTITIES = staticmethod(entities)

    def setUp(self):
        super().setUp()
        logging.getLogger("app").setLevel(logging.CRITICAL)
        self.addCleanup(logging.getLogger("app").setLevel, logging.NOTSET)

        class Quick(Handler):
            deadline = 0.3

        self.server = Server(("127.0.0.1", 0), self.app, Quick)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def connect(self):
        connection = socket.create_connection(self.server.server_address[:2], timeout=5)
        self.addCleanup(connection.close)
        return connection

    def send(self, raw):
        """The whole answer to these bytes."""
        connection = self.connect()
        connection.sendall(raw)
        answer = read_all(connection)
        connection.close()
        return answer

    def status(self, raw):
        return int(self.send(raw).split(b" ")[1])

    def head(self, *lines, first=b"POST /api/widgets HTTP/1.1"):
        return b"\r\n".join((first, b"Host: x", b"Authorization: Bearer " + TOKEN.encode(),
                             b"Content-Type: application/json") + lines) + b"\r\n\r\n"

    def test_a_proper_request_is_answered_once_and_the_connection_closed(self):
        answer = self.send(self.head(b"Content-Length: 13") + b'{"name": "a"}GET /health HTTP/1.1\r\n\r\n')
        self.assertTrue(answer.startswith(b"HTTP/1.1 201 "), answer)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(answer.count(b"HTTP/1."), 1)
        self.assertNotIn(b"Python", answer)

    def test_ambiguous_lengths_are_refused(self):
        body = b'{"name": "a"}'
        for lines, want in (
                ((b"Content-Length: 13", b"Content-Length: 13"), 400),
                ((b"Content-Length: 13", b"Content-Length: 14"), 400),
                ((b"Content-Length: 13, 13",), 400),
                ((b"Content-Length: +13",), 400),
                ((b"Content-Length: 0x0d",), 400),
                ((b"Content-Length : 13",), 400),
                ((b"Content-Length: 13", b"Transfer-Encoding: chunked"), 400),
                ((b"Transfer-Encoding: chunked",), 501),
                ((b"Transfer-Encoding: identity",), 501),
                ((b"Transfer-Encoding:\tchunked",), 501),
                ((b"X-One: a", b" Content-Length: 13"), 400),
                ((b"Content-Length: 13", b"Content_Length: 3"), 400),
                ((b"Content-Length: 13", b"Content-Type: text/plain"), 400),
                ((b"Content-Length: 13", b"Authorization: Bearer x"), 400),
                ((b"Content-Length: 13", b"Host: y"), 400),
                ((b"Content-Length: 13", b"no colon here"), 400),
                ((b"Content-Length: 13", b"X-Nul: a\x00b"), 400)):
            self.assertEqual(self.status(self.head(*lines) + body), want, lines)
        self.assertEqual(self.call("GET", "/api/widgets").json["total"], 0)

    def test_a_malformed_request_line_is_refused(self):
        for first in (b"GET", b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"get / HTTP/1.1",
                      b"GET  / HTTP/1.1", b"GET / x HTTP/1.1", b"\x16\x03\x01", b"GET /\xff HTTP/1.1",
                      b"GET / HTTP/1.10", b"G" * 50 + b" / HTTP/1.1"):
            self.assertEqual(self.status(first + b"\r\nHost: x\r\n\r\n"), 400, first)
        self.assertEqual(self.status(b"GET / HTTP/1.1\r\n\r\n"), 400)

    def test_oversized_heads_are_refused(self):
        self.assertEqual(self.status(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"), 414)
        many = b"".join(b"X-%d: y\r\n" % at for at in range(150))
        self.assertIn(self.status(b"GET / HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n"), (400, 431))
        self.assertIn(self.status(b"GET / HTTP/1.1\r\nX: " + b"y" * 70000 + b"\r\n\r\n"), (400, 431))

    def test_a_request_that_drips_is_cut_at_the_deadline(self):
        dripping = self.connect()
        begin = time.monotonic()
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: yes":
            try:
                dripping.sendall(bytes([byte]))
            except OSError:
                break
            if time.monotonic() - begin > 0.4:
                break
            time.sleep(0.02)
        answer = read_all(dripping)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertIn(b" 408 ", answer.split(b"\r\n")[0] + b" ")

    def test_a_body_that_never_comes_is_cut_and_others_are_served_meanwhile(self):
        waiting = self.connect()
        waiting.sendall(self.head(b"Content-Length: 13") + b'{"na')
        self.assertEqual(self.status(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), 200)
        begin = time.monotonic()
        read_all(waiting)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual(self.call("GET", "/api/widgets").json["total"], 0)

    def test_a_client_that_goes_away_harms_nobody(self):
        for raw in (b"", b"GET", self.head(b"Content-Length: 13")):
            connection = self.connect()
            connection.sendall(raw)
            connection.close()
        self.assertEqual(self.status(b"GET /health HTTP/1.0\r\n\r\n"), 200)


def read_all(connection):
    answer = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                break
            answer += more
    except OSError:
        pass
    return answer
