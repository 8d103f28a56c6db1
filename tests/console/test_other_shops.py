"""Whoever works for one shop moves nothing of another, whatever id is put into a page's address."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from setten.console.routes import PAGES
from setten.platform import clock
from setten.stock import counts, tasks, transfers
from setten.stock.counts import Sheet
from setten.stock.tasks import Opening
from setten.stock.transfers import Plan
from tests.console.house import Browser, House, Shop
from tests.console.test_counter import do, parcel

TABLES = (
    "stock.balances", "stock.ledger", "stock.holds", "stock.hold_lines", "stock.counts",
    "stock.count_lines", "stock.transfers", "stock.transfer_lines", "stock.fulfilments",
    "stock.tasks", "stock.movements", "stock.payments", "stock.orders", "stock.order_lines",
)  # fmt: skip
OF_A_ROW = ("hold_id", "count_id", "transfer_id", "fulfilment_id", "task_id", "order_id",
            "payment_id")  # fmt: skip
FORM = {
    "qty": "1", "reason": "not_on_shelf", "to": "accepted", "price": "1", "currency": "JPY",
    "carrier": "x", "carrier_ref": "1", "agreed_how": "phone", "all": "yes", "go": "yes",
    "decision": "approve", "collected_by": "x", "why": "label",
}  # fmt: skip


def web_order(house: House, place: str, sku: str) -> str:
    """Ordered on the web, to be collected and paid at a place."""
    her, _ = house.newcomer(name="注文 した子")
    cart = house.post_api("/api/v1/carts", {"customer_id": her}).json()
    wish = {"op": "add", "sku": sku, "method": "pickup", "location_id": place}
    cart = house.post_api(f"/api/v1/carts/{cart['cart_id']}/changes", {"changes": [wish]}).json()
    body = {"version": cart["version"], "total_minor": cart["total_minor"], "channel": "web",
            "payments": [{"method": "counter"}]}  # fmt: skip
    bought = house.post_api(f"/api/v1/carts/{cart['cart_id']}/checkout", body)
    return str(bought.json()["order"]["order_id"])


@pytest.fixture(scope="module")
def theirs(house: House) -> dict[str, str]:
    """A row of every kind in a shop, and the shop and its goods."""
    other = house.open_shop()
    place = other.location_id
    sku = house.new_item({place: 20})
    now = clock.now()
    count = do(house, counts.open_sheet, Sheet(location_id=place, skus=(sku,)), by="test", now=now)
    way = Plan(from_location=place, to_location="warehouse", lines={sku: 2})
    transfer = do(house, transfers.plan, way, by="test", now=now)
    do(house, tasks.open_many, [Opening(kind="put_back", location_id=place, sku=sku)], now=now)
    task = house.asked(f"select task_id from stock.tasks where location_id = '{place}' limit 1")
    order = web_order(house, place, sku)
    paying = f"select payment_id from stock.payments where order_id = '{order}'"
    return {
        "order_id": order,
        "payment_id": str(house.asked(paying)),
        "hold_id": str(house.hold(sku, at=place).hold_id),
        "count_id": str(count.count_id),
        "transfer_id": str(transfer.transfer_id),
        "fulfilment_id": str(parcel(house, other, sku)),
        "task_id": str(task),
        "place": place,
        "sku": sku,
    }


@pytest.fixture(scope="module", params=["associate", "shop_manager"])
def stranger(request: Any, house: House, shop: Shop) -> Iterator[Browser]:
    login = f"elsewhere-{uuid.uuid4().hex[:8]}"
    house.hire(login, request.param, (shop.location_id,))
    with house.person(login) as browser:
        yield browser


def _writes() -> list[str]:
    """The address of every form that moves a row named in it."""
    return sorted(
        path
        for page in PAGES
        if "POST" in page.http_methods
        for path in page.paths
        if any(f"{{{name}:" in path for name in OF_A_ROW)
    )


def _rows(house: House, theirs: dict[str, str]) -> dict[str, Any]:
    """What stands in each table about the other shop's goods and papers."""
    known = set(house.asked("select array_agg(format('%s.%s', schemaname, tablename)) "
                            "from pg_tables where schemaname = 'stock'"))  # fmt: skip
    ids = "|".join(theirs[name] for name in (*OF_A_ROW, "place"))
    return {
        table: house.asked(
            f"select md5(string_agg(r::text, '' order by r::text)) from {table} r "
            f"where r::text ~ '{ids}'"
        )
        for table in TABLES
        if table in known
    }


def test_no_form_of_one_shop_moves_a_row_of_another(
    house: House, theirs: dict[str, str], stranger: Browser
) -> None:
    before = _rows(house, theirs)
    assert len(before) >= len(OF_A_ROW) + 2, before.keys()
    form = FORM | {"sku": theirs["sku"], "by_sku": theirs["sku"], "location_id": theirs["place"]}
    let_in = []
    for path in _writes():
        filled = path
        for name in OF_A_ROW:
            filled = filled.replace(f"{{{name}:uuid}}", theirs[name])
        answer = stranger.post(filled, **form)
        if answer.status_code != 403:
            let_in.append((path, answer.status_code))
    assert let_in == []
    assert _rows(house, theirs) == before


@pytest.mark.parametrize(
    ("path", "form"),
    [("/stock/counts", {"at": ""}), ("/stock/transfers", {"from": "", "to": "warehouse"}),
     ("/stock/returns", {"at": ""})],
)  # fmt: skip
def test_nothing_new_is_begun_for_a_shop_that_one_does_not_work_for(
    house: House, theirs: dict[str, str], stranger: Browser, path: str, form: dict[str, str]
) -> None:
    before = _rows(house, theirs)
    sent = {name: value or theirs["place"] for name, value in form.items()}
    answer = stranger.post(path, **sent, sku=theirs["sku"], qty="1", location_id=theirs["place"])
    assert answer.status_code in (403, 422, 404, 400), answer.text[-500:]
    assert _rows(house, theirs) == before


def test_an_order_is_cancelled_and_paid_where_it_is_collected_and_by_who_has_no_shop(
    house: House, theirs: dict[str, str]
) -> None:
    place, login = theirs["place"], f"of-{theirs['place']}"
    for who in (login, "page-agent"):
        order = f"/stock/orders/{web_order(house, place, theirs['sku'])}"
        paying = f"select payment_id from stock.payments where order_id = '{order[-36:]}'"
        with house.person(who) as person:
            assert f"{order}/cancellation" in person.get(order).text
            capture = person.post(f"/stock/orders/payments/{house.asked(paying)}/capture")
            assert capture.status_code == 303
            assert person.post(f"{order}/cancellation", reason="wished").status_code == 303
        state = f"select state from stock.orders where order_id = '{order[-36:]}'"
        assert house.asked(state) == "cancelled"


def test_a_page_of_anothers_order_has_no_button_that_would_be_refused(
    house: House, theirs: dict[str, str], stranger: Browser
) -> None:
    page = stranger.get(f"/stock/orders/{theirs['order_id']}")
    assert page.status_code == 200
    assert "/cancellation" not in page.text
    assert "/capture" not in page.text
