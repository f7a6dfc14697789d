"""What the tests share: a service over a fresh data file, called without a socket.

Records for a test come from the test file itself; here they are given fresh parents and
values that are unique, so that one test's records never stand in each other's way.
"""

import datetime
import io
import itertools
import json
import os
import shutil
import tempfile
import threading
import unittest

from app import entities as entities_package
from app.core import clock, functions
from app.core.rules import FINISHED, FINISHED_FLAGS
from app.core.start import make_service
from app.core.store import Store

Store.synchronous = "OFF"  # what a power cut would lose is not what these tests are about
TOKEN = "a-token-for-tests-only"
TODAY = datetime.datetime(2044, 2, 1, 9, 0)
JSON = "application/json"


class Answer:
    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = headers
        self.raw = raw

    @property
    def json(self):
        return json.loads(self.raw.decode("utf-8"))

    def rules(self):
        """The ids of the rules that said no."""
        return [error.get("rule") for error in self.json.get("errors", [])]

    def fields(self):
        """The fields that are at fault."""
        return [error.get("field") for error in self.json.get("errors", [])]

    def __repr__(self):
        return "%s %s" % (self.status, self.raw[:500].decode("utf-8", "replace"))


def call_app(app, method, path, body=None, headers=None, raw=None, token=TOKEN, **environ):
    """One request to a WSGI application."""
    path, _, query = path.partition("?")
    if raw is None and body is not None:
        raw = json.dumps(body).encode("utf-8")
    request = {
        "REQUEST_METHOD": method, "PATH_INFO": path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(raw or b""),
    }
    if raw is not None:
        request["CONTENT_TYPE"] = JSON
        request["CONTENT_LENGTH"] = str(len(raw))
    if token is not None:
        request["HTTP_AUTHORIZATION"] = "Bearer " + token
    request.update(headers or {})
    request.update(environ)
    answer = {}

    def start_response(line, given):
        answer["status"], answer["headers"] = int(line.split()[0]), dict(given)

    chunks = app({key: value for key, value in request.items() if value is not None},
                 start_response)
    return Answer(answer["status"], answer["headers"], b"".join(chunks))


class AppTest(unittest.TestCase):
    """A test with a service of its own. ENTITIES: None for the application's."""

    ENTITIES = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="app-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        clock.fix(TODAY)
        self.addCleanup(clock.fix, None)
        self.app = self.make_app(os.path.join(self.folder, "app.db"))
        self.addCleanup(self.app.records.store.close)
        self.count = itertools.count(1)

    def make_app(self, path):
        if self.ENTITIES is None:
            return make_service("Test", entities_package.load(), path, TOKEN, functions.load())
        return make_service("Test", self.ENTITIES(), path, TOKEN)

    def call(self, method, path, body=None, **more):
        return call_app(self.app, method, path, body, **more)

    def entity(self, name):
        return next(e for e in self.app.entities.values() if e.name == name)

    def field(self, name, field):
        return self.entity(name).fields[field]

    def rule(self, name, rule_id):
        found = [rule for rule in self.entity(name).rules if rule.id == rule_id]
        self.assertTrue(found, "the rule %s is not there" % rule_id)
        return found[0]

    # -- records

    def complete(self, name, record, needs, /, **changes):
        """The record with fresh parents and unique values, ready to be sent."""
        parents = {}

        def resolved(values):
            return {key: parents.get(value["$ref"]) if isinstance(value, dict) else value
                    for key, value in values.items()}

        wanted = {value["$ref"] for key, value in record.items()
                  if isinstance(value, dict) and changes.get(key) is None}
        for need in reversed(needs):
            if need["as"] in wanted:
                wanted.update(value["$ref"] for value in need["record"].values()
                              if isinstance(value, dict))
        for need in needs:
            if need["as"] in wanted:
                parents[need["as"]] = self.must_create(
                    need["entity"], self.varied(need["entity"], resolved(need["record"])))["id"]
        made = self.varied(name, resolved(record))
        made.update(changes)
        return made

    def varied(self, name, record):
        """The record with another value in each field that must be unique."""
        entity = self.entity(name)
        unique = {field.name for field in entity.fields.values() if field.unique}
        for rule in entity.rules:
            if rule.kind == "unique":
                free = [n for n in rule.fields if entity.fields[n].type not in ("ref", "choice", "yes_no")]
                unique.update(free[:1])
            if rule.kind == "no_overlap":
                record = self.moved(rule, record, days=next(self.count))
        varied = dict(record)
        for field in unique:
            if record.get(field) is not None:
                varied[field] = self.other(entity.fields[field], record[field], next(self.count))
        return varied

    def alone(self, name, body, field):
        """The body without numbers that a rule compares with this one, so that it can be anything."""
        changed = dict(body)
        for rule in self.entity(name).rules:
            if rule.kind in ("order", "not_before") and field in (rule.first, rule.second):
                other = rule.first if field == rule.second else rule.second
                changed[other] = None
                if self.field(name, other).required:
                    steps = 0 if rule.kind == "not_before" else -1 if field == rule.second else 1
                    changed[other] = body[field] + steps
        return changed

    def other(self, field, value, number):
        """Another value of this field: the number-th."""
        if field.type in ("text", "long_text"):
            return "%s %d" % (value[:180], number)
        if field.type == "email":
            return "n%d.%s" % (number, value)
        if field.type == "url":
            return "%s%sn=%d" % (value, "&" if "?" in value else "?", number)
        if field.type == "phone":
            return "+4930%07d" % number
        if field.type in ("date", "time", "datetime"):
            return later(value, days=number) if field.type != "time" else later(value, minutes=number)
        return value + number if field.number else value

    def moved(self, rule, record, days=0, minutes=0):
        """The record at another time, for a no_overlap rule."""
        moved = dict(record)
        if days and rule.day and record.get(rule.day):
            moved[rule.day] = later(record[rule.day], days=days)
            return moved
        for name in [rule.start] if rule.minutes else [rule.start, rule.end]:
            if record.get(name) is not None:
                moved[name] = later(record[name], days=days, minutes=minutes)
        return moved

    def another_value(self, name, field, record, record_template, needs):
        """A value of this field that differs from the record's."""
        about = self.field(name, field)
        if about.type == "ref":
            return self.complete(name, record_template, needs)[field]
        if about.type == "choice":
            return next(choice for choice in about.choices if choice != record[field])
        if about.type == "yes_no":
            return not record[field]
        return self.other(about, record[field], 1)

    def must_create(self, name, record):
        answer = self.call("POST", "/api/" + self.entity(name).plural, record)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def create(self, name, record, needs, /, **changes):
        return self.must_create(name, self.complete(name, record, needs, **changes))

    def try_create(self, name, record):
        return self.call("POST", "/api/" + self.entity(name).plural, record)

    def try_change(self, name, record, /, **changes):
        return self.call("PATCH", "/api/%s/%d" % (self.entity(name).plural, record["id"]), changes)

    # -- what rule tests need

    def refused_by(self, answer, rule_id):
        self.assertEqual(answer.status, 409, answer)
        self.assertIn(rule_id, answer.rules(), answer)

    def not_refused_by(self, answer, rule_id):
        """Done, or held up by another rule: this one has nothing against it."""
        if answer.status != 409:
            self.assertIn(answer.status, (200, 201, 204), answer)
        elif answer.json.get("errors"):
            self.assertNotIn(rule_id, answer.rules(), answer)

    def step(self, name, field):
        """The smallest step of a number field."""
        return {"whole": 1, "money": 0.01, "decimal": 0.000001}[self.field(name, field).type]

    def open_values(self, name, field, is_open):
        """Field values that make a record open or finished, by the meaning of its field."""
        about = self.field(name, field)
        if about.type == "choice":
            return {field: next(c for c in about.choices if (c in FINISHED) != is_open)}
        if about.type == "yes_no":
            ends = field.replace("is_", "", 1) in FINISHED_FLAGS
            return {field: ends != is_open}
        if is_open:
            return {field: None}
        return {field: "2044-12-20T10:00" if about.type == "datetime" else "2044-12-20"}

    def at_once(self, *calls):
        """The answers of calls made by threads at the same moment."""
        barrier = threading.Barrier(len(calls))
        answers = [None] * len(calls)

        def run(at):
            barrier.wait()
            answers[at] = calls[at]()

        threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def one_wins(self, answers, won=201):
        statuses = sorted(answer.status for answer in answers)
        self.assertEqual(statuses, [won] + [409] * (len(answers) - 1), answers)


def near(about, value, steps):
    """The value some steps later (or earlier): days, minutes or the smallest number step."""
    if about.number:
        return value + steps
    if about.type == "date":
        return later(value, days=steps)
    return later(value, minutes=steps)


def as_type(about, value):
    """A date as a datetime, or the other way round."""
    if about.type == "date":
        return value[:10]
    return value + "T00:00" if about.type == "datetime" and len(value) == 10 else value


def later(value, days=0, minutes=0):
    """A date, time of day or datetime some days and minutes later."""
    form = "%Y-%m-%dT%H:%M" if "T" in value else "%H:%M" if ":" in value else "%Y-%m-%d"
    if form == "%Y-%m-%d":
        days += (minutes + 1439) // 1440 if minutes > 0 else minutes // 1440
        minutes = 0
    moment = datetime.datetime.strptime(value, form)
    return (moment + datetime.timedelta(days=days, minutes=minutes)).strftime(form)
