"""The token: who gets in, and what others are told."""

import os
import stat
import tempfile
import unittest

from app.core.auth import Auth, TokenError, token_from_file
from app.core.problem import Problem
from tests.support import TOKEN, AppTest
from tests.widgets import entities


class TokenTest(AppTest):
    ENTITIES = staticmethod(entities)

    def test_without_the_token_nothing_is_told_or_done(self):
        for method, path in (("GET", "/api"), ("GET", "/api/widgets"), ("POST", "/api/widgets"),
                             ("GET", "/api/openapi.json"), ("GET", "/api/widgets/1"),
                             ("DELETE", "/api/widgets/1"), ("GET", "/nowhere"), ("PUT", "/api/x/1"),
                             ("POST", "/api/functions/f"), ("GET", "/api/widgets?limit=x")):
            answer = self.call(method, path, body={} if method != "GET" else None, token=None)
            self.assertEqual(answer.status, 401, path)
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
            self.assertNotIn("widget", answer.raw.decode())

    def test_a_wrong_token_is_refused(self):
        for header in ("Bearer", "Bearer ", "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x",
                       "Basic " + TOKEN, TOKEN, "Bearer \u00e9\u00ff"):
            answer = self.call("GET", "/api", HTTP_AUTHORIZATION=header)
            self.assertEqual(answer.status, 401, header)

    def test_the_scheme_is_read_in_any_case(self):
        self.assertEqual(self.call("GET", "/api", HTTP_AUTHORIZATION="bearer " + TOKEN).status, 200)

    def test_many_wrong_tokens_are_slowed_down_but_the_right_one_passes(self):
        statuses = [self.call("GET", "/api", token="wrong").status for _ in range(12)]
        self.assertEqual(statuses, [401] * 10 + [429] * 2)
        self.assertGreater(int(self.call("GET", "/api", token="wrong").headers["Retry-After"]), 0)
        self.assertEqual(self.call("GET", "/api", token="wrong", REMOTE_ADDR="10.0.0.9").status, 401)
        self.assertEqual(self.call("GET", "/api").status, 200)

    def test_health_and_the_page_need_no_token(self):
        for path in ("/health", "/", "/app.js", "/app.css"):
            self.assertEqual(self.call("GET", path, token=None).status, 200, path)


class AuthTest(unittest.TestCase):
    def test_after_a_while_wrong_tokens_are_looked_at_again(self):
        now = [0.0]
        auth = Auth(TOKEN, monotonic=lambda: now[0])
        for _ in range(10):
            with self.assertRaises(Problem):
                auth.check("Bearer wrong", "10.0.0.1")
        with self.assertRaises(Problem) as caught:
            auth.check("Bearer wrong", "10.0.0.1")
        self.assertEqual(caught.exception.status, 429)
        now[0] = 61.0
        with self.assertRaises(Problem) as caught:
            auth.check("Bearer wrong", "10.0.0.1")
        self.assertEqual(caught.exception.status, 401)

    def test_the_memory_of_wrong_tokens_is_bounded(self):
        auth = Auth(TOKEN)
        for at in range(1500):
            with self.assertRaises(Problem):
                auth.check("Bearer wrong", "10.0.%d.%d" % (at // 256, at % 256))
        self.assertLessEqual(len(auth._failures), 1000)

    def test_a_weak_token_is_refused(self):
        for token in ("", "short", "x" * 15, "with a blank inside", "caf\u00e9" * 10):
            with self.assertRaises(TokenError):
                Auth(token)


class TokenFileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="app-test-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "app.token")

    def test_it_is_made_once_for_its_owner_only(self):
        token, new = token_from_file(self.path)
        self.assertTrue(new)
        self.assertGreaterEqual(len(token), 40)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(token_from_file(self.path), (token, False))

    def test_one_that_others_can_read_is_refused_with_the_cure(self):
        token_from_file(self.path)
        os.chmod(self.path, 0o644)
        with self.assertRaisesRegex(TokenError, "chmod 600"):
            token_from_file(self.path)

    def test_a_link_is_not_followed(self):
        token_from_file(self.path)
        os.symlink(self.path, self.path + ".link")
        with self.assertRaises(OSError):
            token_from_file(self.path + ".link")
