"""Staff of a shop open the person before them; anybody else's page asks why."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.console.house import House, Shop


@pytest.fixture
def stranger(house: House, shop: Shop) -> str:
    """Somebody whom nobody of the shop has met."""
    who, _ = house.newcomer(name="見知 らぬ子", phone=f"090{uuid.uuid4().int % 10**8:08}")
    house.run_in_database(f"delete from audit.met where customer_id = '{who}'")
    return who


def noted(house: House, who: str) -> list[str]:
    return str(
        house.asked(
            "select coalesce(string_agg(action || ':' || coalesce(reason, ''), ' '), '') "
            f"from audit.entries where customer_id = '{who}'"
        )
    ).split()


PAGES = ["", "/timeline?cursor=x", "/purchases", "/links", "/live", "/cart", "/relations/new"]


@pytest.mark.parametrize("page", PAGES)
def test_an_address_that_was_typed_asks_why_and_shows_nothing(
    house: House, shop: Shop, stranger: str, page: str
) -> None:
    with house.person(shop.login) as associate:
        answer = associate.get(f"/customers/{stranger}{page}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/customers/{stranger}/reason"
    assert noted(house, stranger) == []


@pytest.mark.parametrize("way", ["/stock/items/CHAIR-OAK?for=", "/stock/returns?customer="])
def test_a_page_of_the_stock_opened_for_somebody_asks_too(
    house: House, shop: Shop, stranger: str, way: str
) -> None:
    with house.person(shop.login) as associate:
        answer = associate.get(f"{way}{stranger}")
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/reason")


def test_a_form_sent_to_an_unmet_person_changes_nothing(
    house: House, shop: Shop, stranger: str
) -> None:
    with house.person(shop.login) as associate:
        answer = associate.post(f"/customers/{stranger}/notes", text="知らない人", voice="staff")
    assert answer.status_code == 303
    assert noted(house, stranger) == []


def test_a_piece_of_a_page_leads_its_whole_page_to_the_question(
    house: House, shop: Shop, stranger: str
) -> None:
    with house.person(shop.login) as associate:
        answer = associate.get(f"/customers/{stranger}/timeline?cursor=x", **{"HX-Request": "true"})
    assert answer.status_code == 403
    assert answer.headers["hx-redirect"].endswith("/reason")


def test_with_a_reason_she_opens_for_the_day_and_it_is_on_record(
    house: House, shop: Shop, stranger: str
) -> None:
    with house.person(shop.login) as associate:
        question = associate.get(f"/customers/{stranger}/reason")
        assert question.status_code == 200
        assert "見知" not in question.text
        answer = associate.post(f"/customers/{stranger}/reason", why="in_shop")
        assert answer.headers["location"] == f"/customers/{stranger}"
        assert "見知" in associate.get(f"/customers/{stranger}").text
    assert "customer.opened:in_shop" in noted(house, stranger)


@pytest.mark.parametrize(
    "form",
    [{}, {"why": "curious"}, {"why": "other"}, {"why": "other", "reason": "abc"}],
    ids=["nothing", "unknown", "no-words", "too-few"],
)
def test_a_reason_that_says_nothing_opens_nothing(
    house: House, shop: Shop, stranger: str, form: dict[str, str]
) -> None:
    with house.person(shop.login) as associate:
        associate.get(f"/customers/{stranger}/reason")
        answer = associate.post(f"/customers/{stranger}/reason", **form)
        assert answer.status_code == 422
        assert associate.get(f"/customers/{stranger}").status_code == 303
    assert noted(house, stranger) == []


def test_words_of_a_reason_are_sealed_with_the_person(
    house: House, shop: Shop, stranger: str
) -> None:
    with house.person(shop.login) as associate:
        associate.get(f"/customers/{stranger}/reason")
        said = "家族の忘れ物を預かった"
        associate.post(f"/customers/{stranger}/reason", why="other", reason=said)
    assert house.asked(
        "select reason_sealed_id is not null from audit.entries "
        f"where customer_id = '{stranger}' and action = 'customer.opened'"
    )


def test_somebody_who_does_not_exist_looks_like_everybody_else(house: House, shop: Shop) -> None:
    nobody = uuid.uuid4()
    with house.person(shop.login) as associate:
        assert associate.get(f"/customers/{nobody}").status_code == 303
        assert associate.get(f"/customers/{nobody}/reason").status_code == 200
        assert associate.post(f"/customers/{nobody}/reason", why="in_shop").status_code == 404


def test_a_phone_number_meets_and_a_name_does_not(house: House, shop: Shop) -> None:
    phone = f"090{uuid.uuid4().int % 10**8:08}"
    family = "試" + "".join(chr(0x4E00 + b % 0x40) for b in uuid.uuid4().bytes[:3])
    who, _ = house.newcomer(name=f"{family} 花", phone=phone)
    house.run_in_database(f"delete from audit.met where customer_id = '{who}'")
    with house.person(shop.login) as associate:
        associate.get("/find")
        assert f"/customers/{who}" in associate.post("/find", q=family).text
        assert associate.get(f"/customers/{who}").status_code == 303
        associate.get("/find")
        assert f"/customers/{who}" in associate.post("/find", q=phone).text
        assert associate.get(f"/customers/{who}").status_code == 200


def test_a_hold_of_ones_own_shop_meets(house: House, shop: Shop, stranger: str) -> None:
    sku = house.new_item({shop.location_id: 2})
    hold = house.hold(sku, at=shop.location_id, customer=stranger)
    with house.person(shop.login) as associate:
        assert associate.get(f"/stock/holds/{hold.hold_id}").status_code == 200
        assert associate.get(f"/customers/{stranger}").status_code == 200


def told(house: House) -> tuple[str, str, str]:
    """An event that says somebody's name, who it is about, and that name; nobody has met her."""
    word = uuid.uuid4().hex[:10]
    name, message = f"封 {word}", f"told-{word}"
    house.tell({"messageId": message, "type": "identify", "userId": f"member-{word}",
                "traits": {"name": name}})  # fmt: skip
    who = house.customer(f"member-{word}")
    house.run_in_database(f"delete from audit.met where customer_id = '{who}'")
    return message, who, name


def test_an_event_is_behind_the_same_question_as_the_person_it_is_about(
    house: House, shop: Shop
) -> None:
    event, who, name = told(house)
    with house.person(shop.login) as associate:
        for answer in (associate.get(f"/events/{event}"),
                       associate.post("/openings", event_id=event)):  # fmt: skip
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/customers/{who}/reason"
            assert name not in answer.text
        piece = associate.get(f"/events/{event}", **{"HX-Request": "true"})
        assert piece.headers["hx-redirect"] == f"/customers/{who}/reason"
    assert noted(house, who) == []


def test_what_an_event_says_is_opened_on_record_about_the_person(house: House, shop: Shop) -> None:
    event, who, name = told(house)
    deadline = time.monotonic() + 30
    with house.person(shop.login) as associate:
        associate.get(f"/customers/{who}/reason")
        associate.post(f"/customers/{who}/reason", why="on_phone")
        while name not in (text := associate.post("/openings", event_id=event).text):
            assert time.monotonic() < deadline, text[-2000:]
            time.sleep(0.2)
        assert associate.get(f"/events/{event}").status_code == 200
    assert {"event.revealed:", "event.viewed:"} <= set(noted(house, who))


def test_a_hold_for_somebody_unmet_is_not_made_and_so_meets_nobody(
    house: House, shop: Shop, stranger: str
) -> None:
    sku = house.new_item({shop.location_id: 2})
    with house.person(shop.login) as associate:
        answer = associate.post("/stock/holds", sku=sku, location_id=shop.location_id, qty="1",
                                customer_id=stranger)  # fmt: skip
        assert answer.headers["location"] == f"/customers/{stranger}/reason"
        assert associate.get(f"/customers/{stranger}").status_code == 303
    assert house.asked(f"select count(*) from stock.hold_lines where sku = '{sku}'") == 0


def test_no_form_shows_what_is_promised_to_somebody_it_names(
    house: House, shop: Shop, stranger: str
) -> None:
    hold = house.hold(house.new_item({shop.location_id: 2}), at=shop.location_id)
    with house.person(shop.login) as associate:
        associate.get("/me")
        form = {"_csrf": associate.token, "customer_id": stranger}
        answer = associate.http.post(f"/stock/holds/{hold.hold_id}/release", data=form,
                                     headers={"HX-Request": "true"})  # fmt: skip
    assert (answer.status_code, answer.text) == (403, "")
    assert answer.headers["hx-redirect"] == f"/customers/{stranger}/reason"
    state = f"select state from stock.holds where hold_id = '{hold.hold_id}'"
    assert house.asked(state) == "held"


def test_whom_a_relation_would_name_is_asked_about(house: House, shop: Shop, stranger: str) -> None:
    ann, _ = house.newcomer(name="知人 その子")
    house.run_in_database(f"delete from audit.met where customer_id = '{stranger}'")
    with house.person(shop.login) as associate:
        answer = associate.post(f"/customers/{ann}/relations", other=stranger, role="receives")
        assert answer.headers["location"] == f"/customers/{stranger}/reason"
        assert stranger not in associate.get(f"/customers/{ann}").text


def test_whoever_may_list_everybody_is_not_asked(house: House, stranger: str) -> None:
    with house.person("page-agent") as agent:
        assert agent.get(f"/customers/{stranger}").status_code == 200


def test_a_meeting_of_yesterday_is_over(house: House, shop: Shop, stranger: str) -> None:
    house.run_in_database(
        "insert into audit.met select 'staff:' || staff_id, "
        f"'{stranger}', now() - interval '1 second' from auth.staff where login = '{shop.login}'"
    )
    with house.person(shop.login) as associate:
        assert associate.get(f"/customers/{stranger}").status_code == 303


def test_the_question_can_be_answered_with_keys_alone(
    house: House, shop: Shop, stranger: str, screen: Any
) -> None:
    page = screen(shop.login)
    page.goto(f"/customers/{stranger}")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{stranger}")
    assert page.faults == []
