"""The present of the chain, told as it happens over the public HTTP API, like any client's.

One thread, one request at a time. What does not come through is tried again for a while, as a
till's own queue would, and then given up: the demo goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Protocol

from setten.demo.chain import Chain, Deed, Kind
from setten.demo.chain.catalogue import WAREHOUSE
from setten.demo.chain.promises import lasts_s
from setten.demo.telling import ordering, tills, webshop
from setten.demo.telling.cards import card_shown
from setten.demo.telling.client import Client, Refused
from setten.demo.telling.desk import Desk
from setten.demo.telling.events import event_of
from setten.demo.telling.goods import MOVES, movements_of
from setten.platform import clock

_TRIES, _PAUSE_S = 5, 4.0
_WAIT_S_MAX = 30.0  # looks at the clock so often: a laptop may have slept
_PAGE = 100
logger = logging.getLogger("setten.demo")


class Told(Protocol):
    """Who wants to know how far it was told."""

    def __call__(self, at: datetime) -> None: ...


def follow(
    client: Client, chain: Chain, ahead: Iterable[Deed], told: Told, stop: threading.Event,
    desk: Desk | None = None,
) -> None:  # fmt: skip
    """Tell each deed when it is due, until stopped. ahead: in the order of time. desk: takes down
    what is said; without one nobody listens."""
    for number, deed in enumerate(ahead):
        if not wait(deed.at, stop):
            return
        if deed.kind is not Kind.words:
            patiently(partial(tell, client, chain, deed, number), stop)
        elif desk is not None:
            patiently(partial(desk.say, chain, deed), stop)
        if stop.is_set():
            return
        told(deed.at)


def wait(at: datetime, stop: threading.Event) -> bool:
    """Wait until a moment; False when stopped before."""
    while (left_s := (at - clock.now()).total_seconds()) > 0:
        if stop.wait(min(left_s, _WAIT_S_MAX)):
            return False
    return True


def patiently(tell: Callable[[], None], stop: threading.Event) -> None:
    """Tell, again for a while where it does not come through; a refusal is final."""
    for attempt in range(_TRIES):
        try:
            return tell()
        except Refused as why:
            logger.info("the demo was refused: %s", why)
            return None
        except (OSError, HTTPException):
            if stop.wait(_PAUSE_S * (attempt + 1)):
                return None
    return None


def tell(client: Client, chain: Chain, deed: Deed, number: int) -> None:
    """Tell one deed by the call that its kind is told by."""
    if deed.kind in (Kind.event, Kind.order):
        who = chain.person(deed.who) if deed.who else None
        client.batch(deed.source, event_of(chain.business, deed, number, who))
    elif deed.kind in tills.PRINTED:
        client.call("POST", "/receipts", {"receipts": [receipt_body(chain, deed)]})
    elif deed.kind is Kind.refund:
        _take_back(client, deed)
    elif deed.kind is Kind.truck:
        client.call("POST", "/stock/transfers", _transfer_body(deed), key=deed.ref)
    elif deed.kind is Kind.arrival:
        _arrive(client, deed)
    elif deed.kind is Kind.hold:
        _hold(client, chain, deed)
    elif deed.kind is Kind.ready:
        _fetch(client, chain, deed)
    elif deed.kind is Kind.kept:
        _keep(client, chain, deed)
    elif deed.kind in ordering.KINDS:
        webshop.tell(client, chain, deed)
    elif deed.kind in MOVES:
        told = [
            {"kind": one.kind, "sku": one.sku, "location_id": one.location_id, "qty": one.qty,
             "reason": one.reason, "ref": one.ref}
            for one in movements_of(deed)
        ]  # fmt: skip
        client.call("POST", "/stock/movements", {"movements": told}, key=f"{deed.kind}-{deed.ref}")


def receipt_body(chain: Chain, deed: Deed) -> dict[str, Any]:
    """A receipt as a till posts it."""
    total = sum(line.amount for line in deed.lines)
    rate = float(tills.TAX_RATE)
    body = {
        "location_id": deed.place,
        "register": deed.register,
        "sequence": deed.said["sequence"],
        "business_day": deed.at.date().isoformat(),
        "at": deed.at.isoformat(),
        "mode": "tell",
        "lines": [
            {"sku": line.sku, "qty": line.qty, "amount": line.amount, "discount": line.discount,
             "coupon": line.coupon, "tax_rate": rate}
            for line in deed.lines
        ],
        "tenders": [{"kind": kind, "amount": amount} for kind, amount in tills.paid(deed)],
        "tax": [{"rate": rate, "amount": tills.tax_in(total)}],
        "loyalty_card": card_shown(chain, deed),
        "coupons": [deed.coupon] if deed.coupon else [],
    }  # fmt: skip
    if isinstance(named := deed.said.get("named"), dict):
        body["returned_from"] = {
            "location_id": deed.place, "register": named["register"],
            "sequence": named["sequence"], "business_day": named["day"],
        }  # fmt: skip
    return body


def _transfer_body(deed: Deed) -> dict[str, Any]:
    return {
        "from_location": WAREHOUSE,
        "to_location": deed.place,
        "lines": [{"sku": line.sku, "qty": line.qty} for line in deed.lines],
        "ref": deed.ref,
        "due_on": deed.at.date().isoformat(),
    }


def _take_back(client: Client, deed: Deed) -> None:
    said = deed.said
    receipt = {
        "location_id": deed.place,
        "register": said["register"],
        "sequence": said["sequence"],
        "business_day": said["day"],
    }
    for purchase in client.call("POST", "/returns/lookup", {"receipt": receipt})["items"]:
        for line in purchase["lines"]:
            if line["sku"] == deed.lines[0].sku and line["can_return"]:
                back = {"qty": 1, "condition": said["condition"], "line_no": line["line_no"]}
                body = {
                    "location_id": deed.place,
                    "lines": [back],
                    "reason": deed.cause,
                    "receipt_id": purchase["receipt_id"],
                }
                client.call("POST", "/returns", body, key=deed.ref)
                return


def _arrive(client: Client, deed: Deed) -> None:
    path = f"/stock/transfers?location_id={deed.place}&way=coming&status=open&limit={_PAGE}"
    for one in client.call("GET", path)["items"]:
        if one["ref"] == deed.ref:
            lines = [{"sku": line.sku, "qty": line.qty} for line in deed.lines]
            received = f"/stock/transfers/{one['transfer_id']}/receive"
            client.call("POST", received, {"lines": lines}, key=f"in-{deed.ref}")


def _customer(client: Client, chain: Chain, deed: Deed) -> str:
    card = {"kind": "loyalty_card", "value": card_shown(chain, deed)}
    found = client.call("POST", "/customers/lookup", {"identifiers": [card]})
    return str(found["customer_id"])


def _fetch(client: Client, chain: Chain, deed: Deed) -> None:
    asked = {"customer_id": _customer(client, chain, deed), "state": "held"}
    for one in client.call("POST", "/stock/holds/lookup", asked)["items"]:
        if one["location_id"] == deed.place and one["state"] == "held":
            client.call("POST", f"/stock/holds/{one['hold_id']}/pick", {})


def _keep(client: Client, chain: Chain, deed: Deed) -> None:
    asked = {"customer_id": _customer(client, chain, deed), "state": "open"}
    for one in client.call("POST", "/stock/holds/lookup", asked)["items"]:
        if one["location_id"] == deed.place and one["state"] in ("held", "ready"):
            path = f"/stock/holds/{one['hold_id']}/collect"
            client.call("POST", path, {"code": one["code"]}, key=f"kept-{one['hold_id']}")


def _hold(client: Client, chain: Chain, deed: Deed) -> None:
    body = {
        "lines": [
            {"sku": line.sku, "location_id": deed.place, "qty": line.qty} for line in deed.lines
        ],
        "customer_id": _customer(client, chain, deed),
        "ttl_s": lasts_s(chain.business, deed),
        "channel": deed.source,
    }
    client.call("POST", "/stock/holds", body, key=deed.ref)
