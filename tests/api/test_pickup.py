"""The counter over HTTP: parts, other goods, other people, slips; each told once."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.api.test_stock import SHOPS, SOFA, Caller, caller, receive
from tests.conftest import no_lake

from setten.api import availability, customers, holds, pickup, problems, receipts, state, stock
from setten.platform import settings


@pytest.fixture
async def client(pool, vault, tmp_path) -> AsyncIterator[httpx.AsyncClient]:
    found = settings.load({"data_dir": tmp_path}, environment={})
    app = Litestar(
        [stock.router(), holds.router(), pickup.router(), receipts.router(), customers.router()],
        dependencies={"deps": state.provide},
        exception_handlers=problems.HANDLERS,
    )
    app.state.deps = state.Deps(settings=found, pool=pool, vault=vault, lake=no_lake())
    app.state.deps.combiners["holds"] = holds.combiner(pool)
    app.state.deps.combiners["availability"] = availability.gatherer(pool)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://setten") as ready:
        yield ready


@pytest.fixture
async def server(client, pool) -> Caller:
    made = await caller(client, pool, "server")
    items = [{"sku": sku, "name": sku, "price": 98000} for sku in ("green-sofa", "blue-sofa")]
    await made("PUT", "/stock/items", {"items": items})
    await made("PUT", "/stock/locations", {"locations": SHOPS})
    return made


async def hold(server: Caller, qty: int = 2) -> dict[str, Any]:
    await receive(server, qty)
    placed = await server("POST", "/stock/holds", {"lines": [SOFA | {"qty": qty}], "ttl_s": 600})
    assert placed.status_code == 201, placed.text
    found: dict[str, Any] = placed.json()
    return found


async def test_part_of_a_hold_is_handed_over_and_told_again_changes_nothing(server: Caller) -> None:
    mine = await hold(server)
    path = f"/stock/holds/{mine['hold_id']}/hand-over"
    asked = {"code": mine["code"], "lines": [SOFA | {"qty": 1}], "rest": "keep"}
    first = await server("POST", path, asked, idem="a")
    assert first.status_code == 200, first.text
    assert first.headers["Setten-Event"]
    assert first.json()["hold"]["state"] == "collected"
    assert first.json()["rest"]["code"] == mine["code"]
    assert (await server("POST", path, asked, idem="a")).json() == first.json()
    again = await server("POST", path, asked, idem="b")
    assert (again.status_code, again.json()["code"]) == (409, "hold_ended")
    other = await server("POST", path, asked | {"rest": "release"}, idem="a")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_who_collects_must_be_said_in_one_way(server: Caller) -> None:
    mine = await hold(server)
    path = f"/stock/holds/{mine['hold_id']}/hand-over"
    for wrong in ({}, {"code": "1", "name": "太郎"}, {"name": "太郎", "is_named": True}):
        answer = await server("POST", path, wrong)
        assert answer.json()["code"] == "who_collects", answer.text
    bad = await server("POST", path, {"code": "000000" if mine["code"] != "000000" else "1"})
    assert (bad.status_code, bad.json()["code"]) == (403, "wrong_code")
    nobody = await server("POST", path, {"name": "太郎"})
    assert (nobody.status_code, nobody.json()["code"]) == (409, "nobody_to_name")


async def test_ticks_are_taken_back_and_other_goods_come_in(server: Caller) -> None:
    mine = await hold(server)
    base = f"/stock/holds/{mine['hold_id']}"
    assert (await server("POST", f"{base}/pick", {})).json()["state"] == "ready"
    assert (await server("POST", f"{base}/unpick", {})).json()["state"] == "held"
    swap = SOFA | {"by_sku": "blue-sofa", "price": 90000, "agreed_how": "phone"}
    none = await server("POST", f"{base}/substitute", swap)
    assert (none.status_code, none.json()["code"]) == (409, "not_enough_stock")
    await receive(server, 2, sku="blue-sofa")
    done = (await server("POST", f"{base}/substitute", swap)).json()
    assert [one["was_sku"] for one in done["substitutions"]] == ["green-sofa"]
    assert {(one["sku"], one["state"]) for one in done["hold"]["lines"]} == {
        ("green-sofa", "released"), ("blue-sofa", "held")}  # fmt: skip
    assert (await server("GET", f"{base}/counter")).json() == done
    silent = await server("POST", f"{base}/substitute", SOFA | {"by_sku": "x", "price": 1})
    assert silent.status_code == 422  # nobody said that the customer agreed


async def test_a_slip_is_taken_back_over_http(server: Caller) -> None:
    mine = await hold(server)
    base = f"/stock/holds/{mine['hold_id']}"
    early = await server("POST", f"{base}/reopen", {})
    assert (early.status_code, early.json()["code"]) == (409, "cannot_reopen")
    await server("POST", f"{base}/hand-over", {"code": mine["code"]})
    assert (await server("POST", f"{base}/reopen", {})).json()["hold"]["state"] == "ready"


async def test_strangers_do_nothing_at_the_counter(server: Caller, client, pool) -> None:
    mine = await hold(server)
    public = await caller(client, pool, "public")
    for path in ("unpick", "substitute", "hand-over", "reopen"):
        answer = await public("POST", f"/stock/holds/{mine['hold_id']}/{path}", {})
        assert answer.json()["code"] == "wrong_scope", answer.text


async def test_numbers_are_for_the_server_alone(server: Caller, client, pool) -> None:
    mine = await hold(server)
    agent = await caller(client, pool, "agent")
    swap = SOFA | {"by_sku": "blue-sofa", "price": 1, "agreed_how": "chat"}
    refused = await agent("POST", f"/stock/holds/{mine['hold_id']}/substitute", swap)
    assert refused.json()["short"] == [
        {"sku": "blue-sofa", "location_id": "ginza", "wanted": 2, "band": "none"}]  # fmt: skip
