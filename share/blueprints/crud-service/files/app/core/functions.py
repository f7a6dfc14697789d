"""Functions: small pure calculations, one in each file of app/functions.

Free functions are called at POST /api/functions/NAME, and become computed fields of an entity
when all their arguments are fields of it. A catalogue function belongs to one entity: `label`
(one line about a record), `totals` (a summary of many). What a function does at run time never
breaks a request: too many steps, too long, an exception or an odd result give null and a line
in the log.
"""

import decimal
import importlib
import logging
import math
import pkgutil
import sys
import time

from app.core.problem import Invalid, Problem

log = logging.getLogger("app.functions")

MAX_STEPS = 200000
MAX_SECONDS = 1.0
MAX_RECORDS = 5000
MAX_TEXT = 10000

NUMBER_TYPES = ("whole", "decimal", "money", "number", "integer")


class Function:
    def __init__(self, name, call, arguments, what="", entity=None, kind="free"):
        self.name = name
        self.call = call
        self.arguments = dict(arguments)
        self.what = what
        self.entity = entity
        self.kind = kind
        self.computed = False

    def of_record(self, record):
        """As a computed field: null when a field it needs is empty."""
        if self.kind == "label":
            return bounded(self, [dict(record)])
        values = [record.get(name) for name in self.arguments]
        return None if None in values else bounded(self, values)

    def of_body(self, body):
        """As POST /api/functions/NAME."""
        errors, values = [], []
        for key in body:
            if key not in self.arguments:
                errors.append({"field": key[:100], "reason": "is not known"})
        for name, type_name in self.arguments.items():
            try:
                values.append(argument(body, name, type_name))
            except Invalid as error:
                errors.append({"field": name, "reason": str(error)})
        if errors:
            raise Problem(422, "Some arguments are not right: %s."
                          % ", ".join(error["field"] for error in errors[:20]), errors[:50])
        return bounded(self, values)


def argument(body, name, type_name):
    if name not in body:
        raise Invalid("is required")
    value = body[name]
    if isinstance(value, decimal.Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if type_name in NUMBER_TYPES:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Invalid("must be a number")
        if type_name in ("whole", "integer") and not isinstance(value, int):
            raise Invalid("must be a whole number")
        if abs(value) > 1e12:
            raise Invalid("is out of range")
    elif type_name in ("yes_no", "boolean"):
        if not isinstance(value, bool):
            raise Invalid("must be true or false")
    elif type_name in ("list", "array", "records"):
        if not isinstance(value, list) or len(value) > 1000:
            raise Invalid("must be a list of at most 1000")
        return [plain(item) for item in value]
    elif not isinstance(value, str):
        raise Invalid("must be text")
    elif len(value) > MAX_TEXT:
        raise Invalid("is longer than %d characters" % MAX_TEXT)
    return value


class _TooLong(BaseException):
    """Not an Exception, so that the function's own handlers do not catch it."""


def bounded(function, values):
    """The result, or None when the function fails, takes too long or gives something odd."""
    steps, end = [0], time.monotonic() + MAX_SECONDS

    def watch(frame, event, arg):
        steps[0] += 1
        if steps[0] > MAX_STEPS or (steps[0] % 256 == 0 and time.monotonic() > end):
            raise _TooLong()
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        result = function.call(*values)
    except _TooLong:
        result = _failed(function, "it takes too long")
    except Exception as error:  # whatever it is, the request goes on
        result = _failed(function, type(error).__name__)
    finally:
        sys.settrace(before)
    try:
        return plain(result)
    except ValueError as error:
        return _failed(function, str(error))


def _failed(function, why):
    log.warning("function %s gave no result: %s", function.name, why)


def plain(value, depth=0):
    """The value as JSON can carry it; ValueError when it cannot."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > 2 ** 53:
            raise ValueError("a number out of range")
        return value
    if isinstance(value, (float, decimal.Decimal)):
        value = float(value)
        if not math.isfinite(value):
            raise ValueError("a number that is not finite")
        value = round(value, 6)
        return int(value) if value == int(value) and abs(value) < 2 ** 53 else value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError("a text that is too long")
        return value.encode("utf-8", "replace").decode("utf-8")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if depth >= 6 or not isinstance(value, (list, tuple, dict)) or len(value) > 1000:
        raise ValueError("a %s that is not plain data" % type(value).__name__)
    if isinstance(value, dict):
        return {str(key)[:200]: plain(item, depth + 1) for key, item in value.items()}
    return [plain(item, depth + 1) for item in value]


def load(package="app.functions"):
    """The functions in the package. A file that cannot be loaded is left out and logged."""
    found = {}
    folder = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda m: m.name):
        try:
            code = importlib.import_module("%s.%s" % (package, module.name))
            found[module.name] = Function(
                module.name, getattr(code, module.name), code.ARGUMENTS,
                (getattr(code, module.name).__doc__ or "").strip(), code.ENTITY, code.KIND)
        except Exception as error:
            log.error("function %s is left out: %s", module.name, type(error).__name__)
    return found


def attach(functions, entities):
    """Give each entity its own functions; the free ones stay callable by name as well."""
    for entity in entities.values():
        entity.functions = []
    for function in functions.values():
        for entity in entities.values():
            if function.kind in ("label", "totals"):
                mine = function.entity == entity.name
            else:
                mine = (function.entity in (None, entity.name) and bool(function.arguments)
                        and all(name in entity.fields and fits(entity.fields[name], type_name)
                                for name, type_name in function.arguments.items()))
            if mine and function.name not in entity.fields:
                function.computed = function.kind != "totals"
                entity.functions.append(function)


def fits(field, type_name):
    """Can a value of this field be an argument of that type?"""
    if type_name in NUMBER_TYPES:
        return field.number
    if type_name in ("yes_no", "boolean"):
        return field.type == "yes_no"
    return not field.number and field.type not in ("yes_no", "ref")
