"""The reference page of conditions is made from the language itself, so it cannot tell otherwise.

`python -m tests.customers.segments.test_conditions_page` writes it anew.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from tests.customers.segments.test_hearing import ENGLISH, JAPANESE

from setten.customers.segments import CHANNELS, KM_MAX, LANGUAGE, STATES, VOCABULARY
from setten.customers.segments.conditions import KINDS
from setten.platform.expressions import BASIC, Type
from setten.platform.expressions import model as limits
from setten.platform.expressions.claims import OPS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "conditions.md"
LAST_30 = {"since": {"n": 30, "unit": "day"}}
AT_KOBE = {
    "events": ["purchase"],
    "where": [{"property": "location_id", "op": "is", "value": "kobe"}],
}
BOUGHT = {"kind": "did", "match": {"events": ["purchase"]}, "window": LAST_30}
# One example of each kind at least; the test below sees to it.
EXAMPLES: list[dict[str, Any]] = [
    {**BOUGHT, "times": {"op": "at_least", "value": 3}},
    {"kind": "did", "match": {"events": ["page.viewed"]},
     "window": {"since": {"n": 10, "unit": "day"}}, "times": {"op": "is", "value": 0}},
    {"kind": "did", "match": AT_KOBE, "window": {"since": "2026-01-01", "until": "2026-01-31"}},
    {"kind": "did", "match": {"events": ["purchase"]}, "window": {
        "since": {"n": 1, "unit": "month", "whole": True},
        "until": {"n": 1, "unit": "month", "whole": True}}},
    {"kind": "total", "measure": "sum", "property": "total_minor",
     "match": {"events": ["purchase", "return"]}, "window": LAST_30,
     "claim": {"op": "at_least", "value": 10000}},
    {"kind": "first", "match": {"events": ["purchase"]}, "window": LAST_30,
     "having": [{"property": "channel", "op": "is", "value": "shop"}]},
    {"kind": "last", "match": {"events": ["product.viewed"]},
     "window": {"since": {"n": 60, "unit": "day"}, "until": {"n": 30, "unit": "day"}}},
    {"kind": "sequence", "within": {"n": 7, "unit": "day"},
     "steps": [{"events": ["product.viewed"]}, {"events": ["cart.reported"]}, AT_KOBE]},
    {"kind": "field", "name": "rank", "claim": {"op": "in", "value": ["gold", "silver"]}},
    {"kind": "field", "name": "stage", "claim": {"op": "is", "value": "recovery"}},
    {"kind": "group", "name": "VIP"},
    {"kind": "consent", "channel": "email"},
    {"kind": "consent", "channel": "line", "state": "withdrawn", "purpose": "survey"},
    {"kind": "reachable", "channel": "sms"},
    {"kind": "lives_near", "km": 5, "location_id": "kobe"},
    {"kind": "lives_near", "km": 5},
    {"kind": "cart_near", "km": 10},
    {"kind": "listed", "name": "春の招待"},
    {"kind": "related", "relation": "referred_by"},
    {"kind": "related", "relation": "household", "of": BOUGHT},
    {"kind": "all", "of": [
        BOUGHT,
        {"kind": "any", "of": [{"kind": "group", "name": "VIP"},
                               {"kind": "not", "of": {"kind": "did", "match": AT_KOBE}}]},
    ]},
]  # fmt: skip
HEAD = """# Conditions

What segments are made of. A condition is written as JSON, or in words, Japanese or English; both
read back as the same. This page is made from the language itself:
`python -m tests.customers.segments.test_conditions_page`.

- A window goes from `since` (exclusive) to `until` (inclusive), to now without one. A span
  (`{{"n": 30, "unit": "day"}}`) is that long ago and moves with the present; a date is that whole
  day of the business. Minutes and hours are exact; days, weeks, months and years go by the calendar
  of the business's time zone. A day that a month does not have is the end of that month.
- `{{"n": 1, "unit": "month", "whole": true}}` is the whole month before this one, from its first
  instant (`since`) to its last (`until`), and becomes the next month when the month ends; so with
  days, weeks (from Monday) and years. 0 is the one that now is in.
- A claim about a missing value is false, except `unknown`; `not` turns any condition round. The sum
  of nothing is 0; the lowest and highest of nothing are missing.
- A trait's type is its operand's: `3` and `"3"` are two things. Amounts are in minor units.
- A purchase is one purchase, however many have told of it; a return has a negative amount.
- An event may have several `texts`: a claim is about any of them, `is_not` and `not_in` say that
  none is so. Of a basket these are the skus, 50 at most.
- The steps of a sequence follow each other in time, the last within the span of the first; here a
  day is 24 hours.
- Consent, reach, home, cart, lists and relations are as they stand now, not as they stood. Of
  several identifiers of one person the stricter word of consent stands. A home is a square of about
  a kilometre, so a distance is right to about one; `lives_near` counts shops, not warehouses.
- Relations are followed one step, also by way of a segment: `household`, `gives_to`, `given_by`,
  `referred`, `referred_by`.
- Channels are {channels}.
- States are {states}; distances are 1 to {km} km.

At most {nodes} conditions, {depth} deep, {bytes} bytes of JSON, {chars} characters of words,
{values} values in a list, {value} characters in a value.

## Kinds
"""


def _kinds() -> list[str]:
    found = ["| `kind` | Says |", "| --- | --- |"]
    for kind in (*BASIC, *KINDS):
        says = " ".join((inspect.getdoc(kind.node) or "").split())
        found.append(f"| `{kind.name}` | {says} |")
    return found


def _examples() -> list[str]:
    found = ["", "## Examples", ""]
    for raw in EXAMPLES:
        node = LANGUAGE.read(raw)
        said = json.dumps(raw, ensure_ascii=False)
        found += ["```json", said, "```", f"- {LANGUAGE.say(node, 'ja')}",
                  f"- {LANGUAGE.say(node, 'en')}", ""]  # fmt: skip
    return found


def _said() -> list[str]:
    """What people say, and how it is kept; the same that tests hear."""
    found = [
        "## As people say it",
        "",
        "Read too, and shown back as it is kept (on 22 November 2026, "
        "where the shop 「吉祥寺店」 is `kichijoji`):",
        "",
        "| Said | Kept |",
        "| --- | --- |",
    ]
    found += [f"| {said} | {kept} |" for said, kept in (*JAPANESE, *ENGLISH)]
    return [*found, ""]


def _claims() -> list[str]:
    found = ["## Claims", "", "| Type | `op` |", "| --- | --- |"]
    found += [f"| {of} | {', '.join(f'`{op}`' for op in ops)} |" for of, ops in OPS.items()]
    return found


def _events() -> list[str]:
    found = ["", "## Events", "", "| Event | Words | Properties |", "| --- | --- | --- |"]
    for name, one in VOCABULARY.events.items():
        properties = ", ".join(f"`{p}`" for p in sorted(one.properties))
        found.append(f"| `{name}` | {one.words.ja} · {one.words.en} | {properties} |")
    found += ["", "## Properties", "", "| Property | Type | Words |", "| --- | --- | --- |"]
    for name, prop in VOCABULARY.properties.items():
        found.append(f"| `{name}` | {prop.type.value} | {prop.words.ja} · {prop.words.en} |")
    found += ["", "## Fields", "", "Besides any trait, by its name:", "",
              "| Field | Type | Words |", "| --- | --- | --- |"]  # fmt: skip
    for name, field in VOCABULARY.fields.items():
        found.append(f"| `{name}` | {field.type.value} | {field.words.ja} · {field.words.en} |")
    return [*found, ""]


def page() -> str:
    """The whole page."""
    head = HEAD.format(
        nodes=limits.NODES_MAX,
        depth=limits.DEPTH_MAX,
        bytes=limits.JSON_BYTES_MAX,
        chars=limits.TEXT_CHARS_MAX,
        values=limits.VALUES_MAX,
        value=limits.VALUE_CHARS_MAX,
        channels=", ".join(f"`{one}`" for one in CHANNELS),
        states=", ".join(f"`{one}`" for one in STATES),
        km=KM_MAX,
    )
    return head + "\n".join([*_kinds(), *_examples(), *_said(), *_claims(), *_events()])


def test_the_reference_page_says_what_the_language_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m tests.customers.segments.test_conditions_page"
    )


def test_every_kind_has_an_example_and_every_example_reads_back_in_both_languages() -> None:
    nodes = [LANGUAGE.read(raw) for raw in EXAMPLES]
    met = frozenset().union(*(LANGUAGE.kinds_in(node) for node in nodes))
    assert met == {kind.name for kind in (*BASIC, *KINDS)}
    for node in nodes:
        for locale in ("ja", "en"):
            assert LANGUAGE.read_words(LANGUAGE.say(node, locale), locale) == node


def test_what_an_event_carries_is_declared_with_its_type() -> None:
    carried = {p for one in VOCABULARY.events.values() for p in one.properties}
    assert carried <= VOCABULARY.properties.keys()
    assert {one.type for one in VOCABULARY.properties.values()} == {
        Type.TEXT,
        Type.TEXTS,
        Type.INTEGER,
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
