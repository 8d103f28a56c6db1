"""The finder knows purchases by their numbers; a hold just made is taken back with one press."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from setten.demo import sources
from tests.console.house import House


def receipt(house: House, sequence: str, *, place: str = "kichijoji", total: int = 990) -> None:
    day = (datetime.now(UTC) + timedelta(hours=9)).date()
    answer = house.post_api("/api/v1/receipts", {"receipts": [
        {"location_id": place, "register": "7", "sequence": sequence, "mode": "tell",
         "business_day": str(day), "at": datetime.now(UTC).isoformat(), "currency": "JPY",
         "loyalty_card": "210000441700", "lines": [{"sku": "MUG-WHT", "qty": 1, "amount": total}]}
    ]})  # fmt: skip
    assert answer.status_code == 200, answer.text


def hrefs(text: str, kind: str) -> list[str]:
    """Addresses of hits whose title begins with a word."""
    return re.findall(rf'href="(/(?:events|stock/orders)/[^"]+)"[^>]*>.*?{kind}', text)


def test_an_order_is_found_by_the_number_she_says(house: House) -> None:
    number = f"W-{uuid.uuid4().int % 10**8}"
    member = f"orders-{uuid.uuid4().hex[:8]}"
    house.tell(
        {"type": "identify", "userId": member, "traits": {"name": "試し 注文子"}},
        {"type": "track", "event": "Order Completed", "userId": member,
         "properties": {"order_id": number, "total": 4200, "currency": "JPY",
                        "products": [{"sku": "MUG-WHT", "quantity": 1, "price": 4200}]}},
        source=record_of(house),
    )  # fmt: skip
    house.customer(member)
    deadline = time.monotonic() + 60
    with house.person("page-associate") as associate:
        while f"注文 {number}" not in (text := associate.post("/find", q=number).text):
            assert time.monotonic() < deadline, text
            time.sleep(0.3)
        assert "¥4,200" in text
        assert "試し 注文子 様" in text
        [opens] = hrefs(text, "注文")
        assert associate.get(opens).status_code == 200
    with house.person("page-marketer") as marketer:
        assert f"注文 {number}" not in marketer.post("/find", q=number).text


def record_of(house: House) -> str:
    """The source that is the system of record for orders, by its short name."""
    name = house.asked("select name from ingest.sources where is_record order by 1 limit 1")
    return next(key for key, one in sources.SMALL.items() if one.name_ja == name)


def test_a_receipt_is_found_by_what_is_printed_on_it_those_of_ones_own_shop_first(
    house: House,
) -> None:
    sequence = f"{uuid.uuid4().int % 10**7:07d}"
    receipt(house, sequence, place="yokohama", total=1_111)
    receipt(house, sequence, place="kichijoji", total=2_222)
    with house.person("page-associate") as associate:  # works in Kichijoji
        text = associate.post("/find", q=sequence).text
        assert text.index("¥2,222") < text.index("¥1,111")
        assert f"7-{sequence}" in associate.post("/find", q=f"7-{sequence}").text
        assert "レシート" not in associate.post("/find", q=f"8-{sequence}").text
        for opens in hrefs(text, "レシート"):
            assert associate.get(opens).status_code == 200
    seen = "select count(*) from audit.entries where action = 'purchase.found'"
    assert house.asked(seen) > 0, "names beside numbers are personal data"


def test_zeros_that_a_till_prints_before_a_number_need_not_be_said(house: House) -> None:
    said = f"{uuid.uuid4().int % 9_000 + 1_000}"
    receipt(house, f"00{said}", place="kichijoji", total=3_333)
    with house.person("page-associate") as associate:
        assert "¥3,333" in associate.post("/find", q=f"7-{said}").text
        assert "¥3,333" in associate.post("/find", q=f"7-0{said}").text
        assert "¥3,333" not in associate.post("/find", q=f"8-{said}").text


def test_a_hold_just_made_offers_to_take_it_back(house: House) -> None:
    saeki = house.customer("佐伯")
    htmx = {"HX-Request": "true"}
    with house.person("page-agent") as agent:
        agent.get(f"/customers/{saeki}")
        form: dict[str, Any] = {"_csrf": agent.token, "sku": house.new_item({"kichijoji": 1}),
                                "location_id": "kichijoji", "customer_id": saeki}  # fmt: skip
        done = agent.http.post("/stock/holds", data=form, headers=htmx).text
        assert "元に戻す" in done
        [undo] = re.findall(r'class="toast".*?hx-post="(/stock/holds/[^"]+/release)"', done)
        again = agent.http.post(undo, data={"_csrf": agent.token, "customer_id": saeki},
                                headers=htmx)  # fmt: skip
        assert "取り置きをやめました" in again.text
        assert "元に戻す" not in again.text
        hold_id = undo.split("/")[3]
        state = f"select state from stock.holds where hold_id = '{hold_id}'"
        assert house.asked(state) == "released"
        twice = agent.http.post(undo, data={"_csrf": agent.token, "customer_id": saeki},
                                headers=htmx)  # fmt: skip
        assert twice.status_code == 409


def test_the_key_that_leads_to_the_finder_is_no_part_of_what_is_looked_for(house: House) -> None:
    with house.person("page-associate") as associate:
        assert "磁器のマグ" in associate.post("/find", q="/MUG-WHT").text


def hired(house: House, *, at: str, **done: int) -> str:
    """Somebody new at a shop, who did so much of each today already."""
    login = f"finder-{uuid.uuid4().hex[:8]}"
    house.hire(login, "associate", (at,))
    who = house.asked(f"select staff_id::text from auth.staff where login = '{login}'")
    for what, times in done.items():
        house.run_in_database(
            "insert into audit.paces (actor, what, minute, in_minute, day, in_day) values "
            f"('staff:{who}', '{what.replace('_', '.')}', date_trunc('minute', now()), 0, "
            f"(now() at time zone 'Asia/Tokyo')::date, {times})"
        )
    return login


def test_who_opens_more_people_than_a_shift_has_is_stopped_and_it_is_on_record(
    house: House,
) -> None:
    phone = f"090{uuid.uuid4().int % 10**8:08}"
    house.newcomer(name="際限 なし子", phone=phone)
    login = hired(house, at="kichijoji", find_found=1_000)
    with house.person(login) as associate:
        answer = associate.post("/find", q=phone)
        assert (answer.status_code, "なし子" in answer.text) == (429, False)
        assert "さがす回数が多すぎます" in answer.text
        assert associate.post("/find", q="MUG-WHT").status_code == 200
    with house.person(hired(house, at="kichijoji", find_found=998)) as associate:
        assert "なし子" in associate.post("/find", q=phone).text
    whose = (
        "select count(*) from audit.entries e join auth.staff s on e.actor = 'staff:' || s.staff_id"
        f" where s.login = '{login}' and e.action = 'pace.exceeded' and e.subject = 'find.found'"
        " and e.reason = 'day'"
    )
    assert house.asked(whose) == 1


def test_who_guesses_codes_all_day_is_stopped_at_the_desk_and_in_the_finder(house: House) -> None:
    login = hired(house, at="kichijoji", code_missed=1_000)
    with house.person(login) as associate:
        refused = associate.post("/stock/pickup/code", at="kichijoji", code="000000001")
        assert (refused.status_code, "さがす回数" in refused.text) == (429, True)
        assert associate.post("/find", q="000000001").status_code == 429
    with house.person(hired(house, at="kichijoji")) as associate:
        wrong = associate.post("/stock/pickup/code", at="kichijoji", code="000000001")
        assert wrong.status_code == 403
