"""The vault: what goes in can be found and opened by us, and read by nobody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.platform import db
from setten.platform.vault import (
    KINDS,
    Identifier,
    Sealed,
    UnusableIdentifier,
    Vault,
    WrongMasterKey,
    cipher,
    mask,
    normalise,
)
from setten.platform.vault.service import Trait

AT = datetime(2026, 11, 1, tzinfo=UTC)
MAIL = normalise("email", "hanako@example.jp")


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        ("phone", "０９０−１２３４−５６７８", "+819012345678"),
        ("phone", "(090) 1234-5678", "+819012345678"),
        ("phone", "+1 212 555 0100", "+12125550100"),
        ("phone", "03-1234-5678", "+81312345678"),
        ("email", " Hanako.Sato+shop@Example.JP ", "hanako.sato+shop@example.jp"),
        ("email", "ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ", "hanako@example.jp"),
        ("loyalty_card", "4417 1234-ＡＢ", "44171234AB"),
        ("user_id", "  Ann-01 ", "Ann-01"),
        ("line_id", "Uabc", "Uabc"),
    ],
)
def test_two_spellings_of_one_identifier_are_equal(kind, said, value):
    assert normalise(kind, said) == Identifier(kind, value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        *((kind, blocked) for kind in ("user_id", "anonymous_id", "loyalty_card")
          for blocked in ("", " ", "0", "000-000", "-1", "null", "NULL", "anonymous", "undefined",
                          "ｎｕｌｌ", "[object Object]", "N/A", "a\x00b")),
        ("email", "hanako"), ("email", "@example.jp"), ("email", "a@b"), ("email", "a b@c.jp"),
        ("phone", "12"), ("phone", "call me"), ("phone", "0000000000"),
        ("user_id", "x" * 321), ("shoe_size", "24"),
    ],
)  # fmt: skip
def test_what_stands_for_nobody_is_refused_and_not_repeated(kind, said):
    with pytest.raises(UnusableIdentifier) as refused:
        normalise(kind, said)
    assert refused.value.facts.keys() <= {"kind", "why"}


@given(st.sampled_from(KINDS), st.text(max_size=400))
def test_any_text_becomes_an_identifier_or_a_refusal_and_stays_what_it_became(kind, said):
    try:
        first = normalise(kind, said)
    except UnusableIdentifier:
        return
    assert normalise(kind, first.value) == first
    assert mask(kind, first.value)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "hanako@example.jp", "h•••@example.jp"),
        ("phone", "+819012342266", "090-••••-2266"),
        ("loyalty_card", "12344417", "••4417"),
    ],
)
def test_a_mask_shows_what_its_owner_knows_again(kind, value, shown):
    assert mask(kind, value) == shown


@given(st.from_regex(r"0[5-9]0(-[0-9]{4}-|[0-9]{4}-?|-[0-9]{4})[0-9]{4}", fullmatch=True))
def test_a_number_that_is_read_without_the_library_is_what_the_library_reads(said):
    number = phonenumbers.parse(said, "JP")
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert normalise("phone", said).value == whole


def test_an_identifier_does_not_print_its_value():
    assert "hanako" not in repr(MAIL)
    assert "hanako" not in f"{[MAIL]} {MAIL}"


async def identify(pool: db.Pool, vault: Vault, *wanted: Identifier) -> dict[Identifier, int]:
    async with db.transaction(pool) as conn:
        return await vault.identify(conn, wanted)


async def dump(pool: db.Pool) -> str:
    """Everything the vault's tables hold, as text and as bytes read as text."""
    async with pool.acquire() as conn:
        found = []
        for table in ("identifiers", "envelopes", "traits", "search_tokens", "master_keys"):
            for row in await conn.fetch(f"select * from vault.{table}"):
                found += [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row]
    return "\n".join(found)


async def test_an_identifier_keeps_its_number(pool, vault):
    first = await identify(pool, vault, MAIL)
    assert await identify(pool, vault, normalise("email", "HANAKO@example.jp")) == first
    async with pool.acquire() as conn:
        assert await vault.find(conn, [MAIL]) == first
        assert await vault.values(conn, list(first.values())) == {first[MAIL]: MAIL}


async def test_the_same_words_of_two_kinds_are_two_identifiers(pool, vault):
    card, user = normalise("loyalty_card", "4417"), normalise("user_id", "4417")
    found = await identify(pool, vault, card, user)
    assert found[card] != found[user]


async def test_two_that_meet_the_same_new_person_at_once_get_one_number(pool, vault):
    many = [normalise("user_id", f"u{n}") for n in range(30)]
    one, other = await asyncio.gather(
        identify(pool, vault, *many), identify(pool, vault, *reversed(many))
    )
    assert one == other


async def test_finding_makes_nobody(pool, vault):
    async with pool.acquire() as conn:
        assert await vault.find(conn, [MAIL]) == {}
    assert "hanako" not in await dump(pool)


async def test_nothing_in_the_database_can_be_read(pool, vault):
    [number] = (await identify(pool, vault, MAIL)).values()
    async with db.transaction(pool) as conn:
        await vault.seal(conn, [Sealed(number, {"query": "緑のベルベットのソファ velvet"})])
        await vault.put_traits(conn, [Trait(number, "last_name", "佐藤sato", AT)])
    kept = await dump(pool)
    for mark in ("hanako", "example.jp", "velvet", "sato", "佐藤", "緑"):
        assert mark not in kept
        assert mark.encode().decode("latin-1") not in kept


async def test_envelopes_come_back_in_the_order_they_went_in(pool, vault):
    numbers = await identify(pool, vault, *(normalise("user_id", f"u{n}") for n in range(3)))
    for times in (2, 30):  # few go by insert, many by COPY
        order = [*numbers.values()] * times
        async with db.transaction(pool) as conn:
            sealed = await vault.seal(conn, [Sealed(n, {"i": i}) for i, n in enumerate(order)])
            opened = await vault.open(conn, sealed)
        assert [opened[one].values for one in sealed] == [{"i": i} for i in range(len(order))]
        assert [opened[one].identifier_id for one in sealed] == order
        assert sealed == sorted(sealed)


async def test_a_sealed_value_moved_to_another_person_does_not_open(pool, vault):
    numbers = await identify(pool, vault, MAIL, normalise("user_id", "bo"))
    async with db.transaction(pool) as conn:
        [sealed] = await vault.seal(conn, [Sealed(numbers[MAIL], {"a": 1})])
        await conn.execute(
            "update vault.envelopes set identifier_id = $1 where sealed_id = $2",
            numbers[normalise("user_id", "bo")], sealed,
        )  # fmt: skip
        with pytest.raises(cipher.InvalidTag):
            await vault.open(conn, [sealed])


async def test_another_master_key_opens_nothing_and_is_told_at_once(pool, vault):
    await identify(pool, vault, MAIL)
    async with pool.acquire() as conn:
        stranger = Vault(bytes(range(1, 33)))
        assert await stranger.find(conn, [MAIL]) == {}
        with pytest.raises(WrongMasterKey):
            await stranger.prove(conn)


async def put(pool: db.Pool, vault: Vault, number: int, field: str, value: object, day: int):
    async with db.transaction(pool) as conn:
        await vault.put_traits(conn, [Trait(number, field, value, AT + timedelta(days=day))])


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_the_newest_word_of_a_trait_wins_whichever_comes_first(pool, vault, order):
    [number] = (await identify(pool, vault, MAIL)).values()
    for day in order:
        await put(pool, vault, number, "last_name", f"名{day}", day)
    async with pool.acquire() as conn:
        [trait] = await vault.traits(conn, [number])
        assert (trait.value, trait.occurred_at) == ("名2", AT + timedelta(days=2))
        assert await vault.search(conn, "名2") == [number]
        assert await vault.search(conn, "名1") == []


async def test_a_changed_name_is_no_more_found_by_the_old_one(pool, vault):
    number = (await identify(pool, vault, MAIL))[MAIL]
    for day, name in enumerate(("佐藤 花子", "山田 花子"), 1):
        said = Trait(number, "name", name, datetime(2026, 1, day, tzinfo=UTC))
        async with db.transaction(pool) as conn:
            await vault.put_traits(conn, [said])
    async with pool.acquire() as conn:
        assert await vault.search(conn, "佐藤") == []
        assert await vault.search(conn, "山田") == [number]


async def test_of_two_words_in_one_batch_the_newer_is_kept(pool, vault):
    [number] = (await identify(pool, vault, MAIL)).values()
    async with db.transaction(pool) as conn:
        await vault.put_traits(
            conn,
            [
                Trait(number, "tier_note", "new", AT + timedelta(days=2)),
                Trait(number, "tier_note", "old", AT),
            ],
        )
        assert [one.value for one in await vault.traits(conn, [number])] == ["new"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("last_name", "山田", "山田"),
        ("name", "山田 花子", "花子"),
        ("name", "山田　花子", "山田花子"),
        ("last_name_kana", "ヤマダ", "やまだ"),
        ("last_name_kana", "ﾔﾏﾀﾞ", "ヤマダ"),
        ("name", "Hanako Yamada", "YAMADA"),
        ("phone", "090-1234-2266", "２２６６"),
        ("postal_code", "650-0001", "〒650-0001"),
        ("address", {"postal_code": "6500001", "city": "神戸"}, "650-0001"),
    ],
)
async def test_a_person_is_found_by_what_she_says_at_a_counter(pool, vault, field, value, said):
    [number] = (await identify(pool, vault, MAIL)).values()
    await put(pool, vault, number, field, value, 1)
    async with pool.acquire() as conn:
        assert await vault.search(conn, said) == [number]


async def named(pool, vault, mail, family, given):
    [number] = (await identify(pool, vault, Identifier("email", mail))).values()
    await put(pool, vault, number, "last_name", family, 1)
    await put(pool, vault, number, "first_name", given, 1)
    return number


@pytest.mark.parametrize("said", ["林 太郎", "林　太郎", "林太郎", "太郎 林"])
async def test_a_full_name_is_not_answered_with_the_whole_family(pool, vault, said):
    taro = await named(pool, vault, "taro@example.jp", "林", "太郎")
    await named(pool, vault, "jiro@example.jp", "林", "次郎")
    await named(pool, vault, "mori@example.jp", "森", "太郎")
    async with pool.acquire() as conn:
        assert await vault.search(conn, said) == [taro]


async def test_a_family_name_of_one_letter_finds_all_of_that_name_and_no_longer_one(pool, vault):
    hayashi = await named(pool, vault, "taro@example.jp", "林", "太郎")
    await named(pool, vault, "kobayashi@example.jp", "小林", "太郎")
    async with pool.acquire() as conn:
        assert await vault.search(conn, "林") == [hayashi]


async def test_a_full_name_that_nobody_has_shows_who_has_a_part_of_it(pool, vault):
    hayashi = await named(pool, vault, "taro@example.jp", "林", "太郎")
    async with pool.acquire() as conn:
        assert await vault.search(conn, "林 一郎") == [hayashi]
        assert await vault.search(conn, "林一郎") == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("山﨑", "山崎"), ("山崎", "山﨑"), ("髙橋", "高橋"), ("高橋", "髙橋"),
        ("齋藤", "斎藤"), ("齊藤", "斉藤"), ("斉藤", "齋藤"), ("渡邉", "渡辺"), ("渡辺", "渡邊"),
        ("濵﨑", "浜崎"), ("葛\U000e0100城", "葛城"), ("葛城", "葛\U000e0100城"),
        ("葛\U000e0100城", "葛\U000e0100城"), ("𠮷田", "吉田"),
    ],
)  # fmt: skip
async def test_a_name_is_found_whichever_form_of_its_characters_is_typed(
    pool, vault, written, said
):
    number = await named(pool, vault, "aya@example.jp", written, "彩")
    await named(pool, vault, "ken@example.jp", "高山", "健")
    async with pool.acquire() as conn:
        assert await vault.search(conn, said) == [number]
        assert await vault.search(conn, f"{said} 彩") == [number]
        assert await vault.search(conn, f"{said}彩") == [number]


async def test_forms_of_a_family_name_are_one_word_beside_a_given_name(pool, vault):
    aya = await named(pool, vault, "aya@example.jp", "髙橋", "彩")
    ken = await named(pool, vault, "ken@example.jp", "高橋", "健")
    async with pool.acquire() as conn:
        assert await vault.search(conn, "高橋 彩") == [aya]
        assert sorted(await vault.search(conn, "高橋")) == sorted([aya, ken])
        assert await vault.search(conn, "齋藤邊斎澤濵嶋髙﨑渡邉" * 9) == []


@pytest.mark.parametrize("said", ["山", "", "   ", "%", "12345", "山田 太郎 次郎 x y z"])
async def test_parts_of_a_name_and_nonsense_find_nobody(pool, vault, said):
    [number] = (await identify(pool, vault, MAIL)).values()
    await put(pool, vault, number, "last_name", "山田村", 1)
    async with pool.acquire() as conn:
        assert await vault.search(conn, said) == []


async def test_a_dead_letter_is_sealed_without_a_person(vault):
    letter = b'{"userId": "hanako@example.jp"}'
    assert b"hanako" not in vault.seal_letter(letter)
    assert vault.open_letter(vault.seal_letter(letter)) == letter


async def test_numbers_say_nothing_of_order(pool, vault):
    found = await identify(pool, vault, *(normalise("user_id", f"u{n}") for n in range(50)))
    numbers = [found[normalise("user_id", f"u{n}")] for n in range(50)]
    assert numbers != sorted(numbers)
    assert all(0 < number < 2**63 for number in numbers)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_a_changed_byte_is_noticed(plain, about):
    key = bytes(range(32))
    sealed = cipher.seal(key, plain, about)
    assert cipher.unseal(key, sealed, about) == plain
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(cipher.InvalidTag):
        cipher.unseal(key, broken, about)


async def test_a_crowd_that_two_meet_in_one_moment_has_one_number_and_one_key_each(
    pool: db.Pool, vault: Vault
) -> None:
    """Newcomers go in together; of those whom another brought in that moment each is looked at."""
    crowd = [normalise("user_id", f"crowd-{n}") for n in range(120)]
    at = datetime(2026, 3, 4, tzinfo=UTC)

    async def meet(some: list[Identifier], word: str) -> dict[Identifier, int]:
        async with db.transaction(pool) as conn:
            met = await vault.meet(conn, some)
            told = [Trait(met.numbers[one], word, f"{word} {one.value}", at) for one in some]
            await vault.put_traits(conn, told, met=met)
            return met.numbers

    first, second = await asyncio.gather(meet(crowd[:80], "name"), meet(crowd[40:], "kana"))

    assert all(first[one] == second[one] for one in crowd[40:80])
    numbers = first | second
    assert len(set(numbers.values())) == len(crowd)
    async with pool.acquire() as conn:
        values = await vault.values(conn, list(numbers.values()))
        told = await vault.traits(conn, list(numbers.values()))
        assert await vault.search(conn, "crowd-60") == [numbers[crowd[60]]]
    assert {number: one.value for number, one in values.items()} == {
        number: one.value for one, number in numbers.items()
    }
    assert len(told) == 160
