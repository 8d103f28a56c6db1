"""The declared words that expressions may use: events with properties, fields, groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from setten.platform.expressions.model import NAME_CHARS_MAX, Path, Type, UnknownName

Locale = Literal["ja", "en"]
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = {"subject", "at", "position", "name"}  # columns that every event has


class Words(msgspec.Struct, frozen=True):
    """What people call a thing, in each language."""

    ja: str
    en: str

    def say(self, locale: Locale) -> str:
        """The words in a language."""
        return self.ja if locale == "ja" else self.en


class Property(msgspec.Struct, frozen=True):
    """A property of events; its name is also its column's."""

    name: str
    type: Type
    words: Words


class EventKind(msgspec.Struct, frozen=True):
    """A name of events, what people call it, and the properties that it may carry."""

    name: str
    words: Words
    properties: frozenset[str]


class Field(msgspec.Struct, frozen=True):
    """A field of a subject that has words and a type of its own; values: those with words, too."""

    name: str
    type: Type
    words: Words
    values: Mapping[str, Words] = msgspec.field(default_factory=dict)


class Vocabulary:
    """What a domain declares.

    Fields that are not declared are open: any name, and the operand says the type. subject: what
    the people of these expressions are called; group: what a named set of them is called;
    relations: what somebody is called who stands in each to the subject.
    """

    def __init__(
        self,
        *,
        events: tuple[EventKind, ...],
        properties: tuple[Property, ...],
        fields: tuple[Field, ...] = (),
        field: Words,
        group: Words,
        relations: Mapping[str, Words] | None = None,
    ) -> None:
        self.events: Mapping[str, EventKind] = {one.name: one for one in events}
        self.properties: Mapping[str, Property] = {one.name: one for one in properties}
        self.fields: Mapping[str, Field] = {one.name: one for one in fields}
        self.field = field
        self.group = group
        self.relations: Mapping[str, Words] = relations or {}
        assert all(_COLUMN.fullmatch(name) for name in self.properties), "properties are columns"
        assert not _TAKEN & self.properties.keys(), "a property would hide what an event is"
        assert all(one.properties <= self.properties.keys() for one in events)

    def event(self, name: str, path: Path) -> EventKind:
        """An event's declaration. Raises UnknownName."""
        found = self.events.get(name)
        if found is None:
            raise UnknownName(path=str(path), name=name[:NAME_CHARS_MAX], what="event")
        return found

    def property(self, name: str, events: tuple[str, ...], path: Path) -> Property:
        """A property that one of these events carries. Raises UnknownName."""
        carried = any(name in self.events[event].properties for event in events)
        found = self.properties.get(name) if carried else None
        if found is None:
            raise UnknownName(path=str(path), name=name[:NAME_CHARS_MAX], what="property")
        return found

    def field_type(self, name: str) -> Type:
        """The type of a field: open when it is not declared."""
        declared = self.fields.get(name)
        return declared.type if declared else Type.OPEN
