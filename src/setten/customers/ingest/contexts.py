"""The context of an event: who and where the client was, parted into personal and harmless."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from setten.customers.ingest import building
from setten.customers.ingest.memory import BYTES_MAX, Memory
from setten.customers.ingest.model import BadEvent, Delivery
from setten.platform.vault.classify import Splitter, is_personal

_NOTHINGS = (b"{}", b"null")
_QUOTE = ord('"')
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_parts_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
# Read by themselves, and never said again in public.
_ASIDE = frozenset(("traits", "consent"))
Key = bytes | tuple[str | bytes, ...]


class Context(msgspec.Struct, frozen=True, gc=False):
    """What a context says.

    public: its JSON without anything personal; no bytes when nothing is left.
    page, location_id: of the public part; the others are as said.
    """

    public: bytes = b""
    page: dict[str, Any] = {}
    location_id: str | None = None
    traits: Any = None
    device: Any = None
    external_ids: Any = None
    consent: Any = None
    is_direct: bool = False
    has_ip: bool = False


_EMPTY = Context()
# Contexts in which nothing is personal, and how many values were read for each: under their JSON,
# or under the keys and values that are left when what is sealed by its key is taken out.
_known: Memory[Key, tuple[Context, int]] = Memory()


def read(raw: bytes, delivery: Delivery, splitter: Splitter) -> Context:
    """The context of one event, its personal part in `splitter`.

    raw: its JSON, or nothing. Raises BadEvent when it is no object.
    """
    if delivery.context is not None:
        found = _read_dict({**delivery.context, **object_of(raw, "context")}, splitter)
    elif not raw or raw in _NOTHINGS:
        found = _EMPTY
    elif known := _known.get(raw):
        splitter.nodes += known[1]
        found = known[0]
    else:
        found = _read_parts(raw, splitter)
    # A server's own address says nothing of its customer; a browser's does.
    is_direct = delivery.origin is not None or found.is_direct
    if is_direct and delivery.ip and not found.has_ip:
        splitter.sealed["context.ip"] = delivery.ip
    return found


def object_of(raw: bytes, field: str) -> dict[str, Any]:
    """The JSON object of one field of an event; none where it says nothing. Raises BadEvent."""
    if not raw or raw == _NOTHINGS[0]:
        return {}
    found = _value(raw)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadEvent("not_an_object", field)
    return found


def _read_parts(raw: bytes, splitter: Splitter) -> Context:
    """A context that is new as a whole: a browser's has its user agent, and the rest is known."""
    try:
        parts = _parts_of(raw)
    except msgspec.DecodeError:
        return _read_dict(object_of(raw, "context"), splitter)
    if "name" in parts:  # what stands beside a name decides whose it is
        return _read_dict(object_of(raw, "context"), splitter)
    names: list[str] = []
    texts: list[bytes] = []
    for name, part in parts.items():
        text = bytes(part)
        if text[0] == _QUOTE and len(text) > 2 and is_personal(name):
            splitter.sealed[f"context.{name}"] = _value(text)
            splitter.nodes += 1
        else:
            names.append(name)
            texts.append(text)
    key: Key = raw if len(names) == len(parts) else (*names, *texts)
    if key is not raw and (known := _known.get(key)):
        splitter.nodes += known[1]
        return known[0]
    return _read_rest(key, dict(zip(names, texts, strict=True)), splitter)


def _read_rest(key: Key, rest: dict[str, bytes], splitter: Splitter) -> Context:
    """What is left of a context, remembered when nothing of it is personal."""
    before, sealed = splitter.nodes, len(splitter.sealed)
    found = _read_dict({name: _value(text) for name, text in rest.items()}, splitter)
    is_harmless = len(splitter.sealed) == sealed and _ASIDE.isdisjoint(rest)
    if is_harmless and sum(map(len, rest.values())) <= BYTES_MAX:
        _known.put(key, (found, splitter.nodes - before))
    return found


def _value(part: bytes | msgspec.Raw) -> Any:
    try:
        return _decode(part)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as cause:
        raise BadEvent("not_json") from cause


def _read_dict(context: dict[str, Any], splitter: Splitter) -> Context:
    """A context read as a whole."""
    rest = {key: value for key, value in context.items() if key not in _ASIDE}
    public = splitter.split(rest, "context.") if rest else {}
    traits = context.get("traits")
    if isinstance(traits, dict):
        kept = splitter.split(traits, "context.traits.", is_person=True)
        if kept:
            public["traits"] = kept
    return Context(
        _encode(public) if public else b"",
        _page(public.get("page")),
        building.location_id(public),
        traits,
        context.get("device"),
        context.get("externalIds"),
        context.get("consent"),
        context.get("direct") is True,
        "ip" in context,
    )


def _page(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}
