"""From the bytes of one event to a fact without personal data: pure, one pass, no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from setten.customers.ingest import building, contexts, identifying, telling, times
from setten.customers.ingest.contexts import Context
from setten.customers.ingest.model import (
    EVENT_BYTES_MAX,
    MESSAGE_ID_LENGTH_MAX,
    BadEvent,
    Delivery,
    Event,
    Said,
    Source,
)
from setten.customers.ingest.telling import TYPES, Part
from setten.customers.ingest.times import Times
from setten.facts import reported
from setten.facts.reported import Alias
from setten.platform.vault import Identifier
from setten.platform.vault.classify import Splitter
from setten.platform.vault.patterns import holds_person, is_random_id

# Decimals keep an amount as it was written; floats would not.
_decode = msgspec.json.Decoder(Event, float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_KEPT_LENGTH_MAX = 40  # of the key of a trait
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


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """One event, read. `body` has no personal data; `sealed` and `traits` have nothing else.

    name: of its fact. body: the fact's JSON; an alias gets its numbers by `with_alias`.
    """

    event_id: str
    name: str
    body: bytes
    times: Times
    identifiers: tuple[Identifier, ...]
    sealed: dict[str, Any]
    location_id: str | None
    traits: tuple[tuple[str, Any], ...] = ()
    alias: tuple[Identifier, Identifier] | None = None


class Reading(msgspec.Struct, frozen=True):
    """What the reading of one delivery needs besides the bytes. `conceal` is a keyed hash."""

    source: Source
    delivery: Delivery
    new_id: Callable[[], str]
    conceal: Callable[[str], str]


def decode(raw: bytes) -> Event:
    """The JSON object of one event. Raises BadEvent."""
    if len(raw) > EVENT_BYTES_MAX:
        raise BadEvent("event_too_large")
    try:
        return _decode(raw)
    except msgspec.ValidationError as cause:
        raise BadEvent("not_an_object") from cause
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as cause:
        raise BadEvent("not_json") from cause


def message_id(event: Event) -> str | None:
    """The client's id of the event; None when it gave none. Raises BadEvent."""
    found = event.message_id
    if found.__class__ is not str:
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool):
            raise BadEvent("bad_message_id", "messageId")
        found = str(found)
    if len(found) > MESSAGE_ID_LENGTH_MAX:
        raise BadEvent("message_id_too_long", "messageId")
    return found or None


def event_id_for(said: str, conceal: Callable[[str], str]) -> str:
    """The log's id for a messageId: itself, or its keyed hash where it may name a person."""
    if is_random_id(said):
        return said
    if holds_person(said) or _CONTROL.search(said):
        return conceal(said)
    return said


def read(said: Said, event: Event, with_: Reading) -> Prepared:
    """Check one decoded event and part it into fact, identifiers and sealed values.

    Raises BadEvent with the reason under which it is kept as a dead letter.
    """
    type_ = said.type or event.type
    if type_ not in TYPES:
        raise BadEvent("unknown_type", "type")
    splitter = Splitter()
    context = contexts.read(bytes(event.context), with_.delivery, splitter)
    when = _times(event, with_.delivery)
    found = identifying.find(event, context, type_)
    pair = identifying.alias(event) if type_ == "alias" else None
    if type_ == "alias" and pair is None:
        raise BadEvent("alias_without_ids", "previousId")
    identifiers = found.identifiers
    if pair:
        identifiers = tuple(dict.fromkeys((pair[1], pair[0], *identifiers)))
    if not identifiers:
        raise BadEvent("no_identifier", "userId")
    id_said = message_id(event)
    told = telling.tell(event, type_, with_.source, splitter)
    body = _body(told, event, context, found.unusable, splitter, with_.delivery)
    return Prepared(
        with_.new_id() if id_said is None else event_id_for(id_said, with_.conceal),
        told.name,
        body,
        when,
        identifiers,
        splitter.sealed,
        told.location_id or context.location_id,
        _traits(event.traits, splitter.sealed) if type_ == "identify" and event.traits else (),
        pair,
    )


def with_alias(body: bytes, alias: Alias) -> bytes:
    """The body of an alias with its numbers, which only the vault knows."""
    return b'%b,"alias":%b}' % (body[:-1], _encode(alias))


def _times(event: Event, delivery: Delivery) -> Times:
    original = event.timestamp
    if original is None:
        original = event.original_timestamp
    sent_at = delivery.sent_at
    if event.sent_at is not None:
        sent_at = times.find(event.sent_at) or sent_at
    try:
        return times.correct(original, sent_at, received_at=delivery.received_at)
    except times.BadTime as cause:
        raise BadEvent("bad_timestamp", "timestamp") from cause


def _body(
    told: Part,
    event: Event,
    context: Context,
    unusable: tuple[str, ...],
    splitter: Splitter,
    delivery: Delivery,
) -> bytes:
    """The fact's JSON: what the event told, and what only this one has."""
    texts = [told.json]
    for field in told.missing:
        if text := building.text_of(context.page.get(field)):
            texts.append(b',"%b":%b' % (field.encode(), _encode(text)))
    if context.public:
        texts.append(b',"context":')
        texts.append(context.public)
    if unusable:
        texts.append(b',"unusable":' + _encode(unusable))
    if splitter.sealed:
        texts.append(b',"sealed":' + _encode(list(splitter.sealed)))
    consent = None if context.consent is None else _consent(context.consent)
    if consent is not None:
        texts.append(b',"consent":' + _encode(consent))
    elif told.name == reported.ConsentReported.event_name:
        raise BadEvent("consent_missing", "context.consent.categoryPreferences")
    if (event.integrations or delivery.integrations) and not _may_forward(event, delivery):
        texts.append(b',"forward":false')
    texts.append(b"}")
    return b"".join(texts)


def _consent(consent: Any) -> dict[str, bool] | None:
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if not isinstance(preferences, dict):
        return None
    return {key[:100]: value is True for key, value in list(preferences.items())[:100]}


def _may_forward(event: Event, delivery: Delivery) -> bool:
    own = event.integrations
    said = {**(delivery.integrations or {}), **(own if isinstance(own, dict) else {})}
    return said.get("All") is not False


def _traits(traits: dict[str, Any], sealed: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Personal traits of an identify call, for the person's page and for finding them.

    sealed: what was sealed of the event, under paths.
    """
    if "traits.*" in sealed:  # an event so large that they were not looked at one by one
        alone = Splitter()
        alone.split(traits, "traits.", is_person=True)
        sealed = alone.sealed
    found: dict[str, Any] = {}
    for key, value in traits.items():
        if "traits." + key in sealed and value not in ("", None):
            field = _field_kept(key) if len(key) <= _KEPT_LENGTH_MAX else None
            if field is not None:
                found[field] = value
    return tuple(found.items())


@lru_cache(maxsize=4_096)
def _field_kept(key: str) -> str | None:
    """Under which name a trait is kept; None for a key that is no name."""
    return _TRAIT_NAMES.get(identifying.flat(key), key) if _TRAIT_FIELD.fullmatch(key) else None
