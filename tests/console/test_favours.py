"""What a till tells of a member's points, tier and coupons, on her page."""

from __future__ import annotations

import re
import uuid

from tests.console.house import Browser, House
from tests.console.test_rules import eventually


def told(person: Browser, who: str) -> str:
    """The line, once it is there."""
    eventually(lambda: "data-favours" in person.get(f"/customers/{who}").text)
    found = re.search(r"data-favours>([^<]*)<", person.get(f"/customers/{who}").text)
    assert found is not None
    return found[1]


def member_with(house: House, **traits: object) -> str:
    member = f"points-{uuid.uuid4().hex[:8]}"
    house.tell({"type": "identify", "userId": member, "traits": traits})
    return house.customer(member)


def test_points_tier_and_coupons_that_a_till_tells_stand_in_one_line(house: House) -> None:
    who = member_with(house, points=1240, memberRank="ゴールド", coupons=["autumn", "lamp"])
    with house.person("page-agent") as agent:
        assert told(agent, who) == "ポイント 1,240　会員ランク ゴールド　クーポン 2"
    with house.person("page-english") as admin:
        assert told(admin, who) == "Points 1,240 · Tier ゴールド · Coupons 2"


def test_what_is_no_balance_is_not_shown_as_one(house: House) -> None:
    who = member_with(
        house, points={"a": 1}, tier=True, rank="x" * 31, Loyalty_Points="4980000000000001",
        coupon_count="3",
    )  # fmt: skip
    with house.person("page-agent") as agent:
        assert told(agent, who) == "クーポン 3"


def test_nobody_told_of_points_has_no_line_of_them(house: House) -> None:
    who = member_with(house, favourite="lamps")
    with house.person("page-agent") as agent:
        page = agent.get(f"/customers/{who}").text
    assert "customer-head" in page
    assert "data-favours" not in page
