"""Wrong input of every kind at every entry: a clear refusal, and nothing else is lost.

Each entry is also asked with a good neighbour at the same moment, which must go through.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import time
import uuid
from typing import Any

import httpx
import pytest

from tests.stories.town import Process, Town

MIB = 1024 * 1024
SETTLE_LIMIT_S = 60
PLACE = "kichijoji"
TRUNCATED = gzip.compress(b'{"event":"x"}' * 100)[:-9]
NOT_JSON: dict[str, bytes] = {
    "text": b"hello",
    "nothing": b"",
    "half": b'{"lines":',
    "nan": b'{"lines":NaN}',
    "utf-8": b'{"lines":"\xff"}',
    "half-surrogate": b'{"lines":[{"sku":"\\ud800","location_id":"a","qty":1}]}',
    "deep": b'{"a":' * 50_000,
    "closed-deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "list": b"[]",
    "null": b"null",
    "number": b"17",
    "gzip": gzip.compress(b"{}"),
}


def refused(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    """A problem as promised: status, type, stable code, words; and no trace of our insides."""
    assert response.status_code in statuses, response.text[:500]
    assert response.headers["content-type"].startswith("application/problem+json")
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"urn:setten:error:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    for secret in ("Traceback", "site-packages", "asyncpg", ".py", "setten."):
        assert secret not in response.text
    assert not re.search(r"\{\w+\}", problem["detail"]), "a word was not filled in"
    return problem


@pytest.fixture(scope="module", autouse=True)
def nothing_broke(product: Process) -> Any:
    """After all of it: no bug was logged, and every reader of the log comes to where it ends."""
    before = product.output().count("bug in")
    yield
    assert product.output().count("bug in") == before, product.output()[-4000:]
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while True:
        ready = httpx.get(f"{product.base_url}/readyz", timeout=30).json()
        is_well = ready["ready"] and not ready["warnings"]
        if is_well and max(ready["reader_lag_s"].values()) < 5:
            return
        assert time.monotonic() < deadline, ready
        time.sleep(0.5)


# -- ingest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NOT_JSON, "gzip-half", "zeros", "large"])
@pytest.mark.parametrize("call", ["track", "batch"])
def test_ingest_says_what_is_wrong_with_a_body(town: Town, call: str, name: str) -> None:
    more = {
        "gzip-half": TRUNCATED,
        "zeros": gzip.compress(b"\0" * 10 * MIB),
        "large": b'{"a":"' + b"x" * 3 * MIB + b'"}',
    }
    body = (NOT_JSON | more)[name]
    answer = town.http.post(f"/v1/{call}", content=body, auth=(town.write_keys["web"], ""))

    if answer.status_code == 200:  # JSON that is no event: kept, shown, mendable
        assert call == "track"
        assert name in ("nan", "utf-8", "half-surrogate", "gzip")
        return
    problem = refused(answer, 400, 413)
    assert (problem["status"] == 413) == (name in ("zeros", "large"))


def _with(**fields: Any) -> dict[str, Any]:
    event = {"type": "track", "event": "Looked", "anonymousId": "p", "messageId": str(uuid.uuid4())}
    return event | fields


STRANGE: dict[str, Any] = {
    "number": 5,
    "null": None,
    "text": "x",
    "list": [[]],
    "no type": _with(type=None),
    "unknown type": _with(type="steal"),
    "year one": _with(timestamp="0001-01-01T00:00:00Z"),
    "last second": _with(timestamp="9999-12-31T23:59:59.999999Z"),
    "over the edge": _with(timestamp="9999-12-31T23:59:59-14:00"),
    "year 99999": _with(timestamp="99999-01-01T00:00:00Z"),
    "yesterday": _with(timestamp="yesterday"),
    "huge number": _with(timestamp=10**300),
    "sent in year one": _with(timestamp="2026-01-01T00:00:00Z", sentAt="0001-01-01T00:00:00Z"),
    "nul": _with(properties={"a": "x\0y", "b\0": 1}),
    "nul id": _with(messageId="a\0b" + uuid.uuid4().hex),
    "long id": _with(messageId="a" * 10_000),
    "long name": _with(event="x" * 5_000),
    "name is an object": _with(event={}),
    "user is a list": _with(userId=[1, 2]),
    "context is text": _with(context="x"),
    "properties are a list": _with(properties=[1]),
    "many keys": _with(properties={str(n): n for n in range(2_000)}),
    "deep": _with(properties=json.loads('{"a":' * 400 + "1" + "}" * 400)),
    "huge int": _with(properties={"a": 10**400}),
    "below zero": _with(event="Order Completed", properties={
        "order_id": uuid.uuid4().hex, "total": -5, "currency": 5,
        "products": [{"sku": "A", "quantity": -3, "price": "x"}, 7, None]}),
}  # fmt: skip


def test_a_batch_keeps_its_good_events_whatever_its_neighbours_are(town: Town) -> None:
    cookie = f"neighbour-{uuid.uuid4().hex}"
    good = [_with(anonymousId=cookie) for _ in STRANGE]
    mixed = [one for pair in zip(good, STRANGE.values(), strict=True) for one in pair]
    body = {"batch": mixed, "writeKey": town.write_keys["web"]}
    # The hardest form there is in JSON, which no library of ours would write.
    raw = json.dumps(body).replace('"x\\u0000y"', '"\\ud800"')

    answer = town.http.post("/v1/batch", content=raw.encode())

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    who = town.look_up("anonymous_id", cookie, after=good[-1]["messageId"])
    told = {line["event_id"] for line in town.timeline(who["customer_id"])}
    assert told >= {event["messageId"] for event in good}


def test_single_events_do_not_suffer_from_strange_ones_of_the_same_moment(town: Town) -> None:
    cookie = f"neighbour-{uuid.uuid4().hex}"
    good = [_with(anonymousId=cookie) for _ in STRANGE]
    strange = [event for event in STRANGE.values() if isinstance(event, dict)]

    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=town.process.base_url, timeout=30) as http:
            key = (town.write_keys["web"], "")
            return list(await asyncio.gather(
                *(http.post("/v1/track", json=event, auth=key) for event in strange),
                *(http.post("/v1/track", json=event, auth=key) for event in good),
                *(http.post("/v1/track", content=body, auth=key) for body in NOT_JSON.values()),
                *(http.post("/v1/track", json=good[0], auth=("nobody", "")) for _ in range(5)),
            ))  # fmt: skip

    answers = asyncio.run(send())

    known = answers[len(strange) : len(strange) + len(good)]
    assert {one.status_code for one in known} == {200}
    assert {one.status_code for one in answers} <= {200, 400, 401}
    assert [one.status_code for one in answers[-5:]] == [401] * 5
    who = town.look_up("anonymous_id", cookie, after=good[-1]["messageId"])
    told = {line["event_id"] for line in town.timeline(who["customer_id"])}
    assert told == {event["messageId"] for event in good}


@pytest.mark.parametrize("key", ["", "nobody", "a" * 5_000, "ünknown", "a\0b", ["x"], 5, None])
def test_a_write_key_that_is_none_is_refused(town: Town, key: Any) -> None:
    answer = town.http.post("/v1/track", json=_with(writeKey=key))
    assert refused(answer, 401)["code"] == "unknown_write_key"


def test_ingest_knows_its_calls_and_methods(town: Town) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = town.http.request(method, "/v1/track")
        assert refused(answer, 405)["code"] == "method_not_allowed"
        assert "POST" in answer.headers["allow"]
    for path in ("/v1/steal", "/v1/projects/..%2f..%2fetc/settings", "/v1/projects/%00/settings",
                 "/analytics-next/bundles/..%2f..%2fapp.py", "/v1/%ff"):  # fmt: skip
        refused(town.http.get(path), 401, 404)


# -- the server API ----------------------------------------------------------------------------


def _hold(**line: Any) -> dict[str, Any]:
    return {"lines": [{"sku": "CHAIR-OAK", "location_id": "warehouse", "qty": 1} | line]}


def _move(**fields: Any) -> dict[str, Any]:
    one = {"kind": "receive", "sku": "CHAIR-OAK", "location_id": "warehouse", "qty": 1}
    return {"movements": [one | fields]}


def _item(**fields: Any) -> dict[str, Any]:
    return {"items": [{"sku": "STRANGE", "name": "x"} | fields]}


def _place(**fields: Any) -> dict[str, Any]:
    return {"locations": [{"location_id": "strange", "name": "x"} | fields]}


def _receipt(**fields: Any) -> dict[str, Any]:
    one = {
        "location_id": PLACE, "register": "7", "sequence": uuid.uuid4().hex[:12],
        "business_day": "2026-11-20", "at": "2026-11-20T03:00:00Z", "mode": "tell",
        "lines": [{"sku": "CHAIR-OAK", "qty": 1, "amount": 1}],
    }  # fmt: skip
    return {"receipts": [one | fields]}


HOLDS, MOVES, ITEMS = "POST /stock/holds", "POST /stock/movements", "PUT /stock/items"
PLACES, SHELVES, RECEIPTS = "PUT /stock/locations", "PUT /stock/shelves", "POST /receipts"
LOOKUP, FIND, MERGE = "POST /customers/lookup", "POST /stock/holds/lookup", "POST /customers/merge"
NOBODY = "01900000-0000-7000-8000-000000000000"
SPLIT, REJOIN = f"POST /customers/{NOBODY}/split", f"POST /customers/{NOBODY}/rejoin"
RELATE, RULES = f"POST /customers/{NOBODY}/relations", "POST /identity/rules/changes"
WRITES = (HOLDS, MOVES, ITEMS, PLACES, SHELVES, RECEIPTS, LOOKUP, FIND, MERGE, SPLIT, REJOIN,
          RELATE, RULES)  # fmt: skip
LINE = {"sku": "CHAIR-OAK", "qty": 1, "amount": 1}
REFUSED: list[tuple[str, str, Any]] = [
    *[(HOLDS, f"qty {qty!r}"[:30], _hold(qty=qty))
      for qty in (0, -1, 10**7, 2**31, 2**63, -(10**30), "1", 1.5, True, None, [1])],
    (HOLDS, "no such sku", _hold(sku="nope")),
    (HOLDS, "no such place", _hold(location_id="nope")),
    (HOLDS, "nul in a sku", _hold(sku="CHAIR\0-OAK")),
    (HOLDS, "empty sku", _hold(sku="")),
    (HOLDS, "long sku", _hold(sku="a" * 1_000)),
    (HOLDS, "unknown field", _hold(price=1)),
    (HOLDS, "no lines", {"lines": []}),
    (HOLDS, "too many lines", {"lines": _hold()["lines"] * 101}),
    (HOLDS, "ttl", _hold() | {"ttl_s": 10**12}),
    (HOLDS, "ttl below zero", _hold() | {"ttl_s": -1}),
    (HOLDS, "purpose", _hold() | {"purpose": "<script>"}),
    (HOLDS, "no such customer", _hold() | {"customer_id": NOBODY}),
    *[(MOVES, f"qty {qty!r}"[:30], _move(qty=qty)) for qty in ("1", 1.5, True, None)],
    (MOVES, "nul", _move(ref="a\0b")),
    (MOVES, "too many", {"movements": _move()["movements"] * 1_001}),
    (ITEMS, "nul in an attribute", _item(attributes={"a": "x\0"})),
    (ITEMS, "nul in a key", _item(attributes={"a\0": 1})),
    (ITEMS, "nul in a name", _item(name="a\0b")),
    (ITEMS, "zero for false", _item(tax_included=0)),
    (ITEMS, "price as text", _item(price="100")),
    (PLACES, "nul", _place(timezone="a\0")),
    (SHELVES, "safety", {"shelves": [{"sku": "A", "location_id": "B", "safety": -1}]}),
    (SHELVES, "nul", {"shelves": [{"sku": "CHAIR-OAK", "location_id": PLACE, "shelf": "a\0"}]}),
    (RECEIPTS, "no such place", _receipt(location_id="nope")),
    (RECEIPTS, "nul", _receipt(hold_code="\0")),
    (LOOKUP, "kind", {"identifiers": [{"kind": "shoe", "value": "41"}]}),
    (LOOKUP, "nul", {"identifiers": [{"kind": "email", "value": "a\0@b.jp"}]}),
    (LOOKUP, "blocked", {"identifiers": [{"kind": "anonymous_id", "value": "null"}]}),
    (LOOKUP, "nobody", {"identifiers": [{"kind": "user_id", "value": uuid.uuid4().hex}]}),
    (FIND, "nothing", {}),
    (FIND, "nul", {"code": "\0"}),
    (MERGE, "nobody", {"into": NOBODY, "from": NOBODY, "reason": "x"}),
    (MERGE, "no reason", {"into": NOBODY, "from": NOBODY, "reason": ""}),
    *[(act, f"{why}", body) for act in (SPLIT, REJOIN) for why, body in (
        ("nobody", {"links": [1], "reason": "x"}),
        ("no reason", {"links": [1], "reason": ""}),
        ("no links", {"links": [], "reason": "x"}),
        ("too many", {"links": list(range(1, 202)), "reason": "x"}),
        ("below one", {"links": [0], "reason": "x"}),
        ("too large", {"links": [2**63], "reason": "x"}),
        ("text", {"links": ["1"], "reason": "x"}),
        ("nul", {"links": [1], "reason": "a\0"}),
        ("unknown field", {"links": [1], "reason": "x", "force": True}),
    )],
    (RELATE, "nobody", {"kind": "household", "other": NOBODY}),
    (RELATE, "kind", {"kind": "owns", "other": NOBODY}),
    (RELATE, "no id", {"kind": "household", "other": "x"}),
    *[(RULES, why, {"reason": "x"} | body) for why, body in (
        ("nothing", {}),
        ("no reason", {"reason": "", "rules": [{"kind": "email", "most": 1}]}),
        ("kind", {"rules": [{"kind": "shoe", "most": 1}]}),
        ("most 0", {"rules": [{"kind": "email", "most": 0}]}),
        ("most huge", {"rules": [{"kind": "email", "most": 2**40}]}),
        ("most text", {"rules": [{"kind": "email", "most": "1"}]}),
        ("weak is one", {"rules": [{"kind": "email", "is_weak": 1}]}),
        ("priority", {"rules": [{"kind": "email", "priority": 100}]}),
        ("no address", {"block": [{"kind": "email", "value": "nobody"}]}),
        ("nul in a value", {"block": [{"kind": "user_id", "value": "a\0"}]}),
        ("form of stars", {"block_forms": [{"kind": "email", "form": "****"}]}),
        ("long form", {"block_forms": [{"kind": "email", "form": "a" * 101}]}),
        ("unblock what is no number", {"unblock": ["x"]}),
        ("unblock too large", {"unblock": ["9" * 19]}),
        ("no such form", {"unblock_forms": [NOBODY]}),
        ("too many", {"block": [{"kind": "user_id", "value": "a"}] * 101}),
    )],
]  # fmt: skip


@pytest.mark.parametrize(("entry", "body"), [(entry, body) for entry, _, body in REFUSED],
                         ids=[f"{entry}: {why}" for entry, why, _ in REFUSED])  # fmt: skip
def test_what_cannot_be_true_is_refused_in_both_languages(
    town: Town, entry: str, body: Any
) -> None:
    english = _ask(town, entry, json.dumps(body).encode())
    problem = refused(english, 404, 409, 422)
    japanese = _ask(town, entry, json.dumps(body).encode(), language="ja")
    told = refused(japanese, english.status_code)
    assert told["code"] == problem["code"]
    assert told["title"] != problem["title"]


@pytest.mark.parametrize("name", NOT_JSON)
@pytest.mark.parametrize("entry", WRITES)
def test_every_write_says_what_is_wrong_with_a_body(town: Town, entry: str, name: str) -> None:
    refused(_ask(town, entry, NOT_JSON[name]), 400, 422)


def test_rows_that_cannot_be_true_are_told_by_index_and_the_others_are_booked(town: Town) -> None:
    wrong = [
        {"qty": 0}, {"qty": -1}, {"qty": 2**31}, {"qty": 10**15}, {"kind": "steal"},
        {"sku": "nope"}, {"location_id": "nope"}, {"ref": "a" * 1_000},
    ]  # fmt: skip
    rows = [row for fields in wrong for row in (*_move(**fields)["movements"],
            *_move(ref=uuid.uuid4().hex)["movements"])]  # fmt: skip

    answer = town.api("POST", "/stock/movements", json={"movements": rows})

    assert [one["index"] for one in answer["refused"]] == [2 * n for n in range(len(wrong))]
    assert answer["booked"] == len(wrong)
    assert town.reconcile()["drifts"] == []


BAD_RECEIPTS = {
    "future": _receipt(business_day="2999-01-01"),
    "ancient day": _receipt(business_day="0001-01-01"),
    "ancient": _receipt(at="0001-01-01T00:00:00+14:00"),
    "over the edge": _receipt(at="9999-12-31T23:59:59-12:00"),
    "no zone": _receipt(at="2026-11-20T00:00:00"),
    "currency": _receipt(currency="¥"),
    "units": _receipt(lines=[LINE | {"qty": 2**40}]),
    "amount": _receipt(lines=[LINE | {"amount": 2**70}]),
    "price times units": _receipt(lines=[LINE | {
        "amount": None, "qty": 10**6, "price": 2**60}]),
    "tax": _receipt(lines=[LINE | {"tax_rate": 1e300}]),
}  # fmt: skip


def test_receipts_that_cannot_be_true_are_told_by_index_and_the_others_are_booked(
    town: Town,
) -> None:
    own = town.new_item(f"TOLD-{uuid.uuid4().hex[:8]}", {PLACE: 100})
    good = [_receipt(lines=[LINE | {"sku": own}]) for _ in BAD_RECEIPTS]
    mixed = [one["receipts"][0] for pair in zip(BAD_RECEIPTS.values(), good, strict=True)
             for one in pair]  # fmt: skip

    answer = town.api("POST", "/receipts", json={"receipts": mixed})

    assert (answer["booked"], answer["refused"]) == (len(good), len(BAD_RECEIPTS))
    for result, name in zip(answer["results"][::2], BAD_RECEIPTS, strict=True):
        assert (result["status"], result["reason"]) == ("refused", "bad_receipt"), name
        assert result["why"]
    assert town.reconcile()["drifts"] == []


@pytest.mark.parametrize("key", [None, "", "a" * 201])
def test_an_idempotency_key_is_needed_and_short(town: Town, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {town.key}"} | ({"Idempotency-Key": key} if key else {})
    for path, body in (("/stock/holds", _hold()), ("/stock/movements", _move())):
        answer = town.http.post(f"/api/v1{path}", json=body, headers=headers)
        assert refused(answer, 422)["code"] in ("bad_idempotency_key", "invalid")


def test_keys_open_what_their_scope_says_and_nothing_after_they_were_taken_back(
    town: Town,
) -> None:
    agent, public, lost = (
        town.process.command("keys", "create", "--scope", scope, "--name", name)
        for scope, name in (("agent", "a"), ("public", "p"), ("server", "lost"))
    )
    hold = ("POST", "/stock/holds", {"json": _hold(), "headers": {"Idempotency-Key": "k"}})
    move = ("POST", "/stock/movements", {"json": _move(), "headers": {"Idempotency-Key": "k"}})
    split = ("POST", f"/customers/{NOBODY}/split", {"json": {"links": [1], "reason": "x"}})
    rules = ("GET", "/identity/rules", {})
    tries = ((public, hold), (public, move), (agent, move), (agent, split), (agent, rules))
    for key, (method, path, options) in tries:
        assert refused(_with_key(town, key, method, path, options), 403)["code"] == "wrong_scope"
    near = {"params": {"sku": "CHAIR-OAK", "near": "35.7,139.6"}}
    seen = _with_key(town, public, "GET", "/stock/availability", near).json()["items"]
    assert seen
    assert {row["available"] for row in seen} == {None}

    assert _with_key(town, lost, "GET", "/stock/locations", {}).status_code == 200
    keys = json.loads(town.process.command("keys", "list", "--json"))
    key_id = next(row["key_id"] for row in keys if row["name"] == "lost")
    town.process.command("keys", "revoke", key_id)
    for key in (lost, "", "x", "a" * 5_000, town.write_keys["web"], "ü"):
        answer = _with_key(town, key, "GET", "/stock/locations", {})
        assert refused(answer, 401)["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_an_api_key_is_no_write_key(town: Town) -> None:
    answer = town.http.post("/v1/track", json=_with(), auth=(town.key, ""))
    assert refused(answer, 401)["code"] == "unknown_write_key"


def test_what_nobody_has_is_not_found_and_addresses_lead_nowhere_else(town: Town) -> None:
    paths = (
        f"/customers/{NOBODY}", f"/customers/{NOBODY}/timeline", f"/customers/{NOBODY}/links",
        f"/stock/holds/{NOBODY}", f"/receipts/{NOBODY}", "/customers/x", "/stock/holds/%00",
        f"/customers/{NOBODY}/relations", f"/identity/rules/changes/{NOBODY}",
        "/customers/..%2f..%2fetc", "/receipts/..%2f..%2fpasswd", "/nope", "/%ff%fe",
    )  # fmt: skip
    for path in paths:
        refused(_with_key(town, town.key, "GET", path, {}), 404)
    verbs = {
        "release": {}, "collect": {"code": "1"}, "extend": {"ttl_s": 5}, "pick": {},
        "not-on-shelf": {"sku": "A", "location_id": "B"},
    }  # fmt: skip
    for verb, body in verbs.items():
        options = {"json": body, "headers": {"Idempotency-Key": uuid.uuid4().hex}}
        refused(_with_key(town, town.key, "POST", f"/stock/holds/{NOBODY}/{verb}", options), 404)
    for path in (f"/customers/{NOBODY}/relations/{NOBODY}/end",
                 f"/identity/rules/changes/{NOBODY}/apply",
                 f"/identity/rules/changes/{NOBODY}/withdraw"):  # fmt: skip
        refused(_with_key(town, town.key, "POST", path, {"json": {}}), 404)


@pytest.mark.parametrize("query", [
    "/stock/items?limit=0", "/stock/items?limit=99999999999999999999", "/stock/availability",
    "/stock/availability?sku=A&near=nan,nan", "/stock/availability?sku=A&near=1e999,0",
    "/stock/availability?sku=A&near=35,139&radius_km=inf", "/stock/ledger?sku=A",
    f"/customers/{NOBODY}/timeline?limit=1e9", f"/customers/{NOBODY}/links?cursor=-1",
    "/stock/tasks?location_id=x&cursor=1",
])  # fmt: skip
def test_questions_that_make_no_sense_are_refused(town: Town, query: str) -> None:
    refused(_with_key(town, town.key, "GET", query, {}), 404, 422)


def test_a_body_of_five_megabytes_is_too_large_for_a_call(town: Town) -> None:
    answer = _ask(town, HOLDS, b'{"a":"' + b"x" * 5 * MIB + b'"}')
    assert refused(answer, 413)["code"] == "too_large"


@pytest.mark.parametrize("line", [
    b"Origin: https://x\rSet-Cookie: a=b", b"Origin: https://x\x00y", b"Idempotency-Key: a\x01b",
    b"Accept-Language: \xff\xfe", b"Authorization: Bearer \xe3\x81\x82", b"X: " + b"a" * 200_000,
])  # fmt: skip
def test_strange_headers_split_no_answer_and_end_no_process(town: Town, line: bytes) -> None:
    body = json.dumps(_with(writeKey=town.write_keys["web"])).encode()
    request = (
        b"POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line
        + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip
    pids = town.process.pids()
    with socket.create_connection(("127.0.0.1", town.process.port), timeout=10) as raw:
        try:
            raw.sendall(request)
            answer = b"".join(iter(lambda: raw.recv(65_536), b""))
        except (ConnectionResetError, BrokenPipeError):
            answer = b""
    assert b"set-cookie: a=b" not in answer.lower()
    assert not answer or int(answer.split()[1]) < 500
    assert town.process.pids() == pids
    assert town.tell("web", _with())


def _ask(town: Town, entry: str, body: bytes, *, language: str = "en") -> httpx.Response:
    method, path = entry.split()
    headers = {
        "Authorization": f"Bearer {town.key}", "Accept-Language": language,
        "Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex,
    }  # fmt: skip
    return town.http.request(method, f"/api/v1{path}", content=body, headers=headers)


def _with_key(
    town: Town, key: str, method: str, path: str, options: dict[str, Any]
) -> httpx.Response:
    headers = {b"Authorization": f"Bearer {key}".strip().encode()}
    headers |= {k.encode(): v.encode() for k, v in options.get("headers", {}).items()}
    return town.http.request(
        method, f"/api/v1{path}", **(options | {"headers": list(headers.items())})
    )
