"""Subjects as relations of a DuckDB in memory, for the SQL form."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from tests.platform.expressions.words import WORN, Subject, Wears

from setten.platform.expressions import Statement, Type, question
from setten.platform.expressions.claims import type_of

EVENTS = pa.schema([
    ("key", pa.int64()), ("at", pa.timestamp("us")), ("position", pa.int64()),
    ("name", pa.string()), ("place", pa.string()), ("way", pa.string()), ("thing", pa.string()),
    ("amount", pa.int64()),
])  # fmt: skip
FIELDS = pa.schema([
    ("subject", pa.int64()), ("name", pa.string()), ("text", pa.string()),
    ("number", pa.float64()), ("truth", pa.bool_()),
])  # fmt: skip
OWNERS = pa.schema([("key", pa.int64()), ("subject", pa.int64())])
KEYS = 3  # of each subject; her events come under all of them
STANDINGS = pa.schema([("question", pa.string()), ("subject", pa.int64())])
RELATIONS = pa.schema([("subject", pa.int64()), ("name", pa.string()), ("other", pa.int64())])
_CONNECTION = duckdb.connect()  # to open one costs more than a statement
_CONNECTION.execute("set threads = 1")


class Everyone:
    """Some subjects, to be asked by statements."""

    def __init__(self, subjects: tuple[Subject, ...]) -> None:
        self._subjects = subjects
        self._con = _CONNECTION
        events = [
            {"key": row * KEYS + event.position % KEYS, "at": event.at,
             "position": event.position, "name": event.name, **event.said}
            for row, one in enumerate(subjects) for event in one.events
        ]  # fmt: skip
        fields = []
        for row, one in enumerate(subjects):
            for name, value in one.fields.items():
                of = type_of(value)
                fields.append({
                    "subject": row, "name": name,
                    "text": value if of is Type.TEXT else None,
                    "number": float(value) if of is Type.NUMBER else None,
                    "truth": value if of is Type.TRUTH else None,
                })  # fmt: skip
        self._con.register("events", pa.Table.from_pylist(events, EVENTS))
        owners = [{"key": key, "subject": key // KEYS} for key in range(len(subjects) * KEYS)]
        self._con.register("owners", pa.Table.from_pylist(owners, OWNERS))
        self._con.register("fields", pa.Table.from_pylist(fields, FIELDS))
        standings = [
            {"question": question(Wears(what=what)), "subject": row}
            for row, one in enumerate(subjects) for what in WORN if what in one.wears
        ]  # fmt: skip
        relations = [
            {"subject": row, "name": name, "other": other}
            for row, one in enumerate(subjects)
            for name in one.related
            for other in one.others(name, len(subjects))
        ]
        self._con.register("standings", pa.Table.from_pylist(standings, STANDINGS))
        self._con.register("relations", pa.Table.from_pylist(relations, RELATIONS))
        self._con.register("subjects", pa.table({"subject": pa.array(range(len(subjects)))}))

    def ask(self, statement: Statement) -> list[bool]:
        """Of each subject, whether the statement names it, and once."""
        rows = self._con.execute(statement.sql, list(statement.parameters)).fetchall()
        named = [row[0] for row in rows]
        assert len(named) == len(set(named))
        return [row in set(named) for row in range(len(self._subjects))]
