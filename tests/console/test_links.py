"""A person's links: drawn, taken back, given back, two made one; each shown before it is done."""

from __future__ import annotations

import re
import time
import uuid

import pytest

from tests.console.house import Browser, House

REASON = "ご家族の端末でした"


def told_together(house: House) -> tuple[str, str, str]:
    """A member who was seen with a browser; answers the customer, the member's and browser's id."""
    member, browser = f"m-{uuid.uuid4().hex[:10]}", f"b-{uuid.uuid4().hex[:10]}"
    house.tell(
        {"type": "track", "event": "Product Viewed", "anonymousId": browser,
         "properties": {"sku": "KETTLE-IRON"}},
        {"type": "identify", "userId": member, "anonymousId": browser,
         "traits": {"name": "試し 花子", "phone": f"090{uuid.uuid4().int % 10**8:08d}"}},
    )  # fmt: skip
    return house.customer(member), member, browser


def links_on(text: str) -> list[str]:
    return re.findall(r'name="link" value="(\d+)"', text)


def page_of(agent: Browser, customer: str) -> str:
    answer = agent.get(f"/customers/{customer}/links")
    assert answer.status_code == 200
    return answer.text


def test_a_link_is_taken_back_after_its_outcome_was_shown(house: House) -> None:
    customer, member, browser = told_together(house)
    with house.person("page-agent") as agent:
        text = page_of(agent, customer)
        [link] = [one for one in links_on(text) if _joins(house, one, "anonymous_id")]
        shown = agent.post(f"/customers/{customer}/links/review", act="split", link=link)
        assert shown.status_code == 200
        assert "2人になります" in shown.text
        assert house.customer(member) == customer
        assert _people(house, link) == 1, "looking changes nothing"
        done = agent.post(
            f"/customers/{customer}/links/decide", act="split", link=link, reason=REASON
        )
        assert done.status_code == 303
        assert _people(house, link) == 2
        after = page_of(agent, customer)
    assert "取り消した" in after
    assert "林 凛" in after
    assert "is-taken_back" in after
    assert REASON not in after
    noted = "select count(*) from audit.entries where action = 'customer.split' and customer_id"
    assert house.asked(f"{noted} = '{customer}'") == 1

    house.tell({"type": "identify", "userId": member, "anonymousId": browser})
    time.sleep(1.0)
    assert _people(house, link) == 2, "the same evidence again changes nothing"

    with house.person("page-agent") as agent:
        page_of(agent, customer)
        agent.post(f"/customers/{customer}/links/decide", act="rejoin", link=link, reason=REASON)
    assert _people(house, link) == 1


def test_two_customers_become_one_by_what_somebody_says(house: House) -> None:
    one, _, _ = told_together(house)
    other, _, _ = told_together(house)
    # Two member numbers are never one person, so the second knows only a card.
    card = f"29{uuid.uuid4().int % 10**10:010d}"
    house.tell({"type": "track", "event": "Seen", "anonymousId": f"x-{card}",
                "context": {"externalIds": [{"type": "loyalty_card", "id": card}]}})  # fmt: skip
    carded = house.customer(card)
    with house.person("page-agent") as agent:
        page_of(agent, one)
        found = agent.post(f"/customers/{one}/merging", said=card)
        assert carded in found.text
        assert (
            agent.post(f"/customers/{one}/merging", said="居ない人").text.count('name="gone"') == 0
        )
        refused = agent.post(f"/customers/{one}/merge", gone=other, reason=REASON)
        assert refused.status_code == 409
        assert "お客様ID 2/1" in refused.text
        done = agent.post(f"/customers/{one}/merge", gone=carded, reason=REASON)
        assert done.status_code == 303
        assert agent.get(f"/customers/{carded}").status_code == 303
        assert "人の判断" in page_of(agent, one) or "人が確かめた" in page_of(agent, one)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"act": "split", "reason": REASON}, 422),
        ({"act": "burn", "link": "1", "reason": REASON}, 422),
        ({"act": "split", "link": "1", "reason": "x"}, 422),
        ({"act": "split", "link": "999999999999", "reason": REASON}, 404),
        ({"act": "split", "link": "²", "reason": REASON}, 422),
        ({"act": "split", "link": "9" * 40, "reason": REASON}, 422),
    ],
)
def test_a_decision_without_link_or_reason_changes_nothing(
    house: House, form: dict[str, str], status: int
) -> None:
    customer = house.customer("佐伯")
    with house.person("page-agent") as agent:
        page_of(agent, customer)
        assert agent.post(f"/customers/{customer}/links/decide", **form).status_code == status


def test_a_link_of_somebody_else_cannot_be_taken_back_from_here(house: House) -> None:
    customer, _, _ = told_together(house)
    other = house.customer("佐伯")
    with house.person("page-agent") as agent:
        [link, *_] = links_on(page_of(agent, customer))
        page_of(agent, other)
        answer = agent.post(
            f"/customers/{other}/links/decide", act="split", link=link, reason=REASON
        )
    assert answer.status_code == 404


@pytest.mark.parametrize("login", ["page-associate", "page-marketer", "page-engineer"])
@pytest.mark.parametrize("path", ["links/review", "links/decide", "merging", "merge"])
def test_without_the_right_nobody_is_joined_or_parted(house: House, login: str, path: str) -> None:
    customer = house.customer("佐伯")
    with house.person(login) as person:
        answer = person.post(
            f"/customers/{customer}/{path}", act="split", link="1", said="早川", reason=REASON
        )
    assert answer.status_code == 403


def test_an_associate_sees_the_evidence_without_the_tools(house: House) -> None:
    with house.person("page-associate") as associate:
        text = page_of(associate, house.customer("佐伯"))
    assert "link-arcs" in text
    assert 'name="link"' not in text
    assert "merging" not in text


def test_every_arc_leads_to_its_evidence(house: House) -> None:
    with house.person("page-agent") as agent:
        text = page_of(agent, house.customer("佐伯"))
    arcs = re.findall(r'href="#(link-\d+)"', text)
    assert arcs
    assert all(f'id="{one}"' in text for one in arcs)


def _joins(house: House, link: str, kind: str) -> bool:
    return bool(
        house.asked(
            "select exists (select from customers.links l join customers.identifiers i"
            f" on i.identifier_id in (l.a, l.b) where l.link_id = {link} and i.kind = '{kind}')"
        )
    )


def _people(house: House, link: str) -> int:
    return int(
        house.asked(
            "select count(distinct i.customer_id) from customers.links l"
            " join customers.identifiers i on i.identifier_id in (l.a, l.b)"
            f" where l.link_id = {link}"
        )
    )


def outgrown(house: House) -> tuple[str, str]:
    """A program that shows a new cookie with every visit; the customer, and who came late."""
    robot = f"robot-{uuid.uuid4().hex[:8]}"
    house.tell({"type": "identify", "userId": robot, "anonymousId": f"{robot}-0"})
    customer = house.customer(robot)
    number = (
        "(select i.identifier_id from customers.identifiers i"
        f" where i.customer_id = '{customer}' and i.kind = 'user_id')"
    )
    first = uuid.uuid4().int % 10**6 * 20_000  # far below the vault's own
    house.run_in_database(
        "insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)"
        f" select {first} + n, 'anonymous_id', '{customer}', gen_random_uuid(), '2026-11-01'"
        " from generate_series(1, 10000) n"
    )
    house.run_in_database(
        "insert into customers.links (a, b, kind, event_id, occurred_at)"
        f" select {first} + n, {number}, 'event', '{robot}-' || n, '2026-11-01'"
        " from generate_series(1, 10000) n"
    )
    card = f"29{uuid.uuid4().int % 10**10:010d}"
    house.tell({"type": "track", "event": "Seen", "userId": robot,
                "context": {"externalIds": [{"type": "loyalty_card", "id": card}]}})  # fmt: skip
    return customer, house.customer(card)


def test_an_outgrown_customer_says_why_and_what_mends_it_is_proposed_from_the_page(
    house: House,
) -> None:
    customer, late = outgrown(house)
    with house.person("page-agent") as agent:
        text = page_of(agent, customer)
        assert "一人のものとは思えません" in text
        assert "個人情報の担当に頼んで" in text
        assert "links/block" not in text
        assert f"/customers/{customer}/links" in page_of(agent, late), "who waits is led there"
    with house.person("page-admin") as admin:
        assert f"/customers/{customer}/links" in admin.get("/run/identity").text
        text = page_of(admin, customer)
        assert "先に届いたものだけ" in text, "nobody takes the first links for all of them"
        hub = re.findall(r'name="identifier" value="(\d+)"', text)[0]
        path = f"/customers/{customer}/links/block"
        assert admin.post(path, identifier=hub, reason="x").status_code == 422
        assert admin.post(path, identifier="1", reason=REASON).status_code == 404
        other = f"/customers/{late}/links/block"
        assert admin.post(other, identifier=hub, reason=REASON).status_code == 404
        done = admin.post(path, identifier=hub, reason=REASON)
        assert (done.status_code, done.headers["location"]) == (303, "/run/identity")
        deadline = time.monotonic() + 60
        while 'value="apply"' not in (text := admin.get("/run/identity").text):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert "分かれる 10,0" in text, "what would come apart is counted before anything is"
        [change] = re.findall(r'action="/run/identity/([0-9a-f-]{36})"', text)
        assert admin.post(f"/run/identity/{change}", act="withdraw").status_code == 303


@pytest.mark.parametrize("login", ["page-agent", "page-marketer"])
def test_without_the_right_no_value_is_blocked_from_a_page(house: House, login: str) -> None:
    customer = house.customer("佐伯")
    with house.person(login) as person:
        answer = person.post(f"/customers/{customer}/links/block", identifier="1", reason=REASON)
    assert answer.status_code == 403
