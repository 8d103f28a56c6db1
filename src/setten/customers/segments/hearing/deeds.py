"""What is done, as people call it, and the conditions that it makes with what is said beside it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from setten.customers.segments.hearing import modifiers
from setten.customers.segments.hearing.ellipses import NEVER, Bare, Short
from setten.customers.segments.hearing.goods import EN_ONE
from setten.customers.segments.hearing.modifiers import Said
from setten.platform.expressions import (
    ANYTIME,
    All,
    Claim,
    Did,
    First,
    Last,
    Locale,
    Match,
    Node,
    Not,
    Total,
    Where,
)
from setten.platform.expressions.kinds import Any as AnyOf

SAYINGS: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("sayings.toml").read_text(encoding="utf-8")
)
_ONCE = Claim(op="at_least", value=1)
PURCHASE, VISIT, SEEN, SPENDING = "purchase", "visit", "seen", "spending"
# What is done to goods, and says to which.
_OF_GOODS = frozenset((PURCHASE, "return", "product.viewed", "cart.reported", "checkout.reported",
                       "product.wished", "product.reviewed"))  # fmt: skip
# Deeds that are no event of the vocabulary. Nobody tells of people who come and buy nothing: a
# visit is what a till saw of it.
_MEANT: Mapping[str, Match] = {
    VISIT: Match(events=(PURCHASE, "return"),
                 where=(Where(property="channel", op="is", value="store"),)),
    SEEN: Match(events=(PURCHASE, "return", "page.viewed", "screen.viewed", "product.viewed")),
    SPENDING: Match(events=(PURCHASE,)),
}  # fmt: skip
# What follows the te-form, and the two ways to say no.
_JA_DONE = (r"(?:[ただ](?:こと(?:が|の)(?:ある|あり))?"
            r"|[てで](?:(?:い|き)?(?:る|た|ます)|くれた|くださった|いただいた)?)")  # fmt: skip
_JA_UNDONE = (r"(?:[てで](?:は)?い?(?:ない|なかった|ません|なく|なくて)"
              r"|[ただ](?P<once>こと)(?:が|は)?(?:まだ|(?:一|1)(?:度|回)も)?"
              r"(?:ない|なく|ありません))")  # fmt: skip
_JA_NAI = r"(?:ない(?:まま)?|なかった|ず(?:に)?|なくて?|ません)"
EN_NOT = (r"(?:(?:has |have |had )?(?P<never>never)|(?:did|do|does|has|have|had) not"
          r"|(?:did|do|does|has|have|had)n['’]?t|not)(?P<ever> (?:ever|yet|once))? ")  # fmt: skip


class Deed(msgspec.Struct, frozen=True):
    """The patterns of one event: what is done to (it may be empty), done, not done, counted.

    called: as a noun, of which somebody did the first or the last. after: as what came before.
    """

    event: str
    object: re.Pattern[str]
    done: re.Pattern[str]
    undone: re.Pattern[str]
    noun: re.Pattern[str]
    none: re.Pattern[str]
    called: str
    after: re.Pattern[str]


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern to which capitals are as small letters.

    Each `{goods}` in it becomes a name of goods, in groups whose names begin with "goods".
    """
    first, *rest = pattern.split("{goods}")
    named = [EN_ONE.replace("?P<", f"?P<goods{n}_") + part for n, part in enumerate(rest)]
    return re.compile(first + "".join(named), re.IGNORECASE)


def named_goods(met: re.Match[str]) -> tuple[Where, ...]:
    """The claim about the goods that a pattern met by name; none where it met none."""
    said = next((value for key, value in met.groupdict().items()
                 if key.startswith("goods") and value), None)  # fmt: skip
    return (Where(property="item", op="contains", value=said),) if said else ()


def _any(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _japanese(event: str, said: Mapping[str, Any]) -> Deed:
    te, nai = _any(said["te"]), _any(said["nai"])
    return Deed(
        event,
        compiled(said["object"] + r"(?:、)?"),
        compiled(te + _JA_DONE),
        compiled(f"(?:{te}{_JA_UNDONE}|{nai}{_JA_NAI})"),
        compiled(f"(?:{said['noun']})(?:が|は|の?回数が|を)?[ 、]*"),
        compiled(f"(?:{said['noun']})(?:が|は)?(?:ない|なし|ゼロ|0回)(?:の)?"),
        f"(?:{said['noun']})",
        compiled(r"(?!)"),
    )


def _english(event: str, said: Mapping[str, Any]) -> Deed:
    done, base, ing, un = (
        _any(said.get(form, ["(?!)"])) for form in ("done", "base", "ing", "un")
    )  # fmt: skip
    return Deed(
        event,
        compiled(""),
        compiled(f"(?:(?:have|has|had) )?(?:also |again )?{done}\\b"),
        compiled(f"{un}\\b|{EN_NOT}(?:{done}|{base})\\b|without (?:having {done}|{ing})\\b"),
        compiled(f"(?:had |have |has |made |with )?(?P<than>at least |more than |over |exactly )?"
                 f"(?P<n>{modifiers.NUMBER['en']})(?P<more> or more|\\+)? (?:{said['noun']})"),
        compiled(f"(?:(?:had|have|has|made|with) )?no (?:{said['noun']})"),
        f"(?:{done}|{said['noun']})",
        compiled(f"(?:{_any([*said.get('ing', []), said['noun']])})\\b"),
    )  # fmt: skip


DEEDS: Mapping[Locale, list[Deed]] = {
    "ja": [_japanese(name, said["ja"]) for name, said in SAYINGS.items()
           if name != "stage" and "ja" in said],
    "en": [_english(name, said["en"]) for name, said in SAYINGS.items()
           if name != "stage" and "en" in said],
}  # fmt: skip


def built(event: str, said: Said, end: int, *, is_done: bool) -> Iterator[tuple[Node, int]]:
    """The condition of a deed, done or not, with what was said beside it, and where it ends.

    Nothing when that cannot be said of it.
    """
    if event not in (*_OF_GOODS, SPENDING) and any(one.property == "item" for one in said.wheres):
        return
    make: Callable[[str, Said], Node | None] = _done if is_done else _undone
    found = [make(event, one) for one in said.joined().each()]
    nodes = tuple(one for one in found if one is not None)
    if len(nodes) < len(found):
        return
    if len(nodes) == 1:
        yield nodes[0], end
    else:
        # Who bought "neither in March nor in April" bought in none of them, whatever joins them.
        yield (All(of=nodes) if said.is_all or not is_done else AnyOf(of=nodes)), end


def match_of(event: str, said: Said) -> Match:
    """The events of a deed, and what they must be like."""
    meant = _MEANT.get(event) or Match(events=(event,))
    taken = {one.property for one in said.wheres}
    kept = tuple(one for one in meant.where if one.property not in taken)
    return Match(events=meant.events, where=(*kept, *said.wheres))


def _done(event: str, said: Said) -> Node | None:
    if said.is_since:
        return _after(event, said, is_done=True)
    if said.never or said.is_only or (event == SPENDING and not said.spent):
        return None
    match, window = match_of(event, said), said.window or ANYTIME
    if said.spent:
        if event not in (PURCHASE, SPENDING) or said.times or said.is_first:
            return None
        return Total(measure="sum", property="total_minor", match=match, window=window,
                     claim=said.spent)  # fmt: skip
    if said.is_first or said.is_last:
        if said.times:
            return None
        return (First if said.is_first else Last)(match=match, window=window)
    return Did(match=match, window=window, times=said.times or _ONCE)


def _after(event: str, said: Said, *, is_done: bool) -> Node | None:
    if said.spent or said.is_first or said.is_last or said.times or said.window:
        return None
    return Short(match=match_of(event, said), is_since=True, is_done=is_done)


def _undone(event: str, said: Said) -> Node | None:
    if said.is_since:
        return _after(event, said, is_done=False)
    if said.spent or said.is_first or said.is_last or (said.never and said.times):
        return None
    match, window = match_of(event, said), said.window or ANYTIME
    if event == SPENDING:
        return None
    if said.is_only:
        return Did(match=match, window=window, times=said.times or _ONCE)
    if said.times:
        return Not(of=Did(match=match, window=window, times=said.times))
    did = Did(match=match, window=window, times=NEVER)
    return did if said.window or said.never or said.ever or said.wheres else Bare(of=did)
