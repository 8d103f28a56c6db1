"""How people put conditions together: and before or, with the small words between."""

from __future__ import annotations

from collections.abc import Mapping

from setten.platform.expressions import All, Heard, Listing, Locale, Phrase
from setten.platform.expressions.kinds import Any as AnyOf

_AND: Mapping[Locale, str] = {
    "ja": r"[、 ]*(?:かつ|そして|それで|さらに|しかも|また|で、|が、?|けれ?ど(?:も)?|のに|ながら"
    r"|し、)[、 ]*|[、 ]+|(?<=[てで])|(?<=なく)|(?<=ず)|(?<=まま)",
    "en": r",? (?:and|but|yet)(?: also| still)?(?: then)? |, | (?:who|that) ",
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
)  # fmt: skip
