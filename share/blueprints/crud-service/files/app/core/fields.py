"""Fields: what a value of each type may be, how it is stored, shown and described.

`parse` is the only way in: it takes JSON and gives what SQLite stores, or raises Invalid with
a reason for the client. Numbers with a fraction are stored as whole numbers (money in cents,
decimals in millionths), so that sums and comparisons are exact.
"""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from app.core.problem import Invalid

WHOLE_LIMIT = 2 ** 53  # what every JSON reader keeps exact

# Characters that reorder or hide text: they make one name look like another.
HIDDEN = frozenset(
    "\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


class Field:
    """One column. Subclasses say what a value may be."""

    type = ""
    column = "TEXT"
    searchable = False
    number = False

    def __init__(self, name, title="", required=False, unique=False, choices=(), ref=None):
        self.name = name
        self.title = title or name.replace("_", " ").capitalize()
        self.required = required
        self.unique = unique
        self.choices = tuple(choices)
        self.ref = ref

    def parse(self, value):
        """JSON in, stored value out."""
        raise NotImplementedError

    def show(self, stored):
        """Stored value in, JSON out."""
        return stored

    def parse_query(self, text):
        """The value of `?field=text`."""
        return self.parse(text)

    def parse_optional(self, value):
        """As parse, but null (and empty text) mean: no value."""
        if value is None or (isinstance(value, str) and not value.strip()):
            if self.required:
                raise Invalid("is required")
            return None
        return self.parse(value)

    def schema(self):
        """JSON Schema of a value."""
        return {"type": "string"}


def clean_text(value, limit, lines=False):
    """NFC text without control or hidden characters, outer blanks removed."""
    if not isinstance(value, str):
        raise Invalid("must be text")
    if len(value) > limit * 2:
        raise Invalid("is longer than %d characters" % limit)
    if lines:
        value = value.replace("\r\n", "\n")
    value = unicodedata.normalize("NFC", value).strip()
    for char in value:
        kind = unicodedata.category(char)
        if lines and char in "\n\t":
            continue
        if kind in ("Cc", "Cs", "Cn", "Co") or char in HIDDEN:
            raise Invalid("has a character that is not allowed: U+%04X" % ord(char))
    if len(value) > limit:
        raise Invalid("is longer than %d characters" % limit)
    if not value:
        raise Invalid("must not be empty")
    return value


class Text(Field):
    type = "text"
    searchable = True
    limit = 200

    def parse(self, value):
        return clean_text(value, self.limit)

    def schema(self):
        return {"type": "string", "minLength": 1, "maxLength": self.limit}


class LongText(Text):
    type = "long_text"
    limit = 10000

    def parse(self, value):
        return clean_text(value, self.limit, lines=True)


class Whole(Field):
    type = "whole"
    column = "INTEGER"
    number = True

    def parse(self, value):
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Invalid("must be a whole number")
        if abs(value) >= WHOLE_LIMIT:
            raise Invalid("is out of range")
        return value

    def parse_query(self, text):
        if not re.fullmatch(r"-?[0-9]{1,16}", text):
            raise Invalid("must be a whole number")
        return self.parse(int(text))

    def schema(self):
        return {"type": "integer"}


class Fixed(Field):
    """A number with a fixed count of decimals, stored as a whole number of the smallest unit."""

    column = "INTEGER"
    number = True
    places = 0

    def parse(self, value):
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise Invalid("must be a number")
        try:
            amount = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
            units = amount.scaleb(self.places)
            exact = units == units.to_integral_value()
        except InvalidOperation:
            raise Invalid("is out of range") from None
        if not exact:
            raise Invalid("has more than %d decimals" % self.places)
        if abs(units) >= WHOLE_LIMIT:
            raise Invalid("is out of range")
        return int(units)

    def parse_query(self, text):
        if not re.fullmatch(r"-?[0-9]{1,16}(\.[0-9]{1,6})?", text):
            raise Invalid("must be a number")
        return self.parse(Decimal(text))

    def show(self, stored):
        if stored is None:
            return None
        scale = 10 ** self.places
        return stored // scale if stored % scale == 0 else stored / scale

    def schema(self):
        return {"type": "number", "multipleOf": float(Decimal(1).scaleb(-self.places))}


class Decimals(Fixed):
    type = "decimal"
    places = 6


class Money(Fixed):
    type = "money"
    places = 2


class Moment(Field):
    """A date or time, written in exactly one way; it must exist in the calendar."""

    pattern = ""
    form = ""
    example = ""

    def parse(self, value):
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value, re.ASCII):
            raise Invalid("must look like %s" % self.example)
        try:
            datetime.datetime.strptime(value, self.form)
        except ValueError:
            raise Invalid("does not exist in the calendar") from None
        return value

    def schema(self):
        return {"type": "string", "pattern": "^%s$" % self.pattern}


class Date(Moment):
    type = "date"
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    form = "%Y-%m-%d"
    example = "2026-01-31"


class Time(Moment):
    type = "time"
    pattern = r"[0-9]{2}:[0-9]{2}"
    form = "%H:%M"
    example = "09:30"


class DateTime(Moment):
    type = "datetime"
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"
    form = "%Y-%m-%dT%H:%M"
    example = "2026-01-31T09:30"


class YesNo(Field):
    type = "yes_no"
    column = "INTEGER"

    def parse(self, value):
        if not isinstance(value, bool):
            raise Invalid("must be true or false")
        return int(value)

    def parse_query(self, text):
        if text not in ("true", "false"):
            raise Invalid("must be true or false")
        return int(text == "true")

    def show(self, stored):
        return None if stored is None else bool(stored)

    def schema(self):
        return {"type": "boolean"}


class Email(Field):
    type = "email"
    searchable = True

    def parse(self, value):
        value = clean_text(value, 254)
        if not re.fullmatch(
            r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
            r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}", value
        ) or ".." in value or value.startswith(".") or ".@" in value:
            raise Invalid("must be an e-mail address")
        return value

    def schema(self):
        return {"type": "string", "format": "email", "maxLength": 254}


class Phone(Field):
    type = "phone"
    searchable = True

    def parse(self, value):
        value = clean_text(value, 30)
        digits = re.sub(r"[^0-9]", "", value)
        if not re.fullmatch(r"\+?[0-9(][0-9 ()./-]*", value) or not 4 <= len(digits) <= 15:
            raise Invalid("must be a phone number")
        return value

    def schema(self):
        return {"type": "string", "maxLength": 30}


class Url(Field):
    type = "url"
    searchable = True

    def parse(self, value):
        value = clean_text(value, 2000)
        if not re.fullmatch(r"[!-~]+", value) or re.search(r"[\\<>\"`{}|^]", value):
            raise Invalid("must be a web address without blanks")
        try:
            parts = urlsplit(value)
            parts.port  # raises when it is no number
        except ValueError:
            raise Invalid("must be a web address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid("must start with http:// or https:// and name a host")
        if "@" in parts.netloc:
            raise Invalid("must not hold a user name or password")
        return value

    def schema(self):
        return {"type": "string", "format": "uri", "maxLength": 2000}


class Choice(Field):
    type = "choice"

    def parse(self, value):
        if not isinstance(value, str) or value not in self.choices:
            raise Invalid("must be one of: " + ", ".join(self.choices))
        return value

    def schema(self):
        return {"type": "string", "enum": list(self.choices)}


class Ref(Field):
    """The id of another entity's record. That it exists is checked by the write itself."""

    type = "ref"
    column = "INTEGER"

    def parse(self, value):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Invalid("must be the id of a record of %s" % self.ref)
        if not 0 < value < WHOLE_LIMIT:
            raise Invalid("is out of range")
        return value

    def parse_query(self, text):
        if not re.fullmatch(r"[0-9]{1,16}", text):
            raise Invalid("must be an id")
        return self.parse(int(text))

    def schema(self):
        return {"type": "integer", "minimum": 1}


TYPES = {
    kind.type: kind
    for kind in (Text, LongText, Whole, Decimals, Money, Date, Time, DateTime,
                 YesNo, Email, Phone, Url, Choice, Ref)
}


def field(name, type, **about):
    """A field of the type with this name: field("price", "money", required=True)."""
    return TYPES[type](name, **about)
