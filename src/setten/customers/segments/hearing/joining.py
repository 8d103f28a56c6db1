"""How people put conditions together: and before or, with the small words between."""

from __future__ import annotations

from collections.abc import Mapping

from setten.customers.segments.hearing.deeds import SAYINGS
from setten.customers.segments.hearing.ellipses import filled
from setten.platform.expressions import All, Heard, Listing, Locale, Phrase
from setten.platform.expressions.kinds import Any as AnyOf

# 「最近買っていない常連」: whoever it is said of may come last.
_STAGES = "|".join(said["ja"] for said in SAYINGS["stage"].values())
_AND: Mapping[Locale, str] = {
    "ja": r"[、 ]*(?:かつ|そして|それで|さらに|しかも|また|なのに|で、|(?:だ|です)?が、?"
    r"|(?:だ|です)?けれ?ど(?:も)?|のに|ながら|し、|で(?:あり|あって|は)?)[、 ]*|[、 ]+|(?<=[てで])"
    rf"|(?<=なく)|(?<=ず)|(?<=まま)|(?<=り)|(?<=[たるいの])(?=(?:{_STAGES}))",
    "en": r",? (?:and|but|yet)(?: also| still| now)?(?: then)?(?: (?:who|that))?(?: (?:have|had"
    r"|has)(?= (?:also|then)))? |, | (?:who|that) ",
}
_OR: Mapping[Locale, str] = {
    "ja": r"[、 ]*(?:または|又は|もしくは|あるいは|それとも|か)[、 ]*",
    "en": r",? or(?: else)? ",
}
# It is only read: what is said of an expression is said in the words that it is kept in.
HEARD = Heard(
    phrases=(
        Phrase(category="term", ja="{one:clause}", en="{one:clause}",
               take=lambda node: None, build=lambda one: one),
        Phrase(category="condition", ja="{of:any_of_all}", en="{of:any_of_all}",
               take=lambda node: None, build=AnyOf),
        Phrase(category="all_or_one", ja="{of:all_of}", en="{of:all_of}",
               take=lambda node: None, build=All),
        Phrase(category="all_or_one", ja="{one:term}", en="{one:term}",
               take=lambda node: None, build=lambda one: one),
    ),
    lists=(
        Listing(category="all_of", item="term", ja="、かつ", en=" and ", least=2, heard=_AND),
        Listing(category="any_of", item="term", ja="、または", en=" or ", least=2, heard=_OR),
        Listing(category="any_of_all", item="all_or_one", ja="、または", en=" or ", least=2,
                heard=_OR),
    ),
    filled=filled,
)  # fmt: skip
