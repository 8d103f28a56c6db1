"""The five stages of the life cycle: a board of all customers, and who stands in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists
from setten.console.customers import people
from setten.console.customers.listed import STAGE
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import lifecycle, segments
from setten.customers.lifecycle import NOWHERE, STAGES, Board, Stage, Standing, Thresholds
from setten.customers.segments import Segment
from setten.platform import auth, clock, db
from setten.platform.auth import Right
from setten.platform.errors import Invalid

PERIODS = (7, 30, 90)
"""Days over which flows are shown."""

RUNS_SHOWN = 12
"""Of one stage: what does not fit is on the segments' own page."""

_BAR = 200.0


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One stage on the board. width: of 200, its share of all."""

    stage: Stage
    word: str
    customers: int
    width: float
    came: int
    left: int
    values: list[str]
    buyers: int
    runs: list[Segment]
    """What is tied to the stage: segments whose condition names it."""


class Cell(msgspec.Struct, frozen=True):
    """How many went from one stage to another. wash: 0 to 4, thicker for more."""

    n: int
    wash: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One customer of a stage."""

    who: Person
    standing: Standing
    sentence: str


@get("/customers/stages", right=(Right.read_customers, Right.read_data))
async def board(request: Asked, days: FromQuery[int] = 30) -> Response[str]:
    """How many stand where, who went where, what they are worth."""
    page = page_of(request)
    _require_reader(page)
    days = days if days in PERIODS else 30
    today = page.shown().now.date()
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await lifecycle.board(
            conn, first_day=today - timedelta(days=days - 1), last_day=today
        )
        limits = await lifecycle.thresholds(conn)
        tied = by_stage(await segments.listed(conn))
    shown = {
        "columns": columns(found, page, tied),
        "may_see_runs": page.who.may(Right.read_data),
        "rows": matrix(found),
        "stages": STAGES,
        "nowhere": NOWHERE,
        "counted_at": found.sizes_at,
        "valued_at": found.values_at,
        "days": days,
        "periods": PERIODS,
        "limits": limits,
        "may_change": page.who.may(Right.manage_stages),
        "may_list": people.may_list(page.who),
    }
    return page.render("customers/stages.html", shown)


def _require_reader(page: Page) -> None:
    """The board names nobody: whoever may see the business's figures may see it."""
    if not page.who.may(Right.read_data):
        auth.require(page.who, Right.read_customers)


def columns(found: Board, page: Page, tied: Mapping[str, list[Segment]]) -> list[Column]:
    """The stages from left to right."""
    all_of_them = sum(size.customers for size in found.sizes) or 1
    return [
        Column(
            stage=size.stage,
            word=lifecycle.NAMES[size.stage][page.locale],
            customers=size.customers,
            width=round(_BAR * size.customers / all_of_them, 1),
            came=sum(flow.customers for flow in found.flows if flow.stage == size.stage),
            left=sum(flow.customers for flow in found.flows if flow.was == size.stage),
            values=[
                page.shown().money(one.total_minor, one.currency)
                for one in found.values
                if one.stage == size.stage
            ],
            buyers=sum(one.buyers for one in found.values if one.stage == size.stage),
            runs=tied.get(size.stage, [])[:RUNS_SHOWN],
        )
        for size in found.sizes
    ]


def by_stage(listed: Sequence[Segment]) -> dict[str, list[Segment]]:
    """Segments by the stages that their conditions name, also through segments they are made of."""
    named = {one.name: stages_in(one.expression) for one in listed}
    inner = {one.name: set(_said(one.expression, "group")) for one in listed}
    for _ in listed:  # a way through segments is never longer than there are any
        grown = {name: found.union(*(named.get(one, set()) for one in inner[name]))
                 for name, found in named.items()}  # fmt: skip
        if grown == named:
            break
        named = grown
    return {
        stage: [one for one in listed if stage in named[one.name]]
        for stage in STAGES
        if any(stage in found for found in named.values())
    }


def stages_in(expression: Any) -> set[str]:
    """The stages that a condition's JSON names."""
    found: set[str] = set()
    for claim in _said(expression, "field", name="stage"):
        value = claim.get("value")
        told = value if isinstance(value, list) else [value]
        found |= {one for one in told if one in STAGES}
    return found


def _said(node: Any, kind: str, *, name: str = "") -> Iterator[Any]:
    """Claims about a field of this name, or names of groups, wherever they stand in a condition."""
    if isinstance(node, dict):
        if node.get("kind") == kind and kind == "group":
            yield node.get("name")
        elif node.get("kind") == kind and node.get("name") == name:
            yield node.get("claim") or {}
        for one in node.values():
            yield from _said(one, kind, name=name)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _said(one, kind, name=name)


def matrix(found: Board) -> list[tuple[str, list[Cell]]]:
    """From where (rows; the last are those who were not there) to where (columns)."""
    counts = {(flow.was, flow.stage): flow.customers for flow in found.flows}
    most = max(counts.values(), default=0)
    return [
        (was, [_cell(counts.get((was, stage), 0), most) for stage in STAGES])
        for was in (*STAGES, NOWHERE)
    ]


def _cell(n: int, most: int) -> Cell:
    return Cell(n, 0 if n == 0 else 1 + round(3 * n / most))


@get("/customers/stages/{stage:str}", right=Right.read_customers)
async def stage_people(request: Asked, stage: FromPath[str]) -> Response[str]:
    """Who stands in a stage, those who came last first.

    Those who have not bought yet came to no stage: they stand in the list of everybody.
    """
    if stage == "acquisition":
        return redirect(f"/customers/all?stage={stage}")
    look, deps = lists.look(STAGE, request), guard.deps_of(request)
    page = look.page
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        assert stage in STAGES, "the list has looked"
        ids = [one.customer_id for one in part.rows]
        told = await lifecycle.standings(conn, ids, now=page.now)
        named = await people.by_id(conn, deps.vault, ids, page.locale)
        await people.note(
            conn, page.who, list(named.values()), action="customers.listed", now=page.now
        )
    rows = [
        Row(
            who=named.get(one) or Person(one, "", "", f"/customers/{one}"),
            standing=told[one],
            sentence=lifecycle.sentence(told[one], now=page.shown().now, locale=page.locale),
        )
        for one in ids
    ]
    shown = {
        "list": part,
        "stage": stage,
        "word": lifecycle.NAMES[stage][page.locale],
        "rows": rows,
    }
    return page.render("customers/stage_people.html", shown)


@post("/customers/stages", right=Right.manage_stages)
async def change(request: Asked) -> Response[str]:
    """Let stages end elsewhere; the background looks at everybody anew."""
    page, form = page_of(request), await request.form()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await lifecycle.change_thresholds(conn, page.who, _thresholds(form), now=clock.now())
    return redirect("/customers/stages")


class NoNumber(Invalid):
    """A threshold is not a number."""

    code = "bad_stage_thresholds"


def _thresholds(form: FormMultiDict) -> Thresholds:
    try:
        return Thresholds(
            loyal_from=int(str(form.get("loyal_from"))),
            slow_p=int(str(form.get("slow_p"))) / 100,
            lost_p=int(str(form.get("lost_p"))) / 100,
            slow_gaps=float(str(form.get("slow_gaps"))),
            lost_gaps=float(str(form.get("lost_gaps"))),
        )
    except ValueError:
        raise NoNumber(fields=", ".join(Thresholds.__struct_fields__)) from None
