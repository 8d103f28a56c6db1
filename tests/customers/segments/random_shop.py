"""A random month of a random shop, and random conditions about it, in the words of segments."""

from __future__ import annotations

import contextlib
import random
import uuid
from typing import Any

from tests.customers.conftest import People
from tests.customers.segments.conftest import Shop

from setten.customers import relations

DAY = 24 * 60
SKUS = ["SOFA", "MUG", "ソファ", "L'été"]
PLACES = ["kobe", "osaka", None]
RANKS: list[Any] = ["gold", "silver", 3, 2.5, True, None, ["a"], "a\u0000b"]
SIGHTS = ["product.viewed", "page.viewed", "cart.reported", "custom.event"]


KOBE, OSAKA, TOKYO = (34.69, 135.19), (34.70, 135.50), (35.68, 139.76)
SHOPS = {"kobe": KOBE, "osaka": OSAKA}
KINDS_OF_RELATION = ["household", "gift_giver", "referrer"]
NAMES_OF_RELATION = ["household", "gives_to", "given_by", "referred", "referred_by"]


async def stand(shop: Shop, chance: random.Random, times: int) -> None:
    """Random consent, bounces, homes, carts, stock and relations of the same people."""
    known = [f"user_id:u{n}" for n in range(9)]
    known = [one for one in known if await shop.people.customer(one)]
    for _ in range(times if known else 0):
        who, minute = chance.choice(known), chance.randrange(40 * 24) * 60
        match chance.choice(["allow", "bounce", "move", "cart", "stock", "relate"]):
            case "allow":
                body = {"consent": {"Email": chance.random() < 0.7, "LINE": chance.random() < 0.5}}
                name = chance.choice(["consent.reported", "page.viewed"])
                more = chance.choice([(), ("email:a@example.jp",), (f"email:{who[8:]}@b.jp",)])
                await shop.people.happens(who, *more, minute=minute, name=name, body=body)
            case "bounce":
                body = {"type": "track", "event": "Email Bounced"}
                mail = chance.choice(["email:a@example.jp", f"email:{who[8:]}@b.jp"])
                await shop.people.happens(mail, minute=minute, name="custom.event", body=body)
            case "move":
                lat, lon = chance.choice([KOBE, OSAKA, TOKYO])
                off = chance.choice([0, 0.05, 0.3])
                await shop.lives(who, lat + off, lon, minute=minute)
            case "cart":
                await shop.carts(who, *chance.sample(SKUS, chance.randrange(3)))
            case "stock":
                band = chance.choice(["none", "few"])
                await shop.stocked(chance.choice(SKUS), chance.choice(list(SHOPS)), band)
            case "relate":
                kind = chance.choice(KINDS_OF_RELATION)
                with contextlib.suppress(relations.RelatedAlready, relations.RelatedToOneself):
                    await shop.relate(kind, who, chance.choice(known))


async def happen(people: People, chance: random.Random, events: int) -> None:
    """Random events of a dozen people over 40 days, some of them told twice or taken back."""
    told: list[str] = []
    for _ in range(events):
        who = [f"user_id:u{chance.randrange(9)}"] if chance.random() < 0.7 else []
        if not who or chance.random() < 0.4:
            who.append(f"anonymous_id:a{chance.randrange(12)}")
        # Whole hours: some happen at the same moment.
        minute = chance.randrange(40 * 24) * 60
        kind = chance.choice(["see", "see", "see", "order", "receipt", "say"])
        name, body = _body(chance, kind, told)
        await people.happens(
            *who, minute=minute, name=name, body=body, channel=chance.choice(["web", "shop"]),
            location_id=chance.choice(PLACES),
        )  # fmt: skip


def _basket(chance: random.Random) -> list[dict[str, Any]]:
    """One or several goods, the same ones twice at times."""
    n = chance.choice([1, 1, 2, 3])
    return [{"sku": chance.choice(SKUS), "qty": chance.randrange(1, 4)} for _ in range(n)]


def _body(chance: random.Random, kind: str, told: list[str]) -> tuple[str, dict[str, Any]]:
    ref = str(chance.randrange(8))
    if kind == "say":
        traits = {"rank": chance.choice(RANKS), "age": chance.randrange(3)}
        return "customer.identified", {"type": "identify", "traits": traits}
    if kind == "order":
        return "order.placed", {
            "order_id": str(uuid.UUID(int=chance.getrandbits(128))), "system": "shop",
            "order_ref": ref, "currency": "JPY",
            "total_minor": chance.choice([0, 500, 9_000, None]),
            "lines": _basket(chance),
        }  # fmt: skip
    if kind == "receipt":
        body = {
            "receipt_id": str(uuid.UUID(int=chance.getrandbits(128))), "location_id": "kobe",
            "register": "1", "sequence": "1", "business_day": "2026-11-01", "currency": "JPY",
            "total_minor": chance.choice([300, 2_000, -300]),
            "lines": _basket(chance),
        }  # fmt: skip
        if chance.random() < 0.4:
            body |= {"order_system": "shop", "order_ref": ref}
        elif told and chance.random() < 0.3:
            body["replaces"] = chance.choice(told)
        told.append(str(body["receipt_id"]))
        return "receipt.recorded", body
    item = {"sku": chance.choice([*SKUS, None, 7]), "price_minor": chance.choice([100, "x", None])}
    return chance.choice(SIGHTS), {
        "type": "track", "item": {k: v for k, v in item.items() if v is not None},
        "event": chance.choice(["Visited", "Tried"]), "action": "added", "path": "/p\u0000",
    }  # fmt: skip


def condition(chance: random.Random, groups: list[str], depth: int = 0) -> dict[str, Any]:
    """The JSON of a random condition."""
    draw = chance.random()
    if depth < 2 and draw < 0.25:
        inner = [condition(chance, groups, depth + 1) for _ in range(chance.randrange(1, 4))]
        return {"kind": chance.choice(["all", "any"]), "of": inner}
    if depth < 2 and draw < 0.35:
        return {"kind": "not", "of": condition(chance, groups, depth + 1)}
    if groups and draw < 0.45:
        return {"kind": "group", "name": chance.choice(groups)}
    if draw < 0.65:
        return standing(chance)
    if draw < 0.75:
        of = chance.choice([None, _leaf(chance), standing(chance)])
        found = {"kind": "related", "relation": chance.choice(NAMES_OF_RELATION)}
        return found if of is None else {**found, "of": of}
    return _leaf(chance)


def standing(chance: random.Random) -> dict[str, Any]:
    """The JSON of a random condition about what stands."""
    kind = chance.choice(["consent", "reachable", "lives_near", "cart_near", "listed"])
    if kind == "listed":
        return {"kind": kind, "name": "招待"}
    if kind in ("consent", "reachable"):
        found = {"kind": kind, "channel": chance.choice(["email", "line", "post"])}
        states = ["granted", "refused", "withdrawn"]
        return found | ({"state": chance.choice(states)} if kind == "consent" else {})
    found = {"kind": kind, "km": chance.choice([1, 8, 40])}
    is_of = kind == "lives_near" and chance.random() < 0.5
    return found | ({"location_id": chance.choice(["kobe", "osaka", "no"])} if is_of else {})


def _leaf(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(["did", "did", "total", "first", "last", "sequence", "field"])
    if kind == "field":
        name = chance.choice(["rank", "age", "stage"])
        if name == "stage":
            stage = chance.choice(["acquisition", "trial", "retention", "recovery"])
            return {"kind": kind, "name": name, "claim": {"op": "is", "value": stage}}
        claim = chance.choice([
            {"op": "is", "value": "gold"}, {"op": "at_least", "value": 2}, {"op": "known"},
            {"op": "unknown"}, {"op": "is", "value": True}, {"op": "in", "value": ["gold", "x"]},
        ])  # fmt: skip
        return {"kind": kind, "name": name, "claim": claim}
    if kind == "sequence":
        steps = [_match(chance) for _ in range(chance.randrange(2, 4))]
        within = {"n": chance.randrange(1, 9), "unit": chance.choice(["hour", "day"])}
        return {"kind": kind, "steps": steps, "within": within, **_window(chance)}
    found = {"kind": kind, "match": _match(chance), **_window(chance)}
    if kind == "did":
        ops = ["at_least", "at_most", "is", "more_than"]
        found["times"] = {"op": chance.choice(ops), "value": chance.randrange(4)}
    if kind == "total":
        events = chance.choice([["purchase"], ["return"], ["purchase", "return"]])
        found |= {
            "match": {"events": events}, "measure": chance.choice(["sum", "least", "most"]),
            "property": "total_minor",
            "claim": {"op": chance.choice(["at_least", "less_than"]),
                      "value": chance.choice([0, 500, 3_000])},
        }  # fmt: skip
    return found


def _match(chance: random.Random) -> dict[str, Any]:
    events = chance.sample(["purchase", "return", *SIGHTS], chance.randrange(1, 3))
    found: dict[str, Any] = {"events": events}
    if chance.random() < 0.4:
        found["where"] = [chance.choice([
            {"property": "location_id", "op": "is", "value": "kobe"},
            {"property": "location_id", "op": "unknown"},
            {"property": "channel", "op": "is_not", "value": "web"},
        ])]  # fmt: skip
    if {"purchase", "product.viewed"} & set(events) and chance.random() < 0.4:
        claim = {"property": "sku", "op": "in", "value": chance.sample(SKUS, 2)}
        found.setdefault("where", []).append(claim)
    return found


def _window(chance: random.Random) -> dict[str, Any]:
    draw = chance.randrange(6)
    days = {"n": chance.choice([1, 3, 7, 20]), "unit": "day"}
    if draw < 3:
        return {"window": {"since": days}}
    if draw == 3:
        return {"window": {"until": days}}
    if draw == 4:
        return {"window": {"since": "2026-11-05", "until": "2026-11-20"}}
    return {}
