"""Clauses as people say them: a deed with what is said beside it, and what stands of somebody."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from setten.customers.segments.hearing import modifiers
from setten.customers.segments.hearing.modifiers import Rule, Said, Scene
from setten.customers.segments.hearing.standings import Heard, standings
from setten.platform.expressions import (
    ANYTIME,
    Claim,
    Did,
    FieldIs,
    First,
    Last,
    Locale,
    Match,
    Node,
    Not,
    Token,
    Total,
    Where,
    Window,
)

SAYINGS: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("sayings.toml").read_text(encoding="utf-8")
)
_NEVER = Claim(op="is", value=0)
_PEOPLE: Mapping[Locale, str] = {
    "ja": r"(?:の)?(?:人|方|かた|お?客(?:様|さま|さん)?|顧客|会員|ユーザー)?(?:たち|全員|だけ)?",
    "en": r"",
}
_LED: Mapping[Locale, str] = {
    "ja": r"[ 、]*",
    "en": r" *(?:(?:all |any )?(?:people|customers?|everyone|everybody|anyone|anybody|those"
          r"|members|shoppers|users)\b ?)?(?:(?:who|that|and who|whom)\b ?)?(?:they )?",
}  # fmt: skip
# What follows the te-form, and the two ways to say no.
_JA_DONE = (r"(?:[ただ](?:こと(?:が|の)(?:ある|あり))?"
            r"|[てで](?:(?:い|き)?(?:る|た|ます)|くれた|くださった|いただいた)?)")  # fmt: skip
_JA_UNDONE = (r"(?:[てで](?:は)?い?(?:ない|なかった|ません|なく|なくて)"
              r"|[ただ]こと(?:が|は)?(?:まだ|(?:一|1)(?:度|回)も)?(?:ない|なく|ありません))"
              )  # fmt: skip
_JA_NAI = r"(?:ない(?:まま)?|なかった|ず(?:に)?|なくて?|ません)"
_EN_NOT = (r"(?:(?:has |have |had )?never|(?:did|do|does|has|have|had) not"
           r"|(?:did|do|does|has|have|had)n['’]?t|not)(?: (?:ever|yet|once))? ")  # fmt: skip


class _Deed(msgspec.Struct, frozen=True):
    """The patterns of one event: what is done to (it may be empty), done, not done, counted."""

    event: str
    object: re.Pattern[str]
    done: re.Pattern[str]
    undone: re.Pattern[str]
    noun: re.Pattern[str]
    none: re.Pattern[str]


def _any(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _japanese(event: str, said: Mapping[str, Any]) -> _Deed:
    te, nai = _any(said["te"]), _any(said["nai"])
    return _Deed(
        event,
        _compiled(said["object"] + r"(?:、)?"),
        _compiled(te + _JA_DONE),
        _compiled(f"(?:{te}{_JA_UNDONE}|{nai}{_JA_NAI})"),
        _compiled(f"(?:{said['noun']})(?:が|は|の?回数が|を)?[ 、]*"),
        _compiled(f"(?:{said['noun']})(?:が|は)?(?:ない|なし|ゼロ|0回)(?:の)?"),
    )


def _english(event: str, said: Mapping[str, Any]) -> _Deed:
    done, base = _any(said["done"]), _any(said["base"])
    return _Deed(
        event,
        _compiled(""),
        _compiled(f"(?:(?:have|has|had) )?{done}\\b"),
        _compiled(f"{_EN_NOT}(?:{done}|{base})\\b|without (?:having )?(?:{done}|{base}ing)\\b"),
        _compiled(f"(?:had |have |has |made |with )?(?P<than>at least |more than |over |exactly )?"
                  f"(?P<n>{modifiers.NUMBER['en']})(?P<more> or more|\\+)? (?:{said['noun']})"),
        _compiled(f"(?:(?:had|have|has|made|with) )?no (?:{said['noun']})"),
    )  # fmt: skip


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_DEEDS: Mapping[Locale, list[_Deed]] = {
    "ja": [_japanese(name, said["ja"]) for name, said in SAYINGS.items() if name != "stage"],
    "en": [_english(name, said["en"]) for name, said in SAYINGS.items() if name != "stage"],
}
_STAGES: Mapping[Locale, list[tuple[str, re.Pattern[str]]]] = {
    "ja": [(name, _compiled(said["ja"])) for name, said in SAYINGS["stage"].items()],
    "en": [(name, _compiled(r"(?:are |is |be )?" + said["en"] + r"\b"))
           for name, said in SAYINGS["stage"].items()],
}  # fmt: skip
_SPENT = _compiled(
    r"(?:have |has )?spent (?:(?P<than>at least|more than|over|less than|up to|at most) )?"
    rf"(?:¥|jpy )?(?P<n>{modifiers.NUMBER['en']}(?:\.[0-9]{{1,4}})?)(?P<large>k)? ?(?:yen|jpy|円)?"
    r"(?P<more> or more|\+)?[, ]*"
)
# 「最後に買ったのが60日以上前」
_AGO = _compiled(
    rf"(?:の?(?:が|は)|から)(?P<n>{modifiers.NUMBER['ja']})(?P<unit>日|週間?|か月|ヶ月|カ月|年)"
    r"(?:以上)?(?:前|たった|経った|経過した)(?:である|だ|の)?"
)
# 「銀座店では一度もない」, "never at Ginza": of whatever is done at a shop nothing.
_NOT_THERE: Mapping[Locale, re.Pattern[str]] = {
    "ja": _compiled(r"(?:ない|なし|ありません)"),
    "en": _compiled(r"(?:(?:were|was|have been|has been) )?never (?=(?:at|in|to) )"),
}
_ONCE = Claim(op="at_least", value=1)
# Nobody tells of people who come and buy nothing: a visit is what a till saw of it.
_VISIT = "visit"
_VISITS = Match(events=("purchase", "return"),
                where=(Where(property="channel", op="is", value="store"),))  # fmt: skip
# How many things somebody says of one deed.
_MODIFIERS_MAX = 8


@lru_cache(maxsize=64)
def _rules(locale: Locale, shops: frozenset[str]) -> tuple[list[Rule], list[Heard]]:
    # The longest first, so that a name that begins another does not hide it.
    names = "|".join(re.escape(one) for one in sorted(shops, key=len, reverse=True)) or r"(?!)"
    made = modifiers.japanese if locale == "ja" else modifiers.english
    return made(names), standings(locale, names)


def token(scene: Scene) -> Token:
    """The token `clause` of a reading: every condition that can be heard at a place."""
    shops = frozenset(scene.shops)

    def read(text: str, place: int, locale: Locale) -> Iterator[tuple[Node, int]]:
        rules, others = _rules(locale, shops)
        led = re.compile(_LED[locale], re.IGNORECASE).match(text, place)
        for start in dict.fromkeys((led.end() if led else place, place)):
            for node, end in _clauses(text, start, locale, rules, others, scene):
                met = re.compile(_PEOPLE[locale]).match(text, end)
                yield node, met.end() if met else end
                if met and met.end() > end:
                    yield node, end

    return Token(category="clause", say=lambda node, locale: "", read=read)


def _clauses(
    text: str, place: int, locale: Locale, rules: list[Rule], others: list[Heard], scene: Scene
) -> Iterator[tuple[Node, int]]:
    for pattern, make in others:
        if met := pattern.match(text, place):
            yield make(met, scene), met.end()
    said = Said()
    begun = _modified(text, place, rules, said, scene)
    for stage, pattern in _STAGES[locale]:
        if met := pattern.match(text, place):
            yield FieldIs(name="stage", claim=Claim(op="is", value=stage)), met.end()
    if locale == "en" and (met := _SPENT.match(text, begun)):
        inner = msgspec.structs.replace(said, spent=modifiers.money(met))
        end = _modified(text, met.end(), rules, inner, scene)
        if node := _done("purchase", inner):
            yield node, _trimmed(text, met.end(), end)
    yield from _not_there(text, begun, locale, said, rules, scene)
    for deed in _DEEDS[locale]:
        reads = _japanese_deed if locale == "ja" else _english_deed
        yield from reads(text, begun, deed, said, rules, scene)


def _not_there(
    text: str, place: int, locale: Locale, said: Said, rules: list[Rule], scene: Scene
) -> Iterator[tuple[Node, int]]:
    """Never at a shop, without a word of what."""
    met = _NOT_THERE[locale].match(text, place)
    if met is None or (locale == "ja" and not said.never):
        return
    inner = msgspec.structs.replace(said)
    end = _modified(text, met.end(), rules, inner, scene)
    if inner.wheres and all(one.property == "location_id" for one in inner.wheres):
        yield from _built(_VISIT, inner, _trimmed(text, met.end(), end), is_done=False)


def _modified(text: str, place: int, rules: list[Rule], said: Said, scene: Scene) -> int:
    """Take in the modifiers that stand at a place, each once; answers where they end."""
    for _ in range(_MODIFIERS_MAX):
        for pattern, act in rules:
            met = pattern.match(text, place)
            if met and met.end() > place and act(said, met, scene):
                place = met.end()
                break
        else:
            return place
    return place


def _japanese_deed(
    text: str, place: int, deed: _Deed, said: Said, rules: list[Rule], scene: Scene
) -> Iterator[tuple[Node, int]]:
    if met := deed.none.match(text, place):
        yield from _built(deed.event, said, met.end(), is_done=False)
    if met := deed.noun.match(text, place):
        inner = msgspec.structs.replace(said)
        end = _modified(text, met.end(), rules, inner, scene)
        if said.times and not inner.spent:
            yield from _built(deed.event, said, met.end(), is_done=True)
        elif inner.times and end > met.end():
            tail = re.compile(r"(?:ある|あり|あった|した)?").match(text, end)
            yield from _built(deed.event, inner, tail.end() if tail else end, is_done=True)
    met = deed.object.match(text, place)
    if met is None:
        return
    inner = msgspec.structs.replace(said)
    place = _modified(text, met.end(), rules, inner, scene)
    if met := deed.undone.match(text, place):
        yield from _built(deed.event, inner, met.end(), is_done=False)
    if met := deed.done.match(text, place):
        if inner.is_last and (ago := _AGO.match(text, met.end())):
            inner.window = Window(until=modifiers.span(ago["n"], ago["unit"]))
            met = ago
        yield from _built(deed.event, inner, met.end(), is_done=True)


def _english_deed(
    text: str, place: int, deed: _Deed, said: Said, rules: list[Rule], scene: Scene
) -> Iterator[tuple[Node, int]]:
    forms: tuple[tuple[re.Pattern[str], bool], ...] = (
        (deed.undone, False), (deed.none, False), (deed.done, True), (deed.noun, True))  # fmt: skip
    for pattern, is_done in forms:
        if not (met := pattern.match(text, place)):
            continue
        inner = msgspec.structs.replace(said)
        if pattern is deed.noun:
            inner.times = modifiers.times(met)
        if re.search(r"\bnever\b", met.group(), re.IGNORECASE):
            inner.never = True
        behind = met.end() + (1 if text[met.end() : met.end() + 1] == " " else 0)
        end = _modified(text, behind, rules, inner, scene)
        yield from _built(
            deed.event, inner, _trimmed(text, met.end(), end if end > behind else met.end()),
            is_done=is_done,
        )  # fmt: skip


def _trimmed(text: str, least: int, end: int) -> int:
    """An end without the space before what follows: joiners bring theirs."""
    while end > least and text[end - 1] in " ,":
        end -= 1
    return end


def _built(event: str, said: Said, end: int, *, is_done: bool) -> Iterator[tuple[Node, int]]:
    make: Callable[[str, Said], Node | None] = _done if is_done else _undone
    if node := make(event, said):
        yield node, end


def _match(event: str, said: Said) -> Match:
    if event == _VISIT:
        return Match(events=_VISITS.events, where=(*_VISITS.where, *said.wheres))
    return Match(events=(event,), where=said.wheres)


def _done(event: str, said: Said) -> Node | None:
    if said.never:
        return None
    match, window = _match(event, said), said.window or ANYTIME
    if said.spent:
        if event != "purchase" or said.times or said.is_first:
            return None
        return Total(measure="sum", property="total_minor", match=match, window=window,
                     claim=said.spent)  # fmt: skip
    if said.is_first or said.is_last:
        if said.times:
            return None
        return (First if said.is_first else Last)(match=match, window=window)
    return Did(match=match, window=window, times=said.times or _ONCE)


def _undone(event: str, said: Said) -> Node | None:
    if said.spent or said.is_first or said.is_last or (said.never and said.times):
        return None
    match, window = _match(event, said), said.window or ANYTIME
    if said.times:
        return Not(of=Did(match=match, window=window, times=said.times))
    return Did(match=match, window=window, times=_NEVER)
