"""What stands when the demo opens first: segments, a release with its line, sheets of a count.

Staff made these, not customers, so they are no part of the world that is lived; they are made once,
through the same verbs as the console's, at the moment of the first look.
"""

from __future__ import annotations

import asyncio
import random
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from setten.customers import ingest, segments
from setten.customers.ingest import Buckets, Delivery, Said
from setten.customers.segments.vocabulary import LANGUAGE
from setten.demo.chain import Business, Person, Shop, calendar
from setten.demo.chain.catalogue import ONLINE
from setten.demo.chain.chance import dice
from setten.demo.world import JAPAN
from setten.platform import auth
from setten.platform import business as choices
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.vault import Vault, normalise
from setten.stock import counts, ledger, releases
from setten.stock.counts import Sheet
from setten.stock.releases import Release

OPENS_AT = "10:00"
_COUNTED = 14  # goods on a sheet
_BOTH_COUNTED = timedelta(minutes=60)
_OFF = (62, 20, 12, 6)  # of a hundred of staff were here last today, yesterday, …
# How long the line has been forming: what we state now may have arrived a day ago, not before,
# since readers of the log that are level look no further back.
_LINE_MIN = 20 * 60
_NAMES = uuid.UUID("5e77e000-0000-4000-8000-000000000005")


def told() -> dict[str, Any]:
    """All that staff made, as data."""
    text = Path(__file__).with_name("standing.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


async def make(
    conn: Connection, vault: Vault, business: Business, people: Sequence[Person],
    keys: Mapping[str, str], *, locale: str, now: datetime,
) -> None:  # fmt: skip
    """All of it. keys: write keys by the names of sources. locale: of the names."""
    made = told()
    if business.is_home:  # the others are kinds of business, not names
        name = business.name_ja if locale == "ja" else business.name_en
        await choices.change(
            conn, choices.Choices(name=name), seen=choices.Choices(), actor=SYSTEM.label, now=now
        )
    for one in made["segments"]:
        if business.business_id not in one["of"]:
            continue
        expression = LANGUAGE.json(LANGUAGE.read_words(one["words"], "ja"))
        name = one["ja" if locale == "ja" else "en"]
        await segments.define(conn, name, expression, actor=SYSTEM, now=now)
    for one in made["letters"]:
        await _send(conn, vault, keys[one["source"]], one["body"], now)
    await _come_in(conn, business, now)
    for shop in business.shops[:2]:
        await _count(conn, business, shop, now)
    if business.is_home:
        await _release(conn, vault, made["release"], people, now)


async def _come_in(conn: Connection, business: Business, now: datetime) -> None:
    """Staff sign in when their shop opens; who is off today did on a day before."""
    shops = {shop.location_id: shop for shop in business.shops}
    for one in await auth.list_staff(conn):
        rng = dice("came in", one.login, now.date())
        shop = shops.get(one.locations[0] if one.locations else "", business.shops[0])
        day = now.astimezone(JAPAN).date() - timedelta(days=rng.choices(range(4), _OFF)[0])
        at = _signs_in(shop, day, rng)
        if at >= now:
            at = _signs_in(shop, day - timedelta(days=1), rng)
        link = await auth.issue_link(conn, one.login, now=at)
        await auth.sign_in_by_link(conn, link, now=at)


def _signs_in(shop: Shop, day: date, rng: random.Random) -> datetime:
    opens, _ = calendar.opening(shop, day)
    return opens - timedelta(minutes=rng.triangular(-150, 25, 8), seconds=rng.randrange(60))


async def _send(
    conn: Connection, vault: Vault, key: str, body: Mapping[str, Any], now: datetime
) -> None:
    """Something that cannot be read: it is kept with its reason."""
    said = (Said(msgspec.json.encode(body)),)
    clock_s = asyncio.get_running_loop().time()
    told = [Delivery(write_key=key, events=said, received_at=now - timedelta(minutes=40))]
    await ingest.take(conn, vault, told, buckets=Buckets(1), now=now, now_s=clock_s)


async def _count(conn: Connection, business: Business, shop: Shop, now: datetime) -> None:
    """One sheet that agreed, and one that differs and waits for a second person."""
    place = shop.location_id
    rng = dice("counting", place)
    counter = await _label(conn, f"{place}-1")
    for number, missing in enumerate((0, 5)):
        skus = [good.sku for good in rng.sample(business.goods, min(_COUNTED, len(business.goods)))]
        at = counted_at(shop, number, now)
        rows = await ledger.balances_of(conn, skus)
        there = {row.sku: row.on_hand + row.held for row in rows if row.location_id == place}
        sheet = Sheet(location_id=place, skus=tuple(skus))
        found = await counts.open_sheet(conn, sheet, by=counter, now=at)
        given = {sku: there.get(sku, 0) for sku in skus}
        most = max(given, key=lambda sku: given[sku])
        given[most] = max(0, given[most] - missing)
        await counts.give(conn, found.count_id, given, by=counter, now=at)
        await counts.submit(conn, found.count_id, by=counter, now=at + timedelta(minutes=20))


def counted_at(shop: Shop, number: int, now: datetime) -> datetime:
    """When a sheet was begun: since the shop opened today, or before it closed on its last day."""
    day = now.astimezone(JAPAN).date()
    opens, closes = calendar.opening(shop, day)
    after = timedelta(minutes=10 + 15 * number)  # each takes twenty minutes
    if opens + _BOTH_COUNTED <= now < closes:
        return opens + after
    if now < closes:
        _, closes = calendar.opening(shop, day - timedelta(days=1))
    return closes - _BOTH_COUNTED + after


async def _label(conn: Connection, login: str) -> str:
    """How the audit names somebody of staff."""
    found = next(one for one in await auth.list_staff(conn) if one.login == login)
    return f"staff:{found.staff_id}"


async def _release(
    conn: Connection, vault: Vault, told: Mapping[str, Any], people: Sequence[Person], now: datetime
) -> None:
    """Goods for which a line forms that opens in two days; members may a day before."""
    opens = calendar.clock((now + timedelta(days=2)).astimezone(JAPAN).date(), OPENS_AT)
    one = Release(
        release_id=told["release_id"], name_ja=told["name_ja"], name_en=told["name_en"],
        location_id=ONLINE, members_from=opens - timedelta(days=1), opens_at=opens,
        ends_at=opens + timedelta(days=3), per_person=1, per_minute=2, turn_minutes=10,
        needs_customer=False, goods=(releases.Goods(told["sku"], told["qty"]),),
    )  # fmt: skip
    refused = await releases.put(conn, [one], now=now - timedelta(minutes=_LINE_MIN))
    assert not refused, refused
    rng = dice("line", told["release_id"])
    waiting = rng.sample(people, min(told["waits"], len(people)))
    cards = [normalise("loyalty_card", who.told["loyalty_card"]) for who in waiting]
    numbers = await vault.identify(conn, cards)
    for who, card in zip(waiting, cards, strict=True):
        await releases.join(
            conn, one.release_id, ticket_id=uuid.uuid5(_NAMES, who.key),
            lot=uuid.UUID(int=rng.getrandbits(128)), identifier_ids=[numbers[card]],
            is_member=True, channel="web", now=now - timedelta(minutes=rng.randrange(_LINE_MIN)),
        )  # fmt: skip
