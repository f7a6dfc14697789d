"""A real server process: what it acknowledged is there after a kill, and it stops when told."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from app.core.start import make_service
from tests.support import call_app
from tests.widgets import TOKEN, entities

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def wait_for(path, process, seconds=10):
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError("the server did not start")
        time.sleep(0.01)
    with open(path) as file:
        return int(file.read())


class ProcessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="app-test-")
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, "data", "app.db")
        self.portfile = os.path.join(folder.name, "port")

    def start(self):
        if os.path.exists(self.portfile):
            os.unlink(self.portfile)
        process = subprocess.Popen([sys.executable, "-m", "tests.widgets", self.data, self.portfile],
                                   cwd=ROOT, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, wait_for(self.portfile, process)

    def ask(self, port, method, path, body=None):
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (port, path), method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def test_acknowledged_records_survive_kill_9_and_sigterm_stops_in_order(self):
        process, port = self.start()
        made = [self.ask(port, "POST", "/api/widgets", {"name": "Widget %d" % at}) for at in range(5)]
        process.kill()
        process.wait()
        process, port = self.start()
        self.assertEqual(self.ask(port, "GET", "/api/widgets")["items"], made)
        self.assertEqual(self.ask(port, "PATCH", "/api/widgets/1", {"name": "New"})["version"], 2)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=10), 0)


class FileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="app-test-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "new", "app.db")

    def test_the_data_is_private_to_its_owner(self):
        app = make_service("Test", entities(), self.path, TOKEN)
        self.addCleanup(app.records.store.close)
        self.assertEqual(os.stat(self.path).st_mode & 0o077, 0)
        self.assertEqual(os.stat(os.path.dirname(self.path)).st_mode & 0o077, 0)

    def test_a_field_added_later_is_added_to_the_data(self):
        older = entities()
        del older[0].fields["notes"]
        app = make_service("Test", older, self.path, TOKEN)
        self.assertEqual(call_app(app, "POST", "/api/widgets", {"name": "Old"}).status, 201)
        app.records.store.close()
        app = make_service("Test", entities(), self.path, TOKEN)
        self.addCleanup(app.records.store.close)
        self.assertIsNone(call_app(app, "GET", "/api/widgets/1").json["notes"])
        self.assertEqual(call_app(app, "PATCH", "/api/widgets/1", {"notes": "n"}).status, 200)
