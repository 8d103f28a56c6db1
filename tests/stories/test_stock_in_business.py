"""One stock in three businesses, each from outside: an apparel chain whose web shop and shops had a
stock each, a food maker whose shelf is empty, a cart that goes from the shop to the web and back.
"""

from __future__ import annotations

import concurrent.futures
import uuid
from typing import Any

import pytest

from tests.stories.town import KICHIJOJI, YOKOHAMA, Refusal, Town, refused

DEPOT = "warehouse"  # of the town: what is sent goes from there
HERS = {"name": "佐伯 美和", "postcode": "180-0004", "city": "武蔵野市", "street": "1-2-3"}


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def place(town: Town, kind: str, name: str) -> str:
    """A place of this story's own that is no shop."""
    at = unique(kind)
    row = {"location_id": at, "name": {"ja": name, "en": at}, "kind": kind}
    assert town.api("PUT", "/stock/locations", json={"locations": [row]})["written"] == 1
    return at


def fill(town: Town, changes: list[dict[str, Any]], **who: str) -> dict[str, Any]:
    cart = town.api("POST", "/carts", json=who or {"anonymous_id": unique("c")})
    body = {"changes": changes, "channel": "web"}
    found: dict[str, Any] = town.api("POST", f"/carts/{cart['cart_id']}/changes", json=body)
    return found


def sent_home(town: Town, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
    path = f"/carts/{cart['cart_id']}"
    quote = town.api("POST", f"{path}/quote", json={"postcode": HERS["postcode"]})
    body = {
        "version": quote["version"], "total_minor": quote["total_minor"], "address": HERS,
        "payments": [{"method": "card", "state": "captured", "provider": "p",
                      "reference": unique("pi")}],
    }  # fmt: skip
    done: dict[str, Any] = town.api("POST", f"{path}/checkout", json=body | more)
    return done


def send(town: Town, part: dict[str, Any]) -> None:
    """From its place to the van."""
    van = {"carrier": "yamato", "carrier_ref": "4912-3456-7890"}
    for verb in ("accept", "pick", "pack", "ship"):
        body = van if verb == "ship" else {}
        town.api("POST", f"/fulfilments/{part['fulfilment_id']}/{verb}", json=body)


def can_promise(town: Town, sku: str, at: str) -> int:
    rows = town.api("GET", "/stock/availability", params={"sku": sku, "location_id": at})["items"]
    return int(rows[0]["available"]) if rows else 0


@pytest.fixture
def coat(town: Town) -> str:
    sku = unique("COAT")
    item = {"sku": sku, "name": {"ja": "紺のコート", "en": "Navy coat"}, "price": 39600,
            "tax_rate": 0.1}  # fmt: skip
    town.api("PUT", "/stock/items", json={"items": [item]})
    return sku


def test_an_apparel_chain_makes_one_of_the_web_stock_and_the_shops_stock(
    town: Town, coat: str
) -> None:
    """The web shop's warehouse belongs to another system; the shops to the tills. Two units here
    and three there were two promises; from now on they are one, and late words change nothing."""
    (shop,) = town.open_shops(KICHIJOJI)
    web = place(town, "warehouse", "通販の倉庫")
    master = {"location_id": web, "system": "web-wms"}
    town.api("PUT", "/stock/masters", json={"masters": [master]})

    def tell(to: int, sequence: int, **more: Any) -> dict[str, Any]:
        level = {"sku": coat, "location_id": web, "to": to, "sequence": sequence} | more
        body = {"system": "web-wms", "levels": [level]}
        found: dict[str, Any] = town.api("POST", "/stock/levels", json=body)
        return found

    assert tell(3, 1)["booked"] == 1
    town.api("POST", "/stock/movements", json={"movements": [
        {"kind": "receive", "sku": coat, "location_id": shop.location_id, "qty": 2, "ref": coat}
    ]})  # fmt: skip
    sender = {"location_id": web, "ships": True, "rank": 1}
    also = {"location_id": shop.location_id, "ships": True, "rank": 20}
    town.api("PUT", "/fulfilments/senders", json={"senders": [sender, also]})
    region = {"region_id": unique("all"), "name": "両方", "location_ids": [web, shop.location_id]}
    town.api("PUT", "/stock/regions", json={"regions": [region]})

    # Five units in two stocks: eight callers, web and shop at once, get five and not one more.
    def web_wants(_: int) -> str:
        ask = {"region": {"region_id": region["region_id"]}, "lines": [{"sku": coat, "qty": 1}],
               "purpose": "shipment"}  # fmt: skip
        return str(town.api("POST", "/stock/holds/regional", json=ask)["hold_id"])

    def shop_wants(_: int) -> str:
        return str(town.hold(coat, shop.location_id).json()["hold_id"])

    got, gone = [], []
    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        for asked in [crowd.submit((web_wants, shop_wants)[n % 4 == 3], n) for n in range(8)]:
            try:
                got.append(asked.result())
            except Refusal as refusal:
                gone.append(refusal.body["code"])
    assert (len(got), gone) == (5, ["not_enough_stock"] * 3)
    assert can_promise(town, coat, web) + can_promise(town, coat, shop.location_id) == 0

    # One is given back; the next customer of either side gets it.
    town.api("POST", f"/stock/holds/{got[0]}/release", json={})
    assert can_promise(town, coat, web) + can_promise(town, coat, shop.location_id) == 1

    # The warehouse's word comes late and out of order: what is older changes nothing, and who names
    # a number that is not so any more is told to look again.
    assert tell(9, 1)["stale"] == 1
    assert tell(2, 3, expected=99)["refused"][0]["reason"] == "changed_since"
    assert town.reconcile()["drifts"] == []


def test_a_food_maker_s_empty_shelf_becomes_an_online_order(town: Town) -> None:
    """She stands before an empty shelf: the associate sells it from the warehouse, takes her money
    at the counter, and it is sent to her; a van fills the shelf."""
    (shop,) = town.open_shops(KICHIJOJI)
    miso = town.new_item(unique("MISO"), {DEPOT: 30})

    # The shelf is empty: nothing to hold here, and the answer says where it is.
    with refused(409, "not_enough_stock") as empty:
        town.hold(miso, shop.location_id)
    assert empty.body["short"][0]["available"] == 0

    # The same purchase from the same spot, sent home.
    cart = fill(town, [{"op": "add", "sku": miso, "qty": 2, "method": "ship"}])
    bought = sent_home(town, cart, channel="store", location_id=shop.location_id,
                       payments=[{"method": "counter", "state": "captured"}])  # fmt: skip
    order = bought["order"]
    (part,) = town.api("GET", f"/orders/{order['order_id']}/where")["parts"]
    assert (part["location_id"], part["way"], part["state"]) == (DEPOT, "ship", "routed")
    assert order["location_id"] == shop.location_id
    send(town, part)
    assert can_promise(town, miso, DEPOT) == 28

    # A van brings the rest of the shelf: counted in, and promised from that moment on.
    transfer = town.api("POST", "/stock/transfers", json={
        "from_location": DEPOT, "to_location": shop.location_id,
        "lines": [{"sku": miso, "qty": 6}], "ref": unique("van"),
    })  # fmt: skip
    assert can_promise(town, miso, shop.location_id) == 0
    path = f"/stock/transfers/{transfer['transfer_id']}/receive"
    town.api("POST", path, json={"lines": [{"sku": miso, "qty": 6}]})
    assert can_promise(town, miso, shop.location_id) == 6
    assert town.reconcile()["drifts"] == []


def test_seen_in_the_shop_bought_online_and_returned_in_a_shop(town: Town) -> None:
    """The cart that the associate filled goes home by its token, is paid on her phone, is sent,
    does not fit, and comes back over another shop's counter: one order, one refund."""
    (other,) = town.open_shops(YOKOHAMA)
    lamp = town.new_item(unique("LAMP"), {DEPOT: 3})
    mail, phone = f"{unique('c')}@example.jp", unique("phone")
    public = town.process.command("keys", "create", "--scope", "public", "--name", unique("web"))

    # In the shop: nobody knows her; the associate fills a cart on the tablet and shows its token.
    tablet = fill(town, [{"op": "add", "sku": lamp, "qty": 1, "method": "ship"}])
    token = town.api("POST", f"/carts/{tablet['cart_id']}/codes", json={})["token"]
    hers = town.api("POST", "/carts", key=public, json={"anonymous_id": phone})
    path = f"/carts/{hers['cart_id']}/take"
    taken = town.api("POST", path, key=public, json={"token": token, "channel": "web"})
    assert [(line["sku"], line["qty"]) for line in taken["lines"]] == [(lamp, 1)]

    # At home she signs in; her phone's cart is her cart, and it is bought and sent.
    identify = {"type": "identify", "anonymousId": phone, "traits": {"email": mail}}
    told = town.tell("web", identify)[-1]
    her = town.look_up("email", mail, after=told)
    cart = town.api("POST", "/carts", json={"customer_id": her["customer_id"]})
    order = sent_home(town, cart)["order"]
    (part,) = town.api("GET", f"/orders/{order['order_id']}/where")["parts"]
    send(town, part)
    town.api("POST", f"/fulfilments/{part['fulfilment_id']}/deliver", json={})

    # It does not fit: another shop takes it back by her, the money goes to the card, once.
    asked = {"customer_id": her["customer_id"]}
    (found,) = town.api("POST", "/returns/lookup", json=asked)["items"]
    assert [line["can_return"] for line in found["lines"]] == [1]
    back = {"location_id": other.location_id, "order_id": order["order_id"], "reason": "wrong_size",
            "lines": [{"line_no": found["lines"][0]["line_no"], "qty": 1,
                       "condition": "resaleable"}]}  # fmt: skip
    done = town.api("POST", "/returns", json=back)
    assert [(one["kind"], one["amount_minor"]) for one in done["refunds"]] == [("card", 89800)]
    assert can_promise(town, lamp, other.location_id) == 1
    with refused(409, "more_than_sold"):
        town.api("POST", "/returns", json=back)
    timeline = town.timeline(her["customer_id"], wait_for="return.recorded")
    assert {"order.placed", "return.recorded"} <= {item["name"] for item in timeline}
    assert town.reconcile()["drifts"] == []
