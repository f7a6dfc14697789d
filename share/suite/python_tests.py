"""Runs a project's Python tests inside the sandbox and reports each of them by name, as JSON lines.

Usage: python3 -I -B python_tests.py pytest|unittest TREE [ARGUMENT...]

The report goes to what was standard output; that descriptor is taken away (duplicated, not inheritable) before any code
of the project is loaded, and standard output becomes standard error: what tests print never mixes with the report. The
project's folder enters sys.path only after everything that this script needs was imported, so a json.py of the
project shadows nothing here. "pytest" falls back to unittest when pytest cannot be imported; unittest then runs plain
test functions too. Format: docs/formats/test-report.md. What this can hold and what not: docs/decisions/suite-trust.md.

SPDX-License-Identifier: Apache-2.0
"""
import faulthandler
import importlib
import inspect
import json
import os
import re
import sys
import time
import traceback
import unittest

MESSAGE_MAX = 6000
SKIPPED_FOLDERS = {"node_modules", "venv", "env", "build", "dist", "site-packages", "__pycache__"}


class Report:
    """JSON lines to a descriptor of our own; silent in children that a test forked."""

    def __init__(self):
        self.fd = os.dup(1)
        os.dup2(2, 1)
        self.pid = os.getpid()
        self.tests = 0

    def line(self, **what):
        if os.getpid() != self.pid:
            return
        data = (json.dumps(what) + "\n").encode()
        while data:
            data = data[os.write(self.fd, data):]

    def test(self, name, state, file=None, line=0, message=None, ms=0):
        self.tests += 1
        what = {"test": name, "state": state, "ms": int(ms)}
        if file:
            what["file"] = file
        if line:
            what["line"] = line
        if message:
            what["message"] = message if len(message) <= MESSAGE_MAX else (
                message[:MESSAGE_MAX // 2] + "\n[...]\n" + message[-MESSAGE_MAX // 2:])
        self.line(**what)


def beneath(tree, path):
    """The path relative to the tree, or None when it stands elsewhere (a library's)."""
    if not path or path[0] == "<" or "\0" in path:
        return None
    rel = os.path.relpath(os.path.realpath(path), tree)
    if rel.startswith("..") or any(p in ("site-packages", ".venv", "venv") for p in rel.split(os.sep)):
        return None
    return rel


def explained(head, places, file):
    """The exception, then the lines of the project that it came through; and the line in the test's own file."""
    text, line = head.strip(), 0
    for path, number, source in places[-12:]:
        text += f"\n  at {path}:{number}" + (f": {source.strip()}" if source and source.strip() else "")
    for path, number, _ in places:
        if path == file:
            line = number
    if not line and places and not file:
        line = places[-1][1]
    return text, line


def of_text(tree, text, file):
    """The same out of a traceback that is there as text only."""
    lines = [re.sub(r"^E\s{3,}", "", t) for t in text.strip().split("\n")]
    places = []
    for i, t in enumerate(lines):
        m = re.match(r'\s*File "(.+)", line (\d+)', t) or re.match(r"(\S+\.py):(\d+): ", t)
        where = beneath(tree, os.path.join(tree, m.group(1))) if m else None
        if where:
            places.append((where, int(m.group(2)), lines[i + 1] if i + 1 < len(lines) else ""))
    return explained(lines[-1], places, file)


# --- unittest -------------------------------------------------------------------------------------------------------

def of_exception(tree, kind, value, tb, file):
    head = traceback.format_exception_only(kind, value)
    head = head[-1] if isinstance(value, SyntaxError) else "".join(head)
    places = [(beneath(tree, f.filename), f.lineno, f.line) for f in traceback.extract_tb(tb)]
    if isinstance(value, SyntaxError) and value.filename:
        places.append((beneath(tree, value.filename), value.lineno or 0, value.text))
    return explained(head, [p for p in places if p[0]], file)


class Result(unittest.TestResult):
    def __init__(self, report, tree):
        super().__init__()
        self.report, self.tree, self.began, self.sub_failed = report, tree, 0.0, False

    def place(self, test):
        """Name and file of a test: tests/test_item.py::ItemTest::test_create."""
        if isinstance(test, NotImported):
            return test.file, test.file
        if isinstance(test, unittest.FunctionTestCase):
            function = test._testFunc
            file = beneath(self.tree, inspect.getsourcefile(function) or "")
            return f"{file}::{function.__name__}", file
        module = sys.modules.get(type(test).__module__)
        file = beneath(self.tree, getattr(module, "__file__", None) or "")
        method = getattr(test, "_testMethodName", None)
        if file and method:
            return f"{file}::{type(test).__qualname__}::{method}", file
        return test.id(), None

    def tell(self, test, state, err=None, message=None):
        name, file = self.place(test)
        line = 0
        if isinstance(test, NotImported):
            message, line = of_exception(self.tree, *test.why, file)
        elif type(test).__name__ == "_FailedTest":  # discovery could not import it and kept the text only
            text = str(getattr(test, "_exception", ""))
            name = file = module_file(test.id().split(".", 3)[-1], text)
            message, line = of_text(self.tree, text, file)
        elif err:
            message, line = of_exception(self.tree, *err, file)
        if not file:
            m = re.match(r"(?:setUp|tearDown)(?:Class|Module) \((.+)\)", name)
            parts = m.group(1).split(".") if m else []
            for n in range(len(parts), 0, -1):
                if beneath(self.tree, getattr(sys.modules.get(".".join(parts[:n])), "__file__", None) or ""):
                    file = beneath(self.tree, sys.modules[".".join(parts[:n])].__file__)
                    break
        self.report.test(name, state, file, line, message, (time.monotonic() - self.began) * 1000 if self.began else 0)

    def startTest(self, test):
        super().startTest(test)
        self.began, self.sub_failed = time.monotonic(), False
        self.report.line(start=self.place(test)[0])

    def addSuccess(self, test):
        self.tell(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, "failed", err)

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, "error", err)

    def addSkip(self, test, reason):
        self.tell(test, "skipped", message=str(reason))

    def addExpectedFailure(self, test, err):
        self.tell(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.tell(test, "failed", message="it was expected to fail and passed")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            name, file = self.place(test)
            message, line = of_exception(self.tree, *err, file)
            self.report.test(name, "failed" if issubclass(err[0], test.failureException) else "error", file, line,
                             f"{subtest._subDescription()}: {message}")


def test_files(tree):
    for at, folders, files in os.walk(tree):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS)
        for f in sorted(files):
            if f.endswith(".py") and (f.startswith("test") or f.endswith("_test.py")):
                yield os.path.relpath(os.path.join(at, f), tree)


def module_file(name, text):
    """The file of a module that discovery could not import: by its name, else the first path in the text that fits."""
    file = name.replace(".", os.sep) + ".py"
    fitting = [p for p in re.findall(r'File "([^"]+)"', text) if p.endswith(os.sep + file)]
    return beneath(os.getcwd(), fitting[0]) or file if fitting and not os.path.exists(file) else file


class NotImported(unittest.TestCase):
    """Stands for a file that could not be loaded."""

    def __init__(self, file, why):
        super().__init__("runTest")
        self.file, self.why = file, why

    def runTest(self):
        raise self.why[1] if isinstance(self.why[1], Exception) else RuntimeError(repr(self.why[1]))


class Loader(unittest.TestLoader):
    """Takes files and ids (tests/test_item.py::ItemTest::test_create) beside dotted names; plain functions if asked."""
    functions = False

    def loadTestsFromName(self, name, module=None):
        file, _, rest = name.partition("::")
        if not file.endswith(".py"):
            return super().loadTestsFromName(name, module)
        file = os.path.normpath(file)
        folder = os.path.abspath(os.path.dirname(file))
        if folder not in sys.path:
            sys.path.append(folder)
        try:
            loaded = importlib.import_module(file[:-3].replace(os.sep, "."))
        except (Exception, SystemExit):
            return self.suiteClass([NotImported(file, sys.exc_info())])
        return super().loadTestsFromName(rest.replace("::", "."), loaded) if rest else self.loadTestsFromModule(loaded)

    def loadTestsFromModule(self, module, *args, **keys):
        suite = super().loadTestsFromModule(module, *args, **keys)
        if self.functions:
            for name, f in sorted(vars(module).items()):
                if name.startswith("test") and inspect.isfunction(f) and f.__module__ == module.__name__:
                    suite.addTest(unittest.FunctionTestCase(f))
        return suite


class Runner:
    report = tree = None

    def run(self, test):
        result = Result(self.report, self.tree)
        test(result)
        return result


def run_unittest(report, tree, args, functions):
    report.line(runner="unittest", version="%d.%d.%d" % sys.version_info[:3])
    Runner.report, Runner.tree = report, tree
    Loader.functions = functions
    args = [a for a in args if a not in ("-v", "-q", "--verbose", "--quiet", "-b", "--buffer")]
    if not args:
        args = list(test_files(tree))
        if not args:
            return 5
    if args[0] == "discover" or any(a.startswith("-") for a in args):
        result = unittest.TestProgram(module=None, argv=["unittest"] + args, testRunner=Runner(), testLoader=Loader(),
                                      exit=False, verbosity=0).result
    else:
        result = Runner().run(Loader().loadTestsFromNames(args))
    if report.tests == 0:
        return 5
    return 0 if result.wasSuccessful() else 1


# --- pytest ---------------------------------------------------------------------------------------------------------

class Plugin:
    def __init__(self, report, tree):
        self.report, self.tree = report, tree

    def pytest_runtest_logstart(self, nodeid, location):
        self.report.line(start=nodeid)

    def explain(self, longrepr, file):
        crash = getattr(longrepr, "reprcrash", None)
        if crash is None:
            if isinstance(longrepr, tuple):
                return str(longrepr[2]), 0
            return of_text(self.tree, str(longrepr), file)
        places = []
        for entry in getattr(longrepr.reprtraceback, "reprentries", []):
            at = getattr(entry, "reprfileloc", None)
            where = beneath(self.tree, os.path.join(self.tree, at.path)) if at else None
            if where:
                source = [s for s in entry.lines if s.strip() and not s.startswith("E ")]
                places.append((where, at.lineno, source[-1] if source else ""))
        return explained(crash.message, places, file)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            state = {"passed": "passed", "failed": "failed", "skipped": "skipped"}.get(report.outcome)
            if state is None:  # a rerun of some plugin: its last outcome counts
                return
            if report.when != "call" and state == "failed":
                state = "error"
            file, line, message = report.nodeid.split("::")[0], 0, None
            if hasattr(report, "wasxfail"):
                message = str(report.wasxfail)
            elif state != "passed":
                message, line = self.explain(report.longrepr, file)
            self.report.test(report.nodeid, state, file, line, message, report.duration * 1000)

    def pytest_collectreport(self, report):
        if report.failed:
            file = report.nodeid.split("::")[0]
            message, line = self.explain(report.longrepr, file)
            self.report.test(report.nodeid or "collection", "error", file or None, line, message)
        elif report.skipped:
            self.report.test(report.nodeid, "skipped", report.nodeid.split("::")[0], 0,
                             self.explain(report.longrepr, "")[0])


def run_pytest(pytest, report, tree, args):
    report.line(runner="pytest", version=pytest.__version__)
    return int(pytest.main(["--rootdir=" + tree, "-p", "no:cacheprovider", "--color=no", "--tb=short",
                            "--continue-on-collection-errors"] + args,
                           plugins=[Plugin(report, tree)]))


def main():
    report = Report()
    faulthandler.enable(2)
    runner, tree, args = sys.argv[1], os.path.realpath(sys.argv[2]), sys.argv[3:]
    pytest = None
    if runner == "pytest":
        try:
            pytest = importlib.import_module("pytest")
        except ImportError:
            pytest = None
    sys.argv[:] = [runner] + args
    os.chdir(tree)
    sys.path.insert(0, tree)
    status = run_pytest(pytest, report, tree, args) if pytest else run_unittest(report, tree, args, runner == "pytest")
    sys.stdout.flush()
    report.line(end=report.tests, status=status)
    sys.exit(status)


if __name__ == "__main__":
    main()
