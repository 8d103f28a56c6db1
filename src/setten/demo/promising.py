"""What the demo's shops have promised today: work for the pickup queues of a first look."""

from __future__ import annotations

import math
from datetime import datetime, time, timedelta

from setten.demo import world
from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.settings import Settings
from setten.platform.vault import Vault, normalise
from setten.stock import holds

LASTS = timedelta(days=7)  # a visitor comes back to the demo within the week
CLOSES = time(20, 0)
# (who, where, through which channel, what)
PROMISES = (
    ("takahashi", "kichijoji", "web", "LAMP-DESK:1 SOAP-HINOKI:2"),
    ("kim", "kichijoji", "app", "CUSHION-BLU:1"),
    ("hayakawa", "yokohama", "web", "MUG-WHT:4"),
)


async def promise(settings: Settings, *, now: datetime) -> None:
    """Put goods aside for some of the demo's people."""
    conn = await db.connect(str(settings.database_url))
    try:
        async with conn.transaction():
            await promise_in(conn, Vault(settings.key), now=now)
    finally:
        await conn.close()


async def promise_in(conn: Connection, vault: Vault, *, now: datetime) -> None:
    """As `promise`, in the caller's transaction. What a shop has sold meanwhile is not promised."""
    people = {one.key: one for one in world.load().people}
    last = (now + LASTS).astimezone(world.JAPAN).date()
    closes = datetime.combine(last, CLOSES, tzinfo=world.JAPAN)
    lasts_s = math.ceil((closes - now).total_seconds())
    for key, place, channel, goods in PROMISES:
        who = normalise("user_id", str(people[key].user_id))
        number = (await vault.identify(conn, [who]))[who]
        lines = tuple(GoodsLine(sku, place, qty) for sku, qty in world.counted(goods))
        ask = holds.Ask(
            lines=lines,
            by=SYSTEM.label,
            channel=channel,
            identifier_id=number,
            ttl_s=lasts_s,
        )
        try:
            async with conn.transaction():
                await holds.place(conn, ask, now=now)
        except holds.NotEnoughStock:
            continue
