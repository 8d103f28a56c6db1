"""The stock part of the server API, over HTTP, against a real database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.conftest import no_lake

from setten.api import availability, customers, holds, problems, receipts, state, stock
from setten.platform import auth, clock, db, settings

SOFA = {"sku": "green-sofa", "location_id": "ginza"}
SHOPS = [
    {"location_id": "ginza", "name": {"ja": "銀座店", "en": "Ginza"}, "lat": 35.6717,
     "lon": 139.7650, "hours": {"sun": [["10:00", "20:00"]], "mon": [["10:00", "20:00"]]}},
    {"location_id": "ueno", "name": "上野店", "lat": 35.7138, "lon": 139.7770},
    {"location_id": "osaka", "name": "大阪店", "lat": 34.7025, "lon": 135.4959},
]  # fmt: skip


class Caller:
    """A client with a key of one scope; every write has an Idempotency-Key of its own."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client = client
        self._key = key
        self._count = 0

    async def __call__(
        self, method: str, path: str, body: Any = None, *, idem: str | None = None, **params: Any
    ) -> httpx.Response:
        self._count += 1
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Idempotency-Key": idem or f"k{self._count}",
        }
        return await self._client.request(
            method, f"/api/v1{path}", json=body, headers=headers, params=params
        )


@pytest.fixture
async def client(pool, vault, tmp_path) -> AsyncIterator[httpx.AsyncClient]:
    found = settings.load({"data_dir": tmp_path}, environment={})
    app = Litestar(
        [stock.router(), holds.router(), receipts.router(), customers.router()],
        dependencies={"deps": state.provide},
        exception_handlers=problems.HANDLERS,
    )
    app.state.deps = state.Deps(settings=found, pool=pool, vault=vault, lake=no_lake())
    app.state.deps.combiners["holds"] = holds.combiner(pool)
    app.state.deps.combiners["availability"] = availability.gatherer(pool)
    availability._directory.__init__()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://setten") as ready:
        yield ready


async def caller(client: httpx.AsyncClient, pool: db.Pool, scope: str) -> Caller:
    async with db.transaction(pool) as conn:
        key = await auth.create_key(conn, scope=scope, name="test", now=clock.now())
    return Caller(client, key)


@pytest.fixture
async def server(client, pool) -> Caller:
    made = await caller(client, pool, "server")
    items = [
        {"sku": "green-sofa", "name": {"ja": "緑のソファ", "en": "Green sofa"},
         "gtin": "4901234567894", "price": 98000, "tax_rate": 0.1},
        {"sku": "blue-sofa", "name": "青いソファ", "price": 98000},
    ]  # fmt: skip
    assert (await made("PUT", "/stock/items", {"items": items})).json()["refused"] == []
    assert (await made("PUT", "/stock/locations", {"locations": SHOPS})).json()["written"] == 3
    return made


async def receive(server: Caller, qty: int, at: str = "ginza", sku: str = "green-sofa") -> None:
    row = {"kind": "receive", "sku": sku, "location_id": at, "qty": qty}
    answer = await server("POST", "/stock/movements", {"movements": [row]})
    assert answer.json()["booked"] == 1, answer.text


async def test_refused_items_come_with_reasons_and_the_others_are_kept(server):
    bad = {"items": [{"sku": "a", "name": "A", "gtin": "4901234567893"}, {"sku": "b", "name": "B"}]}
    answer = (await server("PUT", "/stock/items", bad)).json()
    assert answer == {"written": 1, "refused": [{"index": 0, "reason": "bad_gtin", "key": "a"}]}


async def test_availability_near_a_point_is_nearest_first_with_hours(server):
    await receive(server, 3)
    await receive(server, 20, "ueno")
    await receive(server, 1, "osaka")
    answer = await server("GET", "/stock/availability", sku="green-sofa", near="35.7138,139.7770")
    items = answer.json()["items"]
    assert [(i["location_id"], i["available"], i["band"]) for i in items] == [
        ("ueno", 20, "plenty"), ("ginza", 3, "few")]  # fmt: skip
    assert items[0]["distance_km"] < 1
    assert items[1]["opens_at"] < items[1]["closes_at"]


async def test_only_server_keys_see_numbers(server, client, pool):
    await receive(server, 3)
    for scope in ("public", "agent"):
        other = await caller(client, pool, scope)
        answer = await other("GET", "/stock/availability", sku="green-sofa", location_id="ginza")
        assert [(i["available"], i["band"]) for i in answer.json()["items"]] == [(None, "few")]
    agent = await caller(client, pool, "agent")
    refused = await agent("POST", "/stock/holds", {"lines": [SOFA | {"qty": 9}]})
    assert refused.json()["short"] == [SOFA | {"wanted": 9, "band": "few"}]


async def test_what_is_asked_in_one_moment_is_answered_to_each_by_their_key(server, client, pool):
    await receive(server, 3)
    question = {"skus": ["green-sofa"], "near": {"lat": 35.67, "lon": 139.76}}
    public = await caller(client, pool, "public")
    askers = [server, Caller(client, "sk_server_nobody"), public] * 5
    answers = await asyncio.gather(
        *(ask("POST", "/stock/availability", question) for ask in askers)
    )

    def told(answer: httpx.Response) -> Any:
        body = answer.json()
        return body["code"] if answer.is_error else [one["available"] for one in body["items"]]

    assert [(one.status_code, told(one)) for one in answers] == [
        (200, [3]), (401, "unauthenticated"), (200, [None])] * 5  # fmt: skip


async def test_empty_places_are_shown_when_asked_for(server):
    await receive(server, 3)
    question = {"skus": ["green-sofa"], "near": {"lat": 35.67, "lon": 139.76}, "include": "empty"}
    items = (await server("POST", "/stock/availability", question)).json()["items"]
    assert [(i["location_id"], i["band"]) for i in items] == [("ginza", "few"), ("ueno", "none")]


async def test_a_hold_is_placed_found_by_code_and_collected(server):
    await receive(server, 1)
    placed = await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": 1}], "ttl_s": 60})
    assert placed.status_code == 201
    assert placed.headers["Setten-Event"]
    hold = placed.json()
    assert set(hold) == {"hold_id", "lines", "expires_at", "code"}
    queue = await server("POST", "/stock/holds/lookup", {"location_id": "ginza", "state": "held"})
    by_code = await server("POST", "/stock/holds/lookup", {"code": hold["code"]})
    assert [h["hold_id"] for h in queue.json()["items"]] == [hold["hold_id"]]
    assert [h["hold_id"] for h in by_code.json()["items"]] == [hold["hold_id"]]
    address = f"/stock/holds/{hold['hold_id']}"
    wrong = await server("POST", f"{address}/collect", {"code": "12"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_code")
    assert (await server("POST", f"{address}/pick", {})).json()["state"] == "ready"
    done = await server("POST", f"{address}/collect", {"code": hold["code"]})
    assert (done.status_code, done.json()["state"]) == (200, "collected")
    again = await server("POST", f"{address}/release")
    assert (again.status_code, again.json()["code"]) == (409, "hold_ended")


async def test_the_same_key_answers_the_same_hold(server):
    await receive(server, 5)
    body = {"lines": [SOFA | {"qty": 1}]}
    one, two = [await server("POST", "/stock/holds", body, idem="same") for _ in range(2)]
    other = await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": 2}]}, idem="same")
    assert one.json() == two.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_two_hundred_callers_race_for_the_last_unit_over_http(server):
    await receive(server, 1)
    body = {"lines": [SOFA | {"qty": 1}]}
    answers = await asyncio.gather(*(server("POST", "/stock/holds", body) for _ in range(200)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 199
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"not_enough_stock"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lines": []}, 422),
        ({"lines": [SOFA | {"qty": -1}]}, 422),
        ({"lines": [SOFA | {"qty": 1}], "nonsense": 1}, 422),
        ({"lines": [{"sku": "ghost", "location_id": "ginza", "qty": 1}]}, 404),
        (
            {"lines": [SOFA | {"qty": 1}], "customer_id": "6a1b4c3e-0000-7000-8000-000000000000"},
            404,
        ),
    ],
)
async def test_wrong_holds_get_a_clear_error(server, body, status):
    answer = await server("POST", "/stock/holds", body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"]


async def test_a_write_without_a_key_and_a_key_of_another_scope_are_refused(server, client, pool):
    public = await caller(client, pool, "public")
    refused = await public("POST", "/stock/movements", {"movements": []})
    assert refused.status_code == 403


async def test_every_number_opens_into_its_entries(server):
    await receive(server, 3)
    await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": 1}]})
    entries = (await server("GET", "/stock/ledger", sku="green-sofa", location_id="ginza")).json()
    assert [(e["source"], e["target"], e["qty"]) for e in entries["items"]] == [
        ("on_hand", "held", 1), ("supplier", "on_hand", 3)]  # fmt: skip


def receipt(qty: int, sequence: int = 1, **more: Any) -> dict[str, Any]:
    base = {
        "location_id": "ginza", "register": "r1", "sequence": sequence,
        "business_day": "2026-11-22", "at": "2026-11-22T03:00:00Z",
        "lines": [{"sku": "green-sofa", "qty": qty, "price": 98000, "tax_rate": 0.1}],
        "tenders": [{"kind": "card", "amount": 98000 * qty, "card_number": "4111111111111111"}],
    }  # fmt: skip
    return base | more


async def test_an_asking_till_gets_409_and_a_telling_one_makes_the_hold_short(server, pool):
    await receive(server, 1)
    await receive(server, 1, "ueno")
    hold = (await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": 1}]})).json()
    asked = await server("POST", "/receipts", {"receipts": [receipt(1, mode="ask")]})
    assert (asked.status_code, asked.json()["code"]) == (409, "promised_to_another")
    told = await server("POST", "/receipts", {"receipts": [receipt(1, mode="tell")]})
    assert told.json()["results"][0]["short"][0]["alternative"] == "ueno"
    assert (await server("GET", f"/stock/holds/{hold['hold_id']}")).json()["state"] == "short"
    tasks = (await server("GET", "/stock/tasks", location_id="ginza")).json()["items"]
    assert [t["kind"] for t in tasks] == ["hold_short"]
    done = await server("POST", f"/stock/tasks/{tasks[0]['task_id']}/done")
    assert done.json()["done_by"].startswith("key:")
    kept = await pool.fetchval("select string_agg(r::text, '') from stock.receipts r")
    assert "4111" not in kept


async def test_the_buyer_of_the_held_one_pays_at_the_till_with_the_code(server):
    await receive(server, 1)
    hold = (await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": 1}]})).json()
    body = {"receipts": [receipt(1, mode="ask", hold_code=hold["code"], loyalty_card="C-1")]}
    paid = await server("POST", "/receipts", body)
    again = await server("POST", "/receipts", body)
    assert paid.json()["results"][0]["collected"] == [hold["hold_id"]]
    assert again.json()["already"] == 1
    assert (await server("GET", "/receipts/totals")).json()["items"][0]["total_minor"] == 98000
    found = await server("GET", f"/receipts/{paid.json()['results'][0]['receipt_id']}")
    assert "identifier_id" not in found.json()


async def test_a_receipt_of_an_unknown_place_is_404_alone_and_refused_alone_among_others(server):
    bad = receipt(1, location_id="atlantis")
    alone = await server("POST", "/receipts", {"receipts": [bad]})
    both = await server("POST", "/receipts", {"receipts": [bad, receipt(1, 2)]})
    assert (alone.status_code, alone.json()["code"]) == (404, "unknown_location")
    assert [r["status"] for r in both.json()["results"]] == ["refused", "booked"]


async def test_a_receipt_that_cannot_be_says_why_in_its_result(server):
    bad = receipt(1, register="")
    alone = await server("POST", "/receipts", {"receipts": [bad]})
    assert (alone.status_code, alone.json()["refused"]) == (200, 1)
    assert alone.json()["results"][0]["reason"] == "bad_receipt"


async def test_another_receipt_under_one_number_is_409_with_the_first_ones_id(server):
    first = await server("POST", "/receipts", {"receipts": [receipt(1)]})
    differs = await server("POST", "/receipts", {"receipts": [receipt(2)]})
    assert (differs.status_code, differs.json()["code"]) == (409, "receipt_differs")
    assert differs.json()["receipt_id"] == first.json()["results"][0]["receipt_id"]


async def test_a_till_may_say_what_it_scanned(server):
    await receive(server, 1)
    told = receipt(1, lines=[{"gtin": "4901234567894", "qty": 1, "price": 98000},
                             {"gtin": "4999999999990", "qty": 1, "price": 100}])  # fmt: skip
    booked = (await server("POST", "/receipts", {"receipts": [told]})).json()["results"][0]
    assert booked["unknown_skus"] == ["4999999999990"]
    balances = (await server("GET", "/stock/balances", sku="green-sofa")).json()["items"]
    assert balances[0]["on_hand"] == 0
