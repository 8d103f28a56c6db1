"""Carts and orders as the server of a web shop tells them, over the public API."""

from __future__ import annotations

from typing import Any

from setten.demo.chain import Chain, Deed, Kind
from setten.demo.telling import ordering
from setten.demo.telling.client import Client

_VERBS = {"picked": "pick", "packed": "pack", "shipped": "ship", "delivered": "deliver"}


def tell(client: Client, chain: Chain, deed: Deed) -> None:
    """One deed of a cart or an order. Raises Refused, OSError."""
    kind, value = ordering.identifier_of(deed, chain.person(deed.who) if deed.who else None)
    if deed.kind in (Kind.step, Kind.sent):
        _step(client, deed, kind, value)
        return
    cart = _shown(client, deed, kind, value) or _filled(client, deed, kind, value)
    if deed.kind is Kind.bought:
        _check_out(client, deed, cart)


def _shown(client: Client, deed: Deed, kind: str, value: str) -> dict[str, Any] | None:
    """The cart whose code is said at a counter; None where none is, or it was emptied."""
    if not deed.said.get("shown_at"):
        return None
    asked = {"customer_id": _customer(client, kind, value), "channel": ordering.channel_of(deed)}
    cart = client.call("POST", "/carts/", asked)
    if not cart["lines"]:
        return None
    made = client.call("POST", f"/carts/{cart['cart_id']}/codes")
    return dict(client.call("POST", "/carts/lookup", {"code": made["code"]}))


def _filled(client: Client, deed: Deed, kind: str, value: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"channel": ordering.channel_of(deed)}
    if kind == "anonymous_id":
        asked["anonymous_id"] = value
    else:
        asked["customer_id"] = _customer(client, kind, value)
    cart = client.call("POST", "/carts/", asked)
    removed = [{"op": "remove", "sku": line["sku"]} for line in cart["lines"]]
    added = [{"op": "add", "sku": line.sku, "qty": line.qty} for line in deed.lines]
    # Of two sku in one call the later word counts, so what goes out goes before what comes in.
    for number, changes in enumerate((removed, added)):
        if changes:
            body = {"changes": changes, "channel": ordering.channel_of(deed)}
            key = f"{deed.kind}-{number}-{deed.at.isoformat()}-{deed.cookie}"
            cart = client.call("POST", f"/carts/{cart['cart_id']}/changes", body, key=key)
    return dict(cart)


def _check_out(client: Client, deed: Deed, cart: dict[str, Any]) -> None:
    address = deed.said["address"]
    assert isinstance(address, dict)
    path = f"/carts/{cart['cart_id']}"
    quote = client.call("POST", f"{path}/quote", {"postcode": address["postcode"]})
    body = {
        "version": quote["version"], "total_minor": quote["total_minor"],
        "channel": ordering.channel_of(deed), "address": address,
        "payments": [{"method": deed.said["pay"], "state": deed.said["paid"]}],
    }  # fmt: skip
    client.call("POST", f"{path}/checkout", body, key=deed.ref)


def _step(client: Client, deed: Deed, kind: str, value: str) -> None:
    step, wanted = str(deed.said["step"]), {line.sku for line in deed.lines}
    asked = {"customer_id": _customer(client, kind, value)}
    for order in reversed(client.call("POST", "/orders/lookup", asked)["items"]):
        where = client.call("GET", f"/orders/{order['order_id']}/where")
        for part in where["parts"]:
            is_next = part["way"] == "ship" and part["state"] in ordering.NEXT[step]
            if is_next and {line["sku"] for line in part["lines"]} == wanted:
                body = (
                    {"carrier": ordering.CARRIER, "carrier_ref": deed.said["number"]}
                    if step == "shipped"
                    else None
                )
                path = f"/fulfilments/{part['fulfilment_id']}/{_VERBS[step]}"
                client.call("POST", path, body, key=f"{step}-{deed.ref}")
                return


def _customer(client: Client, kind: str, value: str) -> str:
    asked = {"identifiers": [{"kind": kind, "value": value}]}
    return str(client.call("POST", "/customers/lookup", asked)["customer_id"])
