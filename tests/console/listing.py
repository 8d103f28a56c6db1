"""Rows of a list's own in the shared house, for the lists of goods, places, people and arrivals.

Each makes more than two pages and answers the query, and the words of the address, that show
just these rows: nothing that other tests leave in the town is among them.
"""

from __future__ import annotations

import uuid
from urllib.parse import quote

from setten.platform import clock
from setten.stock import movements
from setten.stock.movements import Movement
from tests.console.house import House
from tests.console.test_counter import do

MANY = 2 * 50 + 7
"""Rows of each list: two pages and a bit."""

FORMULA = "=1+1"
Shown = tuple[str, dict[str, str]]


def mark() -> str:
    """A word that no other test has; it begins with letters, or one in forty would be a number,
    which lists read as a postcode, a card or an amount."""
    return f"zz{uuid.uuid4().hex[:8]}"


def events(house: House) -> Shown:
    """Of a day that nothing else arrived on, behind the places of all readers."""
    word = mark()
    house.run_in_database(
        "insert into log.events (arrived_on, xid, position, event_id, name, occurred_at,"
        " received_at, channel, identifiers, body) select '2001-02-03', '3', -9000000 + n,"
        f" '{word}-' || n, '{FORMULA}', now(), now(), 'web', array[]::bigint[], '{{}}'"
        f" from generate_series(1, {MANY}) n"
    )
    return "on=2001-02-03", {}


def letters(house: House) -> Shown:
    source = 1_000_000_000 + uuid.uuid4().int % 1_000_000_000
    house.run_in_database(
        "insert into log.dead_letters (received_at, source_id, reason, field, sealed, ended_at,"
        f" ended_by, ending) select now(), {source}, '{FORMULA}', 'x', '', now(), 'test',"
        f" 'discarded' from generate_series(1, {MANY}) n"
    )
    return f"only=ended&source={source}", {}


def sources(house: House) -> Shown:
    word = mark()
    house.run_in_database(
        "insert into ingest.sources (name, channel, system, currency, rate_per_s, created_at,"
        f" revoked_at) select '{FORMULA} {word} ' || n / 3, 'web', 'web', 'JPY', 10, now(), now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"q={word}&only=closed", {}


def runs(house: House) -> Shown:
    kind, told = f"{FORMULA} {mark()}", '{"kind": "x", "file": "x"}'
    house.run_in_database(
        "insert into imports.runs (run_key, kind, rows_done, refused_bytes, summary, started_at,"
        f" updated_at, ended_at) select gen_random_uuid(), '{kind}', n, 0, '{told}', now(),"
        " now() - make_interval(mins => 1440 + n / 3), now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"only={quote(kind)}", {}


def items(house: House) -> Shown:
    word = mark()
    house.run_in_database(
        "insert into stock.items (sku, name_ja, name_en, updated_at)"
        f" select '{word}-' || n, '{FORMULA} ' || n, 'x', now() from generate_series(1, {MANY}) n"
    )
    return f"q={word}", {}


def moved(house: House) -> Shown:
    here = house.open_shop().location_id
    sku = house.new_item({})
    moves = [Movement(kind="receive", sku=sku, location_id=here, qty=1) for _ in range(MANY)]
    do(house, movements.book, moves, by="test", now=clock.now())
    return f"sku={sku}&at={here}", {}


def holds(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.holds (hold_id, location_id, state, code, channel, purpose, placed_by,"
        f" placed_at, expires_at, ended_at) select gen_random_uuid(), '{here}', 'collected',"
        f" (100000 + n)::text, '{FORMULA}', 'pickup', 'test', now(), now(), now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"at={here}&only=collected", {}


def short(house: House) -> Shown:
    return _cover(house, "n % 3, false")


def dead(house: House) -> Shown:
    return _cover(house, "null, true")


def _cover(house: House, how: str) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.cover (location_id, sku, promisable, sold_28, days, is_dead)"
        f" select '{here}', '{here}/' || n, n % 5, n % 3, {how} from generate_series(1, {MANY}) n"
    )
    house.reckon(here)
    return f"at={here}", {}


def till_returns(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.till_returns (receipt_id, sku, location_id, at, qty, amount_minor,"
        f" currency, tender, why) select gen_random_uuid(), 'mug', '{here}',"
        " now() - make_interval(mins => n / 3), 1, 500, 'JPY', 'cash', 'none'"
        f" from generate_series(1, {MANY}) n"
    )
    return f"at={here}", {}


def places(house: House) -> Shown:
    """Two: places of the shared town stand in everybody's sheets."""
    word = mark()
    house.run_in_database(
        "insert into stock.locations (location_id, name_ja, name_en, kind, timezone, hours,"
        f" updated_at) select '{word}-' || n, '{FORMULA} {word}', 'x', 'warehouse', 'Asia/Tokyo',"
        " '{}', now() from generate_series(1, 2) n"
    )
    return f"q={word}&kind=warehouse", {}


def aside(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.allocations (sku, location_id, channel, qty, updated_at)"
        f" select '{here}/' || n / 3, '{here}', '{FORMULA} ' || n, 0, now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"at={here}", {}


def display(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.balances (sku, location_id, display, shelf)"
        f" select '{here}/' || n, '{here}', 1, '{FORMULA}' from generate_series(1, {MANY}) n"
    )
    return f"at={here}", {}


def due(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.inbound (inbound_id, ref, sku, location_id, qty, due_on, cap, told_at)"
        f" select gen_random_uuid(), '{FORMULA} ' || n, '{here}/' || n, '{here}', 5,"
        f" current_date + n / 3, 5, now() from generate_series(1, {MANY}) n"
    )
    return f"at={here}", {}


def preorders(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(f"""
        with made as (
          insert into stock.inbound (inbound_id, ref, sku, location_id, qty, due_on, cap, told_at,
                                     promised)
          values (gen_random_uuid(), '{here}', '{here}', '{here}', {MANY}, current_date, {MANY},
                  now(), {MANY})
          returning inbound_id)
        insert into stock.preorders (preorder_id, inbound_id, sku, location_id, qty, channel,
                                     due_on, placed_at, placed_by)
        select gen_random_uuid(), inbound_id, '{here}', '{here}', 1, '{FORMULA}', current_date,
               now(), 'test'
          from made, generate_series(1, {MANY})""")
    return f"at={here}&sku={here}", {}


def regional(house: House) -> Shown:
    """Asked in an hour's time, so that the job which names places lets them be."""
    here, word = house.open_shop().location_id, mark()
    house.run_in_database(f"""
        insert into stock.regions (region_id, name_ja, name_en, updated_at)
          values ('{word}', '{FORMULA}', 'x', now());
        insert into stock.region_places (region_id, location_id) values ('{word}', '{here}');
        with made as (
          insert into stock.holds (hold_id, location_id, state, code, channel, purpose, placed_by,
                                   placed_at, expires_at)
          select gen_random_uuid(), '{here}', 'held', (100000 + n)::text, 'web', 'pickup', 'test',
                 now(), now() + interval '9 hours'
            from generate_series(1, {MANY}) n
          returning hold_id, code)
        insert into stock.regional_holds (hold_id, location_ids, region_id, asked_at)
        select hold_id, array['{here}'], '{word}',
               now() + interval '1 hour' + make_interval(mins => code::integer / 3 - 33000)
          from made""")
    return f"id={word}", {}


def tasks(house: House) -> Shown:
    here = house.open_shop().location_id
    house.run_in_database(
        "insert into stock.tasks (task_id, kind, location_id, sku, alternative, opened_at)"
        f" select gen_random_uuid(), 'hold_short', '{here}', 'mug', '{FORMULA}', now()"
        f" from generate_series(1, {MANY})"
    )
    return f"at={here}&kind=hold_short", {}


def zones(house: House) -> Shown:
    word = mark()
    house.run_in_database(
        "insert into stock.delivery_zones (zone_id, name_ja, name_en, updated_at)"
        f" select '{word}-' || n, '{FORMULA} {word}', 'x', now()"
        f" from generate_series(1, {MANY}) n"
    )
    return f"q={word}", {}


def purchases(house: House) -> Shown:
    customer, _ = house.newcomer()
    word = mark()
    house.run_in_database(
        "insert into customers.purchases (purchase_key, identifier_id, rank, event_id,"
        " occurred_at, channel, location_id, total_minor, currency)"
        f" select '{word}-' || n, number, 0, '{word}-' || n,"
        f" now() - make_interval(mins => n / 3), 'web', '{FORMULA}', 100, 'JPY'"
        f" from generate_series(1, {MANY}) n, (select min(identifier_id) as number"
        f" from customers.identifiers where customer_id = '{customer}') as hers"
    )
    return "", {"customer_id": customer}


def stage(house: House) -> Shown:
    """They came before everybody else, and stay where they are."""
    house.run_in_database(
        "insert into customers.stages (customer_id, stage, since, days, first_at, last_at,"
        " usual_gap_days, slow_at, lost_at) select gen_random_uuid(), 'recovery',"
        " timestamptz '2001-02-03 12:00Z' + make_interval(mins => n / 3), 1, '2001-01-01',"
        f" '2001-01-01', 30, '2001-02-01', '2001-02-02' from generate_series(1, {MANY}) n"
    )
    return "since=2001-02-01&until=2001-02-09", {"stage": "recovery"}


def customers(house: House) -> Shown:
    """Of a shop of their own, seen on a day that nobody else was."""
    here, first = house.open_shop().location_id, uuid.uuid4().int % 10**15 * 1_000
    house.run_in_database(f"""
        with made as materialized (
          select gen_random_uuid() as id, n from generate_series(1, {MANY}) n
        ), people as (
          insert into customers.customers (customer_id, created_at) select id, now() from made
        ), known as (
          insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
          select {first} + n, 'user_id', id, id, '2001-02-03' from made
        )
        insert into customers.roster (customer_id, stage, location_id, last_at, total_minor,
                                      currency, channels)
        select id, 'trial', '{here}',
               timestamptz '2001-02-03 12:00Z' + make_interval(mins => n / 3),
               n / 4, 'JPY', array['email'] from made""")
    return f"stage=trial&home={here}&reach=email&since=2001-02-01&until=2001-02-09", {}


def brought(house: House) -> Shown:
    """Lists that were brought in, as files of long ago."""
    word = mark()
    house.run_in_database(
        "insert into customers.lists (name, made_at, made_by, ready_at, rows, matched, unmatched)"
        f" select '{FORMULA} {word} ' || n, now() - make_interval(mins => n / 3), 'test', now(),"
        f" n / 4, 1, 2 from generate_series(1, {MANY}) n"
    )
    return f"q={word}", {}
