"""Goods as people call them, without quotation marks: 「ソファを買った」, "viewed a sofa"."""

from __future__ import annotations

import re

from setten.platform.expressions import Locale

# Things that something is done to, but that are no goods.
_JA_OTHER = (
    "商品|品物|もの|物|アイテム|何|なに|どれ|お?買い?物|カート|かご|クーポン|サイト|ページ|ウェブ"
    "|ホームページ|ネット|オンライン|通販|アプリ|レビュー|口コミ|クチコミ|お?取り置き|お?店|店舗|実店舗"
    "|店頭|お気に入り|ほしい物|欲しい物|購入|注文|お?会計|レジ|お金|検索|返品|来店|メール|LINE|SMS|配信"
    "|連絡|登録|同意|これ|それ|まだ|一度|再度|最近|以前|セグメント|名簿|当店|うち|こちら"
)
_EN_OTHER = (
    r"products?|items?|goods|things?|something|anything|everything|nothing|none|it|them|ones?|pages?"
    r"|screens?|(?:web ?)?sites?|shops?|stores?|carts?|baskets?|apps?|coupons?|reviews?|holds?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week ?(?:end|day)s?|holidays?|christmas|average"
    r"|checkouts?|newsletters?|e-?mails?|wish ?lists?|purchases?|orders?|returns?|visits?|segments?"
)
# What no name of goods begins with or goes over: times, places, numbers, joiners.
_EN_STOP = (
    r"an?|the|some|any|our|and|or|nor|but|yet|then|in|on|at|by|for|from|to|of|since|until|till|before|after|afterwards"
    r"|within|during|over|last|past|this|that|these|those|yesterday|today|recently|lately|once"
    r"|twice|often|online|offline|ever|again|also|too|either|both|never|not|without|with|who|more"
    r"|less|fewer|at least|exactly|only|just|up|between|through|via|every|each|yen|jpy|times?"
    r"|years?|months?|weeks?|days?|hours?|minutes?|many|several|already|so far|have|has|had|did"
    r"|does|do|is|are|was|were|be|can|cannot|they|their|people|customers|instead"
    r"|buy|bought|purchased?|ordered|shop|shopped|view|viewed|see|saw|seen|look|looked|browsed?"
    r"|visit|visited|return|returned|use|used|add|added|put|spent|spend|search|searched"
)
_LETTER = r"[ァ-ヶー一-龠々a-zA-Z0-9]"
_JOINER = rf"(?<={_LETTER})(?:か|と|や|または|もしくは)(?={_LETTER})"
_TIME = "(?:今|本|昨|先|前|去|先々|一昨)[日月週年]|おととし|おととい|きのう|[こそ]の|これ|それ"
_AMOUNT = r"[0-9]|[一二三四五六七八九十百千]+(?:日|回|度|月|年|円|万|週)"
_JA_NAME = (
    rf"(?!(?:{_JA_OTHER})(?:ページ|[をはもにが]))(?!{_AMOUNT}|{_TIME})"
    rf"(?:(?!{_JOINER})(?![にがで](?={_LETTER})|っ[たて]|し[たて])[^、。,・「」（）()を]){{1,30}}?"
)
# Behind 「は」 and 「も」 only what is done says that a name of goods stood before.
_DONE = r"(?=(?:まだ|もう|一度も|一回も)?[、 ]*(?:買|購入|見|閲覧|返品|チェック|カート|かご))"
JAPANESE = (
    rf"(?P<item>{_JA_NAME})(?:の(?:両方|どちらも|双方|いずれか|どちらか|どれか))?"
    rf"(?:を|(?<={_LETTER})(?<![度回])[はも]{_DONE}|(?={_JOINER}[^、。]{{1,40}}[をはも])"
    r"|(?=・[^、。]{1,40}[をはも]))"
)
"""A name of goods before what is done to them; the catalogue knows whether it is one."""
_JA_TOLD = (
    "最初|初回|初めて|はじめて|最後|最終|前回|直近|累計|合計|総額|総|通算|年間|月間|週間|過去|ここ|全部|すべて|複数回"
    "|年|月|週|日|1|オンライン|ネット|通販|EC|ウェブ|web|アプリ|実?店|お?客|人|方|会員|顧客|ユーザー"
)
JA_PAID = (
    rf"(?!{_JA_TOLD})(?P<item>{_JA_NAME})に(?:は)?[、 ]*"
    r"(?=(?:合計|合わせて|累計|総額|計)?(?:で|が)?[、 ]*"
    r"[0-9一二三四五六七八九十百千][0-9,.]*[万千]?円)"
)
"""Goods that money was spent on: 「ソファに5万円」; "at" a place says 「で」."""
JA_OF = (
    rf"(?!{_JA_TOLD})(?P<item>{_JA_NAME})の"
    r"(?=(?:累計|合計|総|通算)?(?:の)?(?:ご?購入|購買|お?買い?上げ|お?買い物)(?:[がは0-9回金総額合計]|の回数))"
)
"""Goods whose purchases are counted: 「ソファの購入金額」."""
_JA_ONE = rf"(?:「[^」]{{1,100}}」|{_JA_NAME})"
_JA_JOIN = "か|と|や|・|または|もしくは"
JA_SEVERAL = rf"{_JA_ONE}(?:(?:{_JA_JOIN}){_JA_ONE}){{0,3}}"
"""Goods, one or several, whatever is said of them."""

_EN_WORD = rf"(?!(?:{_EN_STOP})\b)[a-z][a-z'’&-]*"
ENGLISH = (
    rf"(?:(?:an?|the|some|any|our) )?(?P<item>(?!(?:{_EN_OTHER})(?= |,|$))"
    rf"{_EN_WORD}(?: {_EN_WORD}){{0,4}})"
)
"""The same behind what is done."""
EN_ONE = rf'(?:(?:(?:an?|the|some|any|our) )?"(?P<quoted>[^"]{{1,100}})"|{ENGLISH})'
"""Goods with or without quotation marks."""
EN_SEVERAL = re.sub(r"\?P<\w+>", "", rf"{EN_ONE}(?: (?:and|or) {EN_ONE}){{0,3}}")
"""Goods, one or several."""
_JOINED = {
    "ja": re.compile(rf"(?<=」)(?:{_JA_JOIN})|{_JOINER}|(?<={_LETTER})・(?={_LETTER})"),
    "en": re.compile(r" (?:and|or) (?!or )"),
}
_ALL = {"ja": "と", "en": " and "}


def names(text: str, locale: Locale) -> tuple[tuple[str, ...], bool]:
    """The names in what `JA_SEVERAL` or `EN_SEVERAL` met, and whether all of them are meant."""
    joiners = _JOINED[locale].findall(text)
    found = [one.strip(' "「」') for one in _JOINED[locale].split(text)]
    if locale == "en":
        found = [re.sub(r"^(?:an?|the|some|any|our) ", "", one).strip('"') for one in found]
    return tuple(found), bool(joiners) and all(one == _ALL[locale] for one in joiners)
