"""Drives an app made from the blueprint crud-service over HTTP, as a client would: TAP on standard output.

    crud.py DIR [SCENARIO]        starts `python3 -m app` in DIR on a free port and drives all its collections
    crud.py --port N --token T    drives a server that runs already (in a container)

Records are made from what GET /api tells of the fields, so that no test here knows a domain. SCENARIO is a JSON list of steps
that do: {"name","method","path","body","status","want"}; "$x.id" in a path or a body stands for what an earlier step
"as" x answered, "fill" adds the required fields that the step does not name, but those in "leave".

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import datetime
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

count = failed = 0


def ok(good, name, got=None):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        failed += 1
        print(f"#   got: {got!r}"[:1000], flush=True)
    return good


class Api:
    def __init__(self, port, token):
        self.port, self.token = port, token

    def call(self, method, path, body=None, token=True, raw=None, kind="application/json"):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {}
        if token:
            headers["Authorization"] = "Bearer " + (token if isinstance(token, str) else self.token)
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = kind
        c.request(method, path, data, headers)
        r = c.getresponse()
        text = r.read()
        c.close()
        try:
            return r.status, json.loads(text) if text else None
        except ValueError:
            return r.status, text


class Server:
    """python3 -m app in a folder, with its data in a file of ours."""

    def __init__(self, folder, data, token):
        self.folder, self.data, self.token = folder, data, token
        self.start()

    def start(self):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        self.port = s.getsockname()[1]
        s.close()
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TZ", "HOME")}
        env["APP_TOKEN"] = self.token
        self.p = subprocess.Popen([sys.executable, "-m", "app", "--port", str(self.port), "--data", self.data],
                                  cwd=self.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(100):
            try:
                if Api(self.port, self.token).call("GET", "/health", token=False)[0] == 200:
                    return
            except OSError:
                pass
            if self.p.poll() is not None:
                break
            time.sleep(0.1)
        self.p.kill()
        sys.exit("Bail out! the app does not answer: " + self.p.stderr.read().decode(errors="replace")[-2000:])

    def end(self, sig=signal.SIGTERM):
        self.p.send_signal(sig)
        self.p.wait(20)
        self.p.stderr.close()


def value(field, n, parent):
    """A value that fits a field of GET /api."""
    name, kind = field["name"], field["type"]
    late = any(word in name for word in ("end", "due", "until", "return"))
    day = (datetime.date.today() + datetime.timedelta(days=30 + 2 * n + late)).isoformat()
    time_of_day = f"{10 + n % 10:02d}:{30 * late:02d}"
    made = {
        "whole": 3 + n, "decimal": 2.5 + n, "money": 4.25 + n, "date": day, "time": time_of_day,
        "datetime": f"{day}T{time_of_day}", "yes_no": False, "email": f"person{n}@example.org",
        "phone": f"+49 30 123{400 + n}", "url": f"https://example.org/{n}",
    }
    if kind == "ref":
        return parent(field["ref"])
    if kind == "choice":
        return field["choices"][0]
    return made.get(kind, f"{name} {n} shown")


def parent_of(api, known, of, n):
    status, made = api.call("POST", "/api/" + of, record(known, of, api, n + 7))
    if status != 201:
        raise AssertionError(f"a record of {of} could not be made: {made}")
    return made["id"]


def record(known, plural, api, n):
    """A new record with the required fields alone."""
    return {f["name"]: value(f, n, lambda of: parent_of(api, known, of, n)) for f in known[plural]["fields"] if f["required"]}


def drive_collection(api, known, plural, n):
    path = "/api/" + plural
    body = record(known, plural, api, n)
    status, made = api.call("POST", path, body)
    if not ok(status == 201 and made["id"], f"create in {path}", (status, made, body)):
        return None
    one = f"{path}/{made['id']}"
    status, read = api.call("GET", one)
    ok(status == 200 and all(read[k] == v for k, v in body.items()), f"read {path}", (status, read, body))
    texts = [f["name"] for f in known[plural]["fields"] if f["type"] == "text" and f["name"] in body]
    if texts:
        key = texts[0]
        status, changed = api.call("PATCH", one, {key: body[key] + " anew"})
        ok(status == 200 and changed[key] == body[key] + " anew", f"update {path}", (status, changed))
        status, found = api.call("GET", path + "?q=" + urllib.parse.quote(body[key] + " anew"))
        ok(status == 200 and any(r["id"] == made["id"] for r in found["items"]), f"search {path}", (status, found))
        status, none = api.call("GET", path + "?q=zzzz-nothing-is-called-this")
        ok(status == 200 and not none["items"], f"a search for what is not there finds nothing in {path}", (status, none))
        status, no = api.call("POST", path, {**body, key: 17})
        ok(status in (400, 422), f"a number for the text {key} is refused in {path}", (status, no))
    status, no = api.call("POST", path, {**body, "no_such_field": 1})
    ok(status in (400, 422), f"an unknown field is refused in {path}", (status, no))
    if body:
        status, no = api.call("POST", path, {k: v for k, v in list(body.items())[1:]})
        ok(status in (400, 422), f"a missing field is refused in {path}", (status, no))
    status, no = api.call("POST", path, raw=b'{"a":', kind="application/json")
    ok(status == 400, f"broken JSON is refused in {path}", (status, no))
    return made["id"], api.call("GET", one)[1]


def drive(api, restart=None):
    status, _ = api.call("GET", "/api/openapi.json", token=False)
    ok(status == 401, "without the token nothing is told", status)
    status, _ = api.call("GET", "/api/openapi.json", token="wrong")
    ok(status == 401, "nor with a wrong one", status)
    status, doc = api.call("GET", "/api/openapi.json")
    if not ok(status == 200 and doc.get("openapi", "").startswith("3."), "the API describes itself", (status, doc)):
        return
    known = {e["plural"]: e for e in api.call("GET", "/api")[1]["entities"]}
    ok(known and all({f"/api/{p}", f"/api/{p}/{{id}}"} <= set(doc["paths"]) for p in known),
       f"and its collections: {', '.join(known)}", list(doc["paths"]))
    made = {}
    for n, plural in enumerate(known):
        got = drive_collection(api, known, plural, 20 * n + 1)
        if got:
            made[plural] = got
    if restart:
        restart()
        for plural, (number, before) in made.items():
            status, after = api.call("GET", f"/api/{plural}/{number}")
            ok(status == 200 and after == before,
               f"{plural} keeps its data when the server is killed and started again", (before, after))
    for plural, (number, _) in reversed(list(made.items())):
        path = f"/api/{plural}/{number}"
        status, no = api.call("DELETE", path)
        ok(status == 204, f"delete in {plural}", (status, no))
        status, no = api.call("GET", path)
        ok(status == 404, f"what was deleted is gone from {plural}", (status, no))


def fill(x, names):
    if isinstance(x, dict):
        return {k: fill(v, names) for k, v in x.items()}
    if isinstance(x, str) and x.startswith("$") and "." in x:
        name, _, key = x[1:].partition(".")
        return names[name][key]
    return x


def play(api, steps):
    """A scenario: what a person would do by hand, step by step."""
    names = {}
    known = {e["plural"]: e for e in api.call("GET", "/api")[1]["entities"]}
    for s in steps:
        path = s["path"]
        for name in sorted(names, key=len, reverse=True):
            if isinstance(names[name], dict) and "id" in names[name]:
                path = path.replace(f"${name}.id", str(names[name]["id"]))
        body = fill(s.get("body"), names)
        if s.get("fill"): # what the model added beyond the fields that the person named
            plural = path.split("/")[2]
            for f in known[plural]["fields"]:
                if f["required"] and f["name"] not in body and f["name"] not in s.get("leave", []):
                    body[f["name"]] = value(f, count, lambda of: parent_of(api, known, of, count))
        status, got = api.call(s["method"], path, body)
        wanted = s["status"] if isinstance(s["status"], list) else [s["status"]]
        good = status in wanted
        for key, want in fill(s.get("want", {}), names).items():
            good = good and isinstance(got, dict) and got.get(key) == want
        ok(good, s["name"], (status, got))
        if "as" in s:
            names[s["as"]] = got if isinstance(got, dict) else {}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", nargs="?")
    p.add_argument("scenario", nargs="?")
    p.add_argument("--port", type=int)
    p.add_argument("--token", default="shown-" + "k" * 40)
    o = p.parse_args()
    if o.port:
        drive(Api(o.port, o.token))
    else:
        with tempfile.TemporaryDirectory() as tmp:
            server = Server(o.folder, os.path.join(tmp, "data.sqlite3"), o.token)
            api = Api(server.port, o.token)

            def restart():
                server.end(signal.SIGKILL)
                server.start()
                api.port = server.port

            try:
                drive(api, restart)
                if o.scenario:
                    with open(o.scenario, encoding="utf-8") as f:
                        play(api, json.load(f))
            finally:
                server.end()
    print(f"1..{count}")
    sys.exit(1 if failed or not count else 0)


main()
