#!/usr/bin/env python3
"""Writes a session's log for tests: events as TYPE JSON, a line each on stdin, chained as docs/formats/session.md says.

Usage: log.py ID DIR KIND INTENT [SETTINGS] <events        SETTINGS: a JSON object, as settings_about makes it

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import os
import sys

ident, tree, kind, intent = sys.argv[1:5]
settings = json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}
folder = os.path.join(os.environ["XDG_STATE_HOME"], "sealwright", "sessions", ident)
os.makedirs(folder, mode=0o700)
events = [("session", {"log": 1, "id": ident, "kind": kind, "dir": tree, "about": {"intent": intent, "model": "local",
                                                                                              "settings": settings}})]
events += [(t, json.loads(d)) for t, _, d in (line.partition(" ") for line in sys.stdin.read().splitlines() if line)]
prev = "0" * 64
with open(os.path.join(folder, "log.jsonl"), "wb") as f:
    for n, (name, data) in enumerate(events, 1):
        line = json.dumps({"seq": n, "time": "2026-11-24T05:00:%02d.000Z" % (n % 60), "type": name, "prev": prev, "data": data},
                          separators=(",", ":")).encode()
        prev = hashlib.sha256(line).hexdigest()
        f.write(line + b"\n")
