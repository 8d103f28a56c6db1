"""What a member of staff or a stranger could try by hand: other ids, old sessions, large forms."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.console.house import PASSWORD, Browser, House

LINE_ENDS_WITHIN_S = 30


@pytest.fixture
def elsewhere(house: House) -> str:
    """A hold of a shop that the associate does not work for, made by nobody here."""
    return str(house.hold("MUG-WHT", at="yokohama").hold_id)


@pytest.mark.parametrize(
    ("verb", "form"),
    [("picks", {}), ("shortage", {"sku": "MUG-WHT", "location_id": "yokohama"}),
     ("collection", {}), ("extension", {}), ("release", {})],
)  # fmt: skip
def test_a_hold_of_another_shop_is_not_moved_by_changing_the_id(
    house: House, elsewhere: str, verb: str, form: dict[str, str]
) -> None:
    with house.person("page-associate") as associate:
        answer = associate.post(f"/stock/holds/{elsewhere}/{verb}", **form)
        assert (answer.status_code, "no_right" in answer.text) == (403, True)
        page = associate.get(f"/stock/holds/{elsewhere}").text
    assert f"/stock/holds/{elsewhere}/release" not in page
    state = house.asked(f"select state from stock.hold_lines where hold_id = '{elsewhere}'")
    assert state == "held"


def test_whoever_promised_goods_of_another_shop_may_take_that_back(house: House) -> None:
    sku = house.new_item({"yokohama": 1})
    with house.person("page-associate") as associate:
        associate.get("/me")
        made = associate.post("/stock/holds", sku=sku, location_id="yokohama", qty="1")
        hold_id = made.headers["location"].rpartition("held=")[2]
        assert associate.post(f"/stock/holds/{hold_id}/release").status_code == 303


def test_a_release_goes_on_record_under_whose_hold_it_was(house: House) -> None:
    saeki = house.customer("佐伯")
    another, _ = house.newcomer(name="別の 人")
    hold_id = house.hold("MUG-WHT", customer=saeki).hold_id
    with house.person("page-associate") as associate:
        said = associate.post(f"/stock/holds/{hold_id}/release", customer_id=another)
    assert said.status_code == 303
    noted = house.asked(
        "select customer_id::text from audit.entries"
        f" where action = 'hold.released' and subject = '{hold_id}'"
    )
    assert noted == saeki


def test_signing_in_anew_ends_the_session_that_was(house: House) -> None:
    with house.stranger() as first:
        first.sign_in("page-agent")
        before = dict(first.http.cookies)
        first.token = first.get("/me").text.partition('name="_csrf" value="')[2].partition('"')[0]
        answer = first.post("/sign-in", login="page-agent", password=PASSWORD, next="/me")
        assert answer.status_code == 303
    with house.stranger() as thief:
        thief.http.cookies.update(before)
        assert thief.get("/me").status_code == 303


@pytest.mark.parametrize(
    "path", ["/run/data/letters/99999999999999999999", "/run/data/letters/9223372036854775807"]
)
def test_a_number_that_no_row_can_have_is_not_found(house: House, path: str) -> None:
    with house.person("page-admin") as admin:
        assert admin.get(path).status_code == 404
        assert admin.post(f"{path}/discard").status_code == 404
        assert admin.post("/run/data/sources/99999999999999999999/keys").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["2147483648", "2147483648/edit", "2147483648/members.csv", "lists/2147483648/refused.csv",
     "99999999999999999999"],
)  # fmt: skip
def test_a_segment_that_cannot_be_is_not_found(house: House, path: str) -> None:
    with house.person("page-admin") as admin:
        assert admin.get(f"/customers/segments/{path}").status_code == 404


def test_addresses_that_are_none_are_no_fault_of_ours(house: House) -> None:
    with house.stranger() as stranger:
        broken = {"HX-Request": "true", "HX-Current-URL": "http://[bad"}
        assert stranger.get("/customers", **broken).status_code == 401
        answer = stranger.http.post("/sign-in", data={}, headers={"Origin": "http://[x"})
        assert (answer.status_code, "stale_page" in answer.text) == (403, True)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link/x", "/preferences"])
def test_a_stranger_may_send_a_small_form_only(house: House, path: str) -> None:
    many = "&".join(f"a{n}=1" for n in range(10_000))
    head = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(house.url + path, content=many, headers=head, timeout=30)
    assert answer.status_code == 413


def test_a_strangers_form_for_a_page_behind_the_door_is_not_read(house: House) -> None:
    head = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(house.url + "/find", content=b"--b\r\nbroken", headers=head, timeout=30)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_an_open_line_ends_with_its_session(house: House) -> None:
    with house.stranger() as agent:
        agent.sign_in("page-agent")
        ended = threading.Event()
        began = threading.Event()

        def listen(cookies: httpx.Cookies) -> None:
            with (
                httpx.Client(base_url=house.url, cookies=cookies, timeout=60) as http,
                http.stream("GET", "/stock/pickup/live?at=kichijoji") as line,
            ):
                for _ in line.iter_text():
                    began.set()
            ended.set()

        listening = threading.Thread(target=listen, args=(agent.http.cookies,), daemon=True)
        listening.start()
        assert began.wait(LINE_ENDS_WITHIN_S)
        agent.get("/me")
        agent.post("/sign-out")
        assert ended.wait(LINE_ENDS_WITHIN_S)


def test_a_page_that_asks_by_itself_keeps_no_session_awake(house: House) -> None:
    with house.stranger() as agent:
        agent.sign_in("page-agent")
        house.run_in_database(
            "update auth.sessions set seen_at = now() - interval '3 hours' where token_hash ="
            f" sha256('{agent.session}')"
        )
        with agent.http.stream("GET", "/stock/pickup/live?at=kichijoji") as line:
            next(line.iter_text())
        assert _seen_hours_ago(house, agent) == 3
        agent.get("/me")
        assert _seen_hours_ago(house, agent) == 0


def _seen_hours_ago(house: House, who: Browser) -> int:
    return int(
        house.asked(
            "select extract(epoch from now() - seen_at)::int / 3600 from auth.sessions"
            f" where token_hash = sha256('{who.session}')"
        )
    )


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "via", "x-forwarded-host"])
def test_measures_are_hidden_from_what_came_by_a_proxy(house: House, header: str) -> None:
    assert httpx.get(f"{house.url}/metrics", timeout=30).status_code == 200
    assert (
        httpx.get(f"{house.url}/metrics", headers={header: "1.2.3.4"}, timeout=30).status_code
        == 404
    )


@pytest.mark.parametrize("qty", ["²", "①", "፩", "-1", "1.0", "", "9" * 6])
def test_a_quantity_that_is_no_number_is_refused_and_nothing_is_held(
    house: House, qty: str
) -> None:
    sku = house.new_item({"yokohama": 1})
    with house.person("page-associate") as associate:
        associate.get("/me")
        made = associate.post("/stock/holds", sku=sku, location_id="yokohama", qty=qty)
    assert made.status_code == (422 if qty else 303)  # an empty field is one piece
    assert bool(house.asked(f"select 1 from stock.hold_lines where sku = '{sku}'")) is (not qty)
