"""No row is hidden by a list that is cut: every list goes on, and a code leads to its ticket."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from setten.console.customers.listed import PURCHASES
from setten.console.stock import queue, sending
from setten.console.stock.listed_goods import SHORT
from tests.console.house import Browser, House, Shop
from tests.console.test_counter import a_gtin, do, to_be_sent

ID = "([0-9a-f-]{36})"
OPEN, ENDED = "null", "now() - make_interval(mins => n)"


@pytest.fixture(scope="module")
def sku(house: House, shop: Shop) -> str:
    return house.new_item({shop.location_id: 1_000})


@pytest.fixture(scope="module")
def associate(house: House, shop: Shop) -> Iterator[Browser]:
    with house.person(shop.login) as browser:
        yield browser


def holds_of(
    house: House, shop: Shop, sku: str, n: int, *, state: str, line: str, ended: str
) -> None:
    """So many holds of a place, as a busy week leaves them."""
    house.run_in_database(f"""
        with made as (
          insert into stock.holds (hold_id, location_id, state, code, channel, purpose, placed_by,
                                   placed_at, expires_at, ended_at)
          select ('00' || substr(gen_random_uuid()::text, 3))::uuid,  -- before all of today's
                 '{shop.location_id}', '{state}', (100000 + n)::text, 'web',
                 'pickup', 'test', now() - interval '1 hour', now() + interval '1 day', {ended}
            from generate_series(1, {n}) n
          returning hold_id, location_id)
        insert into stock.hold_lines (hold_id, sku, location_id, qty, state)
        select hold_id, '{sku}', location_id, 1, '{line}' from made""")


def read_on(person: Browser, path: str, row: str, name: str = "after") -> list[str]:
    """What `row` finds on a page and on all that it leads on to."""
    found: list[str] = []
    seen: set[str] = set()
    while path not in seen:
        seen.add(path)
        text = person.get(path).text
        found += dict.fromkeys(re.findall(row, text))
        links = [
            html.unescape(one) for one in re.findall(r'class="button[^"]*" href="([^"]+)"', text)
        ]
        further = [one for one in links if f"{name}=" in one]
        if not further:
            return found
        [path] = further
    raise AssertionError("the list leads in a circle")


def everything(house: House, table: str, column: str, where: str) -> set[str]:
    listed = house.asked(f"select string_agg({column}::text, ' ') from {table} where {where}")
    return set(str(listed).split())


TICKET = rf'data-id="{ID}"'


@pytest.mark.parametrize(
    ("stage", "state", "line", "ended"),
    [
        ("collect", "held", "held", OPEN),
        ("ready", "ready", "picked", OPEN),
        ("done", "collected", "collected", ENDED),
    ],
)
def test_every_ticket_of_a_long_queue_is_reached(
    house: House, sku: str, stage: str, state: str, line: str, ended: str
) -> None:
    shop = house.open_shop()
    n = queue.TICKETS_MAX + 7
    holds_of(house, shop, sku, n, state=state, line=line, ended=ended)
    with house.person(shop.login) as associate:
        shown = read_on(associate, f"/stock/pickup?stage={stage}", TICKET)
    assert len(shown) == n
    assert set(shown) == everything(
        house, "stock.holds", "hold_id", f"location_id = '{shop.location_id}'"
    )
    if stage == "done":  # who was just here stands first
        newest = house.asked(
            f"select hold_id from stock.holds where location_id = '{shop.location_id}'"
            " order by ended_at desc limit 1"
        )
        assert shown[0] == str(newest)


def test_a_code_brings_its_ticket_from_whatever_page(house: House, sku: str) -> None:
    shop = house.open_shop()
    here, gtin = shop.location_id, a_gtin()
    holds_of(house, shop, sku, queue.TICKETS_MAX + 5, state="held", line="held", ended=OPEN)
    last = house.hold(house.new_item({here: 1}, gtin=gtin), at=here)
    with house.person(shop.login) as associate:
        assert last.code not in associate.get("/stock/pickup").text
        form = {"_csrf": associate.token, "at": here, "stage": "collect"}

        def said(code: str, at: str = "/stock/pickup") -> httpx.Response:
            headers = {"HX-Request": "true", "HX-Current-URL": f"{house.url}{at}"}
            return associate.http.post(
                "/stock/pickup/code", data=form | {"code": code}, headers=headers
            )

        assert f'data-id="{last.hold_id}"' in said(last.code).text
        # Who works on a later page stays there after each press.
        first = re.findall(TICKET, associate.get("/stock/pickup").text)
        on = f"/stock/pickup?at={here}&stage=collect&after={first[-1]}"
        there = set(re.findall(TICKET, said(last.code, on).text))
        assert there
        assert not there & set(first)
        # Goods that only the last ticket waits for are ticked all the same.
        assert said(gtin).status_code == 200
    assert house.asked(f"select state from stock.holds where hold_id = '{last.hold_id}'") == "ready"


def test_every_chore_is_reached(house: House, shop: Shop, sku: str, associate: Browser) -> None:
    n = queue.TASKS_MAX * 2 + 3
    house.run_in_database(
        "insert into stock.tasks (task_id, kind, location_id, sku, qty, opened_at) select"
        f" gen_random_uuid(), 'count_shelf', '{shop.location_id}', '{sku}', 1, now()"
        f" from generate_series(1, {n}) n"
    )
    shown = read_on(associate, "/stock/pickup", rf'action="/stock/tasks/{ID}/completion"', "chores")
    assert len(set(shown)) == n


def test_every_parcel_is_reached(house: House, shop: Shop, sku: str, associate: Browser) -> None:
    async def many(conn: Any) -> set[str]:
        return {str(await to_be_sent(conn, shop, sku)) for _ in range(sending.SHOWN_MAX + 2)}

    made = do(house, many)
    shown = read_on(associate, "/stock/sending", rf'action="/stock/sending/{ID}/step"')
    assert (len(shown), set(shown)) == (len(made), made)


def test_every_sheet_every_return_and_every_transfer_is_reached(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    here = shop.location_id
    house.run_in_database(
        "insert into stock.counts (count_id, location_id, state, opened_at, opened_by) select"
        f" gen_random_uuid(), '{here}', 'open', now(), 'test'"
        f" from generate_series(1, 34) n"
    )
    shown = read_on(associate, "/stock/counts", rf'href="/stock/counts/{ID}"')
    assert len(set(shown)) == len(shown) == 34

    house.run_in_database(f"""
        with made as (
          insert into stock.returns (return_id, return_no, location_id, at, taken_by, reason,
                                     currency, total_minor, tax, refunds, event_id)
          select gen_random_uuid(), '{here}' || n, '{here}', now(), 'test', 'faulty', 'JPY', 100,
                 '[]', '[]', '{here}' || n
            from generate_series(1, 24) n
          returning return_id)
        insert into stock.return_lines (return_id, line_no, sku, qty, condition, amount_minor)
        select return_id, 1, '{sku}', 1, 'damaged', 100 from made""")
    shown = read_on(associate, "/stock/returns", rf'href="/stock/returns/{ID}"')
    assert len(set(shown)) == len(shown) == 24

    for way in (f"'{here}', 'yokohama'", f"'yokohama', '{here}'"):
        house.run_in_database(f"""
            with made as (
              insert into stock.transfers (transfer_id, from_location, to_location, state,
                                           created_at, created_by, shipped_at, shipped_by)
              select gen_random_uuid(), {way}, 'shipped', now(), 'test', now(), 'test'
                from generate_series(1, 34) n
              returning transfer_id)
            insert into stock.transfer_lines (transfer_id, sku, qty)
            select transfer_id, '{sku}', 1 from made""")
    for name in ("coming_after", "going_after"):
        shown = read_on(associate, "/stock/transfers", rf'href="/stock/transfers/{ID}"', name)
        assert len(set(shown)) == 30 + 34  # and a page of the other list


def test_every_row_of_cover_and_every_disagreement_is_reached(
    house: House, shop: Shop, associate: Browser
) -> None:
    here, n = shop.location_id, SHORT.rows * 2 + 3
    house.run_in_database(
        "insert into stock.items (sku, name_ja, name_en, updated_at)"
        f" select '{here}/' || n, '品 ' || n, 'Item ' || n, now() from generate_series(1, {n}) n"
    )
    house.run_in_database(
        "insert into stock.cover (location_id, sku, promisable, sold_28, days, is_dead)"
        f" select '{here}', '{here}/' || n, n % 5, n % 3, n % 3, true"
        f" from generate_series(1, {n}) n"
    )
    house.reckon(here)
    for page in ("/stock/cover", "/stock/cover/dead"):
        shown = read_on(associate, f"{page}?at={here}", rf"/stock/items/{here}(?:%2F|/)(\d+)")
        assert sorted(map(int, shown)) == list(range(1, n + 1)), page

    m = 55
    house.run_in_database(
        "insert into stock.disagreements (disagreement_id, system, sku, location_id, ours, theirs,"
        f" first_at, last_at) select gen_random_uuid(), 'till-{here}-' || n, '{here}/1', '{here}',"
        f" 5, 4, now(), now() from generate_series(1, {m}) n"
    )
    shown = read_on(associate, "/stock/disagreements", rf"till-{here}-(\d+)")
    assert sorted(map(int, shown)) == list(range(1, m + 1))
    house.run_in_database(f"delete from stock.disagreements where location_id = '{here}'")


def test_every_purchase_of_somebody_is_reached(house: House) -> None:
    her, _ = house.newcomer(name="購入 多子")
    n = PURCHASES.rows + 5
    number = house.asked(
        f"select min(identifier_id) from customers.identifiers where customer_id = '{her}'"
    )
    house.run_in_database(
        "insert into customers.purchases (identifier_id, purchase_key, event_id, rank,"
        " occurred_at, channel, total_minor, currency)"
        f" select {number}, '{her}' || n, '{her}-' || n, 0, now() - make_interval(mins => n / 2),"
        f" 'store', 100, 'JPY' from generate_series(1, {n}) n"
    )
    with house.person("page-agent") as agent:
        shown = read_on(
            agent, f"/customers/{her}/purchases", rf'href="/events/{her}-(\d+)" data-row'
        )
        sums = re.findall(r"<tfoot>.*?</tfoot>", agent.get(f"/customers/{her}/purchases").text)
        assert agent.get(f"/customers/{her}/purchases?after=x~y").status_code == 422
    assert sorted(map(int, shown)) == list(range(1, n + 1))
    assert f"¥{n * 100:,}" in sums[0], "the sum is of all of them, not of a page"


@pytest.mark.parametrize("path", [
    "/stock/pickup?after=nobody", "/stock/pickup?chores=1", "/stock/sending?after=%00",
    "/stock/cover?after=%00", "/stock/cover?after=no-such", "/stock/counts?after=x",
    "/stock/transfers?coming_after=-1", "/stock/returns?after=", "/stock/disagreements?after=null",
    "/stock/pickup?stage=done&after=01900000-0000-7000-8000-000000000000",
])  # fmt: skip
def test_a_place_in_a_list_that_is_none_breaks_no_page(associate: Browser, path: str) -> None:
    assert associate.get(path).status_code < 500
