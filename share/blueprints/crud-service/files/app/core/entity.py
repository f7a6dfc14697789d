"""Entity: a kind of record, as a table of fields and the rules that hold for it.

Input is checked here as a whole: every field at fault is named in one answer. An unknown
field is refused rather than dropped, so that a misspelt name is never silently lost.
"""

from app.core.problem import Invalid, Problem

READ_ONLY = ("id", "created_at", "updated_at")


class Entity:
    def __init__(self, name, plural, fields, rules=(), title="", title_plural="", about="",
                 label=None):
        self.name = name
        self.plural = plural
        self.title = title or name.replace("_", " ").capitalize()
        self.title_plural = title_plural or plural.replace("_", " ").capitalize()
        self.about = about
        self.fields = {field.name: field for field in fields}
        self.label = label or next(iter(self.fields))
        self.rules = list(rules)
        self.functions = []     # computed fields and totals, see functions.py
        self.referred_by = []   # (entity, field) pairs that point here, see link()

    def called(self, name):
        """A field's name as people read it."""
        return self.fields[name].title.lower() if name in self.fields else name

    def searchable(self):
        return [field for field in self.fields.values() if field.searchable]

    def numbers(self):
        return [field for field in self.fields.values() if field.number]

    def parse(self, body, partial=False):
        """Stored values from a JSON object. `partial`: only the fields that are present."""
        errors, values = [], {}
        for key in body:
            if key in self.fields or key == "version":
                continue
            reason = "is read-only" if key in READ_ONLY or any(
                function.name == key for function in self.functions) else "is not known"
            errors.append({"field": key[:100], "reason": reason})
        for name, field in self.fields.items():
            if partial and name not in body:
                continue
            try:
                values[name] = field.parse_optional(body.get(name))
            except Invalid as error:
                errors.append({"field": name, "reason": str(error)})
        if errors:
            raise Problem(422, "Some fields are not right: %s."
                          % ", ".join(error["field"] for error in errors[:20]), errors[:50])
        return values

    def version_in(self, body):
        """The version that the client has seen, when the body names one."""
        version = body.get("version")
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise Problem(422, "Some fields are not right: version.",
                          [{"field": "version", "reason": "must be a whole number"}])
        return version

    def show(self, row):
        """A record as JSON, computed fields included."""
        record = {"id": row["id"], "version": row["version"]}
        for name, field in self.fields.items():
            record[name] = field.show(row[name])
        record["created_at"] = row["created_at"]
        record["updated_at"] = row["updated_at"]
        computed = {function.name: function.of_record(record)
                    for function in self.functions if function.computed}
        return dict(record, **computed)


def link(entities):
    """Check the entities against each other, bind their rules; returns them by plural name."""
    by_name = {entity.name: entity for entity in entities}
    for entity in entities:
        entity.referred_by = []
    for entity in entities:
        for field in entity.fields.values():
            if field.type == "ref":
                by_name[field.ref].referred_by.append((entity, field))
        for rule in entity.rules:
            rule.bind(entity, by_name)
    return {entity.plural: entity for entity in in_order(entities)}


def in_order(entities):
    """The entities, referenced ones first: the order in which tables are made."""
    by_name = {entity.name: entity for entity in entities}
    done, order = set(), []

    def visit(entity):
        if entity.name in done:
            return
        done.add(entity.name)
        for field in entity.fields.values():
            if field.type == "ref":
                visit(by_name[field.ref])
        order.append(entity)

    for entity in sorted(entities, key=lambda entity: entity.name):
        visit(entity)
    return order
