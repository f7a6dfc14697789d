"""The entities: each file in this folder says what one kind of record is, as ENTITY.

A new file is found by itself; `load` gives the entities in the order of their names.
"""

import importlib
import pkgutil


def load():
    return [importlib.import_module("%s.%s" % (__name__, module.name)).ENTITY
            for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name)]
