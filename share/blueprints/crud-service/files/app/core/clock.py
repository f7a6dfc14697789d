"""The clock, in one place, so that tests can set it."""

import datetime

_fixed = None


def now():
    """Local time, without zone: what people write into date and time fields."""
    return _fixed or datetime.datetime.now()


def stamp():
    """UTC for created_at and updated_at."""
    moment = _fixed or datetime.datetime.now(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def fix(moment):
    """Let time stand still at this datetime; None lets it run again. For tests."""
    global _fixed
    _fixed = moment
