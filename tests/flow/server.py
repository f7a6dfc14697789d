#!/usr/bin/env python3
"""A scripted model over real HTTP on loopback: asserts on each request it gets, and answers as a scenario says, faults included.

    server.py SCENARIO.json [--failures FILE] [--port-file FILE] [--log FILE] [--port N] [--seconds N]
              [--bodies] [--tls PEM]

It prints its port on the first line of stdout (and writes it to --port-file, whole or not at all) and serves
http://127.0.0.1:PORT/v1/chat/completions and /v1/models until SIGTERM, until its standard input ends when that is a
pipe, or for --seconds (default 300). What a scenario wanted and did not get goes to --failures, one line each (the file
is made at the start: empty means that all is well). --log gets one JSON line a request:
{"n","conn","path","bytes","step","auth"}; the request itself goes there too with --bodies.

POST /-/scenario takes another scenario in its place and answers {"failures": [...]}, what was wrong with the one before,
so that one server can serve many tests; it is no request of the scenario.

A scenario is {"steps": [STEP, ...], "models": ["id", ...], "model": "the model's name in answers"}. A step is used once,
or "times" times; a request behind the last step is a failure, and so is a step that nobody asked for, unless the step has
"optional": true. "loop": true begins again with the first step for ever. A step:

  "expect": what the request must be; every member is optional
      "path": "/v1/chat/completions"     "method": "POST"
      "auth": "Bearer x", or null: no Authorization header may come
      "model": "id"     "stream": true     "tools": ["shell", ...] (names, in order), or null: none
      "messages": N, how many     "last_role": "tool"     "last": "part of the last message's content"
      "roles": ["system", "user", ...]   "reasoning": ["exact reasoning_content of each assistant message", ...]
      "has": ["text that the body holds", ...]     "has_not": [...]
      "body": {"member": value, ...}, each equal in the request
      "prefix": true: the messages of the previous request come first, byte for byte
      "same_connection": true
      "true": "a Python expression over body, headers, raw, n"
  "answer": (default {"text": "ok"})
      "text", "reasoning": content           "calls": [{"name", "arguments": object or raw text, "id"}]
      "finish": "stop" ...; default by what there is     "usage": {...}, or null: none; default: invented
      "chunk": letters a delta (default: 16)   "split": bytes an HTTP chunk (breaks characters and lines)
      "eol": "\\r\\n" or "\\r"   "comments": true: keepalives between   "done": false: no [DONE]   "names": "reasoning"
      "index": "none" | "zero": careless numbering of calls
      "whole": true: no stream though one was asked for
      "lost": true: in a stream, the calls are lost while finish_reason says tool_calls; whole, they are there
      "lost": "content" | "reasoning": they stand as GLM's markup in that
      "json": VALUE as the whole body; "raw": text as the whole body (an SSE stream unless "type" says otherwise)
      "status": N, "headers": {...}, "body": value or text: an answer that is no reply
      "fault": "cut" (after "after" bytes of body, default half), "stall" (the same, then silence for "seconds", default 30),
               "silent" (no byte at all), "reset" (closed before the head), "endless" (text for ever, at most "most" bytes),
               "long_line" ("bytes" of one line, default 100 MB), "html", "gzip" (a bomb), "utf8" (invalid bytes),
               "duplicate" (a key twice), "head" (headers for ever), "after_done" (bytes behind [DONE] for ever)
      "delay": seconds before the answer      "close": true: closes the connection behind it

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import gzip
import json
import os
import select
import signal
import socket
import ssl
import struct
import sys
import threading
import time


class Wrong(Exception):
    pass


def want(name, got, wanted):
    if got != wanted:
        raise Wrong(f"{name}: got {json.dumps(got)[:300]}, wanted {json.dumps(wanted)[:300]}")


def text_of(message):
    c = message.get("content")
    return c if isinstance(c, str) else json.dumps(c)


class Scenario:
    def __init__(self, data, failures, log, bodies):
        self.steps = data["steps"]
        self.loop = data.get("loop", False)
        self.models = data.get("models", ["scripted"])
        self.model = data.get("model", "scripted-1")
        self.failures, self.log, self.bodies, self.wrong = failures, log, bodies, []
        self.lock = threading.Lock()
        self.at = self.used = self.n = 0
        self.last_messages, self.last_conn = None, None
        self.prefixes = any(s.get("expect", {}).get("prefix") for s in self.steps)

    def fail(self, why):
        self.wrong.append(why)
        with open(self.failures, "a", encoding="utf-8") as f:
            f.write(why.replace("\n", " ") + "\n")

    def next_step(self):
        while self.at < len(self.steps):
            step = self.steps[self.at]
            if self.used < step.get("times", 1):
                self.used += 1
                return step
            self.at, self.used = self.at + 1, 0
            if self.at == len(self.steps) and self.loop:
                self.at = 0
        return None

    def left(self):
        for i, step in enumerate(self.steps[self.at:]):
            missing = step.get("times", 1) - (self.used if i == 0 else 0)
            if missing > 0 and not step.get("optional") and not self.loop:
                self.fail(f"step {self.at + i + 1}: never asked for ({missing} of {step.get('times', 1)})")

    def check(self, e, req, conn):
        h, raw = req["headers"], req["raw"]
        if not e:
            return
        try:
            body = json.loads(raw) if raw else {}
        except ValueError as x:
            raise Wrong(f"the body is no JSON: {x}")
        ms = body.get("messages", [])
        want("path", req["path"], e.get("path", req["path"]))
        want("method", req["method"], e.get("method", req["method"]))
        if "auth" in e:
            want("Authorization", h.get("authorization"), e["auth"])
        if "tools" in e:
            want("tools", [t["function"]["name"] for t in body["tools"]] if "tools" in body else None, e["tools"])
        for k in ("model", "stream"):
            if k in e:
                want(k, body.get(k), e[k])
        if "messages" in e:
            want("messages", len(ms), e["messages"])
        if "roles" in e:
            want("roles", [m.get("role") for m in ms], e["roles"])
        if "last_role" in e:
            want("role of the last message", ms[-1].get("role"), e["last_role"])
        if "last" in e and e["last"] not in text_of(ms[-1]):
            raise Wrong(f"the last message is {text_of(ms[-1])[:300]!r}, without {e['last']!r}")
        if "reasoning" in e:
            want("reasoning", [m.get("reasoning_content") for m in ms if m.get("role") == "assistant"], e["reasoning"])
        for t in e.get("has", []):
            if t not in raw:
                raise Wrong(f"the request lacks {t!r}")
        for t in e.get("has_not", []):
            if t in raw:
                raise Wrong(f"the request holds {t!r}")
        for k, v in e.get("body", {}).items():
            want(k, body.get(k), v)
        if e.get("prefix") and self.last_messages is not None and not self.messages(raw).startswith(self.last_messages):
            raise Wrong("the messages do not begin with those of the request before")
        if e.get("same_connection") and self.last_conn is not None:
            want("connection", conn, self.last_conn)
        if "true" in e and not eval(e["true"], {"body": body, "headers": h, "raw": raw, "n": self.n, "json": json}):
            raise Wrong(f"not true: {e['true']}")

    @staticmethod
    def messages(raw):
        """The bytes of the messages, without the bracket that ends them."""
        at = raw.index('"messages":[') + len('"messages":')
        return raw[at + 1:json.JSONDecoder().raw_decode(raw, at)[1] - 1]

    def take(self, req, conn):
        """The answer to a request: a step's, or a refusal that tells the client what was wrong with it."""
        with self.lock:
            self.n += 1
            if req["path"].endswith("/models") and req["method"] == "GET" and not any("/models" in str(s.get("expect")) for s in self.steps):
                return {"json": {"object": "list", "data": [{"id": m, "object": "model"} for m in self.models]}}, req
            step = self.next_step()
            if self.log:
                line = {"n": self.n, "conn": conn, "path": req["path"], "bytes": req["bytes"], "step": self.at + 1,
                        "auth": "authorization" in req["headers"]}
                if self.bodies:
                    line["body"] = req["raw"]
                with open(self.log, "a", encoding="utf-8") as f:
                    f.write(json.dumps(line) + "\n")
            try:
                if step is None:
                    raise Wrong("a request behind the last step")
                self.check(step.get("expect", {}), req, conn)
            except Wrong as w:
                self.fail(f"request {self.n} (step {self.at + 1}): {w}")
                return {"status": 400, "body": {"error": {"message": f"scenario: {w}"}}}, req
            if self.prefixes and '"messages":[' in req["raw"]:
                self.last_messages = self.messages(req["raw"])
            self.last_conn = conn
            return dict(step.get("answer", {"text": "ok"})), req


def markup(calls):
    out = ""
    for c in calls:
        args = c.get("arguments", {})
        out += f"<tool_call>{c['name']}"
        for k, v in (args if isinstance(args, dict) else json.loads(args)).items():
            out += f"\n<arg_key>{k}</arg_key>\n<arg_value>{v if isinstance(v, str) else json.dumps(v)}</arg_value>"
        out += "\n</tool_call>"
    return out


class Speaker:
    """Says one answer over a socket."""

    def __init__(self, sock, scenario):
        self.s, self.sc = sock, scenario

    def head(self, status, kind, length=None, more=None):
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}"]
        lines += [f"{k}: {v}" for k, v in (more or {}).items()]
        lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        self.s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def chunk(self, data):
        if data:
            self.s.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def whole(self, status, kind, body, more=None):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        self.head(status, kind, len(body), more)
        self.s.sendall(body)

    def usage(self, a, req):
        if "usage" in a:
            return a["usage"]
        n = max(1, len(req["raw"]) // 4)
        out = len(a.get("text", "")) + len(a.get("reasoning", "")) + len(json.dumps(a.get("calls", [])))
        return {"prompt_tokens": n, "completion_tokens": max(1, out // 4), "total_tokens": n + max(1, out // 4),
                "prompt_tokens_details": {"cached_tokens": n // 2}}

    def calls(self, a):
        return [{"id": c.get("id", f"call_{self.sc.n}_{i}"), "type": "function", "function": {
            "name": c["name"], "arguments": c["arguments"] if isinstance(c.get("arguments", {}), str)
            else json.dumps(c.get("arguments", {}))}} for i, c in enumerate(a.get("calls", []))]

    def prepared(self, a, streaming):
        a = dict(a)
        if a.get("lost") and a.get("calls"):
            a.setdefault("finish", "tool_calls")
            if isinstance(a["lost"], str):
                key = "text" if a["lost"] == "content" else "reasoning"
                a[key] = a.get(key, "") + markup(a["calls"])
                a["calls"] = []
            elif streaming:
                a["calls"] = []
        a.setdefault("finish", "tool_calls" if a.get("calls") else "stop")
        return a

    def completion(self, a, req):
        a = self.prepared(a, False)
        m = {"role": "assistant", "content": a.get("text", "")}
        if a.get("reasoning"):
            m[a.get("names", "reasoning_content")] = a["reasoning"]
        if a.get("calls"):
            m["tool_calls"] = self.calls(a)
        out = {"id": f"chatcmpl-{self.sc.n}", "object": "chat.completion", "model": self.sc.model,
               "choices": [{"index": 0, "message": m, "finish_reason": a["finish"]}]}
        if self.usage(a, req):
            out["usage"] = self.usage(a, req)
        return out

    def events(self, a, req):
        a = self.prepared(a, True)
        size = a.get("chunk", 16)

        def event(delta, finish=None):
            return {"id": f"chatcmpl-{self.sc.n}", "object": "chat.completion.chunk", "model": self.sc.model,
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        yield event({"role": "assistant"})
        for key, text in ((a.get("names", "reasoning_content"), a.get("reasoning", "")), ("content", a.get("text", ""))):
            for i in range(0, len(text), size):
                yield event({key: text[i:i + size]})
        for i, c in enumerate(self.calls(a)):
            args = c["function"]["arguments"]
            c["function"] = {"name": c["function"]["name"], "arguments": ""}
            where = {} if a.get("index") == "none" else {"index": 0 if a.get("index") == "zero" else i}
            yield event({"tool_calls": [{**where, **c}]})
            for j in range(0, len(args), size):
                yield event({"tool_calls": [{**where, "function": {"arguments": args[j:j + size]}}]})
        if a["finish"]:
            yield event({}, a["finish"])
        if self.usage(a, req):
            yield {"id": f"chatcmpl-{self.sc.n}", "object": "chat.completion.chunk", "model": self.sc.model, "choices": [],
                   "usage": self.usage(a, req)}

    def stream(self, a, req):
        eol = a.get("eol", "\n")
        out = ""
        for e in self.events(a, req):
            if a.get("comments"):
                out += f": keepalive{eol}{eol}"
            out += f"data: {json.dumps(e, ensure_ascii=False)}{eol}{eol}"
        if a.get("done", True):
            out += f"data: [DONE]{eol}{eol}"
        return out.encode()

    def fault(self, a, req):
        kind = a["fault"]
        if kind == "reset":
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "silent":
            self.silence(a)
        elif kind == "html":
            self.whole(a.get("status", 200), "text/html", "<!DOCTYPE html><html><title>Welcome to nginx!</title></html>")
            return
        elif kind == "gzip":
            bomb = gzip.compress(b"\0" * (10 << 20))
            self.whole(200, "application/json", bomb, {"Content-Encoding": "gzip"})
            return
        elif kind == "head":
            self.s.sendall(b"HTTP/1.1 200 X\r\n")
            for i in range(40000):
                self.s.sendall(b"X-Filler-%d: %s\r\n" % (i, b"x" * 100))
        elif kind in ("endless", "long_line", "after_done"):
            self.head(200, "text/event-stream")
            if kind == "after_done":
                self.chunk(self.stream(a, req))
            piece = b"x" * 65536 if kind == "long_line" else ("data: " + json.dumps(next(self.events({"text": "x"}, req)) | {
                "choices": [{"index": 0, "delta": {"content": "y" * 4000}}]}) + "\n\n").encode() * 8
            sent, most = 0, a.get("bytes" if kind == "long_line" else "most", 100 << 20)
            if kind == "long_line":
                self.chunk(b"data: ")
            while sent < most:
                self.chunk(piece)
                sent += len(piece)
        elif kind == "utf8":
            data = self.stream({**a, "text": "a\u00e9b"}, req).replace("\u00e9".encode(), b"\xff\xfe")
            self.head(200, "text/event-stream")
            self.chunk(data)
            self.s.sendall(b"0\r\n\r\n")
            return
        elif kind == "duplicate":
            self.head(200, "text/event-stream")
            self.chunk(b'data: {"choices":[{"delta":{"content":"a","content":"b"}}]}\n\n')
            self.s.sendall(b"0\r\n\r\n")
            return
        else:
            data = self.stream(a, req)
            self.head(200, "text/event-stream")
            self.chunk(data[:a.get("after", len(data) // 2)])
            if kind == "stall":
                self.silence(a)
        raise ConnectionResetError

    def silence(self, a):
        """Says nothing until the client gives up, for so long at most."""
        until = time.monotonic() + a.get("seconds", 30)
        while time.monotonic() < until:
            if select.select([self.s], [], [], 0.2)[0] and not self.s.recv(1, socket.MSG_PEEK):
                break

    def say(self, a, req):
        if "delay" in a:
            time.sleep(a["delay"])
        if "fault" in a:
            self.fault(a, req)
        elif "status" in a and a["status"] != 200:
            body = a.get("body", {"error": {"message": f"status {a['status']}"}})
            self.whole(a["status"], a.get("type", "application/json"), body, a.get("headers"))
        elif "json" in a:
            self.whole(200, "application/json", a["json"], a.get("headers"))
        elif "raw" in a:
            self.whole(200, a.get("type", "text/event-stream"), a["raw"], a.get("headers"))
        elif a.get("whole") or '"stream":true' not in req["raw"].replace(" ", ""):
            self.whole(200, "application/json", self.completion(a, req), a.get("headers"))
        else:
            data, size = self.stream(a, req), a.get("split")
            self.head(200, a.get("type", "text/event-stream"), None, a.get("headers"))
            if size:
                for i in range(0, len(data), size):
                    self.chunk(data[i:i + size])
            else:
                self.chunk(data)
            self.s.sendall(b"0\r\n\r\n")
        if a.get("close"):
            raise ConnectionResetError


def read_request(s, buf):
    while b"\r\n\r\n" not in buf:
        piece = s.recv(65536)
        if not piece:
            return None, buf
        buf += piece
    head, buf = buf.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    n = int(headers.get("content-length", 0))
    while len(buf) < n:
        piece = s.recv(65536)
        if not piece:
            return None, buf
        buf += piece
    return {"method": method, "path": path, "headers": headers, "raw": buf[:n].decode("utf-8", "replace"),
            "bytes": len(head) + 4 + n}, buf[n:]


def serve(sock, held, conn, tls):
    buf = b""
    if tls:
        try:
            sock = tls.wrap_socket(sock, server_side=True)
        except OSError:
            return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            req, buf = read_request(sock, buf)
            if req is None:
                return
            scenario = held["scenario"]
            if req["path"] == "/-/scenario":
                scenario.left()
                held["scenario"] = Scenario(json.loads(req["raw"]), scenario.failures, scenario.log, scenario.bodies)
                Speaker(sock, scenario).whole(200, "application/json", {"failures": scenario.wrong})
                continue
            answer, req = scenario.take(req, conn)
            Speaker(sock, scenario).say(answer, req)
            if req["headers"].get("connection", "").lower() == "close":
                return
    except (ConnectionError, OSError):
        pass
    except Exception as x:  # a fault of the scenario or of this file must not look like one of the program
        held["scenario"].fail(f"server: {type(x).__name__}: {x}")
    finally:
        sock.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("scenario")
    p.add_argument("--failures", default=os.devnull)
    p.add_argument("--port-file")
    p.add_argument("--log")
    p.add_argument("--bodies", action="store_true")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--tls", help="a PEM file with a certificate and its key")
    p.add_argument("--seconds", type=float, default=300)
    o = p.parse_args()
    with open(o.scenario, encoding="utf-8") as f:
        scenario = Scenario(json.load(f), o.failures, o.log, o.bodies)
    held = {"scenario": scenario}
    open(o.failures, "w", encoding="utf-8").close()
    listener = socket.create_server(("127.0.0.1", o.port), backlog=64)
    port = listener.getsockname()[1]

    def end(*_):
        held["scenario"].left()
        os._exit(0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(port, flush=True)
    if o.port_file:
        with open(o.port_file + ".new", "w", encoding="ascii") as f:
            f.write(f"{port}\n")
        os.rename(o.port_file + ".new", o.port_file)
    until, n = time.monotonic() + o.seconds, 0
    tls = None
    if o.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(o.tls)
    is_pipe = not os.isatty(0) and (os.fstat(0).st_mode & 0o170000) == 0o010000
    while time.monotonic() < until:
        ready = select.select([listener] + ([0] if is_pipe else []), [], [], 1)[0]
        if 0 in ready and not os.read(0, 4096):
            break
        if listener in ready:
            n += 1
            threading.Thread(target=serve, args=(listener.accept()[0], held, n, tls), daemon=True).start()
    end()


main()
