"""Letting people and programs in and out, on pages: shown once, out at once, never locked out."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from tests.console.house import Browser, House


def new_login() -> str:
    return f"new-{uuid.uuid4().hex[:8]}"


def staff_id(house: House, login: str) -> str:
    return str(house.asked(f"select staff_id from auth.staff where login = '{login}'"))


def invited(house: House, login: str, role: str = "associate", **form: str) -> str:
    """The path of a fresh sign-in link."""
    with house.person("page-admin") as admin:
        admin.get("/run/staff")
        answer = admin.post("/run/staff", name="新井 みどり", login=login, role=role, **form)
        assert answer.status_code == 200, answer.text
        found = re.search(r'value="http[^"]*(/sign-in/link/[^"]+)"', answer.text)
        assert found
        assert "/sign-in/link/" not in admin.get("/run/staff").text
    return found.group(1)


def let_in(house: House, path: str) -> Browser:
    browser = Browser(httpx.Client(base_url=house.url, follow_redirects=False, timeout=30))
    browser.get(path)
    answer = browser.post(path)
    assert answer.status_code == 303, answer.text
    return browser


def test_an_invitation_lets_one_person_in_once(house: House) -> None:
    path = invited(house, new_login(), shop="kichijoji")
    newcomer = let_in(house, path)
    assert newcomer.get("/stock/pickup").status_code == 200
    again = Browser(httpx.Client(base_url=house.url, timeout=30))
    again.get(path)
    assert again.post(path).status_code == 401


def test_who_is_let_out_is_out_at_once_and_can_be_let_in_again(house: House) -> None:
    login = new_login()
    newcomer = let_in(house, invited(house, login))
    number = staff_id(house, login)
    with house.person("page-admin") as admin:
        admin.get("/run/staff")
        assert admin.post(f"/run/staff/{number}/closing").status_code == 303
        assert newcomer.get("/stock/pickup").status_code in (303, 401)
        assert admin.post(f"/run/staff/{number}/reopening").status_code == 303
        assert "停止をやめました" in admin.get("/run/staff?said=reopened").text
    actions = house.asked(
        "select string_agg(action, ' ' order by entry_id) from audit.entries"
        f" where subject = '{number}'"
    )
    assert actions == "staff.made staff.closed staff.reopened"


def test_a_new_role_counts_from_the_next_request_on(house: House) -> None:
    login = new_login()
    newcomer = let_in(house, invited(house, login))
    with house.person("page-admin") as admin:
        admin.get("/run/staff")
        admin.post(f"/run/staff/{staff_id(house, login)}", role="executive")
    assert newcomer.get("/customers").status_code == 403


@pytest.mark.parametrize(
    ("login", "role", "status"),
    [("page-agent", "associate", 409), ("has space", "associate", 422), ("", "associate", 422),
     ("fine", "emperor", 422)],
)  # fmt: skip
def test_what_cannot_be_an_account_is_said_beside_the_field(
    house: House, login: str, role: str, status: int
) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/staff")
        answer = admin.post("/run/staff", name="新井", login=login, role=role)
        assert answer.status_code == status
        assert 'aria-invalid="true"' in answer.text
        assert "新井" in answer.text


def test_nobody_changes_or_closes_oneself(house: House) -> None:
    number = staff_id(house, "page-admin")
    with house.person("page-admin") as admin:
        admin.get("/run/staff")
        for path in (f"/run/staff/{number}", f"/run/staff/{number}/closing"):
            assert admin.post(path, role="agent").status_code == 409
        assert admin.get("/run/staff").status_code == 200


@pytest.mark.parametrize("login", ["page-agent", "page-engineer", "page-associate"])
def test_others_neither_see_nor_change_who_works_here(house: House, login: str) -> None:
    number = staff_id(house, "page-marketer")
    with house.person(login) as other:
        other.get("/me")
        for path in ("/run/staff", "/run/keys"):
            assert other.get(path).status_code == 403
        for path in ("/run/staff", f"/run/staff/{number}", f"/run/staff/{number}/link",
                     f"/run/staff/{number}/closing", "/run/keys"):  # fmt: skip
            answer = other.post(path, name="x", login=new_login(), role="admin", scope="server")
            assert answer.status_code == 403
        assert "/run/staff" not in other.get("/me").text
    role = house.asked(f"select role from auth.staff where staff_id = '{number}'")
    assert role == "marketer"


def test_a_key_is_shown_once_works_and_is_refused_after_it_was_closed(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/keys")
        name = f"基幹 {uuid.uuid4().hex[:6]}"
        key = re.search(r'value="(sk_server_[^"]+)"', admin.post(
            "/run/keys", name=name, scope="server").text).group(1)  # fmt: skip
        assert key not in admin.get("/run/keys").text
        headers = {"Authorization": f"Bearer {key}"}
        places = f"{house.url}/api/v1/stock/locations"
        assert httpx.get(places, headers=headers, timeout=30).status_code == 200
        number = house.asked(f"select key_id from auth.keys where name = '{name}'")
        assert admin.post(f"/run/keys/{number}/revocation").status_code == 303
        assert httpx.get(places, headers=headers, timeout=30).status_code == 401
        assert admin.post(f"/run/keys/{number}/revocation").status_code == 404


@pytest.mark.parametrize("path", ["/run/staff", "/run/keys"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_fit_and_have_no_faults(screen: Any, path: str, width: int) -> None:
    page = screen("page-admin", width=width)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.faults == []
