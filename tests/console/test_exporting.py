"""Lists to take away: what the page shows, by the same filters, and nothing personal."""

from __future__ import annotations

import csv
import io
import uuid

import pytest

from tests.console.house import House


def reported(house: House, number: str, place: str) -> None:
    """An order of another system, written where the list reads."""
    house.run_in_database(
        "insert into stock.orders (order_id, system, order_ref, channel, total_minor, currency,"
        " placed_at, event_id, location_id)"
        f" values ('{uuid.uuid4()}', 'test', '{number}', 'web', 1980, 'JPY', now(), "
        f"'{uuid.uuid4()}', '{place}')"
    )


@pytest.mark.parametrize("query", ["", "&only=placed"])
def test_orders_of_a_place_are_taken_away_as_the_page_lists_them(house: House, query: str) -> None:
    shop = house.open_shop()
    numbers = [f"T-{uuid.uuid4().hex[:8]}" for _ in range(3)] + [f"=T{uuid.uuid4().hex[:6]}"]
    for number in numbers:
        reported(house, number, shop.location_id)
    with house.person("page-agent") as agent:
        assert "/stock/orders.csv" in agent.get(f"/stock/orders?at={shop.location_id}").text
        answer = agent.get(f"/stock/orders.csv?at={shop.location_id}{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert sorted(row["order"] for row in rows) == sorted(
        f"'{number}" if number.startswith("=") else number for number in numbers
    )
    assert {row["place"] for row in rows} == {shop.name}
    assert house.asked("select count(*) from audit.entries where action = 'orders.exported'") >= 1


def test_a_place_that_is_none_gives_an_empty_list(house: House) -> None:
    with house.person("page-agent") as agent:
        answer = agent.get("/stock/orders.csv?at=nowhere&only=cancelled")
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 1


def test_the_officer_for_privacy_takes_no_orders_away(house: House) -> None:
    login = f"officer-{uuid.uuid4().hex[:6]}"
    house.hire(login, "privacy_officer")
    with house.person(login) as officer:
        assert officer.get("/stock/orders.csv").status_code == 403
