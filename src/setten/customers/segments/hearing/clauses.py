"""Clauses as people say them: a deed with what is said beside it, and what stands of somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from setten.customers.lifecycle import NAMES
from setten.customers.segments.hearing import beside, modifiers, sequels
from setten.customers.segments.hearing.deeds import (
    DEEDS,
    EN_NOT,
    PURCHASE,
    SAYINGS,
    VISIT,
    Deed,
    built,
    compiled,
    named_goods,
)
from setten.customers.segments.hearing.ellipses import Short
from setten.customers.segments.hearing.modifiers import Rule, Said, Scene
from setten.customers.segments.hearing.reading import Reading
from setten.customers.segments.hearing.standings import Heard, channel_of, channels, standings
from setten.platform.expressions import (
    Claim,
    FieldIs,
    Locale,
    Node,
    Token,
    Window,
)
from setten.platform.expressions.hearing import even

_PEOPLE: Mapping[Locale, str] = {
    "ja": r"(?:の)?(?:人|方|かた|お?客(?:様|さま|さん)?|顧客|会員|ユーザー)?(?:たち|全員|だけ)?",
    "en": r"",
}
_LED: Mapping[Locale, str] = {
    "ja": r"[ 、]*",
    "en": r" *(?:(?:all |any )?(?:people|customers?|everyone|everybody|anyone|anybody|those"
          r"|members|shoppers|users)\b ?)?(?:(?:who|that|and who|whom)\b ?)?(?:they )?",
}  # fmt: skip
_EN_WHO = r"(?: (?:customers?|buyers?|shoppers?|members?|people))?"
_STAGES: Mapping[Locale, list[tuple[str, re.Pattern[str]]]] = {
    "ja": [(name, compiled(said["ja"])) for name, said in SAYINGS["stage"].items()]
    + [(name, compiled(rf"(?:{said['ja']}の?(?:段階|ステージ)|(?:段階|ステージ)[がは]?{said['ja']})"
                       r"(?:に(?:い|あ)る|である|で)?")) for name, said in NAMES.items()],
    "en": [(name, compiled(rf"(?:are |is |be )?{said['en']}\b{_EN_WHO}"))
           for name, said in SAYINGS["stage"].items()]
    + [(name, compiled(rf"(?:(?:are |is )?in |are |is )?(?:(?:the |at )?{said['en']} stage"
                       rf"|(?:the )?stage (?:is |of )?{said['en']})\b"))
       for name, said in NAMES.items()],
}  # fmt: skip
_SPENT = compiled(
    r"(?:have |has )?spent (?:(?P<than>at least|more than|over|less than|up to|at most) )?"
    rf"(?:¥|jpy )?(?P<n>{modifiers.NUMBER['en']}(?:\.[0-9]{{1,4}})?)(?P<large>k)? ?(?:yen|jpy|円)?"
    r"(?P<more> or more|\+)?[, ]*"
)
_SUM = compiled(
    r"(?:の)?(?:累計|合計|総|通算|年間)?(?:の)?(?:ご?(?:購入|購買|利用)|お?買い?上げ|お?買い物)(?:の)?"
    rf"(?:合計|総)?(?:金額|総額|額)(?:の?合計)?(?:が|は|で)?[、 ]*{beside.YEN_JA}"
)
_JA_AGO = (rf"{beside.JA_N}{beside.JA_UNIT}"
           r"(?:以上)?(?:より)?(?:前|たった|経った|経過した|(?:たっ|経っ)ている)(?:である|だ|の)?"
           )  # fmt: skip
# 「最後に買ったのが60日以上前」, 「初めて買ったのは今月」
_AGO = compiled(rf"(?:の?(?:が|は)|から){_JA_AGO}")
_WAS = compiled(r"の(?:が|は)")
# 「銀座店では一度もない」, "never at Ginza": of whatever is done at a shop nothing.
_NOT_THERE: Mapping[Locale, re.Pattern[str]] = {
    "ja": compiled(r"(?:ない|なし|ありません)"),
    "en": compiled(r"(?:(?:were|was|have been|has been) )?never (?=(?:at|in|to) )"),
}
# Who is new at some time bought for the first time then.
_NEW: Mapping[Locale, re.Pattern[str]] = {
    "ja": compiled(r"(?:に?(?:増えた|来た))?(?:新規|新しい)(?=の?(?:人|方|お?客|顧客|会員|$|、))"),
    "en": compiled(r"new (?:customers?|buyers?|members?)\b ?"),
}
_NOTHING: Mapping[Locale, re.Pattern[str]] = {
    "ja": compiled(r"(?:まだ)?(?:なし|ない|して?い?ない|なかった|ありません|ゼロ|0回)(?:です|だ)?"
                   r"|まだ(?:です|だ)?"),
    "en": compiled(rf"(?:{EN_NOT}|(?:nothing|none|no more) )(?:(?:yet|at all|once|ever|again"
                   r"|any ?more) )?"),
}  # fmt: skip
_NOT_BY = compiled(rf"not (?:to |by |on |via |through )?{channels('en')}")


@lru_cache(maxsize=64)
def _rules(
    locale: Locale, shops: frozenset[str], groups: frozenset[str]
) -> tuple[list[Rule], list[Rule], list[Heard], list[tuple[re.Pattern[str], bool, Deed]]]:
    names = _one_of(shops, locale)
    made = beside.japanese(names) if locale == "ja" else beside.english(names)
    behind = [] if locale == "ja" else beside.english_behind()
    return made, behind, standings(locale, names, _one_of(groups, locale)), _edges(locale)


def _one_of(names: frozenset[str], locale: Locale) -> str:
    # What is typed has been made even before it is read, so names are too.
    made = {even(one, locale)[0] for one in names}
    # The longest first, so that a name that begins another does not hide it.
    return (
        "|".join(re.escape(one) for one in sorted(made, key=lambda one: (-len(one), one)))
        or r"(?!)"
    )


def _edges(locale: Locale) -> list[tuple[re.Pattern[str], bool, Deed]]:
    """The first and the last of each deed, as a noun: "last purchase", 「最終購入日」."""
    found = []
    for deed in DEEDS[locale]:
        if locale == "ja":
            first = rf"(?:初回|初めての|最初の){deed.called}日?(?:が|は|の|から)?[、 ]*"
            last = rf"(?:最終|最後の|前回の?|直近の){deed.called}日?(?:が|は|の|から)?[、 ]*"
        else:
            which = r"(?:(?:whose|the|their|with a|had their) )?"
            was = r"\b(?: (?:was|came|is|happened|being))? ?"
            first = rf"{which}first {deed.called}{was}"
            last = rf"{which}(?:last|latest|most recent) {deed.called}{was}"
        found += [(compiled(first), True, deed), (compiled(last), False, deed)]
    return found


def token(scene: Scene) -> Token:
    """The token `clause` of a reading: every condition that can be heard at a place."""
    shops = frozenset(scene.shops)

    def read(text: str, place: int, locale: Locale) -> Iterator[tuple[Node, int]]:
        reading = _Heard(text, locale, scene, *_rules(locale, shops, scene.groups))
        led = re.compile(_LED[locale], re.IGNORECASE).match(text, place)
        for start in dict.fromkeys((led.end() if led else place, place)):
            for node, end in reading.clauses(start):
                if isinstance(node, Short) and node.at < 0:
                    node = msgspec.structs.replace(node, at=place)
                met = re.compile(_PEOPLE[locale]).match(text, end)
                yield node, met.end() if met else end
                if met and met.end() > end:
                    yield node, end

    return Token(category="clause", say=lambda node, locale: "", read=read)


class _Heard(Reading, frozen=True):
    """What can be heard in one text."""

    others: list[Heard]
    edges: list[tuple[re.Pattern[str], bool, Deed]]

    def clauses(self, place: int) -> Iterator[tuple[Node, int]]:
        """Every condition at a place, with the place behind it; the likelier first."""
        for pattern, make in self.others:
            if met := pattern.match(self.text, place):
                yield make(met, self.scene), met.end()
        said = Said()
        begun = self.modified(place, said)
        yield from self._new(begun, said)
        for stage, pattern in _STAGES[self.locale]:
            if met := pattern.match(self.text, place):
                yield FieldIs(name="stage", claim=Claim(op="is", value=stage)), met.end()
        yield from self._sums(begun, said)
        yield from self._edge(begun, said)
        if begun > place:  # "first" may belong to the noun: 「初めての購入から30日以内」
            yield from self._edge(place, Said())
        yield from self._not_there(begun, said)
        reads = self._japanese if self.locale == "ja" else self._english
        for deed in DEEDS[self.locale]:
            yield from reads(begun, deed, said)
        yield from self._short(place)

    def _new(self, place: int, said: Said) -> Iterator[tuple[Node, int]]:
        if not (met := _NEW[self.locale].match(self.text, place)):
            return
        found = [(said, met.end())] if self.locale == "ja" else self.behind(met.end(), said)
        for inner, end in found:
            if inner.window and not inner.times:
                first = msgspec.structs.replace(inner, is_first=True)
                yield from built(PURCHASE, first, self.trimmed(met.end(), end), is_done=True)

    def _sums(self, place: int, said: Said) -> Iterator[tuple[Node, int]]:
        pattern = _SUM if self.locale == "ja" else _SPENT
        if not (met := pattern.match(self.text, place)):
            return
        spent = msgspec.structs.replace(said, spent=modifiers.money(met))
        if self.locale == "ja":
            yield from built(PURCHASE, spent, met.end(), is_done=True)
            return
        for inner, end in self.behind(met.end(), spent):
            yield from built(PURCHASE, inner, self.trimmed(met.end(), end), is_done=True)

    def _edge(self, place: int, said: Said) -> Iterator[tuple[Node, int]]:
        for pattern, is_first, deed in self.edges:
            if not (met := pattern.match(self.text, place)):
                continue
            for inner, end in self.behind(met.end(), said):
                inner.is_first, inner.is_last = is_first, not is_first
                inner.wheres += named_goods(met)
                if self.locale == "ja" and (ago := compiled(_JA_AGO).match(self.text, met.end())):
                    inner = msgspec.structs.replace(said, is_first=is_first, is_last=not is_first)
                    inner.window, end = Window(until=modifiers.span_of(ago)), ago.end()
                if inner.window:
                    end = self.trimmed(met.end(), end)
                    yield from built(deed.event, inner, end, is_done=True)

    def _not_there(self, place: int, said: Said) -> Iterator[tuple[Node, int]]:
        """Never at a shop, without a word of what."""
        met = _NOT_THERE[self.locale].match(self.text, place)
        if met is None or (self.locale == "ja" and not said.never):
            return
        for inner, end in self.behind(met.end(), said):
            if inner.wheres and all(one.property == "location_id" for one in inner.wheres):
                end = self.trimmed(met.end(), end)
                yield from built(VISIT, inner, end, is_done=False)

    def _japanese(self, place: int, deed: Deed, said: Said) -> Iterator[tuple[Node, int]]:
        if met := deed.none.match(self.text, place):
            yield from built(deed.event, said, met.end(), is_done=False)
        if met := deed.noun.match(self.text, place):
            inner = msgspec.structs.replace(said)
            end = self.modified(met.end(), inner)
            if said.times and not inner.spent:
                yield from built(deed.event, said, met.end(), is_done=True)
            elif (inner.times or inner.spent) and end > met.end():
                tail = re.compile(r"(?:ある|あり|あった|した)?").match(self.text, end)
                yield from built(deed.event, inner, tail.end() if tail else end, is_done=True)
            elif inner.spent and not said.times:
                yield from built(deed.event, inner, met.end(), is_done=True)
        met = deed.object.match(self.text, place)
        if met is None:
            return
        inner = msgspec.structs.replace(said)
        place = self.modified(met.end(), inner)
        if met := deed.undone.match(self.text, place):
            inner.ever = inner.ever or bool(met["once"])
            yield from built(deed.event, inner, met.end(), is_done=False)
        if met := deed.done.match(self.text, place):
            yield from self._japanese_done(met, deed, inner)

    def _japanese_done(
        self, met: re.Match[str], deed: Deed, inner: Said
    ) -> Iterator[tuple[Node, int]]:
        yield from sequels.japanese(self, met.end(), deed, inner)
        if inner.is_last and (ago := _AGO.match(self.text, met.end())):
            inner.window = Window(until=modifiers.span_of(ago))
            met = ago
        elif (inner.is_first or inner.is_last) and not inner.window and (
            was := _WAS.match(self.text, met.end())
        ):  # fmt: skip
            when = msgspec.structs.replace(inner)
            end = self.modified(was.end(), when)
            yield from built(deed.event, when, end, is_done=True)
        yield from built(deed.event, inner, met.end(), is_done=True)

    def _english(self, place: int, deed: Deed, said: Said) -> Iterator[tuple[Node, int]]:
        for pattern, is_done in (
            (deed.undone, False), (deed.none, False), (deed.done, True), (deed.noun, True)
        ):  # fmt: skip
            if not (met := pattern.match(self.text, place)):
                continue
            begun = msgspec.structs.replace(said)
            found = met.groupdict()
            if pattern is deed.noun:
                begun.times = modifiers.times(met)
            begun.never = begun.never or bool(found.get("never"))
            begun.ever = begun.ever or bool(found.get("ever"))
            begun.wheres += named_goods(met)
            behind = met.end() + (1 if self.text[met.end() : met.end() + 1] == " " else 0)
            if is_done and pattern is not deed.noun:
                yield from sequels.english_back(self, met.end(), deed, begun)
            for inner, end in self.behind(behind, begun):
                end = self.trimmed(met.end(), end if end > behind else met.end())
                if is_done:
                    yield from sequels.english(self, end, deed, inner)
                yield from built(deed.event, inner, end, is_done=is_done)

    def _short(self, place: int) -> Iterator[tuple[Node, int]]:
        """Not at another time or elsewhere: what is not, was said before."""
        if self.locale == "en":
            if met := _NOT_BY.match(self.text, place):
                yield Short(at=place, channel=channel_of(met)), met.end()
            if not (met := _NOTHING["en"].match(self.text, place)):
                return
            inner = Said()
            end = self.trimmed(met.end(), self.modified(met.end(), inner, is_behind=True))
        else:
            inner = Said()
            behind = self.modified(place, inner)
            met = _NOTHING["ja"].match(self.text, behind)
            # 「まだ」 is itself a word beside a deed, and 「0回」 says how often.
            is_said = inner.ever and self.text[place:behind].rstrip("、 ").endswith("まだ")
            is_none = inner.times is not None and inner.times.value == 0
            if met is None and not is_said and not is_none:
                return
            end = met.end() if met else behind
        if inner.others or inner.spent or (inner.is_since and inner.window):
            return
        if inner.window or inner.wheres or inner.is_since:
            yield Short(at=place, window=inner.window, wheres=inner.wheres,
                        is_since=inner.is_since), end  # fmt: skip
