"""The rules of identity on the console: proposed, counted, applied, taken back."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import pytest

from tests.console.house import Browser, House

REASON = "店の代表アドレスでした"


def eventually(claim: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)


def test_a_blocked_value_is_counted_applied_and_used_again(house: House) -> None:
    shop = f"shop-{uuid.uuid4().hex[:8]}@example.jp"
    member, other = f"m-{uuid.uuid4().hex[:8]}", f"m-{uuid.uuid4().hex[:8]}"
    house.tell(
        {"type": "identify", "userId": member, "traits": {"email": shop}},
        {"type": "identify", "userId": other, "traits": {"email": shop}},
    )
    house.customer(member)
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        sent = admin.post("/run/identity", what="value", kind="email", value=shop, reason=REASON)
        assert sent.status_code == 303, sent.text[-800:]
        eventually(lambda: 'value="apply"' in admin.get("/run/identity").text)
        text = admin.get("/run/identity").text
        assert "分かれる 1" in text
        # Whoever decides looks at the evidence of those who would come apart.
        apart = re.findall(r'href="(/customers/[0-9a-f-]{36}/links)"', text)
        assert [admin.get(one).status_code for one in apart] == [200]
        [change] = re.findall(r'action="/run/identity/([0-9a-f-]{36})"', text)
        assert admin.post(f"/run/identity/{change}", act="apply").status_code == 303
        eventually(lambda: is_applied(admin.get("/run/identity").text, shop))
        text = admin.get("/run/identity").text
        assert REASON not in text
        assert admin.get("/run/identity/changes").status_code == 286
        blocked = re.search(r'name="value" value="(\d+)"', text)
        assert blocked
        admin.post("/run/identity", what="unblock", value=blocked[1], reason="また使う")
        eventually(lambda: 'value="withdraw"' in admin.get("/run/identity").text)
        [change] = re.findall(r'action="/run/identity/([0-9a-f-]{36})"',
                              admin.get("/run/identity").text)  # fmt: skip
        assert admin.post(f"/run/identity/{change}", act="withdraw").status_code == 303
        assert admin.post(f"/run/identity/{change}", act="apply").status_code == 409


def test_a_change_says_what_it_would_change_before_anybody_applies_it(house: House) -> None:
    mail = f"desk-{uuid.uuid4().hex[:10]}@example.jp"
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        admin.post("/run/identity", what="value", kind="email", value=mail, reason=REASON)
        newest = newest_change(admin.get("/run/identity").text)
        assert "メール" in newest
        assert "@example.jp" in newest
        assert "使わない" in newest
        assert mail not in newest  # as it stands on a customer's page: masked
        admin.post("/run/identity", what="rule", kind="device_id", most="49", reason=REASON)
        newest = newest_change(admin.get("/run/identity").text)
        assert "アプリの端末" in newest
        assert "50 → 49" in newest
        assert "順番" not in newest  # what stays is not told
        admin.post("/run/identity", what="form", kind="user_id", value="guest-*", reason=REASON)
        newest = newest_change(admin.get("/run/identity").text)
        assert "guest-*" in newest
        assert "この形を使わない" in newest
        let_go(admin)


def test_a_refused_change_leads_back_to_its_form(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        form = {"_csrf": admin.token, "what": "rule", "kind": "email", "most": "3", "reason": "x"}
        there = {"referer": f"{house.url}/run/identity"}
        said = admin.http.post("/run/identity", data=form, headers=there)
        assert said.status_code == 422
        assert 'href="/run/identity">' in said.text.partition("<main")[2]
        assert "理由を4文字以上" in said.text


@pytest.mark.parametrize(
    "place",
    ["http://elsewhere.example/run/identity", "{here}//elsewhere.example", "{here}/no/such/page",
     "{here}//customers", "not an address", ""],
)  # fmt: skip
def test_a_refusal_leads_back_to_no_page_but_ours(house: House, place: str) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        form = {"_csrf": admin.token, "what": "rule", "kind": "email", "most": "3", "reason": "x"}
        there = {"referer": place.format(here=house.url)}
        said = admin.http.post("/run/identity", data=form, headers=there)
        assert said.status_code == 422
        assert "前の画面へ戻る" not in said.text
        assert "elsewhere" not in said.text


def test_what_only_answers_a_form_leads_back_to_the_page_above_it(house: House) -> None:
    links = "/customers/01a20557-48ff-78c4-8b87-741ffa12d7ed/links"
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        form = {"_csrf": admin.token, "what": "rule", "kind": "email", "most": "3", "reason": "x"}
        there = {"referer": f"{house.url}{links}/review?a=1"}
        said = admin.http.post("/run/identity", data=form, headers=there)
    assert said.status_code == 422
    assert f'href="{links}">' in said.text.partition("<main")[2]


def newest_change(page: str) -> str:
    """What the page says of the change proposed last."""
    return page.partition('class="rule-change"')[2].partition("</article>")[0]


def let_go(admin: Browser) -> None:
    """Withdraw what is open, so that the next test finds the rules as they were."""
    eventually(lambda: 'value="withdraw"' in admin.get("/run/identity").text)
    page = admin.get("/run/identity").text
    [change] = re.findall(r'action="/run/identity/([0-9a-f-]{36})"', page)
    assert admin.post(f"/run/identity/{change}", act="withdraw").status_code == 303


def is_applied(page: str, value: str) -> bool:
    """The newest change was applied, and the value stands among the blocked ones."""
    return "当てはめました" in page and value in page


@pytest.mark.parametrize(
    "form",
    [
        {"what": "rule", "kind": "email", "most": "0", "shared_after": "20"},
        {"what": "rule", "kind": "email", "most": "x", "shared_after": "20"},
        {"what": "rule", "kind": "email"},
        {"what": "rule", "kind": "email", "priority": "100"},
        {"what": "rule", "kind": "email", "priority": "-1"},
        {"what": "rule", "kind": "burn", "most": "3", "shared_after": "20"},
        {"what": "value", "kind": "email", "value": ""},
        {"what": "value", "kind": "email", "value": "no mail at all"},
        {"what": "form", "kind": "email", "value": "*"},
        {"what": "unform", "value": "no"},
        {"what": "nothing", "kind": "email"},
        {"what": "rule", "kind": "email", "most": "3", "shared_after": "20", "reason": ""},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(house: House, form: dict[str, str]) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/identity")
        answer = admin.post("/run/identity", **({"reason": REASON} | form))
    assert answer.status_code in (409, 422), answer.text[-1500:]


@pytest.mark.parametrize("login", ["page-agent", "page-marketer", "page-engineer"])
def test_without_the_right_rules_are_neither_seen_nor_changed(house: House, login: str) -> None:
    with house.person(login) as person:
        assert person.get("/run/identity").status_code == 403
        answer = person.post("/run/identity", what="value", kind="email", value="a@b.jp",
                             reason=REASON)  # fmt: skip
        assert answer.status_code == 403
