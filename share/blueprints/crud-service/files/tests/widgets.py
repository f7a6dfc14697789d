"""Two small entities, to test the core without the application's own. Also a server:

    python3 -m tests.widgets DATA PORTFILE
"""

import logging
import sys

from app.core.entity import Entity
from app.core.fields import field
from app.core.server import Server, serve
from app.core.start import make_service

TOKEN = "a-token-for-tests-only"


def entities():
    maker = Entity("maker", "makers", [field("name", "text", required=True, unique=True)])
    widget = Entity("widget", "widgets", [
        field("name", "text", required=True),
        field("notes", "long_text"),
        field("count", "whole"),
        field("weight", "decimal"),
        field("price", "money"),
        field("made_on", "date"),
        field("opens", "time"),
        field("sold_at", "datetime"),
        field("fragile", "yes_no"),
        field("contact", "email"),
        field("phone", "phone"),
        field("page", "url"),
        field("state", "choice", choices=["new", "used"]),
        field("maker", "ref", ref="maker"),
    ])
    return [widget, maker]


def main(data, portfile):
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    server = Server(("127.0.0.1", 0), make_service("Widgets", entities(), data, TOKEN))
    with open(portfile + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    import os
    os.rename(portfile + ".new", portfile)
    serve(server)


if __name__ == "__main__":
    main(*sys.argv[1:])
