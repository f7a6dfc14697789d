"""Storage: one SQLite file, write-ahead log, foreign keys on.

A connection is used by one thread at a time. Every write runs between BEGIN IMMEDIATE and
COMMIT: SQLite gives the write lock to one transaction in one process at a time, so what a rule
reads cannot change before it is written. Names in SQL come from the entities alone; values are
always parameters.
"""

import contextlib
import os
import queue
import sqlite3

from app.core.problem import Problem

MAX_IDLE = 8


def quoted(name):
    return '"%s"' % name.replace('"', '""')


def _fold(text):
    return text.casefold() if isinstance(text, str) else ""


class Store:
    synchronous = "FULL"  # a write that was acknowledged survives a power cut

    def __init__(self, path, entities):
        self.path = path
        self.entities = entities
        self._idle = queue.LifoQueue()
        self._closed = False
        folder = os.path.dirname(os.path.abspath(path))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # private before SQLite writes into it
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with self.write() as db:
            for entity in entities.values():
                self._make_table(db, entity)

    def _connect(self):
        db = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.create_function("fold", 1, _fold, deterministic=True)
        db.execute("PRAGMA synchronous = %s" % self.synchronous)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        return db

    @contextlib.contextmanager
    def read(self):
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = self._connect()
        try:
            yield db
        finally:
            if db.in_transaction:
                db.rollback()
            if self._closed or self._idle.qsize() >= MAX_IDLE:
                db.close()
            else:
                self._idle.put(db)

    @contextlib.contextmanager
    def write(self):
        """One transaction, alone with the write lock; an exception leaves nothing behind."""
        with self.read() as db:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise Problem(503, "The data is busy; try again.",
                              headers=[("Retry-After", "1")]) from error
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _make_table(self, db, entity):
        columns = ["id INTEGER PRIMARY KEY AUTOINCREMENT", "version INTEGER NOT NULL",
                   "created_at TEXT NOT NULL", "updated_at TEXT NOT NULL"]
        for field in entity.fields.values():
            columns.append(self._column(field, field.required))
        table = quoted(entity.plural)
        db.execute("CREATE TABLE IF NOT EXISTS %s (%s)" % (table, ", ".join(columns)))
        there = {row["name"] for row in db.execute("PRAGMA table_info(%s)" % table)}
        for field in entity.fields.values():
            if field.name not in there:  # a field added since the file was made
                db.execute("ALTER TABLE %s ADD COLUMN %s" % (table, self._column(field, False)))
            if field.type == "ref":
                db.execute("CREATE INDEX IF NOT EXISTS %s ON %s (%s)" % (
                    quoted("by_%s_%s" % (entity.plural, field.name)), table, quoted(field.name)))
        indexes = [[field.name] for field in entity.fields.values() if field.unique]
        indexes += [rule.fields for rule in entity.rules if rule.kind == "unique"]
        for names in indexes:
            db.execute("CREATE UNIQUE INDEX IF NOT EXISTS %s ON %s (%s)" % (
                quoted("one_%s_%s" % (entity.plural, "_".join(names))), table,
                ", ".join(quoted(name) for name in names)))

    def _column(self, field, required):
        text = "%s %s" % (quoted(field.name), field.column)
        if required:
            text += " NOT NULL"
        if field.type == "ref":
            plural = next(e.plural for e in self.entities.values() if e.name == field.ref)
            text += " REFERENCES %s (id) ON DELETE RESTRICT" % quoted(plural)
        return text

    def close(self):
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
