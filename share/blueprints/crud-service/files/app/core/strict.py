"""Strict JSON: what two readers could understand differently is refused.

Python's json module takes doubled keys (the last wins), NaN and Infinity, numbers of any
length, and recurses as deep as it is told. A body that passes here means one thing only.
Fractions become Decimal, so that 0.1 stays 0.1.
"""

import json
from decimal import Decimal

from app.core.problem import Problem

MAX_BODY = 64 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 40


def _no_doubled_keys(pairs):
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError("the key %s stands twice" % json.dumps(key[:60]))
        seen[key] = value
    return seen


def _no_constant(name):
    raise ValueError("%s is not JSON" % name)


def _whole(digits):
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number has more than %d digits" % MAX_DIGITS)
    return int(digits)


def _fraction(digits):
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number has more than %d digits" % MAX_DIGITS)
    value = Decimal(digits)
    if abs(value.adjusted()) > MAX_DIGITS:
        raise ValueError("a number is out of range")
    return value


def _check_depth(text):
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("it is nested deeper than %d" % MAX_DEPTH)
        elif char in "]}":
            depth -= 1


def read_object(raw):
    """The JSON object in these bytes; Problem 400 when it is anything else."""
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("it starts with a byte order mark")
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(text)
        value = json.loads(
            text,
            object_pairs_hook=_no_doubled_keys,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except UnicodeDecodeError:
        raise Problem(400, "The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Problem(400, "The body is not JSON: %s at line %d, column %d."
                      % (error.msg, error.lineno, error.colno)) from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Problem(400, "The body is refused: %s." % error) from None
    if not isinstance(value, dict):
        raise Problem(400, "The body must be a JSON object.")
    return value
