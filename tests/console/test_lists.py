"""Every list of the console alike: sorted, paged, filtered by link, taken away, kept shut."""

from __future__ import annotations

import base64
import csv
import html
import io
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import pytest

from setten.console.listed import LISTS
from setten.console.lists import ListOf
from setten.console.words import all_words
from tests.console import listing
from tests.console.house import Browser, House
from tests.console.listing import FORMULA, MANY

SOME: dict[type, Any] = {UUID: str(UUID(int=0)), str: "x", int: 1, float: 0.5, bool: True}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a list's own in the shared house.

    fill: makes MANY rows, or more, and answers the query and the words of the address that show
    just these. row: finds what a row is called on its page. has_text: whether somebody's own words
    stand in the file.
    """

    fill: Callable[[House], tuple[str, dict[str, str]]]
    row: str
    login: str = "page-admin"
    stranger: str = "associate"
    """The role of somebody who has no business there; "" where everybody has."""
    many: int = MANY
    is_shut: bool = True
    """Whether who may not take the list away may not see it either."""
    has_text: bool = True


def _audit(house: House) -> tuple[str, dict[str, str]]:
    actor = f"key:{uuid.uuid4()}"
    house.run_in_database(
        "insert into audit.entries (at, actor, action, subject) "
        f"select now() - make_interval(mins => n / 2), '{actor}', 'event.viewed', '{FORMULA}'"
        f" from generate_series(1, {MANY}) n"
    )
    return f"by={actor}", {}


def _staff(house: House) -> tuple[str, dict[str, str]]:
    mark = listing.mark()
    house.run_in_database(
        "insert into auth.staff (staff_id, login, name, role, locale, password_hash, created_at)"
        f" select gen_random_uuid(), '{mark}-' || n, '{FORMULA} ' || (n / 3), 'agent', 'ja',"
        f" null, now() from generate_series(1, {MANY}) n"
    )
    return f"q={mark}", {}


def _orders(house: House) -> tuple[str, dict[str, str]]:
    shop = house.open_shop()
    house.run_in_database(
        "insert into stock.orders (order_id, system, order_ref, channel, total_minor, currency,"
        " placed_at, event_id, location_id)"
        f" select gen_random_uuid(), 'test', '{FORMULA}' || n, 'web', 1980, 'JPY',"
        f" now() - make_interval(mins => n / 3), gen_random_uuid(), '{shop.location_id}'"
        f" from generate_series(1, {MANY}) n"
    )
    return f"at={shop.location_id}&only=placed", {}


def _carts(house: House) -> tuple[str, dict[str, str]]:
    house.run_in_database(
        "with made as (insert into stock.carts (cart_id, identifier_id, channel, opened_at,"
        " touched_at, left_at) select gen_random_uuid(), 7000000 + n, 'web', now(),"
        f" now() - make_interval(mins => n / 3), now() from generate_series(1, {MANY}) n"
        " returning cart_id)"
        " insert into stock.cart_lines (cart_id, sku, qty, method, channel, added_at, touched_at)"
        " select cart_id, 'mug', 1, 'ship', 'web', now(), now() from made"
    )
    return "left=true", {}


def _keys(house: House) -> tuple[str, dict[str, str]]:
    house.run_in_database(
        "insert into auth.keys (key_id, hash, name, scope, created_at)"
        f" select gen_random_uuid(), uuid_send(gen_random_uuid()), '{FORMULA}' || (n / 3),"
        f" 'server', now() from generate_series(1, {MANY}) n"
    )
    return "only=open", {}


def _releases(house: House) -> tuple[str, dict[str, str]]:
    mark, here = listing.mark(), house.open_shop().location_id
    house.run_in_database(
        "insert into stock.releases (release_id, name_ja, name_en, location_id, opens_at, ends_at,"
        " per_person, per_minute, turn_minutes, needs_customer, updated_at)"
        f" select '{mark}-' || n, '{FORMULA}', 'x', '{here}',"
        " now() + make_interval(mins => 60 + n / 3), now() + interval '9 days', 1, 10, 10, false,"
        f" now() from generate_series(1, {MANY}) n"
    )
    return f"q={mark}&phase=coming", {}


def _counts(house: House) -> tuple[str, dict[str, str]]:
    shop = house.open_shop()
    house.run_in_database(
        "insert into stock.counts (count_id, location_id, shelf, state, opened_at, opened_by,"
        " ended_at)"
        f" select gen_random_uuid(), '{shop.location_id}', '{FORMULA}', 'cancelled', now(), 'x',"
        " now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"at={shop.location_id}", {}


def _transfers(house: House, way: str) -> tuple[str, dict[str, str]]:
    here = house.open_shop().location_id
    house.run_in_database(f"""
        with made as (
          insert into stock.transfers (transfer_id, {way}, state, ref, created_at, created_by,
                                       shipped_at, shipped_by, ended_at)
          select gen_random_uuid(), '{here}', 'yokohama', 'received', '{FORMULA} {here} ' || n,
                 now(), 'test', now(), 'test', now()
            from generate_series(1, {MANY}) n
          returning transfer_id)
        insert into stock.transfer_lines (transfer_id, sku, qty)
        select transfer_id, 'mug', 1 from made""")
    return f"at={here}&ended=true", {}


def _coming(house: House) -> tuple[str, dict[str, str]]:
    return _transfers(house, "to_location, from_location")


def _going(house: House) -> tuple[str, dict[str, str]]:
    return _transfers(house, "from_location, to_location")


def _returns(house: House) -> tuple[str, dict[str, str]]:
    here = house.open_shop().location_id
    house.run_in_database(f"""
        with made as (
          insert into stock.returns (return_id, return_no, location_id, at, taken_by, reason,
                                     currency, total_minor, tax, refunds, event_id)
          select gen_random_uuid(), '{FORMULA} {here}' || n, '{here}', now(), 'test', 'faulty',
                 'JPY', 100, '[]', '[]', '{here}' || n
            from generate_series(1, {MANY}) n
          returning return_id)
        insert into stock.return_lines (return_id, line_no, sku, qty, condition, amount_minor)
        select return_id, 1, 'mug', 1, 'damaged', 100 from made""")
    return f"at={here}", {}


def _disagreements(house: House) -> tuple[str, dict[str, str]]:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.disagreements (disagreement_id, system, sku, location_id, ours, theirs,"
        f" first_at, last_at) select gen_random_uuid(), '{FORMULA} {here}' || n, 'mug', '{here}',"
        f" 5, 4, now(), now() from generate_series(1, {MANY}) n"
    )
    return f"at={here}", {}


def a_segment(house: House, name: str, *, members: int) -> str:
    """A segment that is counted, by its number; with so many who are there."""
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        answer = admin.post("/customers/segments", name=name, words="直近1年に購入がある")
    assert answer.status_code == 303, answer.text[-2000:]
    number = str(answer.headers["location"]).rpartition("/")[2]
    counted = f"select filled_at is not null from customers.segments where segment_id = {number}"
    end = time.monotonic() + 60
    while not house.asked(counted):
        assert time.monotonic() < end, "it is never counted"
        time.sleep(0.2)
    house.run_in_database(
        "insert into customers.segment_members (customer_id, segment_id, entered_at)"
        f" select gen_random_uuid(), {number}, now() - make_interval(mins => n / 3)"
        f" from generate_series(1, {members}) n"
    )
    return number


def _segments(house: House) -> tuple[str, dict[str, str]]:
    mark = listing.mark()
    for n in range(2):
        a_segment(house, f"{FORMULA} {mark}-{n}", members=0)
    return f"q={mark}", {}


def _members(house: House) -> tuple[str, dict[str, str]]:
    number = a_segment(house, f"members {uuid.uuid4().hex[:8]}", members=MANY)
    return "", {"segment_id": number}


SKU = r'data-sku="([^"]+)"'
TRANSFER = r'href="/stock/transfers/([0-9a-f-]{36})"'
CASES: dict[str, Case] = {
    "audit": Case(fill=_audit, row=r'data-entry="([^"]+)"', stranger="agent"),
    "carts": Case(
        fill=_carts,
        row=r'href="/stock/carts/([0-9a-f-]{36})"',
        stranger="engineer",
        has_text=False,
    ),
    "counts": Case(fill=_counts, row=r'href="/stock/counts/([0-9a-f-]{36})"', stranger="marketer"),
    "customers": Case(
        fill=listing.customers,
        row=r'<tr><td[^>]*><a[^>]*href="/customers/([0-9a-f-]{36})"',
        stranger="engineer",
        has_text=False,
    ),
    "disagreements": Case(
        fill=_disagreements, row=r"/disagreements/([0-9a-f-]{36})\"", stranger="privacy_officer"
    ),
    "returns": Case(
        fill=_returns, row=r'href="/stock/returns/([0-9a-f-]{36})"', stranger="marketer"
    ),
    "segment": Case(
        fill=_members,
        row=r'<tr><td><a[^>]*href="/customers/([0-9a-f-]{36})"',
        is_shut=False,
        has_text=False,
    ),
    "segment-lists": Case(fill=listing.brought, row=r'data-list="(\d+)"'),
    "segments": Case(
        fill=_segments, row=r'href="/customers/segments/(\d+)" data-row', stranger="", many=2
    ),
    "keys": Case(fill=_keys, row=r'data-dialog="key-([0-9a-f-]{36})"'),
    "regional-holds": Case(
        fill=listing.regional,
        row=r'data-regional="([0-9a-f-]{36})"',
        stranger="privacy_officer",
        has_text=False,
    ),
    "releases": Case(fill=_releases, row=r'/release\?id=([\w-]+)"', stranger="privacy_officer"),
    "aside": Case(fill=listing.aside, row=r'data-kept="([^"]+)"', stranger="privacy_officer"),
    "cover-dead": Case(fill=listing.dead, row=SKU, stranger="privacy_officer", has_text=False),
    "cover-short": Case(fill=listing.short, row=SKU, stranger="privacy_officer", has_text=False),
    "dead-letters": Case(fill=listing.letters, row=r'data-letter="(\d+)"'),
    "display": Case(fill=listing.display, row=r'data-kept="([^"]+)"', stranger="privacy_officer"),
    "due": Case(fill=listing.due, row=r'data-kept="([^"]+)"', stranger="privacy_officer"),
    "events": Case(fill=listing.events, row=r'href="/events/([^"]+)"'),
    "holds": Case(
        fill=listing.holds, row=r'data-hold="([0-9a-f-]{36})"', stranger="privacy_officer"
    ),
    "imports": Case(fill=listing.runs, row=r'data-run="([0-9a-f-]{36})"'),
    "movements": Case(
        fill=listing.moved, row=r'data-entry="(\d+)"', stranger="privacy_officer", has_text=False
    ),
    "places": Case(
        fill=listing.places, row=r'data-place="([^"]+)"', stranger="privacy_officer", many=2
    ),
    "preorders": Case(
        fill=listing.preorders,
        row=r'data-preorder="([0-9a-f-]{36})"',
        stranger="privacy_officer",
    ),
    "purchases": Case(fill=listing.purchases, row=r'data-purchase="([^"]+)"', stranger="engineer"),
    "sources": Case(fill=listing.sources, row=r'data-source="(\d+)"'),
    "stage": Case(
        fill=listing.stage,
        row=r'<tr><td><a[^>]*href="/customers/([0-9a-f-]{36})"',
        stranger="engineer",
        has_text=False,
    ),
    "stock": Case(
        fill=listing.items,
        row=r'class="item-link" href="/stock/items/([\w-]+)"',
        stranger="privacy_officer",
    ),
    "tasks": Case(
        fill=listing.tasks, row=r'data-task="([0-9a-f-]{36})"', stranger="privacy_officer"
    ),
    "till-returns": Case(
        fill=listing.till_returns,
        row=r'data-till="([^"]+)"',
        stranger="marketer",
        has_text=False,
    ),
    "zones": Case(fill=listing.zones, row=r'data-zone="([^"]+)"', stranger="privacy_officer"),
    "transfers-coming": Case(fill=_coming, row=TRANSFER, stranger="marketer"),
    "transfers-going": Case(fill=_going, row=TRANSFER, stranger="marketer"),
    "orders": Case(
        fill=_orders,
        row=r'href="/stock/orders/([0-9a-f-]{36})"',
        stranger="privacy_officer",
    ),
    "staff": Case(fill=_staff, row=r'action="/run/staff/([0-9a-f-]{36})/link"'),
}


class Filled(msgspec.Struct, frozen=True):
    """A list with its case's rows in the house."""

    of: Any
    case: Case
    query: str
    ids: dict[str, str]

    def at(self, address: str, query: str = "") -> str:
        for name, value in self.ids.items():
            address = re.sub(rf"\{{{name}(:\w+)?\}}", value, address)
        return f"{address}?{'&'.join(filter(None, (self.query, query)))}"


@pytest.fixture(scope="module", params=[one.name for one in LISTS])
def filled(house: House, request: pytest.FixtureRequest) -> Filled:
    [of] = [one for one in LISTS if one.name == request.param]
    case = CASES[request.param]
    return Filled(of, case, *case.fill(house))


@pytest.fixture(scope="module")
def browser(house: House, filled: Filled) -> Iterator[Browser]:
    with house.person(filled.case.login) as found:
        yield found


@contextmanager
def english(house: House, login: str) -> Iterator[Browser]:
    """Somebody at the same page in the other language."""
    with house.person(login) as found:
        found.get("/me")
        found.post("/preferences", locale="en", back="/me")
        yield found
        found.post("/preferences", locale="ja", back="/me")


def pages(browser: Browser, filled: Filled, sort: str = "") -> list[str]:
    """What the rows are called on a list's page and on all that it leads on to."""
    found: list[str] = []
    path, seen = (
        filled.at(filled.of.path, f"{filled.of.sort_word}={sort}" if sort else ""),
        set[str](),
    )
    while path not in seen:
        seen.add(path)
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.text[-2000:])
        found += dict.fromkeys(re.findall(filled.case.row, answer.text))
        links = [html.unescape(one) for one in re.findall(r' href="([^"]+)"', answer.text)]
        further = {one for one in links if filled.of.after in parse_qs(urlsplit(one).query)}
        if not further:
            return found
        [path] = further
    raise AssertionError("the list leads in a circle")


def taken(browser: Browser, filled: Filled, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(filled.at(filled.of.file, query))
    assert answer.status_code == 200, answer.text[-2000:]
    assert answer.headers["content-disposition"] == f'attachment; filename="{filled.of.name}.csv"'
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


def names(rows: list[dict[str, str]]) -> list[str]:
    """What the rows of a file are called: their first cell."""
    return [next(iter(row.values())) for row in rows]


def test_every_list_has_rows_to_be_tried_with() -> None:
    assert sorted(CASES) == sorted(one.name for one in LISTS)
    assert len({one.file for one in LISTS}) == len(LISTS)


def test_every_order_goes_both_ways_over_all_pages_and_the_file_tells_the_same(
    browser: Browser, filled: Filled
) -> None:
    of: ListOf[Any, Any] = filled.of
    for column in of.columns:
        if column.order is None:
            continue
        rising, falling = (
            pages(browser, filled, column.name),
            pages(browser, filled, f"-{column.name}"),
        )
        assert len(rising) == len(set(rising)) >= filled.case.many, column.name
        assert falling == rising[::-1], column.name
        assert names(taken(browser, filled, f"{of.sort_word}=-{column.name}")) == falling, (
            column.name
        )
    assert names(taken(browser, filled)) == pages(browser, filled)


def test_rows_stand_in_the_order_of_the_column_that_was_pressed(
    browser: Browser, filled: Filled
) -> None:
    for column in filled.of.columns:
        if column.order is None or column.told is None or not column.order.kinds:
            continue
        cells = [
            row[column.name]
            for row in taken(browser, filled, f"{filled.of.sort_word}={column.name}")
        ]
        is_number = all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in cells)
        assert cells == sorted(cells, key=float if is_number else str), column.name


def test_the_head_says_how_the_list_is_sorted_and_leads_to_the_other_way(
    browser: Browser, filled: Filled
) -> None:
    of = filled.of
    text = html.unescape(browser.get(filled.at(of.path)).text)
    other = of.sort[1:] if of.sort.startswith("-") else f"-{of.sort}"
    if "aria-sort" in text:
        now = "descending" if of.sort.startswith("-") else "ascending"
        assert f'aria-sort="{now}"' in text
        assert f"{of.sort_word}={other}" in text
    assert f'<option value="{of.sort}" selected>' in text
    assert f'<option value="{other}"' in text


def test_what_the_link_filters_by_stands_in_every_link_of_the_list(
    browser: Browser, filled: Filled
) -> None:
    asked = parse_qs(filled.query)
    text = browser.get(filled.at(filled.of.path)).text
    own = (urlsplit(filled.at(filled.of.path)).path, urlsplit(filled.at(filled.of.file)).path)
    links = [urlsplit(html.unescape(one)) for one in re.findall(r' href="([^"]+)"', text)]
    kept = [parse_qs(one.query) for one in links if one.path in own]
    sorting = [one for one in kept if {filled.of.sort_word, filled.of.after} & one.keys()]
    assert sorting or filled.case.many < MANY
    assert all(asked.items() <= one.items() for one in sorting)
    assert asked in [parse_qs(one.query) for one in links if one.path == own[1]]


def test_a_cell_that_a_spreadsheet_would_run_stays_text(browser: Browser, filled: Filled) -> None:
    cells = [cell for row in taken(browser, filled) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert filled.case.has_text == any(cell.startswith(f"'{FORMULA}") for cell in cells)


def test_every_file_has_words_in_the_audit() -> None:
    assert [
        one.audit for one in LISTS if f"deed.{one.audit.replace('.', '_')}" not in all_words()
    ] == []


def test_who_may_not_see_the_page_may_not_take_it_away(house: House, filled: Filled) -> None:
    if not filled.case.stranger:
        return
    login = f"lists-{filled.case.stranger}"
    if not house.asked(f"select count(*) from auth.staff where login = '{login}'"):
        house.hire(login, filled.case.stranger)
    with house.person(login) as stranger:
        seen = stranger.get(filled.at(filled.of.path))
        assert (seen.status_code, filled.of.file in seen.text) == (
            403 if filled.case.is_shut else 200,
            False,
        )
        assert stranger.get(filled.at(filled.of.file)).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("{sort}=secret", "unknown_filter"),
        ("{sort}=-", "unknown_filter"),
        ("colour=red", "unknown_filter"),
        ("{after}=x", "place_gone"),
        ("{after}=WyJhIl0", "place_gone"),
        ("{after}=%00", "place_gone"),
    ],
)
def test_a_link_that_the_list_does_not_know_is_told_so(
    browser: Browser, filled: Filled, wrong: str, code: str
) -> None:
    for address in (filled.of.path, filled.of.file):
        query = wrong.replace("{after}", filled.of.after).replace("{sort}", filled.of.sort_word)
        answer = browser.get(filled.at(address, query))
        assert answer.status_code == 422, (address, wrong)
        assert code in answer.text


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_place_at_the_end_of_time_is_told_so(browser: Browser, filled: Filled, end: str) -> None:
    of = filled.of
    moments = [one for one in of.columns if one.order and datetime in one.order.kinds]
    for column in moments if not of.is_whole else ():
        sort = f"-{column.name}"
        values = [end if kind is datetime else SOME[kind] for kind in column.order.kinds]
        place = base64.urlsafe_b64encode(msgspec.json.encode([sort, *values])).decode().rstrip("=")
        answer = browser.get(filled.at(of.path, f"{of.sort_word}={sort}&{of.after}={place}"))
        assert answer.status_code == 422, sort
        assert "place_gone" in answer.text


def test_the_refusal_is_said_in_both_languages(house: House) -> None:
    with english(house, "page-admin") as reader:
        assert "This link cannot be read" in reader.get("/run/staff?sort=x").text
        assert "cannot go on from here" in reader.get("/run/staff?after=x").text
    with house.person("page-admin") as reader:
        assert "このリンクは読めません" in reader.get("/run/staff?sort=x").text
        assert "続きの場所が見つかりません" in reader.get("/run/staff?after=x").text


def on_record(house: House, filled: Filled) -> int:
    noted = f"from audit.entries where action = '{filled.of.audit}'"
    return int(str(house.asked(f"select coalesce(sum(count), 0) {noted}")))


def test_what_leaves_is_on_record(house: House, browser: Browser, filled: Filled) -> None:
    before = on_record(house, filled)
    told = len(taken(browser, filled))
    assert on_record(house, filled) - before == told >= filled.case.many
