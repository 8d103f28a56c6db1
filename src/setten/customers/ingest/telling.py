"""The part of a fact that an event tells without its context: in pieces, each read once.

A name comes with many goods, and goods under many names: so head, properties and what a fact takes
from them are remembered apart.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import msgspec

from setten.customers.ingest import building, contexts, names
from setten.customers.ingest.memory import BYTES_MAX, Memory
from setten.customers.ingest.model import EVENT_NAME_LENGTH_MAX, BadEvent, Event, Source
from setten.facts import commerce, reported
from setten.facts.reported import Told
from setten.platform.vault.classify import Splitter

_FACTS: dict[str, type[Told]] = {
    "page": reported.PageViewed,
    "screen": reported.ScreenViewed,
    "identify": reported.CustomerIdentified,
    "group": reported.CustomerGrouped,
    "alias": reported.CustomerAliased,
}
TYPES = (*_FACTS, "track")
_encode = msgspec.json.Encoder(decimal_format="number").encode
# Each of these has an id of its own in it, so none comes again.
_UNIQUE = frozenset((commerce.OrderReported, commerce.CheckoutReported))


class _Head(msgspec.Struct, frozen=True, gc=False):
    """What type, name and source say. json: open at its end. own: fields that it has already."""

    kind: type[Told]
    action: str | None
    json: bytes
    own: tuple[str, ...]
    nodes: int


class _Properties(msgspec.Struct, frozen=True, gc=False):
    """What properties say under any name: JSON to follow a head, and the values read for it."""

    json: bytes
    location_id: str | None
    nodes: int


class Part(msgspec.Struct, frozen=True, gc=False):
    """The fact of an event without its context: JSON open at its end.

    name: of the fact. missing: fields that the context may still tell.
    """

    name: str
    json: bytes
    location_id: str | None
    missing: tuple[str, ...]


_heads: Memory[Hashable, _Head] = Memory()
_properties: Memory[bytes, _Properties] = Memory()
_fields: Memory[Hashable, tuple[bytes, tuple[str, ...]]] = Memory()


def tell(event: Event, type_: str, source: Source, splitter: Splitter) -> Part:
    """Read what an event tells; its personal part goes to `splitter`. Raises BadEvent."""
    raw = bytes(event.properties)
    head = _head(event, type_, source, splitter)
    public: dict[str, Any] | None = None
    properties = _properties.get(raw)
    if properties is None:
        properties, public = _read_properties(raw, splitter)
    else:
        splitter.nodes += properties.nodes
    fields, missing = _read_fields(head, raw, public, source.currency)
    texts = head.json + properties.json + fields
    if type_ in ("identify", "group"):
        texts += _more(building.from_event(head.kind, event, splitter))
    return Part(head.kind.event_name, texts, properties.location_id, missing)


def _head(event: Event, type_: str, source: Source, splitter: Splitter) -> _Head:
    said: object = None
    if type_ == "track":
        said = event.event
    elif type_ in ("page", "screen"):
        said = (event.name, event.category)
    key = (type_, said, source.source_id, source.system, source.is_record)
    try:
        known = _heads.get(key)
    except TypeError:  # a name that is a list or an object
        known = None
    if known is not None:
        splitter.nodes += known.nodes
        return known
    before, sealed = splitter.nodes, len(splitter.sealed)
    own: dict[str, Any] = {}
    kind, action = _FACTS.get(type_, Told), None
    if type_ == "track":
        name = _name(event)
        kind, action = names.fact_for(name)
        own["event"] = splitter.split({"event": name}, "").get("event")
    elif isinstance(said, tuple):
        own = building.named(event, splitter)
    if action is not None:
        own["action"] = action
    start = Told(type=type_, system=source.system, is_record=source.is_record)
    found = _Head(
        kind, action, _encode(start)[:-1] + _more(own), tuple(own), splitter.nodes - before
    )
    if len(splitter.sealed) == sealed:
        _heads.put(key, found)
    return found


def _name(event: Event) -> str:
    name = event.event
    if not isinstance(name, str) or not name.strip():
        raise BadEvent("event_name_missing", "event")
    if len(name) > EVENT_NAME_LENGTH_MAX:
        raise BadEvent("event_name_too_long", "event")
    return name


def _read_properties(raw: bytes, splitter: Splitter) -> tuple[_Properties, dict[str, Any]]:
    before, sealed = splitter.nodes, len(splitter.sealed)
    public = splitter.split(contexts.object_of(raw, "properties"), "properties.")
    found = _Properties(
        b',"properties":' + _encode(public) if public else b"",
        building.location_id(public),
        splitter.nodes - before,
    )
    if len(splitter.sealed) == sealed and len(raw) <= BYTES_MAX:
        _properties.put(raw, found)
    return found, public


def _read_fields(
    head: _Head, raw: bytes, public: dict[str, Any] | None, currency: str
) -> tuple[bytes, tuple[str, ...]]:
    """JSON of the fields that a fact takes from its properties, and which it still lacks.

    public: the part of the properties that is not personal, None where all of it is known to be so.
    """
    shape = building.shape_of(head.kind, head.action)
    if shape is None:
        return b"", ()
    key = (shape, head.own, currency, raw) if public is None else None
    if key is not None and (known := _fields.get(key)) is not None:
        return known
    if public is None:
        public = Splitter().split(contexts.object_of(raw, "properties"), "properties.")
    fields = building.from_properties(head.kind, head.action, public, currency)
    missing: tuple[str, ...] = ()
    if head.kind is reported.PageViewed:
        missing = tuple([name for name in ("path", "title") if not fields[name]])
    found = _more({name: said for name, said in fields.items() if name not in head.own}), missing
    if key is not None and head.kind not in _UNIQUE:
        _fields.put(key, found)
    return found


def _more(fields: dict[str, Any]) -> bytes:
    """JSON of fields to follow others; of those that say something."""
    said = {name: value for name, value in fields.items() if value is not None and value != ()}
    return b"," + _encode(said)[1:-1] if said else b""
