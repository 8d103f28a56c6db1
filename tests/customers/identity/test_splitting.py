"""Taking a link back: both sides have exactly what they did, and it stays taken back."""

from __future__ import annotations

import pytest
from tests.customers.identity.conftest import STAFF

from setten.customers import identity
from setten.platform import audit, db

COOKIE, ANN, BO, MAIL = "anonymous_id:pc", "user_id:ann", "user_id:bo", "email:ann@example.jp"
CARD = "loyalty_card:4417"


async def family_pc(people) -> None:
    """Two on one computer; the first to sign in was Ann."""
    await people.happens(COOKIE, minute=1, name="product.viewed", body={"type": "track"})
    await people.happens(COOKIE, ANN, minute=2, name="customer.identified",
                         body={"type": "identify", "traits": {"tier": "gold"}})  # fmt: skip
    await people.happens(ANN, MAIL, minute=3, channel="mail")
    await people.happens(ANN, minute=4, channel="store")
    await people.read()


async def test_both_have_exactly_what_they_did(people, hands):
    await family_pc(people)
    owner = await people.customer(ANN)
    before = await hands.whole(owner)
    decided = await hands.split((ANN, COOKIE))
    await people.read()
    assert decided.customers[0] == owner
    assert set(decided.customers) == {await people.customer(ANN), await people.customer(COOKIE)}
    ann = await hands.whole(await people.customer(ANN))
    cookie = await hands.whole(await people.customer(COOKIE))
    together = sorted(ann["timeline"] + cookie["timeline"], key=lambda one: one["occurred_at"])
    assert together == sorted(before["timeline"], key=lambda one: one["occurred_at"])
    assert [line["name"] for line in cookie["timeline"]] == ["product.viewed"]
    assert sum(ann["counts"].values()) == 3
    assert ann["profile"]["traits"] == {"tier": "gold"}
    assert {one["kind"] for one in ann["profile"]["identifiers"]} == {"user_id", "email"}


async def test_a_split_that_reports_success_has_parted_them_and_blanks_nobody(people, hands):
    await family_pc(people)
    decided = await hands.split((ANN, COOKIE))
    await people.read()
    assert len(decided.customers) == 2
    for one in decided.customers:
        whole = await hands.whole(one)
        assert whole["profile"]["identifiers"]
        assert whole["timeline"]
    assert await people.facts("customer.split")
    assert decided.event_id


async def test_a_link_with_other_paths_beside_it_is_parted_all_the_same(people, hands):
    await people.happens(ANN, MAIL, minute=1)
    await people.happens(ANN, COOKIE, minute=2)
    await people.happens(MAIL, COOKIE, minute=3)
    await people.read()
    assert await people.together(ANN, MAIL, COOKIE)
    await hands.split((ANN, COOKIE))
    assert await people.together(ANN, MAIL)
    assert not await people.together(ANN, COOKIE)
    assert (await hands.link(MAIL, COOKIE)).refusal == "parted"


async def test_the_same_evidence_again_changes_nothing_until_somebody_merges(people, hands):
    await family_pc(people)
    await hands.split((ANN, COOKIE))
    for minute in (0, 2, 30):
        await people.happens(COOKIE, ANN, minute=minute)
        await people.read()
        assert not await people.together(ANN, COOKIE)
    assert (await hands.link(ANN, COOKIE)).state == "taken_back"
    await people.happens(COOKIE, MAIL, minute=31)  # another way to the same
    await people.read()
    assert not await people.together(ANN, COOKIE)
    assert await identity.rebuild(people.pool) == 0
    await hands.merge(await people.customer(ANN), await people.customer(COOKIE))
    assert await people.together(ANN, COOKIE, MAIL)


async def test_the_identifier_a_customer_began_with_can_be_split_off(people, hands):
    await family_pc(people)
    born = await people.customer(COOKIE)
    assert await people.customer(ANN) == born, "she began as this cookie"
    await hands.split((COOKIE, ANN))
    cookie, ann = await people.customer(COOKIE), await people.customer(ANN)
    assert cookie != ann
    assert born in (cookie, ann)
    async with people.pool.acquire() as conn:
        for one in (cookie, ann):
            assert await identity.current(conn, one) == one


async def test_an_id_that_was_merged_away_comes_back_with_its_own(people, pool, hands):
    await people.happens(ANN, minute=1)
    await people.happens(CARD, minute=2)
    await people.happens(MAIL, minute=3)
    await people.read()
    card, mail = await people.customer(CARD), await people.customer(MAIL)
    await people.happens(CARD, MAIL, minute=4)
    await people.read()
    await people.happens(ANN, CARD, minute=5)
    await people.read()
    await hands.split((ANN, CARD))
    async with pool.acquire() as conn:
        assert await identity.current(conn, card) == card
        assert await identity.current(conn, mail) == card, "it redirects to whom it is now"


async def test_a_refused_link_can_be_taken_back_too(people, hands):
    await people.happens(COOKIE, ANN, minute=1)
    await people.happens(COOKIE, BO, minute=2)
    await people.read()
    assert (await hands.link(BO, COOKIE)).state == "refused"
    decided = await hands.split((BO, COOKIE))
    assert decided.event_id is None, "nobody has changed"
    assert (await hands.link(BO, COOKIE)).state == "taken_back"


async def test_the_next_evidence_counts_when_the_first_was_wrong(people, hands):
    await people.happens(COOKIE, ANN, minute=1)
    await people.happens(COOKIE, BO, minute=2)
    await people.read()
    decided = await hands.split((ANN, COOKIE))
    assert await people.together(BO, COOKIE)
    assert await people.customer(BO) in decided.customers


async def test_who_took_it_back_when_and_why_is_kept(people, hands, vault):
    await family_pc(people)
    owner = await people.customer(ANN)
    await hands.split((ANN, COOKIE))
    link = await hands.link(ANN, COOKIE)
    assert (link.decision, link.decided_by) == ("parted", STAFF.label)
    assert link.evidence == "event-000002", "the evidence stays"
    async with db.transaction(people.pool) as conn:
        assert link.reason_sealed_id
        opened = await vault.open(conn, [link.reason_sealed_id])
        assert opened[link.reason_sealed_id].values == {"reason": "お客様の申し出"}
        for one in (owner, await people.customer(COOKIE)):
            [noted] = await audit.of_customer(conn, one)
            assert (noted.action, noted.actor) == ("customer.split", STAFF.label)


async def test_what_cannot_be_taken_back_is_refused_and_nothing_changes(people, hands):
    await family_pc(people)
    await people.happens(BO, CARD, minute=1)
    await people.read()
    owner, others = await people.customer(ANN), await hands.link(BO, CARD)
    for links in ([others.link_id], [2**60], [2**70], [-1], []):
        with pytest.raises(identity.LinkNotFound):
            await hands.split_links(owner, links)
    taken = (await hands.link(ANN, COOKIE)).link_id
    with pytest.raises(identity.NotTakenBack):
        await hands.rejoin_links(owner, [taken])
    await hands.split_links(owner, [taken])
    with pytest.raises(identity.AlreadyTakenBack):
        await hands.split_links(owner, [taken])


async def test_giving_a_link_back_makes_everything_as_it_was(people, hands):
    await family_pc(people)
    await people.happens(COOKIE, BO, minute=9)
    await people.read()
    before = await hands.everybody()
    owner, link = await people.customer(ANN), await hands.link(ANN, COOKIE)
    await hands.split_links(owner, [link.link_id])
    assert await people.together(BO, COOKIE)
    await hands.rejoin_links(owner, [link.link_id])
    await people.read()
    assert await hands.everybody() == before


async def test_a_merge_by_hand_can_be_taken_back(people, hands):
    await people.happens(CARD, minute=1)
    await people.happens(MAIL, minute=2)
    await people.read()
    before = await hands.everybody()
    await hands.merge(await people.customer(MAIL), await people.customer(CARD))
    await people.read()
    await hands.split((CARD, MAIL))
    await people.read()
    assert await hands.everybody() == before
