"""What was read before is not read again: it means the same, and nothing personal is kept."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.customers.ingest import contexts, names, reading, telling
from setten.customers.ingest.memory import BYTES_MAX, Memory
from setten.customers.ingest.model import BadEvent, Delivery, Said, Source
from setten.customers.ingest.reading import Prepared, Reading
from setten.platform import clock
from setten.platform.vault import classify, patterns, urls

NOW = clock.now()
FACTS = {fact.event_name: fact for fact in names.FACTS}
SOURCE = Source(
    source_id=1, name="tag", channel="web", system="web", is_record=False, currency="JPY",
    origins=(), rate_per_s=1, created_at=NOW, revoked_at=None,
)  # fmt: skip
AGENT = "Mozilla/5.0 (iPhone) Mobile/15E148"
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "ja-JP", "hana@example.jp", "090-1234-5678", "緑のソファ", "x" * 70, AGENT]
    )
)
KEYS = st.sampled_from(
    ["name", "email", "userAgent", "page", "path", "title", "url", "device", "id", "ip", "direct",
     "traits", "consent", "categoryPreferences", "location_id", "library", "version", "products",
     "sku", "price", "currency", "step", "externalIds", "hana@example.jp"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(telling.TYPES),
        "messageId": st.just("m-1"),
        "anonymousId": st.just("a-1"),
        "context": OBJECTS | VALUES,
        "properties": OBJECTS | VALUES,
    },
    optional={
        "event": st.sampled_from(["Product Viewed", "Order Completed", "Product Added", "Sat"]),
        "name": LEAVES,
        "category": LEAVES,
        "traits": OBJECTS,
        "userId": st.just("u-1"),
        "previousId": st.just("p-1"),
        "groupId": st.just("g-1"),
        "integrations": st.just({"All": False}),
    },
)


MEMORIES = (contexts._known, telling._heads, telling._properties, telling._fields)


def read(event: dict[str, Any], **delivery: Any) -> Prepared | tuple[str, str | None]:
    raw = json.dumps(event).encode()
    sent = Delivery(write_key="WK", events=(), received_at=NOW, **delivery)
    with_ = Reading(SOURCE, sent, lambda: "new", lambda said: f"h-{len(said)}")
    try:
        return reading.read(Said(raw), reading.decode(raw), with_)
    except BadEvent as why:
        return why.reason, why.field


def forget() -> None:
    for memory in MEMORIES:
        memory._young.clear()
        memory._old.clear()
    patterns.harmless.clear()
    urls.whole.clear()


def whole(found: Prepared | tuple[str, str | None]) -> Any:
    if isinstance(found, tuple):
        return found
    return msgspec.json.decode(found.body), msgspec.structs.replace(found, body=b"")


@given(EVENTS, st.sampled_from([{}, {"origin": "https://shop.example", "ip": "192.0.2.7"}]))
def test_an_event_means_the_same_when_it_comes_again(event, sender):
    forget()
    cold = read(event, **sender)
    if isinstance(cold, Prepared) and event["type"] != "alias":
        assert msgspec.json.decode(cold.body, type=FACTS[cold.name]).event_name == cold.name
    first = whole(cold)
    assert whole(read(event, **sender)) == first
    assert whole(read(event, **sender)) == first
    # The same context under other properties, and the other way round.
    read({**event, "properties": {}}, **sender)
    read({**event, "context": {}}, **sender)
    assert whole(read(event, **sender)) == first


@given(EVENTS)
def test_nothing_is_remembered_that_does_not_stand_in_the_log(event):
    forget()
    for _ in range(2):
        found = read(event, origin="https://shop.example", ip="192.0.2.7")
    if not isinstance(found, Prepared):
        return  # refused before it could be said what of it is public
    public = found.body.decode()
    kept = repr([memory._young for memory in MEMORIES])
    for personal in ("hana@", "090-1234", "192.0.2.7", "Mobile/15E148", "x" * 70):
        assert personal not in kept or personal in public, personal


def test_a_browsers_context_is_known_again_whatever_its_user_agent():
    forget()
    event = {"type": "page", "userId": "u", "context": {"userAgent": "A/1", "locale": "ja-JP"}}
    first = read(event)
    second = read({**event, "context": {"userAgent": "B/2", "locale": "ja-JP"}})
    assert isinstance(first, Prepared)
    assert isinstance(second, Prepared)
    assert first.body == second.body
    assert (first.sealed, second.sealed) == (
        {"context.userAgent": "A/1"}, {"context.userAgent": "B/2"},
    )  # fmt: skip
    assert len(contexts._known._young) == 1


def test_a_name_beside_a_mail_address_is_a_persons_however_often_it_comes():
    forget()
    said = {"name": "Hana", "email": "hana@example.jp", "locale": "ja-JP"}
    event = {"type": "track", "event": "Sat", "userId": "u", "context": said}
    for _ in range(2):
        found = read(event)
        assert isinstance(found, Prepared)
        assert found.sealed == {
            "context.name": "Hana", "context.email": "hana@example.jp",
        }  # fmt: skip


def test_two_sources_do_not_share_what_their_facts_say_of_them():
    forget()
    event = {"type": "track", "event": "Product Viewed", "userId": "u", "properties": {"price": 1}}
    raw = json.dumps(event).encode()
    sent = Delivery(write_key="WK", events=(), received_at=NOW)
    bodies = []
    for source in (
        SOURCE,
        msgspec.structs.replace(SOURCE, is_record=True),
        msgspec.structs.replace(SOURCE, currency="USD"),
        msgspec.structs.replace(SOURCE, system="till"),
    ):
        with_ = Reading(source, sent, lambda: "new", str)
        bodies.append(reading.read(Said(raw), reading.decode(raw), with_).body)
    assert len(set(bodies)) == 4


def test_what_is_long_is_not_kept():
    forget()
    read({"type": "page", "userId": "u", "properties": {"codes": list(range(BYTES_MAX))}})
    assert not telling._properties._young


def test_a_memory_forgets_what_nobody_asks_for():
    memory: Memory[int, int] = Memory(3)
    for number in range(100):
        memory.put(number, number)
        assert memory.get(0) == 0
    assert memory.get(50) is None
    assert len(memory._young) + len(memory._old) <= 6


@pytest.mark.parametrize("said", ["[]", "5", '"x"', "true"])
@pytest.mark.parametrize("field", ["context", "properties"])
def test_what_is_no_object_is_told_by_its_field(said, field):
    found = read({"type": "page", "userId": "u", field: json.loads(said)})
    assert found == ("not_an_object", field)


@pytest.mark.parametrize(
    "broken", ['"properties":{"n":1e}', '"context":{"page":{"url":"\\ud800"}}', '"properties":{"n']
)
def test_what_stands_broken_inside_a_part_is_no_json(broken):
    raw = f'{{"type":"page","userId":"u",{broken}}}'.encode()

    def decode_and_read() -> None:
        sent = Delivery(write_key="WK", events=(), received_at=NOW)
        reading.read(Said(raw), reading.decode(raw), Reading(SOURCE, sent, lambda: "new", str))

    with pytest.raises(BadEvent, match="not_json"):
        decode_and_read()


def test_a_key_learnt_as_personal_stays_so():
    assert not classify.is_personal("never seen before")
    read({"type": "page", "userId": "u", "context": {"userAgent": "A/1"}})
    assert classify.is_personal("userAgent")
