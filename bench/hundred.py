"""A hundred segments as a marketing team has them: deeds, absences, money, sequences, traits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from setten.customers import segments
from setten.customers.segments import evaluating, rules, state
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.expressions import NEVER, Calendar, instant, micros

EVERYBODY = "select customer_id from customers.customers where merged_into is null order by 1"
FILLED = """
update customers.segments s
   set filled_at = now(), size = coalesce(n, 0)
  from customers.segments o
  left join (select segment_id, count(*) as n from customers.segment_members group by 1) as m
       using (segment_id)
 where s.segment_id = o.segment_id
"""
TEAM = Actor(kind="staff", id="bench", name="bench", role="marketer")
LOOKED = ("page.viewed", "product.viewed", "cart.reported", "checkout.reported",
          "products.searched", "coupon.reported", "product.clicked")  # fmt: skip
Expression = dict[str, Any]
Shape = Callable[[random.Random], Expression]


def within(days: int) -> Expression:
    return {"since": {"n": days, "unit": "day"}}


def expressions(count: int) -> list[Expression]:
    """So many conditions, each with figures of its own, of twenty in the shares below."""
    rng = random.Random(11)
    turns = [shape for shape, times in _SHAPES for _ in range(times)]
    return [turns[turn % len(turns)](rng) for turn in range(count)]


def _often(rng: random.Random) -> Expression:
    at_least = {"op": "at_least", "value": rng.randint(1, 6)}
    return {"kind": "did", "match": {"events": [rng.choice(LOOKED)]}, "times": at_least,
            "window": within(rng.choice((1, 7, 30)))}  # fmt: skip


def _about(rng: random.Random) -> Expression:
    """Of certain goods or pages, as most are: one line in some dozens is about them."""
    where = rng.choice((
        {"property": "sku", "op": "starts_with", "value": f"S-00{rng.randint(10, 99)}"},
        {"property": "path", "op": "starts_with", "value": f"/items/{rng.randint(10, 99)}"},
        {"property": "price_minor", "op": "is", "value": rng.randint(1, 90) * 1_000},
    ))  # fmt: skip
    name = "page.viewed" if where["property"] == "path" else "product.viewed"
    times = {"op": "at_least", "value": rng.randint(1, 3)}
    return {"kind": "did", "match": {"events": [name], "where": [where]}, "times": times,
            "window": within(rng.choice((7, 14, 30)))}  # fmt: skip


def _spent(rng: random.Random) -> Expression:
    claim, days = {"op": "at_least", "value": rng.randint(1, 90) * 1_000}, rng.choice((30, 60, 90))
    return {"kind": "total", "measure": "sum", "property": "total_minor", "claim": claim,
            "match": {"events": ["purchase"]}, "window": within(days)}  # fmt: skip


def _told(rng: random.Random) -> Expression:
    field, values = rng.choice((("plan", ("gold", "silver")), ("tier", (0, 1, 2, 3))))
    return {"kind": "field", "name": field, "claim": {"op": "is", "value": rng.choice(values)}}


def _absent(rng: random.Random) -> Expression:
    did = {"kind": "did", "match": {"events": ["page.viewed", "product.viewed"]}}
    return {"kind": "not", "of": did | {"window": within(rng.choice((3, 10, 30)))}}


def _left_behind(rng: random.Random) -> Expression:
    window = within(rng.choice((1, 2, 7)))
    cart = {"kind": "did", "match": {"events": ["cart.reported"]}, "window": window}
    bought = {"kind": "did", "match": {"events": ["purchase"]}, "window": window}
    return {"kind": "all", "of": [cart, {"kind": "not", "of": bought}]}


def _wanted(rng: random.Random) -> Expression:
    dear = {"property": "price_minor", "op": "at_least", "value": rng.randint(40, 90) * 1_000}
    times = {"op": "at_least", "value": rng.randint(2, 5)}
    return {"kind": "did", "match": {"events": ["product.viewed"], "where": [dear]},
            "window": within(rng.choice((7, 30))), "times": times}  # fmt: skip


def _in_order(rng: random.Random) -> Expression:
    steps = [{"events": [name]} for name in rng.sample(LOOKED, 3)]
    return {"kind": "sequence", "steps": steps, "within": {"n": rng.randint(1, 48), "unit": "hour"}}


_SHAPES: tuple[tuple[Shape, int], ...] = (
    (_often, 3), (_about, 7), (_spent, 3), (_told, 3), (_absent, 1), (_left_behind, 1),
    (_wanted, 1), (_in_order, 1),
)  # fmt: skip


async def define(conn: db.Connection, count: int) -> None:
    """Make them; nobody is in them yet."""
    for turn, expression in enumerate(expressions(count)):
        async with conn.transaction():
            await segments.define(
                conn, f"Segment {turn:03d}", expression, actor=TEAM, now=clock.now()
            )


async def belong(conn: db.Connection, zone: ZoneInfo) -> int:
    """Let everybody be where they belong, as after a filling, without the news of it; how many."""
    calendar, now = Calendar(zone), clock.now()
    moment = micros(now)
    live = await evaluating.live(conn)
    if not live:
        return 0
    needs = rules.needs(live, calendar, moment)
    customers = [row["customer_id"] for row in await conn.fetch(EVERYBODY)]
    for start in range(0, len(customers), 5_000):
        async with conn.transaction():
            found = await state.fetch(conn, customers[start : start + 5_000], needs)
            at = segments.LANGUAGE.evaluation(found.frame, calendar, moment)
            verdict = rules.decide(live, at, found.living)
            inside = zip(*(places.tolist() for places in verdict.belongs.nonzero()), strict=True)
            await conn.copy_records_to_table(
                "segment_members", schema_name="customers",
                columns=("customer_id", "segment_id", "entered_at"),
                records=[(found.customers[c], live[s].segment_id, now) for s, c in inside],
            )  # fmt: skip
            await conn.copy_records_to_table(
                "segment_wakes", schema_name="customers", columns=("customer_id", "due_at"),
                records=[(whose, instant(due)) for whose, due
                         in zip(found.customers, verdict.due.tolist(), strict=True)
                         if due < NEVER],
            )  # fmt: skip
    await conn.execute(FILLED)
    await conn.execute("vacuum analyze customers.segment_members, customers.segment_wakes")
    return int(await conn.fetchval("select count(*) from customers.segment_members"))
