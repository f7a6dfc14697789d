"""Records: create, read, list, change, delete, adjust. All SQL about records stands here.

A change reads the record, applies the body, asks every rule and writes, in one transaction.
All refusals are gathered, so that one answer names everything that stands in the way.
"""

import sqlite3
import unicodedata

from app.core import clock
from app.core.problem import Invalid, Problem, Refused
from app.core.store import quoted

MAX_LIMIT = 200
MAX_OFFSET = 10 ** 9


class Write:
    """A change about to happen: what the rules look at."""

    def __init__(self, db, entity, before, after, entities):
        self.db = db
        self.entity = entity
        self.before = before    # stored values, None when the record is new
        self.after = after      # stored values, None when the record goes
        self.entities = entities

    def changed(self, *names):
        """Is any of these fields new or different?"""
        return self.before is None or any(
            self.before[name] != self.after[name] for name in names)

    def others(self, where, values):
        """How many other records of this entity meet this condition?"""
        own = self.before["id"] if self.before is not None else 0
        row = self.db.execute(
            "SELECT count(*) FROM %s WHERE id <> ? AND (%s)" % (quoted(self.entity.plural), where),
            [own] + list(values)).fetchone()
        return row[0]

    def parent(self, name):
        """The record that this ref field points to, None when it is empty."""
        field = self.entity.fields[name]
        plural = self.entities[field.ref].plural
        return self.db.execute("SELECT * FROM %s WHERE id = ?" % quoted(plural),
                               [self.after[name]]).fetchone()


class Records:
    def __init__(self, store, entities):
        self.store = store
        self.entities = entities
        self.by_name = {entity.name: entity for entity in entities.values()}

    # -- reading

    def _row(self, db, entity, number):
        row = db.execute("SELECT * FROM %s WHERE id = ?" % quoted(entity.plural),
                         [number]).fetchone()
        if row is None:
            raise Problem(404, "There is no %s with this id." % entity.title.lower())
        return row

    def get(self, entity, number):
        with self.store.read() as db:
            return entity.show(self._row(db, entity, number))

    def all(self, entity, limit):
        with self.store.read() as db:
            rows = db.execute("SELECT * FROM %s ORDER BY id LIMIT ?" % quoted(entity.plural),
                              [limit]).fetchall()
        return [entity.show(row) for row in rows]

    def list(self, entity, query):
        """The records that meet the query: {"items", "total", "limit", "offset"}."""
        ask = Query(entity, query)
        table = quoted(entity.plural)
        with self.store.read() as db:
            db.execute("BEGIN")  # total and page from the same moment
            total = db.execute("SELECT count(*) FROM %s WHERE %s" % (table, ask.where),
                               ask.values).fetchone()[0]
            rows = db.execute("SELECT * FROM %s WHERE %s ORDER BY %s LIMIT ? OFFSET ?"
                              % (table, ask.where, ask.order),
                              ask.values + [ask.limit, ask.offset]).fetchall()
        return {"items": [entity.show(row) for row in rows], "total": total,
                "limit": ask.limit, "offset": ask.offset}

    # -- writing

    def create(self, entity, body):
        if "version" in body:
            raise Problem(422, "Some fields are not right: version.",
                          [{"field": "version", "reason": "is read-only"}])
        after = entity.parse(body)
        with self.store.write() as db:
            self._ask_rules(db, entity, None, after)
            moment = clock.stamp()
            names = ["version", "created_at", "updated_at"] + list(after)
            cursor = db.execute(
                "INSERT INTO %s (%s) VALUES (%s)" % (
                    quoted(entity.plural), ", ".join(quoted(name) for name in names),
                    ", ".join("?" for _ in names)),
                [1, moment, moment] + list(after.values()))
            return entity.show(self._row(db, entity, cursor.lastrowid))

    def change(self, entity, number, body, match, partial):
        """PUT (the whole record) or PATCH (the fields named)."""
        values = entity.parse(body, partial)
        seen = entity.version_in(body)
        with self.store.write() as db:
            before = self._row(db, entity, number)
            self._check_version(before, seen, match)
            after = {name: before[name] for name in entity.fields}
            after.update(values)
            return self._store(db, entity, before, after)

    def adjust(self, entity, number, body, match):
        """Add to a number: {"field": "quantity", "by": -5}. Two at once both count."""
        errors = [{"field": key[:100], "reason": "is not known"}
                  for key in body if key not in ("field", "by", "version")]
        name = body.get("field")
        field = entity.fields.get(name) if isinstance(name, str) else None
        by = None
        if field is None or not field.number:
            errors.append({"field": "field", "reason": "must be one of: " + ", ".join(
                field.name for field in entity.numbers())})
        else:
            try:
                by = field.parse(body.get("by"))
            except Invalid as error:
                errors.append({"field": "by", "reason": str(error)})
        if errors:
            raise Problem(422, "The adjustment is not right.", errors)
        seen = entity.version_in(body)
        with self.store.write() as db:
            before = self._row(db, entity, number)
            self._check_version(before, seen, match)
            after = {key: before[key] for key in entity.fields}
            if after[name] is None:
                raise Problem(409, "There is no %s to adjust yet." % field.title.lower(),
                              [{"field": name, "reason": "is empty"}])
            try:
                after[name] = field.parse(field.show(after[name] + by))
            except Invalid as error:
                raise Problem(422, "The adjustment is not right.",
                              [{"field": name, "reason": str(error)}]) from None
            return self._store(db, entity, before, after)

    def delete(self, entity, number, match):
        with self.store.write() as db:
            before = self._row(db, entity, number)
            self._check_version(before, None, match)
            self._ask_rules(db, entity, before, None)
            for other, field in entity.referred_by:
                count = db.execute("SELECT count(*) FROM %s WHERE %s = ?" % (
                    quoted(other.plural), quoted(field.name)), [number]).fetchone()[0]
                if count:
                    raise Problem(409, "This %s is still used by %d of %s." % (
                        entity.title.lower(), count, other.title_plural.lower()),
                        [{"field": "id", "reason": "is used by %s.%s" % (other.name, field.name)}])
            db.execute("DELETE FROM %s WHERE id = ?" % quoted(entity.plural), [number])

    def _check_version(self, before, seen, match):
        if match is not None and "*" not in match and before["version"] not in match:
            raise Problem(412, "The record was changed by someone else: it has version %d now."
                          % before["version"])
        if seen is not None and seen != before["version"]:
            raise Problem(409, "The record was changed by someone else: it has version %d now."
                          % before["version"],
                          [{"field": "version", "reason": "is %d now" % before["version"]}])

    def _store(self, db, entity, before, after):
        self._ask_rules(db, entity, before, after)
        sets = ", ".join("%s = ?" % quoted(name) for name in after)
        db.execute("UPDATE %s SET version = version + 1, updated_at = ?, %s WHERE id = ?"
                   % (quoted(entity.plural), sets),
                   [clock.stamp()] + list(after.values()) + [before["id"]])
        return entity.show(self._row(db, entity, before["id"]))

    def _ask_rules(self, db, entity, before, after):
        write = Write(db, entity, before, after, self.by_name)
        if after is not None:
            self._check_refs(write)
        refusals = []
        for rule in entity.rules:
            try:
                rule.check(write)
            except Refused as refused:
                refusals.append({"rule": rule.id, "field": refused.field,
                                 "reason": refused.reason, "words": rule.words})
        if after is not None:
            refusals += self._doubled(write)
        if refusals:
            raise Problem(409, "A rule says no: %s." % "; ".join(
                "%s %s" % (entity.called(refusal["field"]), refusal["reason"])
                for refusal in refusals), refusals)

    def _check_refs(self, write):
        errors = []
        for field in write.entity.fields.values():
            if field.type == "ref" and write.after[field.name] is not None:
                if write.parent(field.name) is None:
                    errors.append({"field": field.name, "reason": "there is no %s with this id"
                                   % self.by_name[field.ref].title.lower()})
        if errors:
            raise Problem(422, "Some fields are not right: %s."
                          % ", ".join(error["field"] for error in errors), errors)

    def _doubled(self, write):
        ruled = [rule.fields for rule in write.entity.rules if rule.kind == "unique"]
        return [{"field": field.name, "reason": "is taken: another %s has this value"
                 % write.entity.title.lower()}
                for field in write.entity.fields.values()
                if field.unique and [field.name] not in ruled
                and write.after[field.name] is not None
                and write.others("%s = ?" % quoted(field.name), [write.after[field.name]])]


class Query:
    """?q=words&field=value&sort=-field&limit=50&offset=0, each checked; an unknown name is refused."""

    def __init__(self, entity, query):
        self.limit, self.offset = 50, 0
        self.order = "id"
        wheres, self.values, errors = ["1"], [], []
        for key, text in query.items():
            try:
                if key == "limit":
                    self.limit = self._whole(text, 1, MAX_LIMIT)
                elif key == "offset":
                    self.offset = self._whole(text, 0, MAX_OFFSET)
                elif key == "sort":
                    self.order = self._sort(entity, text)
                elif key == "q":
                    self._search(entity, text, wheres)
                elif key in entity.fields:
                    field = entity.fields[key]
                    if text == "":
                        wheres.append("%s IS NULL" % quoted(key))
                    else:
                        wheres.append("%s = ?" % quoted(key))
                        self.values.append(field.parse_query(text))
                else:
                    raise Invalid("is not known")
            except Invalid as error:
                errors.append({"field": key[:100], "reason": str(error)})
        if errors:
            raise Problem(400, "The query is not right.", errors[:50])
        self.where = " AND ".join(wheres)

    def _whole(self, text, low, high):
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
            raise Invalid("must be a whole number from %d to %d" % (low, high))
        return int(text)

    def _sort(self, entity, text):
        name, down = (text[1:], " DESC") if text.startswith("-") else (text, "")
        if name not in entity.fields and name not in ("id", "created_at", "updated_at"):
            raise Invalid("must be a field, or -field for the other way round")
        field = entity.fields.get(name)
        folded = "%s COLLATE NOCASE" if field is not None and field.column == "TEXT" else "%s"
        return (folded % quoted(name)) + down + ", id" + down

    def _search(self, entity, text, wheres):
        if len(text) > 200:
            raise Invalid("is longer than 200 characters")
        words = unicodedata.normalize("NFC", text).casefold().split()
        fields = entity.searchable()
        for word in words[:10]:
            wheres.append("(%s)" % (" OR ".join(
                "instr(fold(%s), ?) > 0" % quoted(field.name) for field in fields) or "0"))
            self.values += [word] * len(fields)


def integrity(error):
    """What SQLite's own constraints refused: they stand behind the checks above."""
    if isinstance(error, sqlite3.IntegrityError):
        return Problem(409, "The data would contradict itself.")
    return None
