"""What the page of one file says: where it stands, what came of it, how its columns are read."""

from __future__ import annotations

import msgspec

from setten import imports
from setten.console.page import Page
from setten.console.words import Words
from setten.imports import KINDS, Summary, choosing
from setten.imports.desk import Sent
from setten.imports.letters import ENCODINGS
from setten.imports.mapping import AT, NAME_EN
from setten.imports.model import Shown
from setten.imports.staging import ending_of
from setten.platform import errors

COUNTS = ("rows", "new", "changed", "same", "left_out", "refused")
DATES = ("ymd", "mdy", "dmy")
UTC = "UTC"
STATE_MARKS = {"sent": "caution", "failed": "signal", "stopped": "caution", "tried": "strong"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the list."""

    sent: Sent
    kind: str
    state: str
    mark: str


class ColumnRow(msgspec.Struct, frozen=True):
    """A column of the file. field: what it is read as, "" for nothing.

    may_be_kept: under its own heading.
    """

    heading: str
    sample: tuple[str, ...]
    field: str
    may_be_kept: bool


def kind_word(kind: str, t: Words) -> str:
    """A kind of file in words."""
    key = f"imports.kind_{kind}"
    return t(key) if t.has(key) else kind


def line(sent: Sent, t: Words) -> Line:
    """A file as the list shows it."""
    return Line(
        sent=sent,
        kind=kind_word(sent.kind, t),
        state=t(f"imports.state_{sent.state}"),
        mark=STATE_MARKS.get(sent.state, ""),
    )


def whole(sent: Sent, page: Page) -> dict[str, object]:
    """A file as its own page shows it."""
    t, outcome = page.words(), sent.outcome
    summary = outcome.summary if outcome is not None else None
    code = outcome.code if outcome is not None else ""
    facts = dict(outcome.facts) if outcome is not None else {}
    return {
        "sent": sent,
        "kind": kind_word(sent.kind, t),
        "percent": _percent(sent),
        "summary": summary,
        "counts": _counts(summary, t),
        "reasons": _reasons(sent, summary, page),
        "shown": _shown(sent, summary, page),
        "not_kept": _not_kept(summary, page),
        "is_useful": summary is not None and (summary.is_cut or summary.new + summary.changed > 0),
        "own": choosing.OWN,
        "own_word": t("imports.own_attribute" if sent.kind == "items" else "imports.own_trait"),
        "wrong": errors.say(code, page.locale, facts) if code else None,
        "lacking": [t(f"import_field.{one}") for one in _lacking(sent)],
        "columns": _columns(sent),
        "unused": [row.heading for row in _columns(sent) if not row.field and row.heading],
        "keeps_more": KINDS[sent.kind].keeps_more,
        "lacks_price": bool(_columns(sent)) and imports.lacks_price(sent.kind, sent.about.mapping),
        "fields": _fields(sent, t),
        "encodings": ENCODINGS,
        "has_moment": any(one.name == AT for one in KINDS[sent.kind].fields),
        "dates": DATES,
        "utc": UTC,
        "has_columns": _has_columns(sent),
        "may_choose": sent.state in ("sent", "tried", "failed", "stopped"),
    }


def _percent(sent: Sent) -> int:
    return min(99, sent.bytes_done * 100 // sent.bytes_all) if sent.bytes_all else 0


def _counts(summary: Summary | None, t: Words) -> list[tuple[str, int]]:
    if summary is None:
        return []
    return [(t(f"imports.{one}"), getattr(summary, one)) for one in COUNTS]


def _reasons(sent: Sent, summary: Summary | None, page: Page) -> list[tuple[str, int]]:
    """Why rows were refused, the most first, with the columns of the rows that are named."""
    if summary is None:
        return []
    told: dict[str, dict[str, None]] = {}
    for one in summary.shown:
        told.setdefault(one.reason, {}).update(dict.fromkeys(_named(sent, one, page.words())))
    between = page.words()("staff.between")
    return [
        (imports.say(reason, between.join(told.get(reason, ())), page.locale), n)
        for reason, n in sorted(summary.reasons.items(), key=lambda one: -one[1])
    ]


def _not_kept(summary: Summary | None, page: Page) -> list[tuple[str, int, str]]:
    """Values that are left out of rows that are good otherwise, and which rows the first are."""
    if summary is None:
        return []
    t, found = page.words(), []
    for field, n in summary.not_kept.items():
        first = summary.not_kept_rows.get(field, [])
        words = t("imports.not_kept", field=t(f"import_field.{field}"))
        found.append((words, n, _where(summary, first, page, more=n > len(first)) if first else ""))
    return found


def _where(summary: Summary, numbers: list[int], page: Page, *, more: bool = False) -> str:
    return imports.rows(numbers, has_headings=summary.has_headings, more=more, locale=page.locale)


def _shown(sent: Sent, summary: Summary | None, page: Page) -> list[tuple[str, str]]:
    if summary is None:
        return []
    t = page.words()
    return [
        (
            _where(summary, [one.row], page),
            imports.say(one.reason, t("staff.between").join(_named(sent, one, t)), page.locale),
        )
        for one in summary.shown
    ]


def _named(sent: Sent, one: Shown, t: Words) -> list[str]:
    """The fields of a refusal by the headings of the file, else in our words."""
    found = []
    for name in (one.field or "").split(", "):
        key = f"import_field.{name}"
        headings = sent.about.mapping.columns.get(name, [])
        theirs = [headings] if isinstance(headings, str) else headings
        found.append(" + ".join(theirs) or (t(key) if t.has(key) else name))
    return [one for one in found if one]


def _has_columns(sent: Sent) -> bool:
    """Whether there is a choice of columns at all: a line of a log is one."""
    kind = KINDS[sent.kind]
    return bool(kind.fields) and kind.format is None


def _lacking(sent: Sent) -> list[str]:
    if not _has_columns(sent):
        return []
    return choosing.lacking(KINDS[sent.kind], sent.about.mapping)


def _columns(sent: Sent) -> list[ColumnRow]:
    if not _has_columns(sent):
        return []
    about = sent.about
    read_as = choosing.field_of(about.mapping, about.columns)
    return [
        ColumnRow(
            heading,
            tuple(row[n] for row in about.sample if n < len(row) and row[n]),
            read_as[heading],
            choosing.may_be_kept(KINDS[sent.kind], heading),
        )
        for n, heading in enumerate(about.columns)
    ]


def _fields(sent: Sent, t: Words) -> list[tuple[str, str, bool]]:
    """What a column may be read as; a name says its language where there is one of each."""
    fields = KINDS[sent.kind].fields
    has_both = any(one.name == NAME_EN for one in fields)
    keys = ["name_ja" if has_both and one.name == "name" else one.name for one in fields]
    return [
        (one.name, t(f"import_field.{key}"), one.must)
        for one, key in zip(fields, keys, strict=True)
    ]


def refused_ending(sent: Sent) -> str:
    """How the file of refused rows is called: a table comes back as CSV."""
    kind = KINDS[sent.kind]
    ending = ending_of(sent.about.name)
    if kind.format == "ndjson" or ".json" in ending or ".ndjson" in ending:
        return ".ndjson"
    return ".log" if kind.format == "lines" else ".csv"
