"""Putting it together: from a data file and a token to a service."""

from app.core import functions as functions_module
from app.core.auth import Auth
from app.core.entity import link
from app.core.records import Records
from app.core.store import Store
from app.core.web import Service


def make_service(title, entities, path, token, functions=None):
    """The WSGI application over this data file. `entities` is a list, in any order."""
    linked = link(entities)
    functions = dict(functions or {})
    functions_module.attach(functions, linked)
    store = Store(path, linked)
    return Service(title, linked, Records(store, linked), functions, Auth(token))
