"""The rules of what people say beside a deed: when, how often, where, for how much."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from setten.customers.segments.hearing import periods
from setten.customers.segments.hearing.goods import EN_ONE, ENGLISH, JA_OF, JA_PAID, JAPANESE
from setten.customers.segments.hearing.modifiers import (
    NUMBER,
    PART,
    Rule,
    Said,
    Scene,
    folded,
    money,
    span,
    than,
    times,
)
from setten.customers.segments.hearing.periods import EN_TIMES, JA_TIMES, point
from setten.platform.expressions import Claim, Scalar, Span, Where, Window

OFTEN, SEVERAL = 3, 2
ONLINE = ("web", "app")
_JA_AFTER = r"(?:中|のうち|うち)?(?:に|で|は|も|の)?[、 ]*"
JA_UNIT = r"(?P<unit>分|時間|日|週間?|か月|ヶ月|カ月|ヵ月|ケ月|箇月|年)"
JA_N = rf"(?P<n>{NUMBER['ja']})"
_JA_THAN = r"(?P<than>以上|以下|未満|より多く|まで|だけ|のみ|ちょうど|超)?"
YEN_JA = (rf"(?P<n>{NUMBER['ja']}{PART})(?P<large>万|千)?円{_JA_THAN}"
          r"(?:の|を|分)?[、 ]*")  # fmt: skip
# Before what else may stand in its place a shop has no particle: 「吉祥寺店か横浜店で」.
_JA_OR = r"(?=か|または|又は|もしくは|あるいは|と|や|・|、)"
_JA_BOTH = r"の(?:両方|どちらも|双方|いずれか|どちらか|どれか)"
_JA_AT = rf"(?:{_JA_BOTH})?(?:では|での|でも|で|にて|には|にも|に|へは|へ|を|も)[、 ]*|{_JA_OR}"

# A place may be said of the noun: 「吉祥寺店の購入が2回以上」.
_JA_BUYING = r"(?:累計|合計|総)?の?(?:ご?購入|購買|お?買い?上げ|お?買い物)"


def _once(said: Said, name: str, value: Any) -> bool:
    """Say a thing that was not said yet; twice, or what cannot be, is not understood."""
    if value is None or getattr(said, name):
        return False
    setattr(said, name, value)
    return True


def _set(name: str, value: Callable[[re.Match[str], Scene], Any]) -> Any:
    return lambda said, met, scene: _once(said, name, value(met, scene))


def _window(value: Callable[[re.Match[str], Scene], Window | None]) -> Any:
    return _set("window", value)


def _where(said: Said, name: str, op: str, value: Scalar | tuple[Scalar, ...]) -> bool:
    """Claim something of a property of which nothing was claimed yet."""
    if any(one.property == name for one in said.wheres):
        return False
    said.wheres += (Where(property=name, op=op, value=value),)
    return True


def _place(said: Said, met: re.Match[str], scene: Scene) -> bool:
    return _where(said, "location_id", "is", scene.shops[folded(met["shop"])])


def _item(said: Said, met: re.Match[str], scene: Scene) -> bool:
    return _where(said, "item", "contains", met["item"])


def _paid(said: Said, met: re.Match[str], scene: Scene) -> bool:
    """What money was spent on; "on" says nothing of goods where no money was named."""
    return bool(said.spent) and _where(said, "item", "contains", met["quoted"] or met["item"])


def _each(said: Said, met: re.Match[str], scene: Scene) -> bool:
    claim = money(met)
    said.wheres += (Where(property="total_minor", op=claim.op, value=claim.value),)
    return True


def _online(said: Said, met: re.Match[str], scene: Scene) -> bool:
    return _where(said, "channel", "in", ONLINE)


def _through(channel: str) -> Any:
    return lambda said, met, scene: _where(said, "channel", "is", channel)


def _only(said: Said, met: re.Match[str], scene: Scene) -> bool:
    said.is_only = True
    return _once(said, "times", Claim(op="is", value=times(met).value))


def _nothing(said: Said, met: re.Match[str], scene: Scene) -> bool:
    """A word that changes nothing, at a place where people put it."""
    return True


def japanese(shops: str) -> list[Rule]:
    """The rules of Japanese; shops: a pattern of their names."""
    return [_rule(pattern, act) for pattern, act in (*_ja_times(), *_ja_others(shops))]


def _ja_times() -> list[tuple[str, Any]]:
    word, a, b = rf"(?P<word>{'|'.join(JA_TIMES)})", point("ja", "a"), point("ja", "b")
    return [
        (rf"{JA_N}{JA_UNIT}(?:以上|より)?前(?:までに|に|までは)[、 ]*",
         _window(lambda m, s: Window(until=span(m["n"], m["unit"])))),
        (r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:以降|から|より後)(?:に)?[、 ]*",
         _window(lambda m, s: Window(since=m["day"]))),
        (rf"{a}(?:から|[〜~－-]){b}(?:まで)?(?:の間|のあいだ)?{_JA_AFTER}",
         _window(lambda m, s: periods.within(m, s.today))),
        (rf"{a}(?:(?:以降|から|より後)(?:ずっと)?|に入って(?:から)?)(?:に|は)?[、 ]*",
         _window(lambda m, s: periods.since(m, s.today))),
        (rf"{a}(?:より|以)前(?:に|は)?[、 ]*", _window(lambda m, s: periods.before(m, s.today))),
        (rf"{a}まで(?:に|は)?[、 ]*", _window(lambda m, s: periods.until(m, s.today))),
        (rf"{a}{_JA_AFTER}", _window(lambda m, s: periods.within(m, s.today))),
        (rf"(?:ここ|この|直近|過去|最近)?の? *{JA_N} *{JA_UNIT}"
         rf"(?:間|以内|以上|の間|のあいだ|くらい|ぐらい|ほど)*{_JA_AFTER}",
         _window(lambda m, s: Window(since=span(m["n"], m["unit"])))),
        (rf"(?:ここ|この|直近|過去)?半年(?:間|以内|以上|の間|ほど)*{_JA_AFTER}",
         _window(lambda m, s: Window(since=Span(6, "month")))),
        (rf"(?P<of>年間|月間|週間)(?:で|に)?{_JA_AFTER}",
         _window(lambda m, s: Window(since=span("1", m["of"].removesuffix("間").replace(
             "月", "か月"))))),
        (word + r"(?:の?(?:初め|はじめ|頭)?(?:から|以降)(?:ずっと)?|に入って(?:から)?)"
         r"(?:に|は)?[、 ]*",
         _window(lambda m, s: periods.from_time(JA_TIMES[m["word"]]))),
        (word + r"(?:より|以)前(?:に|は)?[、 ]*",
         _window(lambda m, s: periods.before_time(JA_TIMES[m["word"]]))),
        (word + _JA_AFTER, _window(lambda m, s: periods.named_time(JA_TIMES[m["word"]]))),
    ]  # fmt: skip


def _ja_others(shops: str) -> list[tuple[str, Any]]:
    return [
        (r"(?:一|1)(?:度|回|つ)も(?:まだ)?[、 ]*|(?:これ|今)まで(?:に)?(?:一度も)?[、 ]*",
         _set("never", lambda m, s: True)),
        (r"(?:まだ|もう|今のところ|昔|以前|かつて)(?:に|は|から)?[、 ]*",
         _set("ever", lambda m, s: True)),
        (r"(?:それ以降|その後|それから|それ以来|以来)(?:は|に|も)?(?:まだ)?[、 ]*",
         _set("is_since", lambda m, s: True)),
        (r"(?:また|再び|再度)(?!は)[、 ]*", _nothing),
        (r"(?:初めて|はじめて)[、 ]*", _set("is_first", lambda m, s: True)),
        (r"最後に[、 ]*", _set("is_last", lambda m, s: True)),
        (rf"(?:1回で|一回で|一度に|1度に){YEN_JA}", _each),
        (rf"(?:合計|合わせて|累計|総額|計)?(?:で|が)? *{YEN_JA}",
         _set("spent", lambda m, s: money(m))),
        (rf"{JA_N} *(?:回|度)しか[、 ]*", _only),
        (rf"{JA_N} *(?:回|度){_JA_THAN}(?:は|も|に|の)?[、 ]*",
         _set("times", lambda m, s: times(m))),
        (r"何(?:度|回)も[、 ]*", _set("times", lambda m, s: Claim(op="at_least", value=OFTEN))),
        (r"(?:複数回|繰り返し|リピート)[、 ]*",
         _set("times", lambda m, s: Claim(op="at_least", value=SEVERAL))),
        (rf"(?P<shop>{shops})(?:{_JA_AT}|の(?={_JA_BUYING}))", _place),
        (rf"「(?P<item>[^」]{{1,100}})」(?:{_JA_BOTH})?(?:(?:を|は|も)[、 ]*|{_JA_OR})", _item),
        (rf"(?:ネット|オンライン|通販|EC|ウェブ|web)(?:ショップ|サイト|ストア|上)?"
         rf"(?:{_JA_AT}|の(?={_JA_BUYING}))",
         _online),
        (rf"アプリ(?:{_JA_AT}|の(?={_JA_BUYING}))", _through("app")),
        (r"(?:実店舗|お?店舗?|店頭)(?:では|での|でも|で)[、 ]*", _through("store")),
        (rf"{JA_PAID}[、 ]*", _item),
        (rf"{JA_OF}[、 ]*", _item),
        (rf"{JAPANESE}[、 ]*", _item),
    ]  # fmt: skip


_EN_UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?\b"
EN_N = rf"(?P<n>{NUMBER['en']})"
_EN_THAN = (r"(?:(?P<than>at least|no less than|at most|no more than|up to|more than|over"
            r"|fewer than|less than|exactly|only|just) )?")  # fmt: skip
_EN_MORE = r"(?P<more> or more| or less| or fewer|\+)?"
_EN_LONG = r"(?:(?:at least|over|more than) )?"


def english(shops: str) -> list[Rule]:
    """The rules of English; shops: a pattern of their names."""
    rules = (*_en_times(), *_en_others(shops))
    return [_rule(rf"(?:{pattern})[, ]*", act) for pattern, act in rules]


def english_behind() -> list[Rule]:
    """What English says only behind what is done."""
    paid = rf"on {EN_ONE}"
    return [
        _rule(rf"(?:{pattern})[, ]*", act) for pattern, act in ((paid, _paid), (ENGLISH, _item))
    ]


def _en_times() -> list[tuple[str, Any]]:
    word, a, b = rf"(?P<word>{'|'.join(EN_TIMES)})\b", point("en", "a"), point("en", "b")
    return [
        (rf"{_EN_LONG}{EN_N} {_EN_UNIT} ago",
         _window(lambda m, s: Window(until=span(m["n"], m["unit"])))),
        (rf"(?:in|within|during|over|for|throughout) (?:(?:the|these) )?(?:last |past |previous )?"
         rf"{_EN_LONG}{EN_N} {_EN_UNIT}|(?:the )?(?:last|past) (?P<n2>{NUMBER['en']}) "
         r"(?P<unit2>minute|hour|day|week|month|year)s?\b",
         _window(lambda m, s: Window(since=span(m["n"] or m["n2"], m["unit"] or m["unit2"])))),
        (r"(?:in|within|during|over) the (?:last|past) (?P<unit>day|week|month|year)\b",
         _window(lambda m, s: Window(since=span("1", m["unit"])))),
        (rf"since (?:the (?:start|beginning) of )?{word}",
         _window(lambda m, s: periods.from_time(m["word"].casefold()))),
        (rf"before {word}", _window(lambda m, s: periods.before_time(m["word"].casefold()))),
        (rf"(?:in |during |from )?{word}",
         _window(lambda m, s: periods.named_time(
             m["word"].casefold().replace("lately", "recently")))),
        (r"since (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})",
         _window(lambda m, s: Window(since=m["day"]))),
        (rf"(?:from|between) {a} ?(?:to|until|till|and|through|-|–) ?{b}",
         _window(lambda m, s: periods.within(m, s.today))),
        (rf"since (?:the (?:start|beginning) of )?{a}",
         _window(lambda m, s: periods.since(m, s.today))),
        (rf"before {a}", _window(lambda m, s: periods.before(m, s.today))),
        (rf"(?:until|till|up to|by)(?: the end of)? {a}",
         _window(lambda m, s: periods.until(m, s.today))),
        (rf"(?:in|on|during|over|(?=(?:last|this) )) ?{a}",
         _window(lambda m, s: periods.within(m, s.today))),
    ]  # fmt: skip


def _en_others(shops: str) -> list[tuple[str, Any]]:
    shop = r"(?:shops?|stores?)"
    return [
        (r"for the first time", _set("is_first", lambda m, s: True)),
        (r"(?:ever|yet|so far|already|at all)\b", _set("ever", lambda m, s: True)),
        (r"(?:since(?: then)?|afterwards?|after that)(?=$|,| (?:and|but|or)\b)",
         _set("is_since", lambda m, s: True)),
        (r"(?:both|either|again|too|as well)\b|before(?=$|,| (?:and|but|or)\b)", _nothing),
        (rf"{_EN_THAN}{EN_N}(?: times?(?P<more2> or more| or less| or fewer)"
         r"|(?P<more> or more| or less| or fewer|\+)? times?\b)",
         _set("times", lambda m, s: times(m))),
        (rf"{_EN_THAN}(?P<word>once|twice)\b",
         _set("times", lambda m, s: Claim(op=than(m["than"]),
                                          value=1 if m["word"].casefold() == "once" else 2))),
        (r"(?:often|many times)\b",
         _set("times", lambda m, s: Claim(op="at_least", value=OFTEN))),
        (r"(?:several times|repeatedly|more than once)\b",
         _set("times", lambda m, s: Claim(op="at_least", value=SEVERAL))),
        (rf"for {_EN_THAN}(?:¥|jpy )?(?P<n>{NUMBER['en']}{PART})(?P<large>k)? ?(?:yen|jpy|円)"
         rf"{_EN_MORE}(?: at once| in one go)?", _each),
        (rf"(?:(?:at|in|from|to) )?(?:the )?(?P<shop>{shops})(?: shop| store)?\b", _place),
        (r'(?:an? |the |some )?"(?P<item>[^"]{1,100})"', _item),
        (r"(?:online|on(?: the| our)? (?:web|internet|site|website))\b", _online),
        (r"(?:in|on|with|through|from) (?:the|our) app\b", _through("app")),
        (rf"(?:offline|in[- ]store|in person|(?:in|at) (?:a |the |our |any )?{shop})\b",
         _through("store")),
    ]  # fmt: skip


def _rule(pattern: str, act: Any) -> Rule:
    return re.compile(pattern, re.IGNORECASE), act
