"""Which pages there are to look at: who looks, where, and what the address needs.

A page that is behind the door and not named here fails `tests/console/test_pictured.py`.
"""

from __future__ import annotations

import msgspec


class Shot(msgspec.Struct, frozen=True):
    """One picture. login: who looks, None for a stranger. path: `{name}` is one of NEEDS."""

    login: str | None
    path: str


ADMIN, ASSOCIATE, MANAGER, AGENT = "demo", "aoi", "ken", "rin"

SHOTS: dict[str, Shot] = {
    "sign-in": Shot(None, "/sign-in"),
    "home": Shot(ADMIN, "/"),
    "home-manager": Shot(MANAGER, "/"),
    "day-events": Shot(ADMIN, "/today/events?channel=web"),
    "day-sales": Shot(ADMIN, "/today/sales"),
    "find": Shot(AGENT, "/customers"),
    "scan": Shot(ASSOCIATE, "/find"),
    "customer": Shot(AGENT, "/customers/{saeki}"),
    "customer-busy": Shot(AGENT, "/customers/{busy}"),
    "customer-thin": Shot(AGENT, "/customers/{thin}"),
    "customer-cart": Shot(AGENT, "/customers/{carting}/cart"),
    "customer-links": Shot(AGENT, "/customers/{busy}/links"),
    "customer-purchases": Shot(AGENT, "/customers/{busy}/purchases"),
    "customer-relation": Shot(AGENT, "/customers/{busy}/relations/new"),
    "customer-reason": Shot(AGENT, "/customers/{busy}/reason"),
    "event": Shot(AGENT, "/events/{event}"),
    "everybody": Shot(ADMIN, "/customers/all"),
    "segments": Shot(ADMIN, "/customers/segments"),
    "segment-new": Shot(ADMIN, "/customers/segments/new"),
    "segment": Shot(ADMIN, "/customers/segments/{segment}"),
    "segment-edit": Shot(ADMIN, "/customers/segments/{segment}/edit"),
    "segment-compare": Shot(ADMIN, "/customers/segments/compare?a={segment}&b={other}"),
    "segment-lists": Shot(ADMIN, "/customers/segments/lists"),
    "stages": Shot(ADMIN, "/customers/stages"),
    "stage": Shot(ADMIN, "/customers/stages/loyalty"),
    "stock": Shot(ADMIN, "/stock"),
    "matrix": Shot(ADMIN, "/stock/items"),
    "item": Shot(ASSOCIATE, "/stock/items/SOFA-V2-GRN?at=kichijoji"),
    "item-common": Shot(AGENT, "/stock/items/MUG-WHT"),
    "why": Shot(ASSOCIATE, "/stock/why?sku=MUG-WHT&at=kichijoji"),
    "why-choose": Shot(ASSOCIATE, "/stock/why"),
    "cover": Shot(ADMIN, "/stock/cover?at=yokohama"),
    "cover-dead": Shot(ADMIN, "/stock/cover/dead?at=warehouse"),
    "movements": Shot(ADMIN, "/stock/ledger?sku=MUG-WHT&at=kichijoji"),
    "holds": Shot(ASSOCIATE, "/stock/holds?at=kichijoji"),
    "promises": Shot(AGENT, "/stock/promises?sku=SOFA-V2-GRN&at=kichijoji"),
    "preorders": Shot(ADMIN, "/stock/preorders?sku=SOFA-V2-GRN"),
    "tasks": Shot(AGENT, "/stock/tasks"),
    "pickup": Shot(ASSOCIATE, "/stock/pickup"),
    "hold": Shot(ASSOCIATE, "/stock/holds/{hold}"),
    "hand-over": Shot(ASSOCIATE, "/stock/holds/{hold}/counter"),
    "orders": Shot(ADMIN, "/stock/orders"),
    "order": Shot(ADMIN, "/stock/orders/{order}"),
    "carts": Shot(ADMIN, "/stock/carts"),
    "cart": Shot(ADMIN, "/stock/carts/{cart}"),
    "sending": Shot(ADMIN, "/stock/sending?at=warehouse"),
    "returns": Shot(MANAGER, "/stock/returns"),
    "return": Shot(ADMIN, "/stock/returns/{return}"),
    "return-purchase": Shot(ADMIN, "/stock/returns/purchase?at=yokohama&receipt={receipt}"),
    "return-unproven": Shot(MANAGER, "/stock/returns/unproven?at=yokohama"),
    "returns-tills": Shot(ADMIN, "/stock/returns/tills?at={till_at}"),
    "returns-till": Shot(ADMIN, "/stock/returns/tills/{till}?sku={till_sku}"),
    "counts": Shot(MANAGER, "/stock/counts"),
    "count": Shot(ADMIN, "/stock/counts/{count}"),
    "transfers": Shot(MANAGER, "/stock/transfers"),
    "transfer": Shot(ADMIN, "/stock/transfers/{transfer}"),
    "disagreements": Shot(ADMIN, "/stock/disagreements"),
    "regions": Shot(ADMIN, "/stock/regions"),
    "region-edit": Shot(ADMIN, "/stock/regions/edit"),
    "places": Shot(ADMIN, "/stock/places"),
    "places-aside": Shot(ADMIN, "/stock/places/aside?at=kichijoji"),
    "places-display": Shot(ADMIN, "/stock/places/display?at=kichijoji"),
    "places-due": Shot(ADMIN, "/stock/places/due?at=kichijoji"),
    "place": Shot(ADMIN, "/stock/places/place?at=kichijoji"),
    "place-edit": Shot(ADMIN, "/stock/places/edit?at=kichijoji"),
    "delivery": Shot(ADMIN, "/stock/delivery"),
    "zone": Shot(ADMIN, "/stock/delivery/zone?id={zone}"),
    "zone-edit": Shot(ADMIN, "/stock/delivery/zone/edit?id={zone}"),
    "service": Shot(ADMIN, "/stock/delivery/service?id={service}"),
    "service-edit": Shot(ADMIN, "/stock/delivery/service/edit?id={service}"),
    "releases": Shot(ADMIN, "/stock/releases"),
    "release": Shot(ADMIN, "/stock/releases/release?id={release}"),
    "release-edit": Shot(ADMIN, "/stock/releases/edit?id={release}"),
    "house-rules": Shot(ADMIN, "/stock/rules"),
    "line": Shot(None, "/line/{ticket}"),
    "data": Shot(ADMIN, "/run/data"),
    "events": Shot(ADMIN, "/run/data/events"),
    "letters": Shot(ADMIN, "/run/data/letters"),
    "letter": Shot(ADMIN, "/run/data/letters/{letter}"),
    "settings": Shot(ADMIN, "/run/settings"),
    "start": Shot(ADMIN, "/run/start"),
    "imports": Shot(ADMIN, "/run/imports"),
    "import": Shot(ADMIN, "/run/imports/{file}"),
    "doctor": Shot(ADMIN, "/run/doctor"),
    "audit": Shot(ADMIN, "/run/audit"),
    "identity": Shot(ADMIN, "/run/identity"),
    "keys": Shot(ADMIN, "/run/keys"),
    "staff": Shot(ADMIN, "/run/staff"),
    "me": Shot(ASSOCIATE, "/me"),
    "patterns": Shot(ADMIN, "/patterns"),
    "no-right": Shot(AGENT, "/run/keys"),
    "not-found": Shot(AGENT, "/customers/00000000-0000-0000-0000-000000000007"),
}

# What a till took back and nobody knows of which purchase; first what was looked at in vain.
_TILL = "from stock.till_returns where state = 'open' order by why is null, at, sku limit 1"

# What addresses need, out of the demo's database: what has most to show.
NEEDS = {
    "event": "select event_id from customers.timeline where name = 'receipt.recorded' limit 1",
    "segment": "select segment_id from customers.segments order by segment_id limit 1",
    "other": "select segment_id from customers.segments order by segment_id offset 1 limit 1",
    "hold": "select h.hold_id from stock.holds h join stock.hold_lines using (hold_id) where "
    "h.state = 'held' and hold_lines.location_id = 'kichijoji' order by h.placed_at desc limit 1",
    "order": "select order_id from stock.orders order by placed_at desc limit 1",
    "cart": "select cart_id from stock.carts join stock.cart_lines using (cart_id) "
    "where qty > 0 and state = 'open' order by cart_lines.touched_at desc limit 1",
    "return": "select return_id from stock.returns order by at desc limit 1",
    "receipt": "select receipt_id from stock.receipts order by occurred_at desc limit 1",
    "till": f"select receipt_id {_TILL}",
    "till_sku": f"select sku {_TILL}",
    "till_at": f"select location_id {_TILL}",
    "count": "select count_id from stock.counts order by opened_at desc limit 1",
    "transfer": "select transfer_id from stock.transfers order by created_at desc limit 1",
    "zone": "select zone_id from stock.delivery_zones order by zone_id limit 1",
    "service": "select service_id from stock.delivery_services order by service_id limit 1",
    "release": "select release_id from stock.releases limit 1",
    "ticket": "select ticket_id from stock.release_tickets limit 1",
    "letter": "select dead_letter_id from log.dead_letters limit 1",
    "busy": "select customer_id from customers.timeline join customers.identifiers "
    "using (identifier_id) where customer_id is not null group by 1 "
    "order by count(distinct channel) desc, count(*) desc limit 1",
    "thin": "select customer_id from customers.timeline join customers.identifiers "
    "using (identifier_id) where customer_id is not null group by 1 having count(*) = 1 limit 1",
    "carting": "select i.customer_id from stock.carts c join customers.identifiers i "
    "using (identifier_id) join stock.cart_lines l using (cart_id) "
    "where c.state = 'open' and l.qty > 0 order by l.touched_at desc limit 1",
}

# Addresses of the door that are no page to look at, or that need what no picture should need.
NOT_PICTURED = frozenset(
    {
        "/sign-in/link/{token:str}",  # opened by every shot
        "/customers/{customer_id:uuid}/timeline",  # the next rows of a page
        "/customers/segments/lists/reading",  # a part of its page, while a file is read
        "/run/imports/samples/{kind:str}",  # a file to take away
        "/run/identity/changes",  # the rest of a table of its page
    }
)
