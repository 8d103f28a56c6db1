"""A condition in the words of whoever writes it, read into the one that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from setten.customers.segments.hearing import Scene, clauses, folded
from setten.customers.segments.vocabulary import LANGUAGE
from setten.platform.expressions import Locale, Node, Unreadable

# What the vault holds sealed: nothing that is said of it could be asked of everybody.
_SEALED = re.compile(
    r"誕生|生年月日|年齢|[0-9０-９]+ *(?:[歳才]|代)|男性|女性|性別|住所|市区町村|都道府県"
    r"|(?:[都道府県市区町村]|東京|大阪|京都|北海道)(?:内)?(?:[にので]|在住)|名前|氏名|名字|苗字|電話番号|メールアドレス|郵便番号"
    r"|birth ?(?:day|date)|date of birth|\bborn\b|years old|\bage[ds]?\b|phone number"
    r"|e-?mail address|post ?code|\b(?:first |last )?names?\b|\b(?:or|and) (?:older|younger)\b"
    r"|\b[0-9]0s\b|\b(?:wo)?men\b|\b(?:fe)?males?\b|\bgender\b|\b(?:liv(?:e|es|ing)|members?) in\b",
    re.IGNORECASE,
)
# What nobody keeps of what happens, or in no form that a condition could ask for.
_UNASKED = re.compile(
    r"曜|週末|平日|祝日|休日|時台|午前|午後|朝|夜|開封|クリック率|ログイン|登録した|登録日|入会|平均|クリスマス|正月"
    r"|ランク|ポイント|(?:ゴールド|シルバー|プラチナ)|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|week ?(?:end|day)s?\b|holidays?\b|christmas|\bmornings?\b|\bevenings?\b"
    r"|opened .*mail|log(?:ged)? ?in|registered|signed up|joined|average"
    r"|\btier\b|\bpoints?\b|\b(?:gold|silver|platinum)\b",
    re.IGNORECASE,
)


class AboutSealed(Unreadable):
    """Words about what is sealed in the vault: birth dates, names, addresses."""

    code = "condition_about_sealed"


class AboutUnasked(Unreadable):
    """Words about what no condition asks for: weekdays, opened messages, ranks under no name."""

    code = "condition_about_unasked"


def hear(text: str, locale: Locale, scene: Scene) -> Node:
    """The condition of words: as they are kept, or as people say them.

    scene: the shops by any name that people write them with, and the day of the business; a shop's
    name is read as its id. Raises what `Language.read_words` raises, AboutSealed and AboutUnasked;
    `at` is where understanding ended.
    """
    try:
        node = LANGUAGE.hear(text, locale, (clauses.token(scene),))
    except Unreadable as refused:
        rest = text[int(refused.facts["begins"]) :]
        if _SEALED.search(rest):
            raise AboutSealed(**refused.facts) from None
        if _UNASKED.search(rest):
            raise AboutUnasked(**refused.facts) from None
        raise
    return LANGUAGE.read(_placed(LANGUAGE.json(node), _id_of(scene.shops)))


def say(node: Node, locale: Locale, scene: Scene, name: Callable[[str], str]) -> str:
    """The condition in words, with shops by their names, as `hear` reads them back.

    name: a place's name in that language. A shop whose name is also another's stays an id.
    """

    def called(location_id: str) -> str:
        found = name(location_id)
        return found if _id_of(scene.shops)(found) == location_id else location_id

    return LANGUAGE.say(LANGUAGE.read(_placed(LANGUAGE.json(node), called)), locale)


def _id_of(shops: Mapping[str, str]) -> Callable[[str], str]:
    """The id of what may be an id already, or a name."""
    ids = frozenset(shops.values())
    return lambda said: said if said in ids else shops.get(folded(said), said)


_ONE_OF = frozenset(("in", "not_in"))
_IS = frozenset(("is", "is_not"))


def _placed(raw: Any, rename: Callable[[str], str]) -> Any:
    """An expression's JSON with its places called otherwise."""
    if isinstance(raw, list):
        return [_placed(one, rename) for one in raw]
    if not isinstance(raw, dict):
        return raw
    found = {key: _placed(value, rename) for key, value in raw.items()}
    if found.get("property") == "location_id" and found.get("op") in _IS:
        found["value"] = rename(found["value"])
    elif found.get("property") == "location_id" and found.get("op") in _ONE_OF:
        found["value"] = [rename(one) for one in found["value"]]
    elif found.get("kind") == "lives_near" and found.get("location_id"):
        found["location_id"] = rename(found["location_id"])
    return found
