"""C02: whoever she is to a browser, an app, a till or a chat, she becomes one customer."""

from __future__ import annotations

import uuid

from tests.stories.town import Town, refused


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def test_six_ways_of_knowing_her_become_one_as_soon_as_something_links_them(town: Town) -> None:
    cookie, user, card = unique("cookie"), unique("user"), unique("card")
    line, mail = unique("U"), f"{unique('m')}@example.jp"
    phone = f"080{uuid.uuid4().int % 10**8:08d}"
    town.tell("web", {"type": "page", "name": "top", "anonymousId": cookie})
    apart = [
        {"type": "track", "event": "App Opened", "userId": user},
        {"type": "identify", "traits": {"loyalty_card": card, "phone": phone}},
        {"type": "identify", "traits": {"line_id": line, "email": mail}},
    ]
    told = town.tell("web", *apart)[-1]
    ids = {
        town.look_up(kind, value, after=told)["customer_id"]
        for kind, value in (("anonymous_id", cookie), ("user_id", user), ("loyalty_card", card),
                            ("email", mail))
    }  # fmt: skip
    assert len(ids) == 4, "nothing links them yet"

    told = town.tell(
        "web",
        {"type": "identify", "userId": user, "anonymousId": cookie},
        {"type": "identify", "userId": user, "traits": {"phone": f"+81{phone[1:]}"}},
        {"type": "identify", "userId": user, "traits": {"email": mail.upper()}},
    )[-1]
    found = town.look_up("line_id", line, after=told)
    kinds = {one["kind"] for one in found["identifiers"]}
    assert kinds == {"anonymous_id", "user_id", "loyalty_card", "phone", "line_id", "email"}
    assert found["customer_id"] in ids
    assert set(found["merged"]) == ids - {found["customer_id"]}
    for gone in found["merged"]:
        assert town.api("GET", f"/customers/{gone}")["customer_id"] == found["customer_id"]
    assert "page.viewed" in {item["name"] for item in town.timeline(gone)}


def test_a_tablet_in_a_shop_does_not_make_one_person_of_its_visitors(town: Town) -> None:
    tablet, cards = unique("tablet"), [unique("card") for _ in range(4)]
    events = [
        {"type": "identify", "context": {"device": {"id": tablet}}, "traits": {"loyalty_card": c}}
        for c in cards
    ]
    told = town.tell("web", *events)[-1]
    people = {town.look_up("loyalty_card", card, after=told)["customer_id"] for card in cards}
    assert len(people) == 4


def test_signing_in_on_somebody_elses_browser_takes_nothing_of_theirs(town: Town) -> None:
    cookie, ann, bo = unique("cookie"), unique("ann"), unique("bo")
    seen = {"type": "track", "event": "Product Viewed", "properties": {"sku": "MUG-WHT"}}
    town.tell("web", {**seen, "anonymousId": cookie})
    town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": ann})
    told = town.tell("web", {"type": "identify", "anonymousId": cookie, "userId": bo})[-1]
    of_bo = town.look_up("user_id", bo, after=told)
    assert of_bo["last_viewed"] == []
    assert town.look_up("user_id", ann)["last_viewed"][0]["sku"] == "MUG-WHT"
    links = town.api("GET", f"/customers/{of_bo['customer_id']}/links")["links"]
    assert [link["refusal"] for link in links] == ["limit"]


def test_staff_join_two_by_hand_and_the_limits_hold(town: Town) -> None:
    card, mail, user, other = unique("card"), f"{unique('m')}@example.jp", unique("u"), unique("u")
    told = town.tell(
        "web",
        {"type": "identify", "traits": {"loyalty_card": card}},
        {"type": "identify", "traits": {"email": mail}},
        {"type": "identify", "userId": user},
        {"type": "identify", "userId": other},
    )[-1]
    into = town.look_up("loyalty_card", card, after=told)["customer_id"]
    gone = town.look_up("email", mail)["customer_id"]
    merged = town.api(
        "POST", "/customers/merge", json={"into": into, "from": gone, "reason": "店頭で確認"},
        full=True,
    )  # fmt: skip
    event = merged.headers["setten-event"]
    assert town.look_up("email", mail, after=event)["customer_id"] == into
    assert "customer.merged" in {item["name"] for item in town.timeline(into)}
    pair = [town.look_up("user_id", one)["customer_id"] for one in (user, other)]
    with refused(409, "merge_breaks_limit"):
        town.api("POST", "/customers/merge",
                 json={"into": pair[0], "from": pair[1], "reason": "?"})  # fmt: skip
