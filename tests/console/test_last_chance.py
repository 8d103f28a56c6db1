"""The queue says until when somebody can come: a shop that is closed hands nothing over."""

import uuid
from datetime import UTC, datetime, timedelta

from setten.console.stock import queue
from setten.stock.explaining import Held
from setten.stock.holds import Hold
from setten.stock.locations import Location

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHOP = Location(
    location_id="ginza", name_ja="銀座店", name_en="Ginza", kind="shop",
    hours={day: [["10:00", "20:00"]] for day in DAYS},
)  # fmt: skip
NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # Sunday noon in Tokyo
CLOSING = NOON + timedelta(hours=8)
NIGHT = NOON + timedelta(hours=14)  # 02:00: long closed


def held(until: datetime) -> Held:
    return Held(
        hold_id=uuid.uuid4(), qty=1, state="held", allocated=0, channel="web", purpose="pickup",
        placed_at=NOON, expires_at=until, has_run_out=False, is_unrouted=False,
    )  # fmt: skip


def hold(until: datetime) -> Hold:
    return Hold(
        hold_id=uuid.uuid4(), identifier_id=None, location_id="ginza", code="123456",
        purpose="pickup", channel="web", state="ready", placed_at=NOON, expires_at=until,
        ready_at=NOON, ended_at=None, ended_by=None, placed_by="t",
    )  # fmt: skip


def test_a_hold_that_ends_at_night_is_due_at_the_closing_before() -> None:
    assert queue.last_chance(hold(NIGHT), SHOP, NOON) == CLOSING


def test_behind_a_number_it_is_due_at_that_closing_too() -> None:
    assert queue.last_chance(held(NIGHT), SHOP, NOON) == CLOSING


def test_one_that_ends_in_opening_hours_is_due_at_its_end() -> None:
    until = NOON + timedelta(hours=2)
    assert queue.last_chance(hold(until), SHOP, NOON) == until


def test_after_that_closing_it_is_hers_until_its_end() -> None:
    assert queue.last_chance(hold(NIGHT), SHOP, CLOSING + timedelta(hours=1)) == NIGHT


def test_where_no_hours_are_known_it_is_due_at_its_end() -> None:
    assert queue.last_chance(hold(NIGHT), None, NOON) == NIGHT
