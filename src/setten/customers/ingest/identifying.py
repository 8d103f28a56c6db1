"""Which identifiers an event carries: where Segment's spec puts them, in our kinds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from setten.customers.ingest.contexts import Context
from setten.customers.ingest.model import Event
from setten.platform.vault import Identifier, UnusableIdentifier, normalise
from setten.platform.vault.kinds import STRENGTH

IDENTIFIERS_MAX = 20  # of one event; a person at a touchpoint has a handful
# Traits that are identifiers, by their key without case and separators.
_TRAITS = {
    "email": "email",
    "phone": "phone",
    "loyaltycard": "loyalty_card",
    "loyaltycardnumber": "loyalty_card",
    "lineid": "line_id",
    "lineuserid": "line_id",
    "whatsappid": "whatsapp_id",
}
# Types of `context.externalIds`, the same way.
_EXTERNAL = _TRAITS | {
    "userid": "user_id",
    "anonymousid": "anonymous_id",
    "deviceid": "device_id",
    "iosid": "device_id",
    "androidid": "device_id",
    "iosidfv": "device_id",
}


class Found(msgspec.Struct, frozen=True, gc=False):
    """Identifiers strongest first, and kinds that were said but stand for nobody."""

    identifiers: tuple[Identifier, ...]
    unusable: tuple[str, ...]


def find(event: Event, context: Context, type_: str) -> Found:
    """The identifiers of one event. A group's traits are the group's, so they do not count."""
    said: list[tuple[str, Any]] = []
    if event.user_id is not None:
        said.append(("user_id", event.user_id))
    if event.anonymous_id is not None:
        said.append(("anonymous_id", event.anonymous_id))
    if event.traits and type_ != "group":
        _of_traits(event.traits, said)
    if context.traits:
        _of_traits(context.traits, said)
    if context.device and isinstance(context.device, dict):
        said.append(("device_id", context.device.get("id")))
    if context.external_ids:
        _of_external(context.external_ids, said)
    return _usable(said)


def _usable(said: list[tuple[str, Any]]) -> Found:
    found: dict[Identifier, None] = {}
    unusable: dict[str, None] = {}
    for kind, value in said:
        if value.__class__ is not str:
            if value is None or value is True or value is False:
                continue
            value = str(value) if isinstance(value, int) else ""
        try:
            found[normalise(kind, value)] = None
        except UnusableIdentifier:
            unusable[kind] = None
        if len(found) >= IDENTIFIERS_MAX:
            break
    ordered = tuple(found)
    if len(ordered) > 1:
        ordered = tuple(sorted(ordered, key=_strength))
    return Found(ordered, tuple(unusable))


def _strength(identifier: Identifier) -> int:
    return STRENGTH[identifier.kind]


def _of_traits(traits: Any, said: list[tuple[str, Any]]) -> None:
    if not isinstance(traits, dict):
        return
    for key, value in traits.items():
        kind = _kind_kept(key) if len(key) <= _KEPT_LENGTH_MAX else _TRAITS.get(_flat(key))
        if kind:
            said.append((kind, value))


def _of_external(entries: Any, said: list[tuple[str, Any]]) -> None:
    if not isinstance(entries, list):
        return
    for entry in entries[:IDENTIFIERS_MAX]:
        if not isinstance(entry, dict) or entry.get("collection", "users") != "users":
            continue
        if entry.get("encoding") not in (None, "none"):
            continue  # a hash of an identifier is another system's, not ours
        kind = _EXTERNAL.get(flat(str(entry.get("type", ""))[:40]))
        if kind:
            said.append((kind, entry.get("id")))


def alias(event: Event) -> tuple[Identifier, Identifier] | None:
    """(previous, user) of an alias call; None when either stands for nobody.

    A browser fills previousId with the user id it has, else with its anonymousId, and sends that
    too. Without one to compare with, a random-looking id is an anonymous one.
    """
    user, previous, anonymous = event.user_id, event.previous_id, event.anonymous_id
    if user is None or previous is None:
        return None
    is_anonymous = previous == anonymous if anonymous else _is_random(str(previous))
    try:
        return (
            normalise("anonymous_id" if is_anonymous else "user_id", str(previous)),
            normalise("user_id", str(user)),
        )
    except UnusableIdentifier:
        return None


def _is_random(text: str) -> bool:
    digits = text.replace("-", "")
    return len(digits) == 32 and all(c in "0123456789abcdefABCDEF" for c in digits)


def flat(key: str) -> str:
    """A key without its marks, in small letters: `first_name`, `First Name` and `firstName`."""
    return _flat_kept(key) if len(key) <= _KEPT_LENGTH_MAX else _flat(key)


def _flat(key: str) -> str:
    return "".join(c for c in key if c.isalnum()).lower()


_KEPT_LENGTH_MAX = 40  # of a key that comes again; longer ones would fill the memory with nothing
_flat_kept = lru_cache(maxsize=4_096)(_flat)


@lru_cache(maxsize=4_096)
def _kind_kept(key: str) -> str | None:
    """Which identifier a trait of this key is; None for most."""
    return _TRAITS.get(_flat(key))
