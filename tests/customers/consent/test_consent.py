"""What a person allows: the later word stands, the stricter one where two people became one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.customers.conftest import START
from tests.customers.consent.conftest import STAFF

from setten.customers import consent, identity
from setten.platform import db

ANN, BO = "email:ann@example.jp", "user_id:bo"


async def test_the_later_word_stands_whichever_comes_later(says, people):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "withdrawn", minute=30)
    await says.say(ANN, "granted", minute=10)
    assert await says.stands(ANN) == {"marketing.email": "withdrawn"}
    await says.say(ANN, "granted", minute=40)
    assert await says.stands(ANN) == {"marketing.email": "granted"}
    assert await says.ledger(ANN) == ["email granted api", "email withdrawn api",
                                      "email granted api"]  # fmt: skip


async def test_of_one_moment_the_stricter_word_stands(says, people):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "refused", minute=5)
    await says.say(ANN, "granted", minute=5)
    assert await says.stands(ANN) == {"marketing.email": "refused"}


async def test_who_is_merged_with_somebody_that_refused_is_not_written_to(says, people):
    await people.happens(ANN, minute=0)
    await people.happens(BO, minute=0)
    await says.read()
    await says.say(BO, "withdrawn", minute=1)
    await says.say(ANN, "granted", minute=2)
    assert await says.stands(BO) == {"marketing.email": "withdrawn"}
    await people.happens(ANN, BO, minute=3)
    await says.read()
    assert await says.stands(ANN) == {"marketing.email": "withdrawn"}
    await says.say(ANN, "granted", minute=4)
    assert await says.stands(ANN) == {"marketing.email": "granted"}, "saying yes once is enough"


async def test_a_split_gives_each_what_was_said_under_their_own(says, people, vault, pool):
    await people.happens(ANN, BO, minute=0)
    await says.read()
    await says.say(ANN, "granted", minute=1)
    customer = await people.customer(ANN)
    async with db.transaction(pool) as conn:
        [link] = await identity.links_of(conn, customer)
        await identity.split(
            conn, vault, STAFF, customer_id=customer, links=[link.link_id], reason="two people",
            now=START + timedelta(minutes=2),
        )  # fmt: skip
    await says.read()
    assert await says.stands(ANN) == {"marketing.email": "granted"}
    assert await says.stands(BO) == {}


async def test_who_agreed_but_has_no_address_cannot_be_reached(says, people):
    await people.happens(BO)
    await says.read()
    for channel in ("email", "sms", "post", "line"):
        await says.say(BO, "granted", channel=channel)
    assert await says.reachable(BO) == set()
    await people.happens(BO, ANN, "phone:090-1234-5678", minute=1)
    await says.read()
    assert await says.reachable(BO) == {"email", "sms"}


async def test_a_mail_that_bounced_ends_reach_and_nothing_else(says, people):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "granted")
    assert await says.reachable(ANN) == {"email"}
    await people.happens(ANN, minute=5, name="custom.event", body={"type": "track",
                         "event": "Email Bounced"})  # fmt: skip
    await says.read()
    assert await says.reachable(ANN) == set()
    assert await says.stands(ANN) == {"marketing.email": "granted"}
    [lost] = await people.facts("reach.lost")
    assert lost == {"channel": "email", "reason": "bounced"}
    async with db.transaction(says.pool) as conn:
        number = await people.number(ANN)
        late, now = START + timedelta(minutes=4), START + timedelta(minutes=9)
        assert not await consent.regained(conn, number, "email", at=late, now=now)
        assert await consent.regained(conn, number, "email", at=now, now=now)
    assert await says.reachable(ANN) == {"email"}


async def test_unsubscribing_and_marking_as_spam_withdraw(says, people):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "granted")
    await people.happens(ANN, minute=5, name="custom.event",
                         body={"type": "track", "event": "unsubscribed"})  # fmt: skip
    await says.read()
    assert await says.stands(ANN) == {"marketing.email": "withdrawn"}
    assert (await says.ledger(ANN))[0] == "email withdrawn event"


async def carried(people, minute: float, value: bool, name: str = "page.viewed") -> None:
    body = {"type": "page", "consent": {"Advertising": value, "Email": value}}
    await people.happens(ANN, minute=minute, name=name, body=body)


async def test_what_a_browser_repeats_is_said_once(says, people):
    for minute in range(5):
        await carried(people, minute, True)
    await says.read()
    assert await says.stands(ANN) == {"advertising.web": "granted", "marketing.email": "granted"}
    assert len(await says.ledger(ANN)) == 2
    await carried(people, 6, False)
    await says.read()
    assert await says.stands(ANN) == {"advertising.web": "refused", "marketing.email": "refused"}


async def test_a_browser_that_goes_on_saying_yes_does_not_undo_a_no(says, people):
    await carried(people, 0, True)
    await says.read()
    await says.say(ANN, "withdrawn", minute=1)
    await carried(people, 2, True)
    await says.read()
    assert (await says.stands(ANN))["marketing.email"] == "withdrawn"
    await carried(people, 0.5, False)  # late
    await carried(people, 3, True)
    await says.read()
    assert (await says.stands(ANN))["marketing.email"] == "withdrawn"
    await carried(people, 4, True, name="consent.reported")
    await says.read()
    assert (await says.stands(ANN))["marketing.email"] == "granted", "this is a word of its own"


async def test_a_yes_met_for_the_first_time_does_not_overrule_a_no(says, people):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "refused", minute=1)
    await carried(people, 2, True)
    await says.read()
    assert (await says.stands(ANN))["marketing.email"] == "refused"


async def test_opt_ins_among_traits_count_and_other_traits_do_not(says, people):
    traits = {"line_opt_in": True, "sms_opt_in": "yes", "accepts_marketing": False, "is_vip": True,
              "line": True}  # fmt: skip
    await people.happens(ANN, name="customer.identified", body={"type": "identify",
                                                                "traits": traits})  # fmt: skip
    await says.read()
    assert await says.stands(ANN) == {"marketing.line": "granted", "marketing.email": "refused"}


async def test_odd_bodies_hold_up_nobody(says, people):
    await people.happens(
        BO, body={"consent": {"": True, "日本": True, "広告": True, "x" * 99: False}}
    )
    await people.happens(BO, body={"type": "page", "consent": {"Email": "yes"}})
    await people.happens(BO, body={"type": "page", "properties": {"consent": {"Email": 3}}})
    await says.read()
    assert (await says.stands(BO))["advertising.web"] == "granted"
    assert "marketing.email" not in await says.stands(BO)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("purpose", {"purpose": "Marketing!"}),
        ("channel", {"channel": "pigeon"}),
        ("state", {"state": "maybe"}),
        ("at", {"at": START + timedelta(days=2)}),
        ("text_version", {"text_version": "v 1"}),
        ("evidence", {"evidence": "x" * 1_001}),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_written(says, people, field, said):
    await people.happens(ANN)
    await says.read()
    plain = {"purpose": "marketing", "channel": "email", "state": "granted", "at": START}
    bad = consent.Said(**{**plain, **said})
    with pytest.raises(consent.BadConsent) as refused:
        await says.take([consent.Said(**plain), bad], ANN, now=START)
    assert refused.value.facts["field"] == field
    assert await says.stands(ANN) == {}
    for said_by in ([], [bad] * (consent.SAID_MAX + 1)):
        with pytest.raises(consent.BadConsent):
            await says.take(said_by, ANN, now=START)


async def test_evidence_is_sealed_and_in_no_table_in_plain(says, people, pool):
    await people.happens(ANN)
    await says.read()
    await says.say(ANN, "granted", evidence="Tanaka Hanako, form 7", text_version="form-7")
    async with pool.acquire() as conn:
        rows = await conn.fetch(
            "select e::text from customers.consent_entries e union all"
            " select body::text from log.events"
        )
        sealed = await conn.fetchval("select evidence_sealed_id from customers.consent_entries")
        opened = await says.vault.open(conn, [sealed])
    assert not any("Tanaka" in row[0] for row in rows)
    assert opened[sealed].values == {"evidence": "Tanaka Hanako, form 7"}


async def test_many_who_speak_at_once_leave_one_word_standing(says, people):
    await people.happens(ANN, BO)
    await says.read()
    words = [("granted" if n % 2 else "withdrawn", n) for n in range(12)]
    await asyncio.gather(*(says.say(ANN if n % 3 else BO, state, minute=n) for state, n in words))
    assert await says.stands(ANN) == {"marketing.email": "granted"}
    assert len(await says.ledger(ANN)) >= 12
