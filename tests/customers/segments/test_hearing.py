"""What people say is heard: in both languages, however typed, and shown back as it is kept."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setten.customers.segments import (
    LANGUAGE,
    VOCABULARY,
    AboutSealed,
    AboutUnasked,
    Scene,
    folded,
    hear,
    nearest,
    say,
)
from setten.customers.segments.hearing.deeds import SAYINGS
from setten.platform.errors import SettenError
from setten.platform.expressions import Locale, Unreadable

SHOPS = {"吉祥寺店": "kichijoji", "吉祥寺": "kichijoji", "kichijoji": "kichijoji",
         "横浜店": "yokohama", "横浜": "yokohama", "yokohama": "yokohama"}  # fmt: skip
SCENE = Scene(SHOPS, date(2026, 11, 22))


def kept(words: str, locale: Locale) -> str:
    """What is heard, in the words that it is kept in, which themselves are read as the same."""
    node = hear(words, locale, SCENE)
    said = LANGUAGE.say(node, locale)
    assert LANGUAGE.read_words(said, locale) == node
    return said


BOUGHT_TWICE = "直近30日に購入が2回以上ある"
JAPANESE = [
    ("30日以内に2回以上買った", BOUGHT_TWICE),
    ("３０日以内に２回以上買った人", BOUGHT_TWICE),
    ("2回以上、30日以内に購入したお客様", BOUGHT_TWICE),
    ("この三十日で二回以上買っている", BOUGHT_TWICE),
    ("ここ30日の購入回数が2回以上", BOUGHT_TWICE),
    ("過去1年間に3回以上購入", "直近1年に購入が3回以上ある"),
    ("先月買った", "先月購入がある"),
    ("10月に買った人", "2026-10-01から2026-10-31までに購入がある"),
    ("12月に買った人", "2025-12-01から2025-12-31までに購入がある"),
    ("2025年2月に買った人", "2025-02-01から2025-02-28までに購入がある"),
    ("昨日サイトを見た人", "昨日ページ閲覧がある"),
    ("一昨日サイトを見た人", "2日前の日にページ閲覧がある"),
    ("先月は買ったが今月は買っていない", "先月購入がある、かつ今月購入がない"),
    ("今年に入って3回以上買った", "今年購入が3回以上ある"),
    ("先月からずっと買っていない", "先月の初めから購入がない"),
    ("先週クーポンを使った", "先週クーポン利用がある"),
    ("最近買った人", "直近30日に購入がある"),
    ("まだ買っていない", "購入がない"),
    ("一度も買ったことがない人", "購入がない"),
    ("60日以上買っていない", "直近60日に購入がない"),
    ("半年以上サイトに来ていない", "直近6か月にページ閲覧がない"),
    ("最後に買ったのが60日以上前の人", "最後の購入が60日以上前にあった"),
    ("今月初めて買った人", "最初の購入が今月あった"),
    ("吉祥寺店では一度も買ったことがない", "購入（店が「kichijoji」である）がない"),
    ("吉祥寺店で買ったことが一度もない人", "購入（店が「kichijoji」である）がない"),
    ("今月来店した人", "今月購入・返品（接点の種類が「store」である）がある"),
    ("60日以上来店していない", "直近60日に購入・返品（接点の種類が「store」である）がない"),
    ("吉祥寺店に2回以上来た",
     "購入・返品（接点の種類が「store」である、店が「kichijoji」である）が2回以上ある"),
    ("吉祥寺店で買ったことがある", "購入（店が「kichijoji」である）がある"),
    ("「ソファ」を買った人", "購入（商品名が「ソファ」を含む）がある"),
    ("今年5万円以上買った", "今年購入の金額の合計が50000以上である"),
    ("1年で合計1.5万円以上購入した", "直近1年に購入の金額の合計が15000以上である"),
    ("一度に10,000円以上買った人", "購入（金額が10000以上である）がある"),
    ("吉祥寺店から5km以内", "店「kichijoji」から5km以内に住んでいる"),
    ("吉祥寺から半径３キロ以内にお住まいの方", "店「kichijoji」から3km以内に住んでいる"),
    ("お店の近くに住んでいる人", "どこかの店から5km以内に住んでいる"),
    ("カートに入れたまま", "直近7日にカートの変更がある、かつ直近7日に購入がない"),
    ("カートの商品が近くの店にある", "カートの品が自宅から10km以内にある"),
    ("LINEが届く人", "販促のLINEが届く"),
    ("メルマガに同意している", "販促のメールに同意している"),
    ("SMSが届かない", "（販促のSMSが届く）ではない"),
    ("離れそうな人", "段階が「保持」である"),
    ("「VIP」にいる人", "セグメント「VIP」に入っている"),
    ("商品を2回以上見て、まだ買っていない", "商品閲覧が2回以上ある、かつ購入がない"),
    ("商品を見たのに買っていない人", "商品閲覧がある、かつ購入がない"),
    ("常連で、先月買っていない人",
     "段階が「忠誠心」である、かつ先月購入がない"),
    ("クーポンを使った人または返品した人", "クーポン利用がある、または返品がある"),
    ("クーポンを使った、または返品した、かつメールが届く",
     "クーポン利用がある、または（返品がある、かつ販促のメールが届く）"),
    ("直近30日に購入がある、かつまだ返品していない", "直近30日に購入がある、かつ返品がない"),
]  # fmt: skip
ENGLISH = [
    ("bought at least twice in the last 30 days",
     "purchase happened at least 2 times in the last 30 days"),
    ("People who bought 2 or more times within 30 days",
     "purchase happened at least 2 times in the last 30 days"),
    ("3+ purchases in the last year", "purchase happened at least 3 times in the last 1 year"),
    ("bought last month", "purchase happened last month"),
    ("bought but never at Kichijoji",
     "purchase happened and no purchase or return (channel is \"store\"; shop is "
     "\"kichijoji\") happened"),
    ("haven't visited a shop since last year",
     "no purchase or return (channel is \"store\") happened since the start of last year"),
    ("visited Kichijoji the month before last",
     "purchase or return (channel is \"store\"; shop is \"kichijoji\") happened in the month "
     "2 months ago"),
    ("bought at Kichijoji in October",
     'purchase (shop is "kichijoji") happened from 2026-10-01 to 2026-10-31'),
    ("customers who have not bought yet", "no purchase happened"),
    ("has never purchased anything", "no purchase happened"),
    ("haven't visited the site for 30 days", "no page view happened in the last 30 days"),
    ("no purchase in 60 days", "no purchase happened in the last 60 days"),
    ("spent at least 50,000 yen this year",
     "the total amount of purchase this year is at least 50000"),
    ("spent over ¥1.5k in the past month",
     "the total amount of purchase in the last 1 month is more than 1500"),
    ("lives within 5 km of Kichijoji", 'lives within 5 km of shop "kichijoji"'),
    ("left something in the cart",
     "cart change happened in the last 7 days and no purchase happened in the last 7 days"),
    ("viewed a product twice but did not buy",
     "product view happened at least 2 times and no purchase happened"),
    ("regulars who have not bought this month",
     'stage is "loyalty" and no purchase happened this month'),
    ("at risk or lapsed", 'stage is "retention" or stage is "recovery"'),
    ("can be reached by LINE and agreed to email",
     "can be reached for marketing by LINE and has agreed to marketing by email"),
    ("bought for the first time this month", "the first purchase came this month"),
    ("purchase happened in the last 30 days, but never returned anything",
     "purchase happened in the last 30 days and no return happened"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), JAPANESE, ids=[one[0] for one in JAPANESE])
def test_japanese_is_heard_as_a_shop_says_it(words: str, said: str):
    assert kept(words, "ja") == said


@pytest.mark.parametrize(("words", "said"), ENGLISH, ids=[one[0] for one in ENGLISH])
def test_english_is_heard_as_a_shop_says_it(words: str, said: str):
    assert kept(words, "en") == said


@pytest.mark.parametrize(
    ("words", "locale", "begins"),
    [
        ("誕生日が今月の人", "ja", 0),
        ("30日以内に買った、かつ誕生日が今月の人", "ja", 12),
        ("１０日以内に買った、かつ空を飛んだ", "ja", 12),
        ("bought last month and flew to the moon", "en", 22),
        ("2回買っていない、5人の人", "ja", 9),
        ("13月に買った", "ja", 0),
        ("0000年1月に買った", "ja", 0),
        ("", "ja", 0),
        ("、", "ja", 0),
    ],
)
def test_what_is_not_understood_is_pointed_at(words: str, locale: Locale, begins: int):
    with pytest.raises(Unreadable) as refused:
        hear(words, locale, SCENE)
    assert refused.value.facts["begins"] == begins
    assert refused.value.facts["at"] >= begins
    assert words[refused.value.facts["at"] :].startswith(refused.value.facts["rest"])


@pytest.mark.parametrize(
    "words", ["200年以内に買った", "0日以内に買った",
              "99999999999999年以内に買った",
              "吉祥寺店から900km以内に住んでいる", "2026-02-31以降に買った"],
)  # fmt: skip
def test_what_can_be_read_but_cannot_be_is_refused(words: str):
    with pytest.raises(SettenError) as refused:
        hear(words, "ja", SCENE)
    assert not isinstance(refused.value, Unreadable)


@pytest.mark.parametrize(
    ("words", "locale"),
    [
        ("今月が誕生日の人", "ja"),
        ("30日以内に買った、かつ30歳以上", "ja"),
        ("名前が田中の人", "ja"),
        ("birthday within 30 days", "en"),
        ("bought last month and born in 1990", "en"),
        ("東京都に住んでいる人", "ja"),
        ("20代の女性", "ja"),
        ("lives in Tokyo", "en"),
        ("women in their 20s", "en"),
    ],
)
def test_who_asks_for_what_is_sealed_is_told_so(words: str, locale: Locale):
    with pytest.raises(AboutSealed):
        hear(words, locale, SCENE)


@pytest.mark.parametrize(
    ("words", "locale"),
    [
        ("土曜日に買った", "ja"),
        ("30日以内に買った、かつゴールド会員", "ja"),
        ("平均購入金額が1万円以上", "ja"),
        ("visited on a Saturday", "en"),
        ("bought last month and has 1000 points", "en"),
    ],
)
def test_who_asks_for_what_nobody_keeps_is_told_what_to_try(words: str, locale: Locale):
    with pytest.raises(AboutUnasked):
        hear(words, locale, SCENE)


@pytest.mark.parametrize(
    ("words", "locale"),
    [("空を飛んだ", "ja"), ("2ソファを買った", "ja"), ("ソファを来た", "ja"),
     ("bought and a sofa", "en"), ("visited a sofa", "en"),
     ("viewed a sofa but did not buy it", "en"),
     ("bought the", "en")],
)  # fmt: skip
def test_not_every_word_before_or_behind_a_deed_is_taken_for_goods(words: str, locale: Locale):
    with pytest.raises(Unreadable):
        hear(words, locale, SCENE)


def test_a_product_that_is_named_as_something_sealed_may_be_asked_for():
    assert kept("「誕生日カード」を買った", "ja") == "購入（商品名が「誕生日カード」を含む）がある"


NAMES = {"kichijoji": {"ja": "吉祥寺店", "en": "Kichijoji"},
         "yokohama": {"ja": "横浜店", "en": "Kichijoji"}}  # fmt: skip


@pytest.mark.parametrize("locale", ["ja", "en"])
@given(
    place=st.sampled_from(["kichijoji", "yokohama", "closed"]),
    shape=st.sampled_from(["is", "is_not", "in", "lives", "having", "contains"]),
)
@settings(max_examples=60, deadline=None)
def test_shops_are_said_by_name_and_read_back_as_themselves(locale, place: str, shape: str):
    claim = {"property": "location_id", "op": shape, "value": place}
    did = {"kind": "did", "match": {"events": ["purchase"], "where": [claim]}}
    raw = {
        "in": {**did, "match": {"events": ["purchase"],
                                "where": [{**claim, "value": [place, "yokohama"]}]}},
        "lives": {"kind": "lives_near", "km": 3, "location_id": place},
        "having": {"kind": "not", "of": {
            "kind": "last", "match": {"events": ["purchase"]},
            "having": [{**claim, "op": "is"}]}},
    }.get(shape, did)  # fmt: skip
    node = LANGUAGE.read(raw)
    said = say(node, locale, SCENE, lambda one: NAMES.get(one, {}).get(locale, one))
    read = hear(said, locale, SCENE)
    assert read == node
    if place == "kichijoji" and shape != "contains":
        assert NAMES[place][locale] in said
    # Two shops have this name in English: only one of them can be meant by it.
    if place == "yokohama" and locale == "en" and shape not in ("contains", "in"):
        assert "yokohama" in said


def test_a_shop_s_name_between_quotation_marks_is_that_shop():
    assert (
        kept("購入（店が「吉祥寺」である）がある", "ja") == "購入（店が「kichijoji」である）がある"
    )
    assert (
        kept("店「横浜店」から3km以内に住んでいる", "ja") == "店「yokohama」から3km以内に住んでいる"
    )


def test_quoted_names_stay_as_they_were_typed():
    assert (
        kept("「ＡＢＣ１（限定）」を買った", "ja")
        == "購入（商品名が「ＡＢＣ１（限定）」を含む）がある"
    )


def test_every_event_that_has_sayings_is_one_and_its_noun_is_heard():
    assert SAYINGS.keys() - {"stage", "visit", "seen", "spending"} <= VOCABULARY.events.keys()
    for name in SAYINGS.keys() & VOCABULARY.events.keys():
        said = VOCABULARY.events[name].words
        assert hear(f"{said.ja}がない", "ja", SCENE) == hear(f"no {said.en} happened", "en", SCENE)


def test_the_nearest_phrase_is_offered_and_nothing_for_what_is_far():
    phrases = ["クーポン利用がある", "直近30日に購入がある", "販促のLINEが届く"]
    assert nearest("クーポンをもらった", phrases) == "クーポン利用がある"
    assert nearest("ラインかLINEで届いた", phrases) == "販促のLINEが届く"
    assert nearest("空を飛んだ", phrases) == ""
    assert nearest("何か", []) == ""


# What people say one thing with: any of each, in any order, is the same thing.
_WITHIN = ["{n}日以内に", "{n}日間で", "過去{n}日に", "この{n}日で、", "直近の{n}日間に"]
_TIMES = ["{k}回以上", "{k}度以上は"]
_BUY = ["買った", "購入した", "買っている", "買い物をした", "お買い物した"]
_WHO = ["", "人", "お客様", "方", "の会員"]


def _wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "0" <= one <= "9" else one for one in text)


def _kanji(n: int) -> str:
    tens, ones = divmod(n, 10)
    digits = "〇一二三四五六七八九"
    head = "" if not tens else ("十" if tens == 1 else digits[tens] + "十")
    return head + (digits[ones] if ones else "")


@st.composite
def _paraphrase(draw: Any) -> tuple[str, str]:
    n, k = draw(st.integers(1, 99)), draw(st.integers(2, 30))
    write = draw(st.sampled_from([str, lambda x: _wide(str(x)), _kanji]))
    parts = [draw(st.sampled_from(_WITHIN)).format(n=write(n)),
             draw(st.sampled_from(_TIMES)).format(k=write(k))]  # fmt: skip
    text = "".join(draw(st.permutations(parts))) + draw(st.sampled_from(_BUY))
    expected = f"直近{n}日に購入が{k}回以上ある"
    return text + draw(st.sampled_from(_WHO)), expected


@given(
    one=_paraphrase(),
    other=_paraphrase(),
    joiner=st.sampled_from(["、", "、かつ", "が、", "けど、"]),
)
@settings(max_examples=150, deadline=None)
def test_paraphrases_of_one_thing_are_heard_as_that_thing(one, other, joiner):
    assert kept(one[0], "ja") == one[1]
    assert hear(one[0] + joiner + other[0], "ja", SCENE) == LANGUAGE.read_words(
        one[1] if one[1] == other[1] else f"{one[1]}、かつ{other[1]}", "ja"
    )


_PIECES = ["買った", "30日", "以内に", "2回", "人", "、", "が", "または", "「", "」", "（", "）",
           "吉祥寺店", "から", "5km", "カートに", "ソファを", "ない", "bought", " ", "in",
           "30 days", "a sofa"]  # fmt: skip


@given(
    text=st.text(max_size=60) | st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
    locale=st.sampled_from(["ja", "en"]),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_is_heard_or_refused_in_words(text: str, locale: Locale):
    try:
        node = hear(text, locale, SCENE)
    except Unreadable as refused:
        places = refused.facts["begins"], refused.facts["at"]
    except SettenError:
        return
    else:
        assert LANGUAGE.read_words(LANGUAGE.say(node, locale), locale) == node
        return
    assert 0 <= places[0] <= places[1] <= len(text)


@pytest.mark.parametrize("named", ["ＡＢＣ（北）店", "ABC(北)店", "ａｂｃ（北）店"])
@pytest.mark.parametrize("typed", ["ＡＢＣ（北）店", "abc(北)店", "ABC（北)店"])
def test_a_name_is_heard_in_either_width_however_its_shop_is_called(named: str, typed: str):
    scene = Scene({folded(named): "abc-north"}, SCENE.today, frozenset({"ＶＩＰ（年間）"}))

    near = hear(f"{typed}から5km以内に住む", "ja", scene)
    bought = hear(f"{typed}で買った", "ja", scene)
    assert hear("vip(年間)の人", "ja", scene) == hear("ＶＩＰ（年間）の人", "ja", scene)

    assert LANGUAGE.json(near)["location_id"] == "abc-north"
    assert "abc-north" in str(LANGUAGE.json(bought))
    shown = say(near, "ja", scene, lambda _: named)
    assert named in shown
    assert hear(shown, "ja", scene) == near


def test_of_two_segments_that_differ_in_width_the_one_that_was_typed_is_meant():
    scene = Scene({}, SCENE.today, frozenset({"VIP", "ＶＩＰ"}))

    assert LANGUAGE.json(hear("VIPの人", "ja", scene))["name"] == "VIP"


def test_a_long_text_is_not_heard_for_ever():
    for text in ("買った、" * 900, "30日以内に" * 900, "bought and " * 500, "カートに" * 1_000):
        with pytest.raises(SettenError):
            hear(unicodedata.normalize("NFC", text), "ja" if text[0] > "z" else "en", SCENE)
