"""What stands about somebody moves her in and out of segments of the running product."""

from __future__ import annotations

import uuid

from tests.console.house import House
from tests.console.test_segments import eventually


def known(house: House, user: str) -> str:
    """The customer of a user id, once identity has met her."""
    body = {"identifiers": [{"kind": "user_id", "value": user}]}
    eventually(lambda: house.post_api("/api/v1/customers/lookup", body).status_code == 200)
    found = house.post_api("/api/v1/customers/lookup", body).json()
    return str(found["customer_id"])


def is_in(house: House, segment_id: int, customer_id: str) -> bool:
    return bool(house.asked(
        "select exists (select from customers.segment_members"
        f" where segment_id = {segment_id} and customer_id = '{customer_id}')"
    ))  # fmt: skip


def in_stock_at(house: House, location_id: str) -> str:
    """Something that can be promised there."""
    return str(house.asked(
        "select sku from stock.balances"
        f" where location_id = '{location_id}' and on_hand - safety > 2 order by sku limit 1"
    ))  # fmt: skip


def identify(house: House, user: str, **traits: object) -> None:
    house.tell({"type": "identify", "userId": user, "traits": traits})


def test_a_move_of_home_a_word_of_consent_and_goods_in_the_cart_are_noticed(house: House) -> None:
    mark = uuid.uuid4().hex[:8]
    user = f"user-{mark}"
    yokohama = {"kind": "lives_near", "location_id": "yokohama", "km": 5}
    near = house.define(f"横浜 {mark}", yokohama)
    reached = house.define(f"届く {mark}", {"kind": "reachable", "channel": "email"})
    carts = house.define(f"カート {mark}", {"kind": "cart_near", "km": 10})
    identify(house, user, email=f"{user}@example.jp", address={"postalCode": "231-0005"})
    who = known(house, user)
    eventually(lambda: is_in(house, near, who))
    identify(house, user, address={"postalCode": "180-0004"})
    eventually(lambda: not is_in(house, near, who))

    house.tell({"type": "track", "userId": user, "event": "Segment Consent Preference Updated",
                "context": {"consent": {"categoryPreferences": {"Email": True}}}})  # fmt: skip
    eventually(lambda: is_in(house, reached, who))
    seen = house.post_api(
        "/api/v1/customers/lookup", {"identifiers": [{"kind": "user_id", "value": user}]}
    ).json()
    assert seen["consent"]["marketing"]["email"]["is_reachable"] is True
    house.tell({"type": "track", "userId": user, "event": "Unsubscribed",
                "context": {"traits": {"email": f"{user}@example.jp"}}})  # fmt: skip
    eventually(lambda: not is_in(house, reached, who))

    assert not is_in(house, carts, who)
    cart = house.post_api("/api/v1/carts", {"customer_id": who}).json()["cart_id"]
    item = {"op": "add", "sku": in_stock_at(house, "kichijoji")}
    done = house.post_api(f"/api/v1/carts/{cart}/changes", {"changes": [item]})
    assert done.status_code == 200, done.text
    eventually(lambda: is_in(house, carts, who))
    gone = house.post_api(f"/api/v1/carts/{cart}/changes", {"changes": [{**item, "op": "remove"}]})
    assert gone.status_code == 200, gone.text
    eventually(lambda: not is_in(house, carts, who))
