"""Every number opens: what a template counts or adds up stands in a link, in a row that opens, over
the list it counts, or below among those that do not, with the reason.

Read from the templates, not from a page: so a number that is shown only on a bad day is found, too.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

TEMPLATES = Path(__file__).parents[2] / "src/setten/console/templates"

# A figure in words: formatted, counted, or said with a number of things.
_FIGURE = re.compile(r"f\.(number|money|percent|signed)\(|\bn=|\|length|\|sum\(")
# Heads tell how many stand in their own section; these macros and these lists make links.
_HEAD = re.compile(r"m\.head\(.*\|length")
_LINKS = re.compile(r"m\.person\(|\bopened\(")
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "use", "rect", "line", "circle",
                   "path", "wbr"})  # fmt: skip
_OPENS = frozenset({"a", "button", "summary", "label", "select", "option", "textarea", "title"})
_ROWS = frozenset({"tr", "li", "article"})

NOT_OURS = ("shell/patterns_", "visitors/")
"""The pattern page's samples; pages for visitors, who have nothing to open."""

SUMS = "the sums of one purchase, count or return, whose lines stand above it"
RULE = "a rule that somebody chose, not a count of things"
FORECAST = "how many there would be: nobody is in it yet"
FILE = "the tally of a file that was read; its refused rows are taken away beside it"
BESIDE = "what the list beside or below it shows, said once more"
COMPARED = "an earlier number beside one that opens"
HERE = "this page is what the number opens into"
RIGHT = "for who has no right to see what lies behind; with it, the same number is a link"
OPEN = "two segments side by side: who is in both is no list yet"

DEAD: dict[str, dict[str, str]] = {
    "chain/delivery.html": {
        'f.money(one.fee_minor, one.currency) if one.fee_minor else t("delivery.free")': RULE,
    },
    "chain/place.html": {
        'f.number(sender.open_max) if sender.open_max is not none else t("chain.until_none")': RULE,
    },
    "chain/release.html": {
        't("release.pace", n=release.per_minute, minutes=release.turn_minutes)': RULE,
    },
    "chain/service.html": {
        "f.money(service.free_from_minor, service.currency) if service.free_from_minor is not none"
        ' else t("chain.until_none")': RULE,
    },
    "chain/zone.html": {'t("zone.remove_zone_what", n=services|length)': BESIDE},
    "customers/cart.html": {
        'm.badge(t(line.problem, n=line.available), "signal", "alert")': BESIDE,
        't("cart.section_more", n=basket.lines|length - 4)': BESIDE,
    },
    "customers/outgrown.html": {'t("outgrown.title", n=outgrown[0].links)': BESIDE},
    "customers/past_head.html": {
        'm.head(t("timeline.title"), t("timeline.count", n=total))': BESIDE,
    },
    "customers/record.html": {"event.identifiers|length": RIGHT},
    "customers/strip_promises.html": {
        't("strip.promises_unit", n=open_holds|length)': BESIDE,
    },
    "parts/marks.html": {"f.number(count)": BESIDE},
    "run/doctor.html": {'t("doctor.wrong", n=wrong) if wrong else t("doctor.well")': BESIDE},
    "run/import_body.html": {
        "f.number(n)": FILE,
        'm.head(t("imports.why"), f.number(summary.refused))': FILE,
    },
    "run/import_state.html": {
        't("imports.rows_so_far", n=sent.rows_done) if sent.rows_done'
        ' else t("imports.waits")': FILE,
        't("imports.cut", n=summary.rows)': FILE,
        't("imports.stopped", n=sent.rows_done)': FILE,
    },
    "run/imports.html": {
        "f.number(row.run.rows_done)": FILE,
        "f.number(row.run.summary.new)": FILE,
        "f.number(row.run.summary.changed)": FILE,
        "f.number(row.run.summary.refused)": FILE,
    },
    "run/rule_changes.html": {
        't("rules.more", n=one.n - one.identifiers|length)': FORECAST,
        "f.number(one.was[name])": RULE,
        "f.number(asked)": RULE,
    },
    "segments/compare.html": {
        "f.number(only_one)": OPEN,
        't("segments.people", n=only_one)': OPEN,
        "f.number(both)": OPEN,
        't("segments.people", n=both)': OPEN,
        "f.number(only_other)": OPEN,
        't("segments.people", n=only_other)': OPEN,
    },
    "segments/inside.html": {
        't("segments.moved", entered=f.number(entered), gone=f.number(gone))': BESIDE,
        't("segments.high", n=f.number(steps.high))': COMPARED,
    },
    "segments/lists.html": {
        "f.number(brought.matched)": FILE,
        "f.number(brought.unmatched)": FILE,
        "f.number(brought.refused)": FILE,
    },
    "segments/preview.html": {
        't("composer.taken", name=one.name, n=one.n)': FORECAST,
        "f.number(preview.size)": FORECAST,
        't("segments.people", n=preview.size)': FORECAST,
    },
    "segments/reading.html": {"f.number(one.reading.rows)": FILE},
    "shell/today.html": {'t("today.shops", n=shops)': RIGHT},
    "shell/today_figures.html": {
        "f.money(minor, currency)": BESIDE,  # a macro; where it is called, it is in a link
        "f.percent(kept)": RIGHT,
        't("today.n", n=orders_n)': BESIDE,
        "f.number(drawing.total)": RIGHT,
        "f.number(drawing.before)": COMPARED,
    },
    "shell/today_strips.html": {'t("today.quarters", n=drawing.total)': BESIDE},
    "stock/cart_body.html": {
        'm.head(t("cart.what"), t("cart.units", n=basket.units) if basket.units else none)': BESIDE,
    },
    "stock/count_given.html": {
        't("count.progress", done=count.done, all=count.lines|length)': BESIDE,
    },
    "stock/count_left.html": {'t("count.finish_note", n=left)': BESIDE},
    "stock/count_result.html": {
        't("count.progress", done=count.done, all=count.lines|length)': BESIDE,
        'f.money(value, "JPY")': SUMS,
    },
    "stock/count_sheet.html": {
        't("count.progress", done=count.done, all=count.lines|length)': BESIDE,
    },
    "stock/delivery_offers.html": {
        "f.money(one.option.fee_minor, one.option.currency)": RULE,
    },
    "stock/item.html": {'m.head(t("item.places"), t("item.places_n", n=place_count))': BESIDE},
    "stock/matrix.html": {'t("sheet.total_of", n=f.number(place_count))': BESIDE},
    "stock/order_lines.html": {
        'f.money(order.total_minor, order.currency or "JPY")': SUMS,
        'f.money(-order.cancelled_minor, order.currency or "JPY")': SUMS,
        'f.money(order.due_minor, order.currency or "JPY")': SUMS,
    },
    "stock/promises_due.html": {
        't("promise.to_come", n=f.number(one.due.outstanding))': HERE,
        't("promise.promised", n=one.due.promised,'
        " cap=[one.due.cap, one.due.outstanding]|min)": HERE,
        't("promise.room", n=one.due.room) if one.due.room else t("promise.full")': HERE,
    },
    "stock/queue_aside.html": {'t("pickup.today_due_note", n=queue.due_today)': BESIDE},
    "stock/returns.html": {
        't("till_returns.waiting", n=waiting if waiting < 100 else "99+")': BESIDE,
    },
    "stock/returns_done.html": {
        't("pickup.units", n=line.qty)': SUMS,
        "f.money(-line.amount_minor, done.currency)": SUMS,
        "f.money(done.total_minor, done.currency)": SUMS,
        "f.money(one.tax_minor, done.currency)": SUMS,
        "f.money(done.exchange_minor, done.currency)": SUMS,
        "f.money(done.to_pay_minor, done.currency)": SUMS,
    },
    "stock/returns_purchase.html": {
        't("returns.can_return", n=one.can_return, of=one.qty)': BESIDE,
    },
    "stock/returns_unproven.html": {
        't("returns.unproven_limit", max=f.money(rule.unproven_max_minor, currency),'
        " n=rule.per_customer_max, days=rule.per_customer_days)": RULE,
        "f.money(total, currency)": SUMS,
        't("returns.over", over=f.money(over, currency))': SUMS,
    },
    "stock/sending.html": {'t("sending.count", n=parcels|length)': BESIDE},
    "stock/sheet.html": {'t("sheet.count", items=rows|length, places=place_count)': BESIDE},
    "stock/why.html": {
        't("why.title", n=f.number(why.total))': HERE,
        'f.signed(step.qty) if step.what != "physical" else f.number(step.qty)': HERE,
        "f.number(why.total)": HERE,
        't("why.quarantine", n=why.balance.quarantine)': HERE,
        "f.number(one.qty)": HERE,
        "f.signed(one.room)": HERE,
        "f.signed(effect)": HERE,
    },
}


class Dead(msgspec.Struct, frozen=True):
    """A number that opens nowhere: which template, what it says."""

    template: str
    said: str


class _Element:
    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.opens = False
        self.numbers: list[int] = []


class _Reader(HTMLParser):
    """Numbers of a template that are in no link and in no row that opens."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = [_Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "button", "form"):
            for one in self.stack:
                one.opens = True
        if tag not in _VOID:
            self.stack.append(_Element(tag))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or all(one.tag != tag for one in self.stack):
            return  # the other branch of a condition ended it
        while self._close() != tag:
            pass

    def _close(self) -> str:
        closed = self.stack.pop()
        if not (closed.tag in _ROWS and closed.opens):
            self.stack[-1].numbers += closed.numbers
        return closed.tag

    def handle_data(self, data: str) -> None:
        if not any(one.tag in _OPENS for one in self.stack):
            self.stack[-1].numbers += map(int, re.findall(r"«(\d+)»", data))

    def dead(self) -> list[int]:
        while len(self.stack) > 1:
            self._close()
        return self.stack[0].numbers


def numbers_of(text: str) -> list[str]:
    """What a template says in numbers that open nowhere."""
    said: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        words = found[1].strip()
        if _LINKS.search(words):
            return "<a></a>"
        if not _FIGURE.search(words) or _HEAD.search(words):
            return ""
        said.append(words)
        return f"«{len(said) - 1}»"

    plain = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    marked = re.sub(r"\{\{(.*?)\}\}", stand_in, plain, flags=re.DOTALL)
    reader = _Reader()
    reader.feed(re.sub(r"\{%.*?%\}", "", marked, flags=re.DOTALL))
    reader.close()
    return [said[one] for one in reader.dead()]


def all_dead() -> list[Dead]:
    return [
        Dead(name, said)
        for path in sorted(TEMPLATES.rglob("*.html"))
        for name in [str(path.relative_to(TEMPLATES))]
        if not name.startswith(NOT_OURS)
        for said in numbers_of(path.read_text("utf-8"))
    ]


def test_every_number_opens_or_says_why_it_does_not() -> None:
    unsaid = [one for one in all_dead() if one.said not in DEAD.get(one.template, {})]
    assert unsaid == [], "link it, or name it in DEAD with a reason"


def test_every_reason_stands_for_a_number_that_is_still_there() -> None:
    found = {(one.template, one.said) for one in all_dead()}
    stale = [
        (name, said) for name, reasons in DEAD.items() for said in reasons
        if (name, said) not in found
    ]  # fmt: skip
    assert stale == [], "it opens now, or is gone: take it out of DEAD"


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("<p>{{ f.number(n) }}</p>", ["f.number(n)"]),
        ("<p><a href='/x'><b>{{ f.number(n) }}</b></a></p>", []),
        ("<tr><td><a href='/x'>a</a></td><td>{{ f.number(n) }}</td></tr>", []),
        ("<tr><td>{{ f.number(n) }}</td></tr><p><a href='/x'>a</a></p>", ["f.number(n)"]),
        ("<li>{{ m.person(one) }}{{ t('x', n=3) }}</li>", []),
        ("{{ m.head(t('x'), rows|length) }}<p>{{ t('x.title') }}</p>", []),
        ("{% if a %}<a href='/x'>{% endif %}{{ f.money(n) }}{% if a %}</a>{% endif %}", []),
        ("<dl><dd>{{ f.money(n) }}</dd></dl>", ["f.money(n)"]),
    ],
)  # fmt: skip
def test_a_number_is_found_where_nothing_opens(text: str, dead: list[str]) -> None:
    assert numbers_of(text) == dead
