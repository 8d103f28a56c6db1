"""Pages without a screen: they render in both languages, refuse without rights, keep secrets."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from setten.console import guard
from tests.console.house import PASSWORD, House, Shop

JAPANESE = re.compile(r"[\u3040-\u30ff]")
KANJI_OF_SAEKI = "佐伯"
JST = timezone(timedelta(hours=9))

PAGES = [
    "/",
    "/today/events",
    "/today/sales",
    "/me",
    "/customers",
    "/find",
    "/stock/items",
    "/stock/pickup",
    "/run/data",
    "/patterns",
]


@pytest.fixture(scope="module")
def saeki(house: House) -> str:
    return house.customer(KANJI_OF_SAEKI)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_renders_in_japanese(house: House, path: str) -> None:
    with house.person("page-admin") as admin:
        answer = admin.get(path)
    assert answer.status_code == 200
    assert '<html lang="ja"' in answer.text
    assert JAPANESE.search(answer.text)


def test_a_customers_page_tells_who_she_is_and_masks_what_identifies_her(
    house: House, saeki: str
) -> None:
    with house.person("page-agent") as agent:
        text = agent.get(f"/customers/{saeki}").text
    assert KANJI_OF_SAEKI in text
    assert "m•••@example.jp" in text
    assert "miwa.saeki@example.jp" not in text
    assert "090-••••-2266" in text


def test_unmasking_needs_a_reason_and_goes_on_record(house: House, saeki: str) -> None:
    noted = "from audit.entries where action = 'identifiers.revealed'"
    before = house.asked(f"select count(*) {noted} and reason_sealed_id is not null")
    with house.person("page-agent") as agent:
        agent.get(f"/customers/{saeki}")
        refused = agent.post(f"/customers/{saeki}/identifiers", reason="x")
        opened = agent.post(f"/customers/{saeki}/identifiers", reason="受け取りの連絡のため")
    assert refused.status_code == 422
    assert "miwa.saeki@example.jp" in opened.text
    assert house.asked(f"select count(*) {noted} and reason_sealed_id is not null") == before + 1
    assert house.asked(f"select count(*) {noted} and reason is not null") == 0


def test_looking_at_a_customer_goes_on_record(house: House, saeki: str) -> None:
    count = f"select count(*) from audit.entries where action = 'customer.viewed' and customer_id = '{saeki}'"  # noqa: E501
    before = house.asked(count)
    with house.person("page-agent") as agent:
        agent.get(f"/customers/{saeki}")
    assert house.asked(count) == before + 1


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("page-associate", "/run/data"),
        ("page-engineer", "/customers"),
        ("page-engineer", "/stock/pickup"),
        ("page-marketer", "/customers"),
        ("page-marketer", "/stock/pickup"),
        ("page-agent", "/run/data"),
    ],
)
def test_a_page_refuses_who_has_no_right_to_it(house: House, login: str, path: str) -> None:
    with house.person(login) as person:
        answer = person.get(path)
    assert answer.status_code == 403
    assert "no_right" in answer.text


def test_a_page_that_may_not_be_opened_is_not_offered(house: House) -> None:
    with house.person("page-marketer") as marketer:
        text = marketer.get("/stock/items").text
    assert 'href="/customers"' not in text
    assert 'href="/stock/pickup"' not in text


def test_a_stranger_is_led_to_the_sign_in_and_back(house: House) -> None:
    with house.stranger() as stranger:
        answer = stranger.get("/stock/items")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/stock/items"


def test_signing_out_ends_the_session_everywhere(house: House) -> None:
    with house.stranger() as agent:
        agent.sign_in("page-agent")
        cookies = dict(agent.http.cookies)
        agent.post("/sign-out")
    with house.stranger() as thief:
        thief.http.cookies.update(cookies)
        assert thief.get("/me").status_code == 303


def test_the_sign_in_never_leads_to_another_site(house: House) -> None:
    with house.stranger() as agent:
        for elsewhere in ("//evil.example", "https://evil.example/", "/\\evil.example"):
            page = agent.get(f"/sign-in?next={elsewhere}")
            assert 'name="next" value="/"' in page.text


def test_a_wrong_password_does_not_say_which_part_was_wrong(house: House) -> None:
    with house.stranger() as agent:
        known = agent.sign_in("page-agent", "not the password")
        agent_words = re.sub(r'value="[^"]*"', "", known.text)
        unknown = agent.sign_in("nobody-here", "not the password")
        assert (known.status_code, unknown.status_code) == (401, 401)
        assert agent_words == re.sub(r'value="[^"]*"', "", unknown.text)


def test_a_person_chooses_a_password_and_every_other_session_ends(house: House) -> None:
    new = "seven green sofas by the sea"
    with house.stranger() as phone, house.stranger() as newcomer:
        phone.sign_in("page-newcomer")
        newcomer.sign_in("page-newcomer")
        wrong = newcomer.post("/me/password", present="not it", password=new)
        assert (wrong.status_code, "パスワードが違います" in wrong.text) == (403, True)
        weak = newcomer.post("/me/password", present=PASSWORD, password="page-newcomer1")
        assert (weak.status_code, "文字以上" in weak.text) == (422, True)
        assert phone.get("/me").status_code == 200
        done = newcomer.post("/me/password", present=PASSWORD, password=new)
        assert done.headers["location"] == "/me?said=password"
        assert newcomer.get("/me?said=password").status_code == 200
        assert phone.get("/me").status_code == 303
    with house.stranger() as newcomer:
        assert newcomer.sign_in("page-newcomer").status_code == 401
        assert newcomer.sign_in("page-newcomer", new).status_code == 303
        assert newcomer.post("/me/password", present=new, password=PASSWORD).status_code == 303


def test_guessing_the_present_password_in_a_found_browser_is_slowed(house: House) -> None:
    with house.stranger() as thief:
        thief.sign_in("page-newcomer")
        said = [
            thief.post(
                "/me/password", present=f"guess {n}", password="seven green sofas"
            ).status_code
            for n in range(12)
        ]
    assert said[0] == 403
    assert said[-1] == 429
    house.run_in_database("delete from auth.failures")


def test_who_came_by_a_link_and_has_no_password_needs_none_to_choose_one(house: House) -> None:
    session = house.session("page-newcomer")
    house.run_in_database(
        "update auth.staff set password_hash = null where login = 'page-newcomer'"
    )
    with house.stranger() as person:
        person.http.cookies.update(session)
        person.get("/me")
        assert person.post("/me/password", present="", password=PASSWORD).status_code == 303
    with house.stranger() as person:
        assert person.sign_in("page-newcomer").status_code == 303


def test_a_write_without_the_pages_token_is_refused(house: House) -> None:
    with house.person("page-agent") as agent:
        agent.token = "0" * 32
        answer = agent.post("/preferences", theme="dark", back="/me")
    assert answer.status_code == 403
    assert "stale_page" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}],
)
def test_a_write_from_another_site_is_refused(house: House, headers: dict[str, str]) -> None:
    with house.person("page-agent") as agent:
        answer = agent.http.post(
            "/preferences", data={"_csrf": agent.token, "theme": "dark"}, headers=headers
        )
    assert answer.status_code == 403


def test_pages_may_load_only_what_is_ours_and_are_kept_nowhere(house: House) -> None:
    with house.person("page-agent") as agent:
        headers = agent.get("/me").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_code_may_be_compiled_only_where_the_camera_reads_barcodes(house: House) -> None:
    # Of all that a policy calls unsafe only one: code of ours, compiled (the reader of barcodes).
    with house.person("page-associate") as associate:
        for path, may in (("/stock/pickup", True), ("/find", True), ("/stock/items", False)):
            policy = associate.get(path).headers["content-security-policy"]
            assert ("script-src 'self' 'wasm-unsafe-eval';" in policy) == may, path
            assert "unsafe" not in policy.replace(" 'wasm-unsafe-eval';", ";")


def test_the_session_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    with house.stranger() as agent:
        cookies = agent.sign_in("page-agent").headers.get_list("set-cookie")
    session = next(one for one in cookies if one.startswith(f"setten-{house.port}-session="))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session


def test_what_is_typed_into_the_finder_stands_in_no_address(house: House, saeki: str) -> None:
    with house.person("page-agent") as agent:
        answer = agent.post("/find", q="090-0000-2266")
        assert f"/customers/{saeki}" in answer.text
        assert "2266" not in str(answer.url)
        again = agent.get("/find?q=090-0000-2266")
        assert saeki not in again.text


@pytest.fixture(scope="module")
def somebody(house: House) -> dict[str, str]:
    """Somebody whose every word is hers alone, so that no list of namesakes is cut before her."""
    word, digits = uuid.uuid4().int, f"{uuid.uuid4().int % 10**11:011d}"
    signs = [chr(0x4E00 + word // 4000**n % 4000) for n in range(3)]
    sounds = [chr(0x30AB + word // 60**n % 60) for n in range(12, 18)]
    said = {
        "surname": "".join(signs[:2]),
        "kana": "".join(sounds),
        "phone": f"080-{digits[:4]}-{digits[4:8]}",
        "mail": f"{uuid.uuid4().hex}@example.jp",
        "card": f"29{digits[:10]}",
        "postcode": digits[1:8],
    }
    her, _ = house.newcomer(
        name=f"{said['surname']} {signs[2]}", name_kana=f"{said['kana']} ミワ",
        phone=said["phone"], email=said["mail"], loyalty_card=said["card"],
        address={"postalCode": said["postcode"]},
    )  # fmt: skip
    hiragana = "".join(chr(ord(one) - 0x60) for one in said["kana"])
    wide = said["phone"].replace("-", "").translate({n: n + 0xFEE0 for n in range(0x30, 0x3A)})
    card = " ".join((said["card"][:4], said["card"][4:8], said["card"][8:]))
    return said | {"id": her, "hiragana": hiragana, "wide phone": wide, "card": card,
                   "last four": said["phone"][-4:]}  # fmt: skip


@pytest.mark.parametrize(
    "what",
    ["surname", "hiragana", "kana", "phone", "wide phone", "last four", "mail", "card", "postcode"],
)
def test_she_is_found_by_whatever_she_says(
    house: House, somebody: dict[str, str], what: str
) -> None:
    with house.person("page-associate") as associate:
        found = associate.post("/find", q=somebody[what]).text
    assert f"/customers/{somebody['id']}" in found, somebody[what]


def test_a_name_of_one_kanji_is_enough_to_find_somebody(house: House) -> None:
    house.tell(
        {"type": "identify", "userId": "one-kanji", "messageId": "one-kanji-1",
         "traits": {"lastName": "林", "firstName": "一葉", "email": "ichiyo@example.jp"}}
    )  # fmt: skip
    house.customer("ichiyo@example.jp")
    with house.person("page-associate") as associate:
        for said in ("林", "林一葉", "林 一葉", "一葉"):
            assert "林 一葉 様" in associate.post("/find", q=said).text, said
        assert "2文字から" in associate.post("/find", q="a").text


def test_a_hold_is_found_by_its_code_and_an_item_by_its_barcode(house: House) -> None:
    placed = house.hold("MUG-WHT")
    with house.person("page-associate") as associate:
        assert f"/stock/holds/{placed.hold_id}" in associate.post("/find", q=placed.code).text
        found = associate.post("/find", q="4569999000188").text
    assert "/stock/items/KETTLE-IRON" in found


def test_nothing_found_says_what_to_do(house: House) -> None:
    with house.person("page-associate") as associate:
        assert "見つかりませんでした" in associate.post("/find", q="zzzzzz").text


def test_every_number_of_an_item_adds_up_from_its_ledger(house: House) -> None:
    sku = house.new_item({"yokohama": 7})
    house.hold(sku, at="yokohama")
    with house.person("page-associate") as associate:
        text = associate.get(f"/stock/items/{sku}?at=yokohama").text
    head, _, ledger = text.partition('<table class="table ledger"')
    promisable = re.search(r'figure is-l"><a [^>]*>([\d,]+)<', head)
    newest_left = re.search(r'<td class="num"><b>([\d,]+)</b>', ledger)
    assert promisable
    assert newest_left
    assert promisable[1] == newest_left[1]


def test_an_unknown_address_is_a_page_with_a_way_on(house: House) -> None:
    with house.person("page-agent") as agent:
        answer = agent.get("/no/such/page")
    assert answer.status_code == 404
    assert "<html" in answer.text


def test_the_language_is_kept_with_the_person(house: House) -> None:
    with house.person("page-marketer") as marketer:
        marketer.post("/preferences", locale="en", back="/me")
        assert '<html lang="en"' in marketer.get("/me").text
    with house.person("page-marketer") as elsewhere:
        assert '<html lang="en"' in elsewhere.get("/me").text
        elsewhere.post("/preferences", locale="ja", back="/me")


def test_the_language_of_the_sign_in_page_goes_along_until_one_is_chosen(house: House) -> None:
    login = f"page-tongue-{uuid.uuid4().hex[:8]}"
    house.run_in_database(
        "insert into auth.staff (staff_id, login, name, password_hash, role, created_at)"
        f" select gen_random_uuid(), '{login}', '谷 語', password_hash, 'marketer', now()"
        " from auth.staff where login = 'page-agent'"
    )

    def sign_in(language: str) -> str:
        with house.stranger() as browser:
            browser.http.headers["accept-language"] = language
            browser.sign_in(login)
            return browser.get("/me").text

    assert '<html lang="en"' in sign_in("en-GB,en;q=0.9")
    assert '<html lang="ja"' in sign_in("ja")
    assert '<html lang="ja"' in sign_in("fr")  # nothing we speak: as it was
    with house.stranger() as browser:
        browser.sign_in(login)
        browser.post("/preferences", locale="en", back="/me")
    assert '<html lang="en"' in sign_in("ja")


def test_two_installations_on_one_host_have_cookies_of_their_own() -> None:
    names = [
        guard.cookie_prefix(base)
        for base in ("http://127.0.0.1:8000", "http://127.0.0.1:8001", "https://a.jp:8443",
                     "https://a.jp", "http://[::1]:9000")
    ]  # fmt: skip
    assert names == [
        "setten-8000-", "setten-8001-", "__Host-setten-8443-", "__Host-setten-", "setten-9000-",
    ]  # fmt: skip


def test_one_may_not_choose_to_work_at_a_place_that_is_not_ones_own(house: House) -> None:
    with house.person("page-associate") as associate:
        associate.post("/preferences", shop="yokohama", back="/me")
        text = associate.get("/stock/pickup").text
    assert "吉祥寺店" in text


def test_a_foreign_queue_may_be_seen_but_not_moved(house: House, shop: Shop) -> None:
    placed = house.hold("MUG-WHT", at=shop.location_id)
    with house.person("page-associate") as associate:
        seen = associate.get(f"/stock/pickup?at={shop.location_id}")
        refused = associate.post(f"/stock/holds/{placed.hold_id}/picks")
    assert placed.code in seen.text
    assert "/picks" not in seen.text
    assert refused.status_code == 403


def test_what_is_held_while_a_shop_is_closed_is_due_half_an_hour_after_it_opens(
    house: House,
) -> None:
    opens = (datetime.now(JST) + timedelta(hours=3)).replace(second=0, microsecond=0)
    clock = f"{opens:%H:%M}"
    shop = house.open_shop(hours={"days": {str(opens.date()): [[clock, clock]]}})
    placed = house.hold("MUG-WHT", at=shop.location_id)
    with house.person(shop.login) as associate:
        shown = associate.get("/stock/pickup").text
    [due] = re.findall(r'data-due="([^"]+)"', shown)
    assert placed.code in shown
    assert datetime.fromisoformat(due) == opens + timedelta(minutes=30)
    assert "あと3時間" in shown
    assert '<span class="needs">' not in shown  # nothing presses yet


def test_a_table_to_take_away_runs_nothing_in_a_spreadsheet() -> None:
    from setten.console.run import tables

    for danger in (
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\tx",
        "\rx",
        "\nx",
        "\0x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ):
        assert tables.safe(danger) == "'" + danger
    assert tables.safe("plain") == "plain"


def test_events_can_be_taken_away_without_anything_personal(house: House) -> None:
    with house.person("page-engineer") as engineer:
        answer = engineer.get("/run/data/events.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("\ufeffevent_id,received_at,")
    assert "example.jp" not in answer.text


def test_an_engineer_sees_an_event_but_not_whose_it_is(house: House, saeki: str) -> None:
    event_id = house.asked("select event_id from customers.timeline limit 1")
    with house.person("page-engineer") as engineer:
        text = engineer.get(f"/events/{event_id}").text
        refused = engineer.post("/openings", event_id=event_id)
    assert "/customers/" not in text.partition("<main")[2]
    assert refused.status_code == 403


def test_the_sum_of_purchases_opens_into_each_of_them_counted_once(
    house: House, saeki: str
) -> None:
    def total_of(head: str) -> str:
        total = re.search(r'/purchases">(¥[\d,]+)<', head)
        assert total
        return total[1]

    with house.person("page-agent") as agent:
        while True:  # until nothing that she bought elsewhere came between the two looks
            total = total_of(agent.get(f"/customers/{saeki}").text)
            rows = agent.get(f"/customers/{saeki}/purchases").text
            if total == total_of(agent.get(f"/customers/{saeki}").text):
                break
    assert f'<td class="num">{total}</td>' in rows
    # Ordered once, told by the shop's server and by the tag.
    assert rows.count(">注文</span>") == 1
    assert rows.count(">注文の知らせ</span>") >= 1


def test_odd_signs_in_an_sku_lead_to_its_page(house: House) -> None:
    sku = "ODD/100% #1"
    house.run_in_database(
        "insert into stock.items (sku, name_ja, name_en, updated_at) "
        f"values ('{sku}', '変わった品', 'Odd', now()) on conflict do nothing"
    )
    with house.person("page-associate") as associate:
        sheet = associate.get("/stock/items?q=ODD").text
        link = re.search(r'class="item-link" href="([^"]+)"', sheet)
        assert link
        assert "変わった品" in associate.get(link[1]).text
