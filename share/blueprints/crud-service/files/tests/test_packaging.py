"""What is around the code: image, CI, README, ignored files."""

import os
import re
import unittest

from app import entities, functions as functions_package
from app.core import functions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class ImageTest(unittest.TestCase):
    def setUp(self):
        self.lines = [line.strip() for line in read("Dockerfile").splitlines()]

    def test_it_runs_as_nobody_in_particular_and_never_as_root(self):
        users = [line.split()[1] for line in self.lines if line.startswith("USER ")]
        self.assertTrue(users)
        self.assertRegex(users[-1], r"^[1-9][0-9]{3,}(:[1-9][0-9]{3,})?$")
        self.assertLess(self.lines.index("USER " + users[-1]),
                        max(at for at, line in enumerate(self.lines) if line.startswith("CMD [")))

    def test_it_installs_nothing_from_the_network(self):
        self.assertNotRegex(read("Dockerfile"), r"(?i)\b(pip|apt-get|apk|curl|wget|ADD)\b")

    def test_it_holds_no_secret(self):
        self.assertNotRegex(read("Dockerfile"), r"(?i)(APP_TOKEN=|password|secret)")

    def test_it_has_a_health_check_and_a_volume(self):
        for word in ("HEALTHCHECK", "VOLUME", "EXPOSE"):
            self.assertTrue(any(line.startswith(word) for line in self.lines), word)

    def test_data_and_tokens_stay_out_of_it(self):
        ignored = read(".dockerignore").split()
        for name in (".git", "data", "*.db", "*.token", ".env"):
            self.assertIn(name, ignored)


class RepositoryTest(unittest.TestCase):
    def test_data_and_tokens_are_ignored(self):
        ignored = read(".gitignore").split()
        for name in ("data/", "*.db", "*.token", ".env", "__pycache__/"):
            self.assertIn(name, ignored)

    def test_ci_runs_the_tests_with_least_rights_and_pinned_actions(self):
        ci = read(".github", "workflows", "ci.yml")
        self.assertIn("python3 -m unittest discover -s tests -t .", ci)
        self.assertRegex(ci, r"(?m)^permissions:\n  contents: read$")
        self.assertNotIn("write", ci)
        self.assertNotIn("pull_request_target", ci)
        uses = re.findall(r"uses: *(\S+)", ci)
        self.assertTrue(uses)
        for action in uses:
            self.assertRegex(action, r"@[0-9a-f]{40}$")

    def test_no_file_looks_like_a_secret(self):
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in (
                "__pycache__", "data", "tests")]
            for name in files:
                if name.endswith((".py", ".md", ".yml", ".json", ".js")):
                    self.assertNotRegex(read(os.path.relpath(os.path.join(folder, name), ROOT)),
                                        r"BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30}")


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.text = read("README.md")

    def says(self, words):
        self.assertTrue(words in self.text, "README.md does not say: " + words)

    def test_it_says_how_to_run_and_test(self):
        for words in ("python3 -m app", "python3 -m unittest discover -s tests -t .", "docker build"):
            self.says(words)

    def test_it_names_every_route(self):
        for route in ("GET /health", "GET /api`", "GET /api/openapi.json"):
            self.says(route)
        for entity in entities.load():
            path = "/api/" + entity.plural
            for route in ("GET " + path, "POST " + path, "GET %s/{id}" % path, "PUT %s/{id}" % path,
                          "PATCH %s/{id}" % path, "DELETE %s/{id}" % path):
                self.says(route)
            if entity.numbers():
                self.says("POST %s/{id}/adjust" % path)
        for name in functions.load(functions_package.__name__):
            self.says("`%s`" % name)

    def test_it_names_every_field_and_every_rule(self):
        for entity in entities.load():
            for name in entity.fields:
                self.says("`%s`" % name)
            for rule in entity.rules:
                self.says("tests/test_rule_%s.py" % rule.id.replace("-", "_"))

    def test_it_says_who_wrote_what(self):
        self.says("Whose lines are whose")
        self.assertTrue(os.path.exists(os.path.join(ROOT, "AGENTS.md")))
