"""python3 -m app: serve on 127.0.0.1:8000."""

import argparse
import logging
import os
import sqlite3
import sys

from app import entities
from app.about import TITLE
from app.core import functions
from app.core.auth import TokenError, token_from_file
from app.core.server import Server, serve
from app.core.start import make_service


def options(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m app", description=TITLE)
    parser.add_argument("--host", default=os.environ.get("APP_HOST", "127.0.0.1"),
                        help="address to listen on (APP_HOST; 127.0.0.1)")
    parser.add_argument("--port", type=int, default=os.environ.get("APP_PORT", "8000"),
                        help="port to listen on, 0 for any free one (APP_PORT; 8000)")
    parser.add_argument("--data", metavar="FILE", default=os.environ.get("APP_DATA", "data/app.db"),
                        help="SQLite file (APP_DATA; data/app.db)")
    parser.add_argument("--token-file", metavar="FILE", default=os.environ.get("APP_TOKEN_FILE"),
                        help="file with the token, made at first start (APP_TOKEN_FILE; beside "
                             "the data); APP_TOKEN, when set, is the token itself")
    return parser.parse_args(arguments)


def find_token(asked):
    """APP_TOKEN, or the token file's; a new token is shown once, on a terminal only."""
    if os.environ.get("APP_TOKEN"):
        return os.environ.pop("APP_TOKEN")
    path = asked.token_file or os.path.splitext(asked.data)[0] + ".token"
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    token, new = token_from_file(path)
    print("token file: %s%s" % (path, " (new)" if new else ""), file=sys.stderr)
    if new and sys.stderr.isatty():
        print("token, shown this once: %s" % token, file=sys.stderr)
    return token


def main(arguments=None):
    asked = options(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO,
                        format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        service = make_service(TITLE, entities.load(), asked.data, find_token(asked),
                               functions.load())
        server = Server((asked.host, asked.port), service)
    except (TokenError, OSError, OverflowError, sqlite3.Error) as error:
        print("app: cannot start: %s" % error, file=sys.stderr)
        return 1
    host, port = server.server_address[:2]
    print("%s is at http://%s:%d/" % (TITLE, "[%s]" % host if ":" in host else host, port),
          file=sys.stderr, flush=True)
    serve(server)
    service.records.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
