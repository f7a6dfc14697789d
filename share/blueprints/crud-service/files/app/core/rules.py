"""Rules: what must hold beyond the shape of one value. Each kind is a class with parameters.

A rule is asked inside the transaction that writes (see store.py), so what it counts cannot
change before the write is done: of two requests at once that may not both succeed, one does.
It says no by raising Refused with the field and a reason in words; `words` are the user's own.

To add a kind: a subclass with `kind`, `bind` (check the parameters once, at start) and `check`.
"""

import datetime

from app.core import clock
from app.core.problem import Refused
from app.core.store import quoted

# How the end of something is named: tells an open record from a finished one.
FINISHED = frozenset((
    "returned", "closed", "done", "finished", "completed", "complete", "cancelled", "canceled",
    "ended", "checked_in", "resolved", "archived", "delivered", "rejected", "no_show", "withdrawn",
    "dropped", "settled",
))
FINISHED_FLAGS = FINISHED | {"paid", "expired", "inactive", "released"}  # as a yes/no field


class Rule:
    kind = ""

    def __init__(self, id, words):
        self.id = id
        self.words = words
        self.entity = None

    def bind(self, entity, by_name):
        """Called once at start. A parameter that does not fit is a fault of the program."""
        self.entity = entity

    def check(self, write):
        raise NotImplementedError

    def field(self, name):
        return self.entity.fields[name]

    def title(self, name):
        return self.field(name).title.lower()

    def refuse(self, name, reason):
        raise Refused(name, reason)


class NeverBelow(Rule):
    kind = "never_below"

    def __init__(self, id, words, field, min=0):
        super().__init__(id, words)
        self.name, self.min = field, min

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.least = self.field(self.name).parse(self.min)

    def check(self, write):
        if write.after is None or write.after[self.name] is None:
            return
        if write.after[self.name] < self.least:
            self.refuse(self.name, "must not go below %s" % self.min)


class NeverAbove(Rule):
    kind = "never_above"

    def __init__(self, id, words, field, max):
        super().__init__(id, words)
        self.name, self.max = field, max

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.most = self.field(self.name).parse(self.max)

    def check(self, write):
        if write.after is None or write.after[self.name] is None:
            return
        if write.after[self.name] > self.most:
            self.refuse(self.name, "must not go above %s" % self.max)


class Above(Rule):
    """Strictly more than a number: "must be positive"."""

    kind = "above"

    def __init__(self, id, words, field, min=0):
        super().__init__(id, words)
        self.name, self.min = field, min

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.least = self.field(self.name).parse(self.min)

    def check(self, write):
        if write.after is None or write.after[self.name] is None:
            return
        if write.after[self.name] <= self.least:
            self.refuse(self.name, "must be more than %s" % self.min)


class Unique(Rule):
    """No two records have the same value, or the same set of values, in these fields."""

    kind = "unique"

    def __init__(self, id, words, fields, within=()):
        super().__init__(id, words)
        self.fields = list(fields) + [name for name in within if name not in fields]

    def check(self, write):
        if write.after is None or not write.changed(*self.fields):
            return
        values = [write.after[name] for name in self.fields]
        if None in values:
            return
        same = " AND ".join("%s = ?" % quoted(name) for name in self.fields)
        if write.others(same, values):
            self.refuse(self.fields[0], "is taken: another %s has the same %s" % (
                self.entity.title.lower(), " and ".join(self.title(n) for n in self.fields)))


class OneSlot(Unique):
    """One record for the same `ref` at the same date and time."""

    def __init__(self, id, words, ref, day, time):
        super().__init__(id, words, [ref, day, time])


class Openness:
    """Whether a record still counts as open, by one field: an empty end date, a yes/no, a choice."""

    def __init__(self, field):
        self.name = field.name
        self.type = field.type
        self.finished = [choice for choice in field.choices if choice in FINISHED]
        self.yes_is_finished = any(
            field.name == word or field.name == "is_" + word for word in FINISHED_FLAGS)

    def is_open(self, values):
        value = values[self.name]
        if self.type == "choice":
            return value not in self.finished
        if self.type == "yes_no":
            return bool(value) != self.yes_is_finished
        return value is None

    def sql(self):
        """A condition on the table, and its values."""
        name = quoted(self.name)
        if self.type == "choice":
            marks = ", ".join("?" for _ in self.finished) or "''"
            return "(%s IS NULL OR %s NOT IN (%s))" % (name, name, marks), list(self.finished)
        if self.type == "yes_no":
            return "coalesce(%s, 0) = ?" % name, [0 if self.yes_is_finished else 1]
        return "%s IS NULL" % name, []


class Capacity(Rule):
    """At most `limit` records for the same value of `ref`; with `open`, only open ones count."""

    kind = "capacity"

    def __init__(self, id, words, ref, limit, open=None):
        super().__init__(id, words)
        self.ref, self.limit, self.open_field = ref, limit, open

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.open = Openness(self.field(self.open_field)) if self.open_field else None

    def most(self, write):
        return self.limit

    def check(self, write):
        if write.after is None or write.after[self.ref] is None:
            return
        names = [self.ref] + ([self.open_field] if self.open else [])
        if not write.changed(*names):
            return
        where, values = "%s = ?" % quoted(self.ref), [write.after[self.ref]]
        if self.open:
            if not self.open.is_open(write.after):
                return
            more, those = self.open.sql()
            where, values = where + " AND " + more, values + those
        most = self.most(write)
        if most is not None and write.others(where, values) + 1 > most:
            self.refuse(self.ref, self.reason(most))

    def reason(self, most):
        return "has %d %s%s already, the most allowed" % (
            most, "open " if self.open else "", self.entity.title_plural.lower())


class NoDouble(Capacity):
    """At most one open record for the same value of `ref`."""

    kind = "no_double"

    def __init__(self, id, words, ref, open):
        super().__init__(id, words, ref, 1, open)

    def reason(self, most):
        return "already has an open %s" % self.entity.title.lower()


class CapacityOf(Capacity):
    """As Capacity, but the limit is a number in the record that `ref` points to."""

    kind = "capacity_of"

    def __init__(self, id, words, ref, limit_field, open=None):
        super().__init__(id, words, ref, None, open)
        self.limit_field = limit_field

    def most(self, write):
        return write.parent(self.ref)[self.limit_field]


class NoOverlap(Rule):
    """Two records with the same `refs` never share time; one may start as the other ends.

    `end` is a field like `start`, or a whole number of minutes. Times of day are compared
    within the same `day`. `ignore` names a choice that frees the time, such as cancelled.
    """

    kind = "no_overlap"

    def __init__(self, id, words, start, end, refs=(), day=None, ignore=None):
        super().__init__(id, words)
        self.refs, self.start, self.end, self.day = list(refs), start, end, day
        self.ignore = ignore

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.minutes = self.field(self.end).type == "whole"
        if self.field(self.start).type == "time" and self.day is None:
            self.day = next((field.name for field in entity.fields.values()
                             if field.type == "date"), None)

    def span(self, start, end):
        """Two values that compare as the two moments do."""
        if not self.minutes:
            return start, end
        first = read_moment(start)
        return first, first + datetime.timedelta(minutes=end)

    def counts(self, values):
        if any(values[name] is None for name in [self.start, self.end] + self.refs):
            return False
        return not (self.ignore and values[self.ignore["field"]] in self.ignore["values"])

    def check(self, write):
        if write.after is None or not self.counts(write.after):
            return
        start, end = self.span(write.after[self.start], write.after[self.end])
        if not start < end:
            self.refuse(self.end, "must be after %s" % self.title(self.start)
                        if not self.minutes else "must be more than 0")
        names = self.refs + ([self.day] if self.day else [])
        wheres = ["%s IS ?" % quoted(name) for name in names]
        values = [write.after[name] for name in names]
        if not self.minutes:
            wheres += ["%s < ?" % quoted(self.start), "%s > ?" % quoted(self.end)]
            values += [end, start]
        own = write.before["id"] if write.before is not None else 0
        rows = write.db.execute("SELECT * FROM %s WHERE id <> ?%s" % (
            quoted(self.entity.plural), "".join(" AND " + where for where in wheres)),
            [own] + values)
        for row in rows:
            if self.counts(row):
                other_start, other_end = self.span(row[self.start], row[self.end])
                if other_start < end and start < other_end:
                    self.refuse(self.start, "overlaps another %s (id %d)" % (
                        self.entity.title.lower(), row["id"]))


def read_moment(text):
    """A datetime, date or time of day as a datetime, to count minutes from."""
    if "T" in text:
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M")
    if ":" in text:
        return datetime.datetime.strptime("2000-01-01T" + text, "%Y-%m-%dT%H:%M")
    return datetime.datetime.strptime(text, "%Y-%m-%d")


class Transitions(Rule):
    """A choice changes only along these steps: {"open": ["closed"], ...}.

    A new record without a state gets the first one; a state is never emptied.
    """

    kind = "transitions"

    def __init__(self, id, words, field, states):
        super().__init__(id, words)
        self.name, self.states = field, dict(states)

    def check(self, write):
        if write.after is None:
            return
        new = write.after[self.name]
        if write.before is None:
            if new is None:
                write.after[self.name] = next(iter(self.states))
            return
        old = write.before[self.name]
        if old == new or old is None:
            return
        allowed = self.states.get(old, [])
        if new not in allowed:
            self.refuse(self.name, "cannot change from %s to %s%s" % (
                old, new or "nothing",
                ", only to " + " or ".join(allowed) if allowed else ": it stays as it is"))


class Order(Rule):
    """The first value lies before the second."""

    kind = "order"

    def __init__(self, id, words, first, second):
        super().__init__(id, words)
        self.first, self.second = first, second

    def holds(self, first, second):
        return first < second

    def comparable(self, first, second):
        """A date and a datetime compare as dates."""
        length = min(len(first), len(second)) if isinstance(first, str) else None
        return (first[:length], second[:length]) if length else (first, second)

    def check(self, write):
        if write.after is None:
            return
        first, second = write.after[self.first], write.after[self.second]
        if first is None or second is None:
            return
        if not self.holds(*self.comparable(first, second)):
            self.refuse(self.second, self.reason())

    def reason(self):
        word = "more than" if self.field(self.first).number else "after"
        return "must be %s %s" % (word, self.title(self.first))


class NotBefore(Order):
    """The second value lies at or after the first."""

    kind = "not_before"

    def holds(self, first, second):
        return first <= second

    def reason(self):
        word = "less than" if self.field(self.first).number else "before"
        return "must not be %s %s" % (word, self.title(self.first))


class ApprovalAbove(Rule):
    """Above a limit, somebody must be named who approved."""

    kind = "approval_above"

    def __init__(self, id, words, field, limit, approver):
        super().__init__(id, words)
        self.name, self.limit, self.approver = field, limit, approver

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.most = self.field(self.name).parse(self.limit)
        self.yes_no = self.field(self.approver).type == "yes_no"

    def check(self, write):
        if write.after is None or write.after[self.name] is None:
            return
        approved = write.after[self.approver]
        missing = not approved if self.yes_no else approved is None
        if write.after[self.name] > self.most and missing:
            self.refuse(self.approver, "is required when %s is more than %s" % (
                self.title(self.name), self.limit))


class Immutable(Rule):
    """Set once; an empty value may still be filled in."""

    kind = "immutable"

    def __init__(self, id, words, field):
        super().__init__(id, words)
        self.name = field

    def check(self, write):
        if write.before is None or write.after is None or write.before[self.name] is None:
            return
        if write.changed(self.name):
            self.refuse(self.name, "cannot be changed")


class NotInPast(Rule):
    """Looked at when the value is set or changed: what was planned may pass."""

    kind = "not_in_past"

    def __init__(self, id, words, field):
        super().__init__(id, words)
        self.name = field

    def check(self, write):
        if write.after is None or write.after[self.name] is None or not write.changed(self.name):
            return
        now = clock.now().strftime("%Y-%m-%dT%H:%M")
        value = write.after[self.name]
        if value < now[:len(value)]:
            self.refuse(self.name, "must not be in the past")


class RequiredWhen(Rule):
    """One field must be filled in when another has a certain value."""

    kind = "required_when"

    def __init__(self, id, words, field, when_field, when_value):
        super().__init__(id, words)
        self.name, self.when_field, self.when_value = field, when_field, when_value

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.when = self.field(self.when_field).parse(self.when_value)

    def check(self, write):
        if write.after is None or write.after[self.when_field] != self.when:
            return
        if write.after[self.name] is None:
            self.refuse(self.name, "is required when %s is %s" % (
                self.title(self.when_field), shown(self.when_value)))


class NoDeleteWhen(Rule):
    """A record with a certain value stays."""

    kind = "no_delete_when"

    def __init__(self, id, words, field, value):
        super().__init__(id, words)
        self.name, self.value = field, value

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.when = self.field(self.name).parse(self.value)

    def check(self, write):
        if write.after is None and write.before[self.name] == self.when:
            self.refuse(self.name, "is %s: the %s cannot be deleted" % (
                shown(self.value), self.entity.title.lower()))


class NoDelete(Rule):
    """Records of this kind are never deleted."""

    kind = "no_delete"

    def check(self, write):
        if write.after is None:
            self.refuse("id", "stays: a %s cannot be deleted" % self.entity.title.lower())


class FrozenWhen(Rule):
    """A record with a certain value changes no more."""

    kind = "frozen_when"

    def __init__(self, id, words, field, value):
        super().__init__(id, words)
        self.name, self.value = field, value

    def bind(self, entity, by_name):
        super().bind(entity, by_name)
        self.when = self.field(self.name).parse(self.value)

    def check(self, write):
        if write.before is None or write.after is None or write.before[self.name] != self.when:
            return
        if write.changed(*self.entity.fields):
            self.refuse(self.name, "is %s: the %s cannot be changed" % (
                shown(self.value), self.entity.title.lower()))


def shown(value):
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
