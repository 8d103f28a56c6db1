"""The composer: a segment in words, by hand or by form, counted while it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.segments import composing, goods, phrases
from setten.console.segments.telling import Telling, said, telling
from setten.console.shell.sign_in import redirect
from setten.customers import lifecycle, segments
from setten.customers.segments import (
    CHANNELS,
    LANGUAGE,
    RELATIONS,
    STATES,
    VOCABULARY,
    Segment,
)
from setten.platform import auth, clock, db, errors
from setten.platform.auth import Right
from setten.platform.errors import SettenError
from setten.platform.expressions import Calendar, Unreadable, Words

WORDS_MAX = 8_000
_BREAK = re.compile(r"[ \t\u3000]*[\r\n]+\s*")


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What words would give: how many and some of them, or why they cannot be read.

    kept: the words as they are kept, where others were typed. understood, rest: what was typed, up
    to where understanding ended and from there on. nearest: the phrase that comes nearest to the
    condition that was not understood; before: what was typed before that one. is_told: it was
    understood that it asks for what nobody may or can ask for. taken: goods that were named.
    """

    size: int = 0
    as_of: datetime | None = None
    sample: list[Person] = []
    other: str = ""
    kept: str = ""
    problem: str = ""
    understood: str = ""
    rest: str = ""
    before: str = ""
    nearest: str = ""
    is_told: bool = False
    taken: tuple[goods.Taken, ...] = ()


@get("/customers/segments/new", right=Right.manage_segments)
async def new(request: Asked, words: FromQuery[str] = "") -> Response[str]:
    """An empty sheet, or one begun elsewhere."""
    return await _sheet(request, "", words[:WORDS_MAX], None)


@get("/customers/segments/{segment_id:int}/edit", right=Right.manage_segments)
async def edit(request: Asked, segment_id: FromPath[int]) -> Response[str]:
    """A segment's words to be changed."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        segment = await segments.get(conn, segment_id)
        words = said(segment.expression, page, await telling(request, conn, page))
    return await _sheet(request, segment.name, words, segment_id, known=segment.version)


async def _sheet(
    request: Asked,
    name: str,
    words: str,
    segment_id: int | None,
    problem: str = "",
    *,
    known: int | None = None,
    theirs: Segment | None = None,
) -> Response[str]:
    page, deps = page_of(request), guard.deps_of(request)
    auth.require(page.who, Right.manage_segments)
    async with deps.pool.acquire() as conn:
        tell = await telling(request, conn, page)
        others = [one.name for one in await segments.listed(conn) if one.segment_id != segment_id]
        lists = [(one.name, one.name) for one in await segments.lists.listed(conn)]
    view = {
        "name": name,
        "words": words,
        "segment_id": segment_id,
        "known": known,
        "theirs": said(theirs.expression, page, tell) if theirs else "",
        "phrases": phrases.written(page.locale_name),
        "problem": problem,
        "shapes": composing.SHAPES,
        "units": composing.UNITS,
        "periods": [(one, page.words()(f"composer.period_{one}")) for one in composing.PERIODS],
        "events": [(key, one.words.say(page.locale_name))
                   for key, one in VOCABULARY.events.items()],
        "shops": [(one.location_id, tell.names(one.location_id)) for one in tell.names.shops()],
        "others": others,
        "lists": lists,
        "channels": _choices(CHANNELS, page),
        "states": [(one, page.words()(f"consent.state_{one}")) for one in STATES],
        "relations": _choices(RELATIONS, page),
        "stages": [(one, lifecycle.NAMES[one][page.locale]) for one in lifecycle.STAGES],
    }  # fmt: skip
    return page.render("segments/composer.html", view, status=422 if problem else 200)


def _choices(words: Mapping[str, Words], page: Page) -> list[tuple[str, str]]:
    return [(key, one.say(page.locale_name)) for key, one in words.items()]


@post("/customers/segments/words", right=Right.manage_segments)
async def add(request: Asked) -> Response[str]:
    """The words with one more condition from the form."""
    page, form = page_of(request), await request.form()
    words = _words(form, page.locale)
    try:
        fresh = phrases.chosen(str(form.get("phrase") or "")) or composing.condition(form)
        tell = await _telling(request, page)
        stands = (await _hear(request, page, words, tell)).node if words.strip() else None
        async with guard.deps_of(request).pool.acquire() as conn:
            new = await goods.looked_up(conn, LANGUAGE.read(fresh), page.locale_name)
        words = composing.added(stands, LANGUAGE.json(new.node), form, page.locale_name, tell)
        problem = ""
    except composing.Unfinished as refused:
        problem = page.words()(f"composer.missing_{refused.facts['field']}")
    except SettenError as refused:
        problem = _why(refused, page)
    return page.render("segments/words.html", {"words": words, "problem": problem})


@post("/customers/segments/preview", right=Right.manage_segments)
async def preview(request: Asked) -> Response[str]:
    """How many it would be now, and ten of them; read again with every pause of the keys."""
    page, form = page_of(request), await request.form()
    words = _words(form, page.locale)
    shown = await _preview(request, page, words) if words.strip() else None
    may_open = people.may_list(page.who)
    return page.render("segments/preview.html", {"preview": shown, "may_open": may_open})


async def _preview(request: Asked, page: Page, words: str) -> Preview:
    deps = guard.deps_of(request)
    try:
        tell = await _telling(request, page)
        heard = await _hear(request, page, words, tell)
        node = heard.node
        found = await segments.preview(
            deps.pool, deps.lake, LANGUAGE.json(node),
            calendar=Calendar(deps.settings.zone), now=page.now,
        )  # fmt: skip
        async with db.transaction(deps.pool) as conn:
            shown = await _people(request, page, conn, list(found.sample))
    except Unreadable as refused:
        return _not_understood(refused, words, page)
    except SettenError as refused:
        return Preview(problem=_why(refused, page))
    kept = tell.say(node, page.locale_name)
    return Preview(
        kept="" if kept.casefold() == words.casefold() else kept,
        size=found.size,
        as_of=found.as_of,
        sample=shown,
        other=tell.say(node, "en" if page.locale == "ja" else "ja"),
        taken=heard.taken,
    )


def _not_understood(refused: Unreadable, words: str, page: Page) -> Preview:
    """Where understanding ended, and what may have been meant there."""
    at, begins = int(refused.facts["at"]), int(refused.facts["begins"])
    return Preview(
        problem=_why(refused, page),
        understood=words[:at],
        rest=words[at:],
        before=words[:begins],
        nearest=segments.nearest(words[begins:], phrases.known(page.locale_name)),
        is_told=isinstance(refused, segments.AboutSealed | segments.AboutUnasked),
    )


async def _people(request: Asked, page: Page, conn: db.Connection, ids: list[UUID]) -> list[Person]:
    if not ids or not people.may_list(page.who):
        return [Person(one, "", "", "") for one in ids]
    told = await people.by_id(conn, guard.deps_of(request).vault, ids, page.locale)
    await people.note(conn, page.who, list(told.values()), action="customers.listed", now=page.now)
    return list(told.values())


@post("/customers/segments", right=Right.manage_segments)
async def keep(request: Asked) -> Response[str]:
    """Define a segment, or give one other words."""
    page, form = page_of(request), await request.form()
    name, words = str(form.get("name") or "").strip(), _words(form, page.locale)
    number = str(form.get("segment_id") or "")
    segment_id = int(number) if number.isdecimal() and len(number) < 10 else None
    version = str(form.get("known") or "")
    known = int(version) if version.isdecimal() and len(version) < 10 else None
    theirs = None
    try:
        node = (await _hear(request, page, words, await _telling(request, page))).node
        async with db.transaction(guard.deps_of(request).pool) as conn:
            if segment_id is None:
                segment_id = await segments.define(
                    conn, name, LANGUAGE.json(node), actor=page.who, now=clock.now()
                )
            else:
                await segments.change(
                    conn, segment_id, LANGUAGE.json(node),
                    actor=page.who, now=clock.now(), known=known,
                )  # fmt: skip
    except errors.Denied:
        raise
    except SettenError as refused:
        if isinstance(refused, segments.SegmentChanged) and segment_id is not None:
            # Read beside her own words, so that she may say so again knowing what it replaces.
            async with guard.deps_of(request).pool.acquire() as conn:
                theirs = await segments.get(conn, segment_id)
            name, known = theirs.name, theirs.version
        why = _why(refused, page)
        return await _sheet(request, name, words, segment_id, why, known=known, theirs=theirs)
    return redirect(f"/customers/segments/{segment_id}")


def _words(form: FormMultiDict, locale: str) -> str:
    """What was typed, on one line: a line break is where somebody drew breath."""
    text = str(form.get("words") or "")[:WORDS_MAX].strip()
    return _BREAK.sub("" if locale == "ja" else " ", text)


async def _hear(request: Asked, page: Page, words: str, tell: Telling) -> goods.Heard:
    async with guard.deps_of(request).pool.acquire() as conn:
        return await goods.hear(conn, words, page.locale_name, tell)


async def _telling(request: Asked, page: Page) -> Telling:
    async with guard.deps_of(request).pool.acquire() as conn:
        return await telling(request, conn, page)


def _why(refused: SettenError, page: Page) -> str:
    return errors.say(refused.code, page.locale, dict(refused.facts))[1]
