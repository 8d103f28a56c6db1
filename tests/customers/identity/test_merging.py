"""Merging by hand: two become one as staff say, or nothing happens and it is said why."""

from __future__ import annotations

import pytest

from setten.customers import identity

ANN, BO, MAIL = "user_id:ann", "user_id:bo", "email:ann@example.jp"
CARD, COOKIE, TABLET = "loyalty_card:4417", "anonymous_id:pc", "device_id:tablet"


@pytest.mark.parametrize("into", [MAIL, CARD])
async def test_the_one_merged_into_survives_however_old_the_other_is(people, hands, into):
    await people.happens(MAIL, minute=1)
    await people.happens(CARD, minute=2)
    await people.read()
    gone = CARD if into == MAIL else MAIL
    survivor, other = await people.customer(into), await people.customer(gone)
    merged = await hands.merge(survivor, other)
    assert merged.customer_id == survivor
    await people.happens(MAIL, CARD, minute=0)  # what comes later does not turn it round
    await people.read()
    assert await people.customer(gone) == survivor


async def test_a_merge_over_a_limit_links_nothing_and_names_the_limit(people, hands):
    await people.happens(ANN, COOKIE, minute=1)
    await people.happens(BO, CARD, minute=2)
    await people.read()
    links = len(await hands.links(ANN)), len(await hands.links(BO))
    ann, bo = await people.customer(ANN), await people.customer(BO)
    with pytest.raises(identity.MergeBreaksLimit) as refused:
        await hands.merge(ann, bo)
    assert refused.value.facts == {"kinds": "user_id", "limits": "user_id 2/1"}
    assert (len(await hands.links(ANN)), len(await hands.links(BO))) == links
    assert (await people.customer(ANN), await people.customer(BO)) == (ann, bo)
    assert await people.facts("customer.merged") == []


async def test_every_identifier_of_both_comes_along(people, hands):
    await people.happens(COOKIE, MAIL, minute=1)
    await people.happens(COOKIE, CARD, minute=2)
    await people.happens(TABLET, "email:other@example.jp", minute=1)
    await people.happens(TABLET, ANN, minute=3)
    await people.read()
    ann, card = await people.customer(ANN), await people.customer(CARD)
    numbers = {*await people.numbers(ANN), *await people.numbers(CARD)}
    await hands.merge(ann, card)
    assert set(await people.numbers(ANN)) == numbers


async def test_what_a_person_has_joined_no_late_event_undoes(people, hands):
    await people.happens(COOKIE, minute=5)
    await people.happens(ANN, minute=5)
    await people.read()
    await hands.merge(await people.customer(ANN), await people.customer(COOKIE))
    await people.happens(COOKIE, BO, minute=1)
    await people.read()
    assert await people.together(ANN, COOKIE)
    assert not await people.together(BO, COOKIE)


async def test_nobody_is_merged_with_what_is_everybodys(people, hands):
    for number in range(12):
        await people.happens(TABLET, f"user_id:u{number}", minute=number)
    await people.happens(MAIL, minute=1)
    await people.read()
    mail, tablet = await people.customer(MAIL), await people.customer(TABLET)
    with pytest.raises(identity.MergeWithNobody):
        await hands.merge(mail, tablet)


async def test_a_merge_with_oneself_or_with_nobody_is_refused(people, hands):
    await people.happens(ANN, MAIL, minute=1)
    await people.read()
    ann = await people.customer(ANN)
    with pytest.raises(identity.AlreadyOne):
        await hands.merge(ann, ann)
    with pytest.raises(identity.CustomerNotFound):
        await hands.merge(ann, "01900000-0000-7000-8000-000000000000")


async def test_the_second_of_two_known_profiles_is_not_ignored(people, hands):
    """Others answer an alias or a sign-in of two known people by keeping only one of them."""
    await people.happens(COOKIE, minute=1, name="product.viewed", body={"type": "track"})
    await people.happens(MAIL, minute=2, channel="mail")
    await people.happens(ANN, minute=3, channel="app")
    await people.read()
    before = [await hands.whole(await people.customer(one)) for one in (COOKIE, MAIL, ANN)]
    previous, user = await people.number(COOKIE), await people.number(ANN)
    alias = {"type": "alias", "alias": {"previous": previous, "user": user}}
    await people.happens(ANN, COOKIE, minute=4, name="customer.aliased", body=alias)
    await people.happens(ANN, MAIL, minute=5)
    await people.read()
    assert await people.together(COOKIE, MAIL, ANN)
    whole = await hands.whole(await people.customer(ANN))
    lines = {line["event_id"] for line in whole["timeline"]}
    assert lines >= {line["event_id"] for one in before for line in one["timeline"]}
    assert len(whole["timeline"]) == 5


async def test_b_signing_in_on_as_browser_takes_nothing_of_a(people, hands):
    await people.happens(COOKIE, minute=1, name="product.viewed", body={"type": "track"})
    await people.happens(COOKIE, ANN, minute=2)
    await people.read()
    ann = await hands.whole(await people.customer(ANN))
    await people.happens(COOKIE, BO, minute=3)
    await people.happens(COOKIE, BO, MAIL, minute=4)
    await people.read()
    assert await hands.whole(await people.customer(ANN)) == ann
    of_bo = await hands.whole(await people.customer(BO))
    assert [line["event_id"] for line in of_bo["timeline"]] == ["event-000004", "event-000003"]
