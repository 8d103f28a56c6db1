"""Goods as people call them, without quotation marks: 「ソファを買った」, "viewed a sofa"."""

from __future__ import annotations

# Things that something is done to, but that are no goods.
_JA_OTHER = (
    "商品|品物|もの|物|アイテム|何|なに|どれ|お?買い?物|カート|かご|クーポン|サイト|ページ|ウェブ"
    "|ホームページ|ネット|オンライン|通販|アプリ|レビュー|口コミ|クチコミ|お?取り置き|お?店|店舗|実店舗"
    "|店頭|お気に入り|ほしい物|欲しい物|購入|注文|お?会計|レジ|お金|検索|返品|来店|メール|LINE|SMS|配信"
    "|連絡|登録|同意|これ|それ|まだ|一度|再度|最近|以前|セグメント|名簿"
)
_EN_OTHER = (
    r"products?|items?|goods|things?|something|anything|everything|nothing|none|it|them|pages?"
    r"|screens?|(?:web ?)?sites?|shops?|stores?|carts?|baskets?|apps?|coupons?|reviews?|holds?"
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

_EN_WORD = rf"(?!(?:{_EN_STOP})\b)[a-z][a-z'’&-]*"
ENGLISH = (
    rf"(?:(?:an?|the|some|any|our) )?(?P<item>(?!(?:{_EN_OTHER})(?= |,|$))"
    rf"{_EN_WORD}(?: {_EN_WORD}){{0,4}})"
)
"""The same behind what is done."""
