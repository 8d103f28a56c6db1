"""demo, serve, worker: what keeps running."""

from __future__ import annotations

import asyncio
import logging
import shlex
import threading
import webbrowser
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer
import uvloop

from setten.cli import installation, scales, terminal
from setten.platform import auth, belonging, clock, db, journal, settings, supervisor
from setten.platform.db.embedded import Say
from setten.platform.errors import SettenError
from setten.platform.settings import Settings

if TYPE_CHECKING:  # the demo is read when it is asked for
    from setten.demo import Story

logger = logging.getLogger(__name__)
WEB = "setten.app:create_web"
OTHERS = {part: ("setten.background", part) for part in ("readers", "segments", "jobs")}
SCALES = ("small", "real", "large")
DEMO_LOGIN = "demo"
DEMO_DAYS, DEMO_DAYS_MAX = 91, 366

Port = Annotated[int | None, typer.Option(help="The port to listen on.")]
DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]


def serve(
    port: Port = None,
    data_dir: DataDir = None,
    workers: Annotated[int | None, typer.Option(help="Web processes.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
) -> None:
    """Run everything: database, web, background. Ends in order at Ctrl-C or SIGTERM."""
    found = settings.load(
        {"port": port, "data_dir": data_dir, "workers": workers, "host": host}, demo=False
    )
    _ = found.key  # nothing starts without one

    def ready(now: Settings) -> None:
        terminal.note(f"{now.base_url} で動いています", f"Running at {now.base_url}")

    async def prepare(now: Settings) -> None:
        await _prove(now)
        belonging.mark_business(now.data_dir)

    journal.configure(found.log_level)
    _supervise(found, prepare=prepare, ready=ready, say=supervisor.say_in_log)


def demo(
    port: Port = None,
    data_dir: DataDir = None,
    scale: Annotated[str, typer.Option(help="How much: small, real, large.")] = "small",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    workers: Annotated[int | None, typer.Option(help="Web processes.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    days: Annotated[
        int,
        typer.Option(
            min=0, max=DEMO_DAYS_MAX, help="Days of past; 0: two shops, nothing goes on by itself."
        ),
    ] = DEMO_DAYS,
    business: Annotated[
        str,
        typer.Option(
            help="home, or a smaller one: bank, cosmetics, electronics, restaurants, travel."
        ),
    ] = "home",
) -> None:
    """A chain of shops that lives, kept in the data directory between starts."""
    if scale not in SCALES:
        raise typer.BadParameter(f"{scale!r} is none of {', '.join(SCALES)}", param_hint="--scale")
    _check_business(business)
    flags = {"port": port, "data_dir": data_dir, "workers": workers, "host": host}
    found = scales.in_zone(settings.load(flags, demo=True), scale)

    stop = threading.Event()
    stories: list[Story] = []

    async def prepare(now: Settings) -> None:
        await _check_own(now)
        await _prove(now)
        belonging.mark_demo(now.data_dir)
        if await scales.is_ready(now, scale):
            return
        if days and _is_filled(now):  # what went on since is told when people are in already
            return
        if days and (story := await _grow(now, days, business)) is not None:
            stories.append(story)
        else:
            await _seed(now, scale)

    def ready(now: Settings) -> None:
        if days and (_is_filled(now) or scales.goes_on(now)):
            live = partial(_live, now, stories, stop)
            threading.Thread(target=live, daemon=True).start()
        link = asyncio.run(_sign_in_link(now))
        terminal.result(f"  {terminal.pick('アドレス', 'Address')}  {now.base_url}")
        terminal.result(f"  {terminal.pick('入口', 'Sign in')}  {link}")
        if not scales.say_hint(now):
            where, (name, digits, thing_ja, thing_en) = _where(now), _worth_finding(now)
            terminal.note(
                f"  試す  「{name}」「{digits}」「{thing_ja}」でさがす。"
                f"店の人としては ./setten users link aoi{where}（店舗）、ken（店長）、rin（応対）",
                f"  Try      find {name}, {digits} or {thing_en}; be a colleague with "
                f"./setten users link aoi{where} (shop), ken (manager), rin (agent)",
            )
        terminal.note("止めるには Ctrl-C", "Stop with Ctrl-C")
        if not no_open:
            webbrowser.open(link)

    terminal.note("デモを始めています", "Starting the demo")
    # A visitor reads this terminal, so it tells the way in and what is wrong, not who runs as what.
    journal.configure("debug" if found.log_level == "debug" else "warning")
    try:
        _supervise(found, prepare=prepare, ready=ready, say=installation.progress)
    finally:
        stop.set()


def worker(
    only: Annotated[
        Literal["readers", "segments", "jobs"] | None,
        typer.Option(help="Of these; without it all run in this process."),
    ] = None,
) -> None:
    """What goes on behind the pages: readers of the log, and jobs by the clock."""
    from setten import background

    with installation.opened(makes=True) as found:
        journal.configure(found.log_level)
        parts = background.PARTS if only is None else (only,)
        uvloop.run(background.run(found, parts))


def _supervise(
    found: Settings,
    *,
    prepare: Callable[[Settings], Awaitable[None]],
    ready: Callable[[Settings], None],
    say: Say,
) -> None:
    plan = supervisor.Plan(
        settings=found, web=WEB, others=OTHERS, prepare=prepare, ready=ready, say=say
    )
    supervisor.run(plan)


async def _prove(found: Settings) -> None:
    """Refuse a database made with another master key here, in one line, not in every process."""
    from setten import background

    async with background.resources(found, size=1):
        pass


async def _check_own(found: Settings) -> None:
    """A database of somebody's own is a demo's when it has the demo's account, or nobody's at all.

    Raises BusinessHere.
    """
    if found.origins.get("database_url", "default") == "default":
        return
    conn = await db.connect(str(found.database_url))
    try:
        staff = await auth.list_staff(conn)
    finally:
        await conn.close()
    if staff and DEMO_LOGIN not in {one.login for one in staff}:
        raise belonging.BusinessHere(place=found.origins["database_url"])


def _where(found: Settings) -> str:
    """What a command must be told to find this demo: nothing where it looks by itself."""
    try:
        looks = settings.load().data_dir
    except SettenError:
        looks = None
    return "" if looks == found.data_dir else f" --data-dir {shlex.quote(str(found.data_dir))}"


def _check_business(name: str) -> None:
    """Refuse a business that there is not before a database is made for it."""
    from setten.demo import businesses

    if name not in businesses():
        raise typer.BadParameter(
            f"{name!r} is none of {', '.join(businesses())}", param_hint="--business"
        )


async def _seed(found: Settings, scale: str) -> None:
    from setten import demo as shop

    now = clock.now()
    if await shop.seed(found, scale=scale, now=now):
        await shop.promise(found, now=now)


async def _grow(found: Settings, days: int, business: str) -> Story | None:
    """The whole chain with its past, or what went on since the last start."""
    from setten import demo as shop

    with terminal.progress(
        "お店の三か月をたどっています", "Living through the chain's days"
    ) as on_day:
        return await shop.grow(found, now=clock.now(), days=days, name=business, progress=on_day)


def _is_filled(found: Settings) -> bool:
    from setten import demo as shop

    return shop.is_filled(found.data_dir)


def _worth_finding(found: Settings) -> tuple[str, str, str, str]:
    from setten import demo as shop

    return shop.worth_finding(found.data_dir)


def _live(found: Settings, stories: list[Story], stop: threading.Event) -> None:
    """Tell what went on since the last start, then what happens, beside the running product."""
    from setten import demo as shop

    try:
        if scales.goes_on(found):
            scales.live(found, stop)
            return
        story = stories[0] if stories else asyncio.run(shop.grow(found, now=clock.now()))
        if story is not None:
            client = asyncio.run(shop.client(found, now=clock.now()))
            shop.follow(story, client, stop, shop.Desk(found))
    except db.AWAY as cause:  # mostly the end of the product; else somebody wants to know
        logger.warning("the demo's shops stand still: %s", type(cause).__name__)


async def _sign_in_link(found: Settings) -> str:
    """A one-time link for the demo's administrator, who has no password."""
    conn = await db.connect(str(found.database_url))
    try:
        async with conn.transaction():
            token = await _token(conn, found)
    finally:
        await conn.close()
    return f"{found.base_url}/sign-in/link/{token}"


async def _token(conn: db.Connection, found: Settings) -> str:
    now = clock.now()
    try:
        return await auth.issue_link(conn, DEMO_LOGIN, now=now)
    except auth.BadCredentials:
        name = "デモ 管理者" if found.locale == "ja" else "Demo Administrator"
        await auth.create_staff(
            conn, login=DEMO_LOGIN, name=name, role="admin", locale=found.locale, now=now
        )
        return await auth.issue_link(conn, DEMO_LOGIN, now=now)
