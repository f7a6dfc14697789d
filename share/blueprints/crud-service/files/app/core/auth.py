"""The token: who may use the API.

One bearer token, from APP_TOKEN or a file that only its owner can read, made at first start.
The comparison takes the same time whatever is wrong. Wrong tokens are counted per address and
answered with 429 beyond a limit; the right one always passes, so that nobody behind the same
address can lock others out (a token of 256 bits is not found by guessing).
"""

import hashlib
import hmac
import os
import secrets
import stat
import threading
import time

from app.core.problem import Problem

MIN_LENGTH = 16
MAX_FAILURES = 10
WINDOW = 60.0
MAX_ADDRESSES = 1000


class TokenError(Exception):
    """The token cannot be used; the text says why and what to do."""


class Auth:
    def __init__(self, token, monotonic=time.monotonic):
        check_token(token)
        self._digest = hashlib.sha256(token.encode()).digest()
        self._monotonic = monotonic
        self._failures = {}
        self._lock = threading.Lock()

    def check(self, header, address):
        """Problem 401 or 429 unless this Authorization header carries the token."""
        scheme, _, given = (header or "").partition(" ")
        given = hashlib.sha256(given.strip().encode("utf-8", "replace")).digest()
        if hmac.compare_digest(given, self._digest) and scheme.lower() == "bearer":
            return
        wait = self._count(address) if header else 0
        if wait:
            raise Problem(429, "Too many wrong tokens; wait.",
                          headers=[("Retry-After", str(wait))])
        raise Problem(401, "A bearer token is needed: Authorization: Bearer TOKEN.",
                      headers=[("WWW-Authenticate", 'Bearer realm="app"')])

    def _count(self, address):
        """Note a wrong token; seconds to wait when there were too many."""
        now = self._monotonic()
        with self._lock:
            recent = [at for at in self._failures.get(address, ()) if now - at < WINDOW]
            if len(recent) >= MAX_FAILURES:
                self._failures[address] = recent
                return int(WINDOW - (now - recent[0])) + 1
            if address not in self._failures and len(self._failures) >= MAX_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))
            self._failures[address] = recent + [now]
            return 0


def check_token(token):
    if len(token) < MIN_LENGTH:
        raise TokenError("the token is shorter than %d characters; make one with: "
                         "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'" % MIN_LENGTH)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise TokenError("the token may hold printable ASCII characters only, without blanks")


def token_from_file(path):
    """(token, is it new): read from the file, which is made when it is absent."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _read(path), False
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    return token, True


def _read(path):
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise TokenError("%s is not a file" % path)
        if about.st_mode & 0o077:
            raise TokenError("%s can be read by others; run: chmod 600 %s" % (path, path))
        return file.read(4096).strip()
