"""From the bytes of one event to a fact without personal data: pure, one pass, no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from setten.customers.ingest import building, identifying, names, times
from setten.customers.ingest.model import (
    EVENT_BYTES_MAX,
    EVENT_NAME_LENGTH_MAX,
    MESSAGE_ID_LENGTH_MAX,
    BadEvent,
    Delivery,
    Said,
    Source,
)
from setten.customers.ingest.times import Times
from setten.facts import reported
from setten.facts.reported import Told
from setten.platform.vault import Identifier
from setten.platform.vault.classify import Splitter
from setten.platform.vault.patterns import holds_person, is_random_id

TYPES = ("identify", "track", "page", "screen", "group", "alias")
# Decimals keep an amount as it was written; floats would not.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_FACTS: dict[str, type[Told]] = {
    "page": reported.PageViewed,
    "screen": reported.ScreenViewed,
    "identify": reported.CustomerIdentified,
    "group": reported.CustomerGrouped,
    "alias": reported.CustomerAliased,
}
_TRAIT_FIELD = re.compile(r"[^\W\d]\w{0,39}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Traits under the names that the vault's search knows.
_TRAIT_NAMES = {
    "firstname": "first_name",
    "givenname": "first_name",
    "lastname": "last_name",
    "familyname": "last_name",
    "surname": "last_name",
    "fullname": "name",
    "氏名": "name",
    "名前": "name",
    "お名前": "name",
    "フリガナ": "kana",
    "ふりがな": "kana",
    "furigana": "kana",
    "namekana": "kana",
    "firstnamekana": "first_name_kana",
    "lastnamekana": "last_name_kana",
    "phonenumber": "phone",
    "電話番号": "phone",
    "postalcode": "postal_code",
    "郵便番号": "postal_code",
    "住所": "address",
    "dateofbirth": "birthday",
    "birthdate": "birthday",
    "生年月日": "birthday",
}


class Prepared(msgspec.Struct, frozen=True):
    """One event, read. `fact` has no personal data; `sealed` and `traits` have nothing else."""

    event_id: str
    fact: Told
    times: Times
    identifiers: tuple[Identifier, ...]
    sealed: dict[str, Any]
    traits: tuple[tuple[str, Any], ...]
    alias: tuple[Identifier, Identifier] | None
    location_id: str | None


class Reading(msgspec.Struct, frozen=True):
    """What the reading of one delivery needs besides the bytes. `conceal` is a keyed hash."""

    source: Source
    delivery: Delivery
    new_id: Callable[[], str]
    conceal: Callable[[str], str]


def decode(raw: bytes) -> dict[str, Any]:
    """The JSON object of one event. Raises BadEvent."""
    if len(raw) > EVENT_BYTES_MAX:
        raise BadEvent("event_too_large")
    try:
        event = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as cause:
        raise BadEvent("not_json") from cause
    if not isinstance(event, dict):
        raise BadEvent("not_an_object")
    return event


def message_id(event: dict[str, Any]) -> str | None:
    """The client's id of the event; None when it gave none. Raises BadEvent."""
    found = event.get("messageId")
    if found is None or found == "":
        return None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        raise BadEvent("bad_message_id", "messageId")
    if len(found) > MESSAGE_ID_LENGTH_MAX:
        raise BadEvent("message_id_too_long", "messageId")
    return found


def event_id_for(said: str, conceal: Callable[[str], str]) -> str:
    """The log's id for a messageId: itself, or its keyed hash where it may name a person."""
    if is_random_id(said):
        return said
    if holds_person(said) or _CONTROL.search(said):
        return conceal(said)
    return said


def read(said: Said, event: dict[str, Any], with_: Reading) -> Prepared:
    """Check one decoded event and part it into fact, identifiers and sealed values.

    Raises BadEvent with the reason under which it is kept as a dead letter.
    """
    type_ = said.type or event.get("type")
    if type_ not in TYPES:
        raise BadEvent("unknown_type", "type")
    context = _context(event, with_.delivery)
    when = _times(event, with_.delivery)
    found = identifying.find(event, context, type_)
    pair = identifying.alias(event) if type_ == "alias" else None
    if type_ == "alias" and pair is None:
        raise BadEvent("alias_without_ids", "previousId")
    identifiers = (pair[1], pair[0], *found.identifiers) if pair else found.identifiers
    if not identifiers:
        raise BadEvent("no_identifier", "userId")
    id_said = message_id(event)
    splitter = Splitter()
    fact, location_id = _fact(event, type_, context, found.unusable, splitter, with_)
    return Prepared(
        with_.new_id() if id_said is None else event_id_for(id_said, with_.conceal),
        fact,
        when,
        tuple(dict.fromkeys(identifiers)),
        splitter.sealed,
        _traits(event["traits"]) if type_ == "identify" and event.get("traits") else (),
        pair,
        location_id,
    )


def _object(holder: dict[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadEvent("not_an_object", key)
    return found


def _context(event: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    own = _object(event, "context")
    context = {**delivery.context, **own} if delivery.context else own
    # A server's own address says nothing of its customer; a browser's does.
    is_direct = delivery.origin is not None or context.get("direct") is True
    if is_direct and delivery.ip and "ip" not in context:
        context = {**context, "ip": delivery.ip}
    return context


def _times(event: dict[str, Any], delivery: Delivery) -> Times:
    original = event.get("timestamp")
    if original is None:
        original = event.get("originalTimestamp")
    sent_at: datetime | None = times.find(event.get("sentAt")) or delivery.sent_at
    try:
        return times.correct(original, sent_at, received_at=delivery.received_at)
    except times.BadTime as cause:
        raise BadEvent("bad_timestamp", "timestamp") from cause


def _fact(
    event: dict[str, Any],
    type_: str,
    context: dict[str, Any],
    unusable: tuple[str, ...],
    splitter: Splitter,
    with_: Reading,
) -> tuple[Told, str | None]:
    source = with_.source
    name = _name(event) if type_ == "track" else None
    kind, action = names.fact_for(name) if name else (_FACTS[type_], None)
    properties = splitter.split(_object(event, "properties"), "properties.")
    public = _public_context(context, splitter)
    fields: dict[str, Any] = {
        "type": type_,
        "system": source.system,
        "is_record": source.is_record,
        "properties": properties,
        "context": public,
        "unusable": unusable,
        "consent": _consent(context),
        "forward": _may_forward(event, with_.delivery),
    }
    if name is not None:
        fields["event"] = _public_name(name, splitter)
    if action is not None:
        fields["action"] = action
    building.fill(kind, fields, event, splitter, source.currency)
    fields["sealed"] = tuple(splitter.sealed)
    return kind(**fields), building.location_id(properties, public)


def _name(event: dict[str, Any]) -> str:
    name = event.get("event")
    if not isinstance(name, str) or not name.strip():
        raise BadEvent("event_name_missing", "event")
    if len(name) > EVENT_NAME_LENGTH_MAX:
        raise BadEvent("event_name_too_long", "event")
    return name


def _public_name(name: str, splitter: Splitter) -> str | None:
    return splitter.split({"event": name}, "").get("event")


def _public_context(context: dict[str, Any], splitter: Splitter) -> dict[str, Any]:
    if not context:
        return {}
    traits = context.get("traits")
    if traits is not None or "consent" in context:
        # These are read by themselves.
        context = {k: v for k, v in context.items() if k not in ("traits", "consent")}
    public = splitter.split(context, "context.")
    if isinstance(traits, dict):
        kept = splitter.split(traits, "context.traits.", is_person=True)
        if kept:
            public["traits"] = kept
    return public


def _consent(context: dict[str, Any]) -> dict[str, bool] | None:
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if not isinstance(preferences, dict):
        return None
    return {key[:100]: value is True for key, value in list(preferences.items())[:100]}


def _may_forward(event: dict[str, Any], delivery: Delivery) -> bool:
    own = event.get("integrations")
    if not own and not delivery.integrations:
        return True
    said = {**(delivery.integrations or {}), **(own if isinstance(own, dict) else {})}
    return said.get("All") is not False


def _traits(traits: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Personal traits of an identify call, for the person's page and for finding them."""
    sealing = Splitter()
    sealing.split(traits, "", is_person=True)
    found: dict[str, Any] = {}
    for key in sealing.sealed:
        if key in traits and _TRAIT_FIELD.fullmatch(key) and traits[key] not in ("", None):
            flat = "".join(c for c in key if c.isalnum()).lower()
            found[_TRAIT_NAMES.get(flat, key)] = traits[key]
    return tuple(found.items())
