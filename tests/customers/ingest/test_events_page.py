"""The reference page of events is made from the facts themselves, so it cannot tell another story.

`python -m tests.customers.ingest.test_events_page` writes it anew.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import msgspec

import setten.facts
from setten.customers.ingest import ALIASES, SPEC
from setten.facts import commerce, reported
from setten.platform.log import Fact

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"
HEAD = """# Events

Every event of the log: its name, what it says and what it carries. A published name never changes
its meaning. Each row of the log also has `event_id`, four times (`occurred_at` corrected for the
client's clock, `original_at` and `sent_at` as the client said, `received_at`), `channel`,
`location_id`, the numbers of the identifiers it happened under (strongest first), and `sealed_id`
where something personal was said. Amounts end in `_minor` and are in minor units of `currency`.

This page is made from the code: `python -m tests.customers.ingest.test_events_page`.

## Reported by outsiders
What tags, shops, tills and apps tell. Reports are evidence; only our own facts are counted as
truth. All of them carry
{shared}.
How to send them: [how-to/send-events.md](../how-to/send-events.md).
"""
ALIASES_HEAD = """
## Older names
Names of version 1 of Segment's ecommerce spec, and spellings of its own pages. Case, spaces and
`_` do not matter.

| As sent | Means |
| --- | --- |
"""


def facts() -> list[type[Fact]]:
    """Every fact that has a name of its own, by name."""
    found: dict[str, type[Fact]] = {}
    for module in pkgutil.iter_modules(setten.facts.__path__):
        loaded = importlib.import_module(f"setten.facts.{module.name}")
        for _, one in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(one, Fact) and "event_name" in vars(one) and one is not reported.Told:
                found[one.event_name] = one
    return [found[name] for name in sorted(found)]


def _type(shown: object) -> str:
    text = shown if isinstance(shown, str) else getattr(shown, "__name__", str(shown))
    return re.sub(r"\b(?:typing|setten\.[\w.]+|uuid|datetime)\.(\w)", r"\1", text)


def _row(fact: type[Fact], left_out: set[str]) -> str:
    says = " ".join((fact.__doc__ or "").split("\n\n")[0].split())
    types = {f.name: _type(f.type) for f in msgspec.structs.fields(fact)}
    names = [f"`{name}`" for name in types if name not in left_out]
    return f"| `{fact.event_name}` | {says} | {', '.join(names) or '–'} |"


def page() -> str:
    """The whole page."""
    shared = {f.name for f in msgspec.structs.fields(reported.Told)}
    told = [one for one in facts() if issubclass(one, reported.Told)]
    ours = [one for one in facts() if not issubclass(one, reported.Told)]
    head = HEAD.format(shared=", ".join(f"`{name}`" for name in sorted(shared)))
    table = "\n| Event | Says | Carries besides |\n| --- | --- | --- |\n"
    item = ", ".join(f"`{f.name}`" for f in msgspec.structs.fields(commerce.Item))
    parts = [head, table, "\n".join(_row(one, shared) for one in told)]
    parts += [f"\n\n`item` and each of `items` have {item}.\n"]
    parts += ["\n## By their names in Segment's spec\n\n"]
    parts += ["| As sent | Event | `action` |\n| --- | --- | --- |\n"]
    parts += ["\n".join(f"| {name} | `{fact.event_name}` | {f'`{action}`' if action else '–'} |"
                        for name, (fact, action) in sorted(SPEC.items()))]  # fmt: skip
    parts += ["\n\n## Our own facts\nStated in the transaction that made them true.\n", table]
    parts += ["\n".join(_row(one, set()) for one in ours), "\n", ALIASES_HEAD]
    parts += ["\n".join(f"| {alias} | {name} |" for alias, name in sorted(ALIASES.items())), "\n"]
    return "".join(parts)


def test_the_reference_page_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m tests.customers.ingest.test_events_page"
    )


def test_no_two_facts_have_one_name() -> None:
    names = [one.event_name for one in facts()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", name) for name in names), names


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
