"""Where many holds are open codes become longer, and short again when there is room."""

from __future__ import annotations

from setten.stock.holds.crowds import Crowds


def test_a_code_that_was_taken_by_chance_changes_nothing():
    crowds = Crowds()
    crowds.note(["ginza"] * 200, ["ginza"])
    assert not crowds.is_crowded("ginza")


def test_a_place_whose_codes_are_often_taken_is_crowded_and_the_others_are_not():
    crowds = Crowds()
    for _ in range(3):
        crowds.note(["ginza", "ueno"] * 50, ["ginza"])
    assert crowds.is_crowded("ginza")
    assert not crowds.is_crowded("ueno")


def test_with_room_again_codes_are_short_again():
    crowds = Crowds()
    crowds.note(["ginza"] * 100, ["ginza"] * 10)
    for _ in range(100):
        crowds.note(["ginza"] * 100, ())
    assert not crowds.is_crowded("ginza")


def test_what_is_remembered_has_an_end():
    crowds = Crowds()
    for number in range(1_500):
        crowds.note([f"p{number}"], [f"p{number}"] * 3)
    assert crowds.is_crowded("p1499")
    assert not crowds.is_crowded("p0")
