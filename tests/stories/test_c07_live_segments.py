"""C07: a marketer says who did what and when, without SQL; people enter and leave as they act."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.console.house import Browser
from tests.stories.town import Shop, Town

SHEET = "/customers/segments/new"
LOGIN = "c07-marketer"


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def marketer_of(town: Town) -> Browser:
    """Somebody who may compose, open customers and events."""
    if LOGIN not in town.process.command("users", "list"):
        town.process.command(
            "users", "create", "--login", LOGIN, "--name", "谷 光", "--role", "admin"
        )
    return town.person(LOGIN)


def compose(town: Town, words: str) -> tuple[int, str]:
    """A segment kept from the sheet by a marketer; its number and name."""
    name = unique("試し")
    marketer = marketer_of(town)
    marketer.get(SHEET)
    kept = marketer.post("/customers/segments", name=name, words=words)
    assert kept.status_code == 200, kept.text[-2000:]
    number = int(httpx.URL(str(kept.url)).path.rsplit("/", 1)[1])
    eventually(lambda: "数えています" not in marketer.get(f"/customers/segments/{number}").text)
    return number, name


def eventually(claim: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def viewed(who: str, sku: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "userId": who,
            "properties": {"sku": sku}, **more}  # fmt: skip


def names(town: Town, who: str, after: str | None = None) -> set[str]:
    return {one["name"] for one in town.look_up("user_id", who, after=after)["segments"]}


def test_she_enters_and_leaves_by_what_she_does_and_the_page_says_by_which_event(
    town: Town, shop: Shop
) -> None:
    sku = town.new_item(unique("sofa"), {shop.location_id: 5})
    words = f"直近7日に商品閲覧（商品番号が「{sku}」である）が2回以上ある、かつ直近7日に購入がない"
    number, name = compose(town, words)
    ann, card = unique("ann"), unique("card")
    once = town.tell("web", viewed(ann, sku))[-1]
    assert name not in names(town, ann, once)
    twice = town.tell("web", viewed(ann, sku))[-1]
    assert name in names(town, ann, twice), "the read names the event, and includes it"

    page = marketer_of(town).get(f"/customers/segments/{number}").text
    assert f"/events/{twice}" in page, "by which event she came"
    told = town.tell("web", {"type": "identify", "userId": ann, "traits": {"loyalty_card": card}})
    town.look_up("loyalty_card", card, after=told[-1])
    town.till(shop.location_id, sku, mode="tell", loyalty_card=card)
    eventually(lambda: name not in names(town, ann))
    page = marketer_of(town).get(f"/customers/segments/{number}").text
    assert "出た" in page


def test_staying_away_is_enough(town: Town) -> None:
    _, name = compose(town, "最後の画面閲覧が10日以上前にあった")
    bo, cy = unique("bo"), unique("cy")
    days = timedelta(days=10)
    at = datetime.now(UTC) - days + timedelta(seconds=6)
    seen = {"type": "screen", "name": "home"}
    told = town.tell("phone", {**seen, "userId": bo, "timestamp": at.isoformat()},
                     {**seen, "userId": cy})[-1]  # fmt: skip
    early = names(town, bo, told)
    assert name not in early or datetime.now(UTC) > at + days, "on a busy machine it is due by now"
    eventually(lambda: name in names(town, bo))  # and nothing has happened
    assert name not in names(town, cy)
    back = town.tell("phone", {**seen, "userId": bo})[-1]
    assert name not in names(town, bo, back)


def test_a_split_gives_each_the_segments_of_what_each_did(town: Town) -> None:
    sku, cookie, user = unique("lamp"), unique("cookie"), unique("user")
    _, name = compose(town, f"直近7日に商品閲覧（商品番号が「{sku}」である）がある")
    told = town.tell(
        "web",
        {"type": "track", "event": "Product Viewed", "anonymousId": cookie,
         "properties": {"sku": sku}},
        {"type": "identify", "anonymousId": cookie, "userId": user},
    )[-1]  # fmt: skip
    found = town.look_up("user_id", user, after=told)
    assert name in {one["name"] for one in found["segments"]}
    [link] = town.api("GET", f"/customers/{found['customer_id']}/links")["links"]
    parted = town.api("POST", f"/customers/{found['customer_id']}/split", full=True,
                      json={"links": [link["link_id"]], "reason": "別の人"})  # fmt: skip
    event = parted.headers["setten-event"]
    assert name not in names(town, user, event)
    of_cookie = town.look_up("anonymous_id", cookie, after=event)
    assert name in {one["name"] for one in of_cookie["segments"]}


def test_a_list_knows_who_becomes_known_later(town: Town) -> None:
    mail, name = f"{unique('new')}@example.jp", unique("招待")
    marketer = marketer_of(town)
    page = marketer.get("/customers/segments/lists").text
    token = re.search(r'name="_csrf" value="(\w+)"', page)
    assert token
    file = f"お名前\tメールアドレス\r\n佐伯\t{mail}\r\n".encode("utf-16")
    kept = marketer.http.post("/customers/segments/lists", data={"name": name, "_csrf": token[1]},
                              files={"file": ("list.txt", file, "text/csv")})  # fmt: skip
    assert kept.status_code == 200, kept.text[-2000:]
    user = unique("user")
    told = town.tell("web", {"type": "identify", "userId": user, "traits": {"email": mail}})[-1]
    assert name in names(town, user, told)
