"""C14: goods that everybody wants: a line instead of a race, members before everybody."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.stories.town import Shop, Town, refused


@pytest.fixture
def shoes(town: Town, shop: Shop) -> str:
    return town.new_item(f"SHOE-{uuid.uuid4().hex[:8]}", {shop.location_id: 3})


def released(town: Town, shop: Shop, sku: str, *, opens_in_s: int,
             members_in_s: int | None = None, **more: Any) -> str:  # fmt: skip
    name, now = f"r{uuid.uuid4().hex[:8]}", datetime.now(UTC)
    body = {
        "release_id": name, "name": {"ja": "限定の靴", "en": "Limited shoes"},
        "location_id": shop.location_id, "goods": [{"sku": sku, "qty": 2}],
        "opens_at": (now + timedelta(seconds=opens_in_s)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(), "per_minute": 6000, **more,
    }  # fmt: skip
    if members_in_s is not None:
        body["members_from"] = (now + timedelta(seconds=members_in_s)).isoformat()
    kept = town.api("PUT", "/stock/releases", json={"releases": [body]})
    assert kept == {"written": 1, "refused": []}
    return name


def member(town: Town) -> str:
    card = f"card-{uuid.uuid4().hex[:10]}"
    told = town.tell("shop", {"type": "identify", "anonymousId": uuid.uuid4().hex,
                     "traits": {"loyalty_card": card}})[-1]  # fmt: skip
    return str(town.look_up("loyalty_card", card, after=told)["customer_id"])


def test_members_take_first_and_nobody_passes_the_line(town: Town, shop: Shop, shoes: str) -> None:
    name = released(town, shop, shoes, opens_in_s=3600, members_in_s=-1)
    with refused(409, "not_enough_stock"):
        town.hold(shoes, shop.location_id, qty=2)  # one is for everybody
    her = member(town)
    ticket = town.api("POST", f"/stock/releases/{name}/tickets", json={"customer_id": her})
    assert ticket["phase"] == "turn"
    hold = town.api("POST", "/stock/releases/tickets/take", json={
        "ticket_id": ticket["ticket_id"], "lines": [{"sku": shoes, "qty": 1}]})  # fmt: skip
    assert hold["hold_id"] in {row["hold_id"] for row in town.queue(shop.location_id)}
    with refused(409, "too_many_for_one"):
        town.api("POST", "/stock/releases/tickets/take", json={
            "ticket_id": ticket["ticket_id"], "lines": [{"sku": shoes, "qty": 1}]})  # fmt: skip
    again = town.api("POST", f"/stock/releases/{name}/tickets", json={"customer_id": her})
    assert again["ticket_id"] == ticket["ticket_id"]
    town.timeline(her, wait_for="release.joined")
    assert town.reconcile()["drifts"] == []


def test_a_stranger_waits_for_the_opening_or_is_refused(town: Town, shop: Shop, shoes: str) -> None:
    name = released(town, shop, shoes, opens_in_s=3600)
    with refused(409, "customer_needed"):
        town.api("POST", f"/stock/releases/{name}/tickets", json={})
    free = released(town, shop, shoes, opens_in_s=3600, needs_customer=False)
    ticket = town.api("POST", f"/stock/releases/{free}/tickets", json={})
    assert ticket["phase"] == "before"
    with refused(409, "not_your_turn"):
        town.api("POST", "/stock/releases/tickets/take", json={
            "ticket_id": ticket["ticket_id"], "lines": [{"sku": shoes, "qty": 1}]})  # fmt: skip


def test_the_page_in_her_hand_shows_her_turn_and_gives_the_code(
    town: Town, shop: Shop, shoes: str
) -> None:
    name = released(town, shop, shoes, opens_in_s=-1, needs_customer=False)
    ticket = town.api("POST", f"/stock/releases/{name}/tickets", json={})
    browser = httpx.Client(
        base_url=town.process.base_url, headers={"Accept-Language": "ja"}, timeout=30
    )
    shown = browser.get(f"/line/{ticket['ticket_id']}")
    assert "順番が来ました" in shown.text
    token = re.search(r'name="_csrf" value="([^"]+)"', shown.text)
    assert token
    taken = browser.post(f"/line/{ticket['ticket_id']}",
                         data={"sku": shoes, "_csrf": token.group(1)})  # fmt: skip
    code = re.search(r'code-large">([0-9]+)<', taken.text)
    assert code
    found = town.api("POST", "/stock/holds/lookup", json={"code": code.group(1)})["items"]
    assert found[0]["lines"][0]["sku"] == shoes
    assert code.group(1) in browser.get(f"/line/{ticket['ticket_id']}").text  # also after a reload
    assert browser.get(f"/line/{uuid.uuid4()}").status_code == 404


def test_another_site_cannot_take_for_her(town: Town, shop: Shop, shoes: str) -> None:
    name = released(town, shop, shoes, opens_in_s=-1, needs_customer=False)
    ticket = town.api("POST", f"/stock/releases/{name}/tickets", json={})
    stranger = httpx.Client(base_url=town.process.base_url, timeout=30)
    answer = stranger.post(f"/line/{ticket['ticket_id']}", data={"sku": shoes})
    assert answer.status_code == 403
