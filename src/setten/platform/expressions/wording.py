"""Expressions in plain words, Japanese and English, that can be read back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from setten.platform.expressions import claims, whens
from setten.platform.expressions.claims import KNOWN, UNKNOWN
from setten.platform.expressions.hearing import Heard, even
from setten.platform.expressions.kinds import All, Kind, Not
from setten.platform.expressions.kinds import Any as AnyOf
from setten.platform.expressions.kinds.deeds import ONCE, Did, Total
from setten.platform.expressions.kinds.fields import Field
from setten.platform.expressions.kinds.groups import Group
from setten.platform.expressions.kinds.picks import First, Last
from setten.platform.expressions.kinds.sequences import Sequence
from setten.platform.expressions.kinds.standing import Related
from setten.platform.expressions.model import Claim, Match, Node, Unreadable, Where
from setten.platform.expressions.phrases import (
    REST_CHARS,
    Grammar,
    Listing,
    Phrase,
    Token,
    taking,
)
from setten.platform.expressions.tokens import TOKENS, names, say_quoted
from setten.platform.expressions.vocabulary import Field as Declared
from setten.platform.expressions.vocabulary import Locale, Vocabulary, Words

_NONE = Claim(op="is", value=0)


class Wording:
    """Says and reads expressions over one vocabulary. heard: what people say besides."""

    def __init__(
        self, vocabulary: Vocabulary, kinds: Iterable[Kind] = (), heard: Heard | None = None
    ) -> None:
        kinds = tuple(kinds)
        self._grammar = self._made(vocabulary, kinds, Heard())
        self._heard = self._made(vocabulary, kinds, heard) if heard else self._grammar
        self._filled = (heard or Heard()).filled

    def _made(self, vocabulary: Vocabulary, kinds: tuple[Kind, ...], heard: Heard) -> Grammar:
        worded = [one for one in vocabulary.fields.values() if one.values]
        return Grammar(
            phrases=[*_JOINS, *_worded(worded), *_CONDITIONS, *_group(vocabulary.group),
                     *_MATCHES, *whens.phrases(), *_claims(), *_times(),
                     *(one for kind in kinds for one in kind.phrases), *_fields(vocabulary),
                     *heard.phrases],
            lists=(*_LISTS, *heard.lists,
                   *(Listing(category=f"values_of_{one.name}", ja="・", en=", ",
                             item=f"value_of_{one.name}") for one in worded)),
            tokens=[
                *TOKENS,
                names("event", {name: one.words for name, one in vocabulary.events.items()}),
                names("property", {n: one.words for n, one in vocabulary.properties.items()}),
                names("declared", {name: one.words for name, one in vocabulary.fields.items()}),
                names("measure", _MEASURES),
                names("relation", vocabulary.relations),
                *(names(f"value_of_{one.name}", _quoted(one.values)) for one in worded),
                *(one for kind in kinds for one in kind.tokens),
            ],
        )  # fmt: skip

    def say(self, node: Node, locale: Locale) -> str:
        """The words of a condition."""
        return self._grammar.say("condition", node, locale)

    def read(self, text: str, locale: Locale) -> Node:
        """The condition of words. Raises Unreadable, TooLarge."""
        node: Node = self._grammar.read("condition", text, locale, unit="term")
        return node

    def hear(self, text: str, locale: Locale, more: Iterable[Token]) -> Node:
        """The condition of words as people say them. Raises Unreadable, TooLarge."""
        evened, places = even(text, locale)
        try:
            node: Node = self._heard.read("condition", evened, locale, more, unit="term")
            return self._filled(node, evened)
        except Unreadable as refused:
            at = places[min(int(refused.facts["at"]), len(places) - 1)]
            rest = text[at : at + REST_CHARS]
            begins = places[min(int(refused.facts["begins"]), len(places) - 1)]
            raise Unreadable(at=at, character=at + 1, rest=rest, begins=begins) from None


_MEASURES = {
    "sum": Words(ja="合計", en="total"),
    "least": Words(ja="最小", en="lowest"),
    "most": Words(ja="最大", en="highest"),
}


_JOINS = (
    Phrase(category="condition", ja="{of:all_of}", en="{of:all_of}",
           take=taking(All, "of"), build=All),
    Phrase(category="condition", ja="{of:any_of}", en="{of:any_of}",
           take=taking(AnyOf, "of"), build=AnyOf),
    Phrase(category="condition", ja="{one:term}", en="{one:term}",
           take=lambda node: {"one": node}, build=lambda one: one),
    Phrase(category="term", ja="（{one:condition}）", en="({one:condition})",
           take=lambda node: {"one": node} if isinstance(node, All | AnyOf) else None,
           build=lambda one: one),
    Phrase(category="term", ja="（{of:condition}）ではない", en="not ({of:condition})",
           take=taking(Not, "of"), build=Not),
)  # fmt: skip
_LISTS = (
    Listing(category="all_of", item="term", ja="、かつ", en=" and ", least=2),
    Listing(category="any_of", item="term", ja="、または", en=" or ", least=2),
    Listing(category="events", item="event", ja="・", en=" or "),
    Listing(category="claimed", item="where", ja="、", en="; "),
    Listing(category="values", item="value", ja="・", en=", "),
    Listing(category="steps", item="match", ja="のあと", en=" then ", least=2),
)
_CONDITIONS = (
    Phrase(category="term", ja="{window:window}{match:match}がある",
           en="{match:match} happened{window:window}",
           take=taking(Did, "match", "window", when=lambda did: did.times == ONCE), build=Did),
    Phrase(category="term", ja="{window:window}{match:match}がない",
           en="no {match:match} happened{window:window}",
           take=taking(Did, "match", "window", when=lambda did: did.times == _NONE),
           build=lambda **said: Did(times=_NONE, **said)),
    Phrase(category="term", ja="{window:window}{match:match}が{times:times}ある",
           en="{match:match} happened {times:times}{window:window}",
           take=taking(Did, "match", "window", "times"), build=Did),
    Phrase(category="term",
           ja="{window:window}{match:match}の{property:property}の{measure:measure}が{claim:claim}",
           en="the {measure:measure} {property:property} of {match:match}{window:window}"
              " {claim:claim}",
           take=taking(Total, "measure", "property", "match", "window", "claim"), build=Total),
    Phrase(category="term", ja="最初の{match:match}が{window:window}あった{having:having}",
           en="the first {match:match} came{window:window}{having:having}",
           take=taking(First, "match", "window", "having"), build=First),
    Phrase(category="term", ja="最後の{match:match}が{window:window}あった{having:having}",
           en="the last {match:match} came{window:window}{having:having}",
           take=taking(Last, "match", "window", "having"), build=Last),
    Phrase(category="term", ja="{window:window}{steps:steps}が{within:span}以内にある",
           en="{steps:steps} within {within:span}{window:window}",
           take=taking(Sequence, "steps", "within", "window"), build=Sequence),
    Phrase(category="term", ja="{relation:relation}がいる", en="has {relation:relation}",
           take=taking(Related, "relation", when=lambda one: one.of is None), build=Related),
    Phrase(category="term", ja="（{of:condition}）という{relation:relation}がいる",
           en="has {relation:relation} of whom ({of:condition})",
           take=taking(Related, "relation", "of"), build=Related),
    Phrase(category="term", ja="{name:field}が{claim:claim}", en="{name:field} {claim:claim}",
           take=taking(Field, "name", "claim"), build=Field),
)  # fmt: skip
_MATCHES = (
    Phrase(category="match", ja="{events:events}", en="{events:events}",
           take=taking(Match, "events", when=lambda match: not match.where), build=Match),
    Phrase(category="match", ja="{events:events}（{where:claimed}）",
           en="{events:events} ({where:claimed})",
           take=taking(Match, "events", "where"), build=Match),
    Phrase(category="where", ja="{property:property}が{claim:claim}",
           en="{property:property} {claim:claim}",
           take=lambda where: {"property": where.property, "claim": where.claim()},
           build=lambda property, claim: Where(property=property, op=claim.op, value=claim.value)),
    Phrase(category="having", ja="", en="", take=lambda having: None if having else {},
           build=lambda: ()),
    Phrase(category="having", ja="（そのとき{having:claimed}）", en=" (then {having:claimed})",
           take=lambda having: {"having": having}, build=lambda having: having),
)  # fmt: skip


def _group(words: Words) -> list[Phrase]:
    return [
        Phrase(
            category="term",
            ja=words.ja + "{name:quoted}に入っている",
            en="is in " + words.en + " {name:quoted}",
            take=taking(Group, "name"),
            build=Group,
        )
    ]


def _fields(vocabulary: Vocabulary) -> list[Phrase]:
    open_field = vocabulary.field
    return [
        Phrase(category="field", ja="{name:declared}", en="{name:declared}",
               take=lambda name: {"name": name} if name in vocabulary.fields else None,
               build=lambda name: name),
        Phrase(category="field", ja=open_field.ja + "{name:quoted}",
               en=open_field.en + " {name:quoted}",
               take=lambda name: {"name": name}, build=lambda name: name),
    ]  # fmt: skip


def _quoted(words: Mapping[str, Words]) -> Mapping[str, Words]:
    """As values are written: people say the word, the expression keeps the name."""
    return {
        name: Words(ja=say_quoted(one.ja, "ja"), en=say_quoted(one.en, "en"))
        for name, one in words.items()
    }


def _worded(fields: Iterable[Declared]) -> Iterable[Phrase]:
    """Claims about fields whose values have words."""
    for field in fields:
        for op in ("is", "is_not", "in", "not_in"):
            ja, en = (
                re.sub(r"(value|values):\1", rf"\1:\1_of_{field.name}", words)
                for words in _CLAIMED[op]
            )
            yield Phrase(
                category="term",
                ja=f"{field.words.ja}が{ja}",
                en=f"{field.words.en} {en}",
                take=_worded_take(field, op),
                build=_worded_build(field.name, op),
            )


def _worded_take(field: Declared, op: str) -> Callable[[Any], Mapping[str, Any] | None]:
    def take(node: Any) -> Mapping[str, Any] | None:
        if not isinstance(node, Field) or node.name != field.name or node.claim.op != op:
            return None
        values = claims.operands(node.claim)
        if not all(isinstance(one, str) and one in field.values for one in values):
            return None
        return {"values": values} if op in ("in", "not_in") else {"value": values[0]}

    return take


def _worded_build(name: str, op: str) -> Callable[..., Field]:
    def build(value: Any = None, values: Any = None) -> Field:
        return Field(name=name, claim=Claim(op=op, value=values or value))

    return build


# op: ja (after が), en (after the thing)
_CLAIMED = {
    "is_not": ("{value:value}ではない", "is not {value:value}"),
    "in": ("{values:values}のどれかである", "is one of {values:values}"),
    "not_in": ("{values:values}のどれでもない", "is none of {values:values}"),
    "contains": ("{value:value}を含む", "contains {value:value}"),
    "starts_with": ("{value:value}で始まる", "starts with {value:value}"),
    "at_least": ("{value:value}以上である", "is at least {value:value}"),
    "at_most": ("{value:value}以下である", "is at most {value:value}"),
    "more_than": ("{value:value}より大きい", "is more than {value:value}"),
    "less_than": ("{value:value}より小さい", "is less than {value:value}"),
    "between": ("{low:value}から{high:value}までである", "is between {low:value} and {high:value}"),
    KNOWN: ("わかっている", "is known"),
    UNKNOWN: ("わかっていない", "is unknown"),
    "is": ("{value:value}である", "is {value:value}"),
}
# op: ja, en, en when it is one
_COUNTED = {
    "at_least": ("{value:whole}回以上", "at least {value:whole} times", "at least once"),
    "at_most": ("{value:whole}回以下", "at most {value:whole} times", "at most once"),
    "more_than": ("{value:whole}回より多く", "more than {value:whole} times", "more than once"),
    "less_than": ("{value:whole}回未満", "fewer than {value:whole} times", "fewer than 1 time"),
    "is": ("ちょうど{value:whole}回", "exactly {value:whole} times", "exactly once"),
    "is_not": ("ちょうど{value:whole}回以外", "other than {value:whole} times", "other than once"),
    "between": ("{low:whole}回から{high:whole}回", "{low:whole} to {high:whole} times", ""),
}


def _claims() -> list[Phrase]:
    return [_claim("claim", op, ja, en) for op, (ja, en) in _CLAIMED.items()]


def _times() -> list[Phrase]:
    found = []
    for op, (ja, en, once) in _COUNTED.items():
        if once:
            # In Japanese one is said as any number is.
            found.append(
                Phrase(category="times", ja=ja.replace("{value:whole}", "1"), en=once,
                       take=_only(op, 1), build=_built(op, 1))
            )  # fmt: skip
        found.append(_claim("times", op, ja, en))
    return found


def _only(op: str, value: int) -> Callable[[Claim], Mapping[str, Any] | None]:
    return lambda claim: {} if claim == Claim(op=op, value=value) else None


def _built(op: str, value: int) -> Callable[[], Claim]:
    return lambda: Claim(op=op, value=value)


def _claim(category: str, op: str, ja: str, en: str) -> Phrase:
    def take(claim: Claim) -> Mapping[str, Any] | None:
        if claim.op != op:
            return None
        values = claims.operands(claim)
        if op == "between":
            return {"low": values[0], "high": values[1]}
        return {"values": values} if "values" in en else {"value": values[0]} if values else {}

    def build(value: Any = None, values: Any = None, low: Any = None, high: Any = None) -> Claim:
        return Claim(op=op, value=(low, high) if op == "between" else values or value)

    return Phrase(category=category, ja=ja, en=en, take=take, build=build)
