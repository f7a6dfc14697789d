"""The web service: from a WSGI request to an answer.

Everything but /health and the static page needs the token, and the token is looked at before
the path, the query or the body: a stranger learns nothing about what exists. Whatever goes
wrong inside is logged under the request's id and answered as a bare 500.
"""

import json
import logging
import os
import re
import secrets
import time
from urllib.parse import parse_qsl, unquote_to_bytes

from app.core import functions as functions_module
from app.core import openapi, strict
from app.core.problem import TITLES, Problem
from app.core.records import integrity

log = logging.getLogger("app.web")

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "page")
STATIC = {  # every file that is served, by its path: there is no other way to one
    "/": ("index.html", "text/html; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/app.css": ("app.css", "text/css; charset=utf-8"),
}
PAGE_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
               "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
]
MAX_QUERY = 4096
JSON = "application/json"


class Request:
    """What the handlers look at, checked."""

    def __init__(self, environ):
        self.method = environ.get("REQUEST_METHOD", "GET")
        self.environ = environ
        self.id = secrets.token_hex(8)
        raw = environ.get("PATH_INFO", "")
        try:
            self.path = raw.encode("latin-1").decode("utf-8")
        except UnicodeError:
            self.path = None
        self.address = environ.get("REMOTE_ADDR", "")

    def query(self):
        text = self.environ.get("QUERY_STRING", "")
        if len(text) > MAX_QUERY:
            raise Problem(414, "The query is longer than %d bytes." % MAX_QUERY)
        try:
            unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text),
                              encoding="utf-8", errors="strict", max_num_fields=50)
        except ValueError:
            raise Problem(400, "The query is not right.") from None
        query = {}
        for key, value in pairs:
            if key in query:
                raise Problem(400, "The query is not right.",
                              [{"field": key[:100], "reason": "stands twice"}])
            if "\0" in value:
                raise Problem(400, "The query is not right.",
                              [{"field": key[:100], "reason": "has a character that is not allowed"}])
            query[key] = value
        return query

    def no_query(self):
        if self.environ.get("QUERY_STRING"):
            raise Problem(400, "This address takes no query.")

    def body(self, types=(JSON,)):
        """The JSON object that was sent."""
        if "HTTP_TRANSFER_ENCODING" in self.environ:
            raise Problem(501, "Transfer-Encoding is not supported; send a Content-Length.")
        if self.environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            raise Problem(415, "Content-Encoding is not supported.")
        name, _, parameters = self.environ.get("CONTENT_TYPE", "").partition(";")
        parameters = parameters.replace(" ", "").replace('"', "").lower()
        if name.strip().lower() not in types or parameters not in ("", "charset=utf-8"):
            raise Problem(415, "The body must be %s." % " or ".join(types))
        text = self.environ.get("CONTENT_LENGTH") or ""
        if not text:
            raise Problem(411, "A Content-Length is needed.")
        if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII):
            raise Problem(400, "The Content-Length is not a number.")
        length = int(text)
        if length > strict.MAX_BODY:
            raise Problem(413, "The body is larger than %d bytes." % strict.MAX_BODY)
        raw = self.environ["wsgi.input"].read(length)
        if len(raw) < length:
            raise Problem(400, "The body is shorter than its Content-Length.")
        return strict.read_object(raw)

    def match(self):
        """The versions that If-Match names; None without one."""
        text = self.environ.get("HTTP_IF_MATCH")
        if text is None:
            return None
        if text.strip() == "*":
            return ["*"]
        tags = [tag.strip() for tag in text.split(",")]
        if len(tags) > 20 or not all(re.fullmatch(r'"[0-9]{1,16}"', tag, re.ASCII) for tag in tags):
            raise Problem(400, 'If-Match must be an ETag such as "3".')
        return [int(tag[1:-1]) for tag in tags]


class Answer:
    def __init__(self, status, body=None, headers=(), type=JSON, policy=API_POLICY):
        self.status = status
        self.headers = list(headers) + [("Content-Security-Policy", policy)]
        if isinstance(body, bytes):
            self.raw = body
        elif body is None:
            self.raw = b""
        else:
            self.raw = (json.dumps(body, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
        if status != 204:
            self.headers.append(("Content-Type", type))


class Service:
    """The WSGI application."""

    def __init__(self, title, entities, records, functions, auth):
        self.title = title
        self.entities = entities      # by plural name
        self.records = records
        self.functions = functions    # by name
        self.auth = auth

    def __call__(self, environ, start_response):
        begin = time.monotonic()
        request = Request(environ)
        try:
            answer = self.answer(request)
        except Problem as problem:
            answer = self.refusal(request, problem)
        except Exception as error:
            conflict = integrity(error)
            if conflict is None:
                log.exception("request %s failed", request.id)
                conflict = Problem(500, "Something went wrong; the log has it under this request's id.")
            answer = self.refusal(request, conflict)
        headers = answer.headers + HEADERS + [("X-Request-Id", request.id)]
        if answer.status != 204:
            headers.append(("Content-Length", str(len(answer.raw))))
        if not any(name == "Cache-Control" for name, _ in headers):
            headers.append(("Cache-Control", "no-store"))
        line = "%d %s" % (answer.status, REASONS.get(answer.status, "Error"))
        log.info("%s", json.dumps({  # neither query nor headers: they may hold what is private
            "id": request.id, "from": request.address, "method": request.method[:20],
            "path": (request.path or "?")[:200], "status": answer.status,
            "ms": round((time.monotonic() - begin) * 1000, 1)}))
        start_response(line, headers)
        return [b"" if request.method == "HEAD" else answer.raw]

    def refusal(self, request, problem):
        return Answer(problem.status, problem.body(request.id), problem.headers,
                      "application/problem+json")

    def answer(self, request):
        if request.path is None or "\0" in request.path:
            raise Problem(400, "The path is not UTF-8.")
        if request.path in STATIC:
            return self.static(request)
        if request.path == "/health":
            self.allow(request, "GET")
            with self.records.store.read() as db:
                db.execute("SELECT 1")
            return Answer(200, {"status": "ok"})
        self.auth.check(request.environ.get("HTTP_AUTHORIZATION"), request.address)
        for pattern, handler in ROUTES:
            found = pattern.fullmatch(request.path)
            if found:
                answer = handler(self, request, *found.groups())
                if answer is not None:
                    return answer
        raise Problem(404, "There is nothing here.")

    def allow(self, request, *methods):
        methods = methods + (("HEAD",) if "GET" in methods else ())
        if request.method not in methods:
            raise Problem(405, "%s is not allowed here." % request.method[:20],
                          headers=[("Allow", ", ".join(methods))])

    def static(self, request):
        self.allow(request, "GET")
        name, type_name = STATIC[request.path]
        with open(os.path.join(PAGE, name), "rb") as file:
            raw = file.read()
        return Answer(200, raw, [("Cache-Control", "no-cache")], type_name, PAGE_POLICY)

    def about(self, request):
        self.allow(request, "GET")
        request.no_query()
        return Answer(200, openapi.about(self.title, self.entities, self.functions))

    def describe(self, request):
        self.allow(request, "GET")
        request.no_query()
        return Answer(200, openapi.describe(self.title, self.entities, self.functions))

    def collection(self, request, plural):
        entity = self.entities.get(plural)
        if entity is None:
            return None
        self.allow(request, "GET", "POST")
        if request.method == "POST":
            request.no_query()
            record = self.records.create(entity, request.body())
            return Answer(201, record, [("Location", "/api/%s/%d" % (plural, record["id"])),
                                        etag(record)])
        return Answer(200, self.records.list(entity, request.query()))

    def totals(self, request, plural):
        entity = self.entities.get(plural)
        function = entity and next((f for f in entity.functions if f.kind == "totals"), None)
        if not function:
            return None
        self.allow(request, "GET")
        request.no_query()
        rows = self.records.all(entity, functions_module.MAX_RECORDS)
        known = [{name: value for name, value in row.items() if value is not None} for row in rows]
        return Answer(200, {"totals": functions_module.bounded(function, [known])})

    def record(self, request, plural, number):
        entity = self.entities.get(plural)
        if entity is None:
            return None
        self.allow(request, "GET", "PUT", "PATCH", "DELETE")
        request.no_query()
        number = int(number)
        if request.method == "DELETE":
            self.records.delete(entity, number, request.match())
            return Answer(204)
        if request.method in ("PUT", "PATCH"):
            partial = request.method == "PATCH"
            types = (JSON, "application/merge-patch+json") if partial else (JSON,)
            record = self.records.change(entity, number, request.body(types), request.match(),
                                         partial)
        else:
            record = self.records.get(entity, number)
        return Answer(200, record, [etag(record)])

    def adjust(self, request, plural, number):
        entity = self.entities.get(plural)
        if entity is None or not entity.numbers():
            return None
        self.allow(request, "POST")
        request.no_query()
        record = self.records.adjust(entity, int(number), request.body(), request.match())
        return Answer(200, record, [etag(record)])

    def function(self, request, name):
        function = self.functions.get(name)
        if function is None or function.kind in ("label", "totals"):
            return None
        self.allow(request, "POST")
        request.no_query()
        return Answer(200, {"result": function.of_body(request.body())})


def etag(record):
    return ("ETag", '"%d"' % record["version"])


REASONS = dict(TITLES)
REASONS.update({200: "OK", 201: "Created", 204: "No Content"})

ROUTES = [(re.compile(pattern, re.ASCII), handler) for pattern, handler in (
    (r"/api", Service.about),
    (r"/api/openapi\.json", Service.describe),
    (r"/api/functions/([a-z][a-z0-9_]{0,60})", Service.function),
    (r"/api/([a-z][a-z0-9_]{0,60})", Service.collection),
    (r"/api/([a-z][a-z0-9_]{0,60})/totals", Service.totals),
    (r"/api/([a-z][a-z0-9_]{0,60})/([1-9][0-9]{0,14})", Service.record),
    (r"/api/([a-z][a-z0-9_]{0,60})/([1-9][0-9]{0,14})/adjust", Service.adjust),
)]
