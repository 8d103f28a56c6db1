"""Bodies of requests to ingest, written beforehand so that the client costs little."""

from __future__ import annotations

import json
import random
import re
import uuid
from datetime import UTC, datetime

TEMPLATES = 500
WRITE_KEY = "bench-write-key"
NAMES = {
    "Product Viewed": 25, "Product Added": 5, "Cart Viewed": 8, "Checkout Started": 3,
    "Order Completed": 2, "Products Searched": 8, "Coupon Applied": 2, "Store Visited": 3,
    "Message Opened": 5, "Message Clicked": 3, "Chat Started": 1,
}  # fmt: skip
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
MARKS = re.compile("@@(ID|AT|WHO[0-9a-f]{32})")


def event(
    rng: random.Random, *, people: int, is_browser: bool, is_varied: bool = False
) -> dict[str, object]:
    """A plausible event; `@@` marks what is new in each sending."""
    person = 1 + rng.randrange(people)
    goods = int(20_000 * rng.random() ** 2)  # half of what is looked at is a quarter of the goods
    said: dict[str, object] = {
        "messageId": "@@ID",
        "timestamp": "@@AT",
        "anonymousId": f"@@WHO{person:032x}",
    }
    if rng.random() < 0.33:
        said["userId"] = f"customer-{person}"
    context: dict[str, object] = {"library": {"name": "analytics.js", "version": "next-1.84.3"}}
    if is_browser:
        path = f"/items/{goods}/@@ID" if is_varied else f"/items/{goods}"
        url = f"https://shop.example{path}?utm_source=line&utm_campaign=spring"
        context |= {
            "userAgent": AGENT,
            "locale": "ja-JP",
            "timezone": "Asia/Tokyo",
            "page": {"path": path, "title": "ベルベットソファ", "url": url},
        }
    if rng.random() < 0.02:
        traits = {"email": f"customer-{person}@example.jp", "plan": "gold"}
        return said | {"type": "identify", "traits": traits, "context": context}
    if rng.random() < 0.3:
        return said | {"type": "page", "name": "Item", "properties": {}, "context": context}
    [name] = rng.choices(list(NAMES), list(NAMES.values()))
    properties: dict[str, object] = {
        "product_id": f"P{goods}", "sku": f"S-{goods:06d}", "name": "velvet sofa",
        "category": "sofa", "price": (goods % 90 + 1) * 1000, "currency": "JPY", "quantity": 1,
    }  # fmt: skip
    if is_varied:
        properties["list_id"] = "@@ID"
    if name == "Order Completed":
        properties["order_id"] = f"O-{rng.getrandbits(40):010x}"
    return said | {"type": "track", "event": name, "properties": properties, "context": context}


class Bodies:
    """Request bodies: written once, then only ids, times and new visitors are put in."""

    def __init__(
        self, seed: int, *, size: int, people: int, sealed: float, fresh: float,
        is_varied: bool = False,
    ) -> None:  # fmt: skip
        self._rng = random.Random(seed)
        self._people = people
        self._fresh = fresh
        self._size = size
        self._is_varied = is_varied
        self._templates = [self._template(i < sealed * TEMPLATES) for i in range(TEMPLATES)]

    def _template(self, is_browser: bool) -> tuple[list[bytes], list[int], list[int], bool]:
        """Pieces of a body, of which every second is a marked one; places of ids and visitors."""
        events = [
            event(
                self._rng, people=self._people, is_browser=is_browser, is_varied=self._is_varied
            )
            for _ in range(self._size)
        ]  # fmt: skip
        whole: object = events[0] | {"writeKey": WRITE_KEY, "sentAt": "@@AT"}
        if self._size > 1:
            whole = {"batch": events, "writeKey": WRITE_KEY, "sentAt": "@@AT"}
        pieces = MARKS.split(json.dumps(whole, ensure_ascii=False))
        marked = {at: pieces[at] for at in range(1, len(pieces), 2)}
        parts = [piece.removeprefix("WHO").encode() for piece in pieces]
        ids = [at for at, mark in marked.items() if mark == "ID"]
        return parts, ids, [at for at, mark in marked.items() if mark[0] == "W"], is_browser

    def make(self) -> tuple[bytes, bool]:
        """(body, whether a browser sends it)."""
        parts, ids, visitors, is_browser = self._rng.choice(self._templates)
        at = datetime.now(UTC).isoformat().encode()
        parts = [at if part == b"AT" else part for part in parts]
        base = uuid.uuid4().hex
        lead = f"{base[:8]}-{base[8:12]}-{base[12:16]}-{base[16:20]}-{base[20:24]}"
        for index, place in enumerate(ids):
            parts[place] = b"%b%08x" % (lead.encode(), index)
        for place in visitors:
            if self._rng.random() < self._fresh:
                parts[place] = b"%032x" % self._rng.getrandbits(128)
        return b"".join(parts), is_browser
