"""C03: no wrong merges, and every merge can be undone, with nothing lost."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.stories.test_c07_live_segments import compose, eventually
from tests.stories.town import Shop, Town, refused


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def _viewed(sku: str, **who: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "properties": {"sku": sku}, **who}


def _links(town: Town, customer_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.api("GET", f"/customers/{customer_id}/links")["links"]
    return found


def _between(town: Town, customer_id: str, *kinds: str) -> dict[str, Any]:
    """The one link of a customer between two kinds."""
    [found] = [
        link for link in _links(town, customer_id)
        if {link["a"]["kind"], link["b"]["kind"]} == set(kinds)
    ]  # fmt: skip
    return found


def _split(town: Town, customer_id: str, *links: int, reason: str = "別の方でした") -> Any:
    body = {"links": list(links), "reason": reason}
    return town.api("POST", f"/customers/{customer_id}/split", json=body, full=True)


def _names(town: Town, customer_id: str) -> list[str]:
    return [item["name"] for item in town.timeline(customer_id)]


def test_a_family_pc_is_split_and_both_keep_what_they_truly_did(town: Town) -> None:
    cookie, ann = unique("pc"), unique("ann")
    town.tell("web", _viewed("MUG-WHT", anonymousId=cookie), _viewed("MUG-WHT", anonymousId=cookie))
    told = town.tell(
        "web",
        {"type": "identify", "anonymousId": cookie, "userId": ann, "traits": {"tier": "gold"}},
        {"type": "page", "name": "my page", "userId": ann},
    )[-1]
    whole = town.look_up("user_id", ann, after=told)
    chair = town.new_item(unique("CHAIR"), {"warehouse": 1})
    held = town.hold(chair, "warehouse", customer_id=whole["customer_id"])
    link = _between(town, whole["customer_id"], "user_id", "anonymous_id")
    assert (link["state"], link["decision"]) == ("counted", None)

    answer = _split(town, whole["customer_id"], link["link_id"])

    event = answer.headers["setten-event"]
    both = {one["customer_id"]: one for one in answer.json()["customers"]}
    assert len(both) == 2
    assert all(one["identifiers"] for one in both.values()), "nobody is blank"
    of_cookie = town.look_up("anonymous_id", cookie, after=event)
    of_ann = town.look_up("user_id", ann)
    assert {of_cookie["customer_id"], of_ann["customer_id"]} == both.keys()
    assert of_cookie["counters"] == {"product.viewed": 2}
    assert of_cookie["last_viewed"][0]["sku"] == "MUG-WHT"
    assert (of_ann["traits"]["tier"], of_ann["last_viewed"]) == ("gold", [])
    assert "page.viewed" in _names(town, of_ann["customer_id"])
    [hold] = town.api("POST", "/stock/holds/lookup",
                      json={"customer_id": of_ann["customer_id"]})["items"]  # fmt: skip
    assert hold["hold_id"] == held.json()["hold_id"]
    before, after = whole["counters"], of_ann["counters"]
    assert {k: n for k, n in before.items() if k != "product.viewed"}.items() <= after.items()

    told = town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": ann})[-1]
    again = town.look_up("anonymous_id", cookie, after=told)
    assert again["customer_id"] == of_cookie["customer_id"], "the same evidence changes nothing"
    taken = _between(town, of_ann["customer_id"], "user_id", "anonymous_id")
    assert (taken["state"], taken["decision"]) == ("taken_back", "parted")
    assert taken["decided_by"].startswith("key:")

    both_ids = {"into": of_ann["customer_id"], "from": of_cookie["customer_id"]}
    town.api("POST", "/customers/merge", json=both_ids | {"reason": "本人でした"})
    joined = town.look_up("anonymous_id", cookie)
    assert joined["customer_id"] == of_ann["customer_id"]
    assert joined["last_viewed"][0]["sku"] == "MUG-WHT"
    assert joined["counters"]["product.viewed"] == 2


def test_the_second_of_two_known_people_is_not_ignored(town: Town) -> None:
    cookie, user, card = unique("cookie"), unique("user"), unique("card")
    town.tell("web", _viewed("MUG-WHT", anonymousId=cookie))
    town.tell("web", {"type": "identify", "anonymousId": cookie, "traits": {"loyalty_card": card}})
    told = town.tell("web", {"type": "track", "event": "App Opened", "userId": user})[-1]
    known = town.look_up("user_id", user, after=told)
    two = {known["customer_id"], town.look_up("loyalty_card", card)["customer_id"]}
    assert len(two) == 2
    told = town.tell("web", {"type": "alias", "previousId": cookie, "anonymousId": cookie,
                             "userId": user})[-1]  # fmt: skip
    one = town.look_up("user_id", user, after=told)
    assert town.look_up("loyalty_card", card)["customer_id"] == one["customer_id"]
    assert {one["customer_id"], *one["merged"]} == two
    assert set(_names(town, one["customer_id"])) >= {"product.viewed", "custom.event"}


@pytest.mark.parametrize("first", ["card", "mail"])
def test_the_direction_of_a_merge_is_the_callers(town: Town, first: str) -> None:
    said = {"card": unique("card"), "mail": f"{unique('m')}@example.jp"}
    kinds = {"card": "loyalty_card", "mail": "email"}
    for name in ("card", "mail"):
        told = town.tell("web", {"type": "identify", "traits": {kinds[name]: said[name]}})[-1]
    found = {name: town.look_up(kinds[name], said[name], after=told) for name in said}
    second = "mail" if first == "card" else "card"
    into, gone = found[first]["customer_id"], found[second]["customer_id"]
    merged = town.api("POST", "/customers/merge", json={"into": into, "from": gone, "reason": "?"})
    assert merged["customer_id"] == into
    assert town.api("GET", f"/customers/{gone}")["customer_id"] == into

    link = _between(town, into, "loyalty_card", "email")
    assert (link["kind"], link["decision"]) == ("manual", "joined")
    _split(town, into, link["link_id"])
    assert town.api("GET", f"/customers/{gone}")["customer_id"] == gone, "and it can be undone"


def test_the_identifier_a_customer_began_with_can_be_split_off(town: Town) -> None:
    cookie, user = unique("cookie"), unique("user")
    town.tell("web", _viewed("MUG-WHT", anonymousId=cookie))
    told = town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": user})[-1]
    born = town.look_up("anonymous_id", cookie, after=told)["customer_id"]
    _split(town, born, _between(town, born, "user_id", "anonymous_id")["link_id"])
    now = {kind: town.look_up(kind, value)["customer_id"]
           for kind, value in (("anonymous_id", cookie), ("user_id", user))}  # fmt: skip
    assert now["anonymous_id"] != now["user_id"]
    assert born in now.values()


def test_a_link_given_back_makes_everything_as_it_was(town: Town) -> None:
    cookie, user = unique("cookie"), unique("user")
    told = town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": user})[-1]
    before = town.look_up("user_id", user, after=told)
    link = _between(town, before["customer_id"], "user_id", "anonymous_id")["link_id"]
    _split(town, before["customer_id"], link)
    body = {"links": [link], "reason": "見まちがい"}
    with refused(409, "link_taken_back"):
        _split(town, before["customer_id"], link)
    answer = town.api("POST", f"/customers/{before['customer_id']}/rejoin", json=body)
    [one] = answer["customers"]
    assert one["customer_id"] == before["customer_id"]
    assert one["identifiers"] == before["identifiers"]
    with refused(409, "link_not_taken_back"):
        town.api("POST", f"/customers/{before['customer_id']}/rejoin", json=body)


def test_relations_are_kept_beside_the_links_and_never_merge(town: Town) -> None:
    users = [unique("user") for _ in range(2)]
    told = town.tell("web", *({"type": "identify", "userId": user} for user in users))[-1]
    giver, other = (town.look_up("user_id", user, after=told)["customer_id"] for user in users)
    body = {"kind": "gift_giver", "other": other, "reason": "贈り主"}
    made = town.api("POST", f"/customers/{giver}/relations", json=body, full=True)
    relation_id = made.json()["relation_id"]
    assert town.look_up("user_id", users[1], after=made.headers["setten-event"])
    [seen] = town.api("GET", f"/customers/{other}/relations")["relations"]
    assert (seen["kind"], seen["role"], seen["other"]) == ("gift_giver", "receives", giver)
    with refused(409, "related_already"):
        town.api("POST", f"/customers/{giver}/relations",
                 json={"kind": "gift_giver", "other": other})  # fmt: skip
    assert town.look_up("user_id", users[0])["customer_id"] == giver, "never a reason to merge"

    cookie = unique("cookie")
    told = town.tell("web", {"type": "identify", "anonymousId": cookie})[-1]
    born = town.look_up("anonymous_id", cookie, after=told)["customer_id"]
    town.api("POST", "/customers/merge", json={"into": born, "from": other, "reason": "?"})
    [seen] = town.api("GET", f"/customers/{giver}/relations")["relations"]
    assert (seen["role"], seen["other"]) == ("gives", born), "it follows a merge"

    town.api("POST", f"/customers/{giver}/relations/{relation_id}/end", json={"reason": "?"})
    assert town.api("GET", f"/customers/{born}/relations")["relations"] == []


def test_a_rule_is_counted_before_it_is_applied_and_can_be_taken_back(town: Town) -> None:
    shop, users = f"{unique('shop')}@example.jp", [unique("user") for _ in range(3)]
    for user in users:  # one after the other: whose it is, is who said it first
        [told] = town.tell("web", {"type": "identify", "userId": user, "traits": {"email": shop}})
    first = town.look_up("user_id", users[0], after=told)
    assert "email" in {one["kind"] for one in first["identifiers"]}

    change = _counted(town, {"block": [{"kind": "email", "value": shop.upper()}]})
    assert (change["merges"], change["splits"]) == (0, 1)
    [sample] = change["samples"]
    assert first["customer_id"] in [one["customer_id"] for one in sample["before"]]
    assert len(sample["after"]) == 2
    assert town.look_up("email", shop)["customer_id"] == first["customer_id"], "nothing yet"

    _applied(town, change["change_id"])
    assert town.look_up("email", shop)["customer_id"] != town.look_up(
        "user_id", users[0])["customer_id"]  # fmt: skip
    links = _links(town, town.look_up("user_id", users[1])["customer_id"])
    assert [link["refusal"] for link in links] == ["blocked"]
    rules = town.api("GET", "/identity/rules")
    [blocked] = [one for one in rules["blocked_values"] if one["value"] == shop.lower()]

    back = _counted(town, {"unblock": [blocked["blocked_id"]]})
    assert back["merges"] == 1
    _applied(town, back["change_id"])
    assert town.look_up("email", shop)["customer_id"] == town.look_up(
        "user_id", users[0])["customer_id"]  # fmt: skip


def test_a_limit_is_lowered_and_put_back(town: Town) -> None:
    rules = {one["kind"]: one for one in town.api("GET", "/identity/rules")["rules"]}
    assert rules["user_id"]["most"] == 1
    assert rules["line_id"]["is_default"]
    user, lines = unique("user"), [unique("U") for _ in range(3)]
    events = [{"type": "identify", "userId": user, "traits": {"line_id": one}} for one in lines]
    told = town.tell("web", *events)[-1]
    assert len(town.look_up("user_id", user, after=told)["identifiers"]) == 4
    for most, held in ((1, 2), (5, 4)):
        change = _counted(town, {"rules": [{"kind": "line_id", "most": most}]})
        assert change["splits" if most == 1 else "merges"] >= 2
        _applied(town, change["change_id"])
        assert len(town.look_up("user_id", user)["identifiers"]) == held


def _counted(town: Town, body: dict[str, Any]) -> dict[str, Any]:
    answer = town.api("POST", "/identity/rules/changes", json={"reason": "試し", **body})
    return _until(town, answer["change_id"], "counted")


def _applied(town: Town, change_id: str) -> dict[str, Any]:
    town.api("POST", f"/identity/rules/changes/{change_id}/apply")
    return _until(town, change_id, "applied")


def _until(town: Town, change_id: str, state: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = town.api("GET", f"/identity/rules/changes/{change_id}")
        if found["state"] == state:
            assert found["progress"] == 1.0
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_cart_and_consent_follow_whom_they_were_of(town: Town) -> None:
    """Each lies under the identifier that it happened under, so a split parts them too."""
    cookie, ann = unique("cookie"), unique("ann")
    mug, chair = unique("MUG"), unique("CHAIR")
    for sku in (mug, chair):
        town.new_item(sku, {"warehouse": 5})
    in_browser = town.api("POST", "/carts", json={"anonymous_id": cookie})
    added = {"changes": [{"op": "add", "sku": mug, "qty": 2}]}
    town.api("POST", f"/carts/{in_browser['cart_id']}/changes", json=added)
    told = town.tell("web", {"type": "track", "event": "App Opened", "userId": ann})[-1]
    alone = town.look_up("user_id", ann, after=told)
    of_her = town.api("POST", "/carts", json={"customer_id": alone["customer_id"]})
    added = {"changes": [{"op": "add", "sku": chair}]}
    town.api("POST", f"/carts/{of_her['cart_id']}/changes", json=added)
    said = {"consents": [{"channel": "email", "state": "granted"}]}
    town.api("PUT", f"/customers/{alone['customer_id']}/consent", json=said)

    told = town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": ann})[-1]
    whole = town.look_up("user_id", ann, after=told)
    assert _in_cart(town, whole["customer_id"]) == {mug: 2, chair: 1}
    assert whole["consent"]["marketing"]["email"]["state"] == "granted"

    link = _between(town, whole["customer_id"], "user_id", "anonymous_id")
    answer = _split(town, whole["customer_id"], link["link_id"])
    event = answer.headers["setten-event"]
    of_cookie = town.look_up("anonymous_id", cookie, after=event)
    of_ann = town.look_up("user_id", ann)
    assert of_cookie["customer_id"] != of_ann["customer_id"]
    assert _in_cart(town, of_cookie["customer_id"]) == {mug: 2}
    assert _in_cart(town, of_ann["customer_id"]) == {chair: 1}
    assert of_ann["consent"]["marketing"]["email"]["state"] == "granted"
    assert "email" not in of_cookie["consent"].get("marketing", {})


def _in_cart(town: Town, customer_id: str) -> dict[str, int]:
    cart = town.api("POST", "/carts", json={"customer_id": customer_id})
    return {line["sku"]: line["qty"] for line in cart["lines"]}


def test_six_things_under_two_identifiers_part_and_come_together_as_they_were(
    town: Town, shop: Shop
) -> None:
    """Purchases and counters, segments, a hold, a cart, points and consent: each of two who share a
    login by mistake has hers, then both have all of it, then each has hers again, and so on."""
    place = shop.location_id
    sku = town.new_item(unique("SIX"), {place: 20})
    _, twice = compose(town, f"購入（商品番号が「{sku}」である）がちょうど2回ある")
    _, thrice = compose(town, f"購入（商品番号が「{sku}」である）が3回以上ある")
    cards, user = [unique("card"), unique("card")], unique("user")
    town.tell("web", {"type": "identify", "traits": {"loyalty_card": cards[0], "points": 1240}})
    told = town.tell(
        "web",
        {"type": "identify", "userId": user,
         "traits": {"loyalty_card": cards[1], "points": 80}},
        _viewed(sku, userId=user),
    )[-1]  # fmt: skip
    ids = {"card": ("loyalty_card", cards[0]), "user": ("user_id", user)}
    town.look_up(*ids["user"], after=told)
    for card, times in zip(cards, (1, 2), strict=True):
        for _ in range(times):
            town.till(place, sku, mode="tell", loyalty_card=card)
    for name, channel, wanted in (("card", "email", 1), ("user", "line", 3)):
        who = town.look_up(*ids[name])["customer_id"]
        cart = town.api("POST", "/carts", json={"customer_id": who})["cart_id"]
        added = {"changes": [{"op": "add", "sku": sku, "qty": wanted}]}
        town.api("POST", f"/carts/{cart}/changes", json=added)
        said = {"consents": [{"channel": channel, "state": "granted"}]}
        town.api("PUT", f"/customers/{who}/consent", json=said)
    for name in ids:
        held = town.hold(sku, place, customer_id=town.look_up(*ids[name])["customer_id"])
        event = held.headers["setten-event"]
    eventually(lambda: _has(town, ids["card"], event)["counters"]["receipt.recorded"] == 1)
    eventually(lambda: _has(town, ids["user"], event)["segments"] == {twice})
    alone = {name: _has(town, ids[name], event) for name in ids}
    assert [one["points"] for one in alone.values()] == [1240, 80]
    assert [set(one["consent"]) for one in alone.values()] == [{"email"}, {"line"}]
    assert [len(one["holds"]) for one in alone.values()] == [1, 1]
    assert [one["cart"] for one in alone.values()] == [{sku: 1}, {sku: 3}]

    told = town.tell("web", {"type": "identify", "userId": user,
                             "traits": {"loyalty_card": cards[0]}})[-1]  # fmt: skip
    # The segments follow the merge that the event brings about, not the event.
    eventually(lambda: _has(town, ids["user"], told)["segments"] == {thrice})
    whole = _has(town, ids["user"], told)
    assert whole["holds"] == alone["card"]["holds"] | alone["user"]["holds"]
    assert whole["cart"] == {sku: 4}
    assert whole["consent"] == alone["card"]["consent"] | alone["user"]["consent"]
    assert whole["counters"] == {
        "receipt.recorded": 3, "stock.held": 2, "product.viewed": 1, "consent.given": 2,
        "cart.changed": 2, "customer.identified": 3,
    }  # fmt: skip
    # Two cards were said to be hers; the second by mistake.
    link = max(one["link_id"] for one in _links(town, whole["customer_id"]))
    for _ in range(2):
        body = {"links": [link], "reason": "別の方でした"}
        parted = town.api(
            "POST", f"/customers/{whole['customer_id']}/split", json=body, full=True
        ).headers["setten-event"]
        for name, before in alone.items():
            now = _has(town, ids[name], parted)
            if name == "user":  # that she said whose card it is, she did
                now["counters"]["customer.identified"] -= 1
            assert now == before, name
        again = town.api(
            "POST", f"/customers/{whole['customer_id']}/rejoin", json=body, full=True
        ).headers["setten-event"]
        assert _has(town, ids["card"], again) == whole


# Facts that say what was decided of somebody, not what she did.
_DECIDED = {"customer.merged", "customer.split", "customer.stage_changed"}


def _has(town: Town, known_by: tuple[str, str], after: str) -> dict[str, Any]:
    """What the product says that somebody has of her own doing."""
    found = town.look_up(*known_by, after=after)
    who = found["customer_id"]
    holds = town.api("POST", "/stock/holds/lookup", json={"customer_id": who})["items"]
    return {
        "customer_id": who,
        "counters": {name: n for name, n in found["counters"].items() if name not in _DECIDED},
        "purchases": found["purchases"],
        "segments": {one["name"] for one in found["segments"]},
        "holds": {one["hold_id"] for one in holds},
        "cart": _in_cart(town, who),
        "points": found["traits"]["points"],
        "consent": {name: one["state"] for name, one in found["consent"]["marketing"].items()},
    }
