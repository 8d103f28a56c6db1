"""What people say of somebody that is no deed: where she lives, what is in her cart, how she is
reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import get_args

from setten.customers.segments.conditions import (
    CHANNELS,
    CartNear,
    Channel,
    Consent,
    LivesNear,
    Reachable,
)
from setten.customers.segments.hearing.goods import EN_SEVERAL, JA_SEVERAL, names
from setten.customers.segments.hearing.modifiers import NUMBER, Scene, folded, number
from setten.platform.expressions import (
    All,
    Claim,
    Did,
    Group,
    Locale,
    Match,
    Node,
    Not,
    Related,
    Span,
    Where,
    Window,
)
from setten.platform.expressions.kinds import Any as AnyOf

NEAR_KM, CART_KM = 5, 10
"""What "near" is taken for; the words that are shown back say so."""

LEFT = Window(since=Span(7, "day"))
_NOT_BOUGHT = Did(match=Match(events=("purchase",)), window=LEFT, times=Claim(op="is", value=0))
Heard = tuple[re.Pattern[str], Callable[[re.Match[str], Scene], Node]]
_ALSO: Mapping[str, str] = {
    "email": r"メルマガ|Eメール|e-mail|mail|(?:the |our )?newsletters?",
    "line": r"ライン",
    "sms": r"ショートメール|text messages?",
    "push": r"プッシュ|アプリの通知|push notifications?",
    "post": r"はがき|ハガキ|DM|ダイレクトメール|letters?|mailings?",
}


_CHANNELS: tuple[Channel, ...] = get_args(Channel)


def channels(locale: Locale) -> str:
    """A pattern with a group for each channel."""
    return "(?:" + "|".join(
        f"(?P<{name}>{re.escape(one.say(locale))}{'|' + also if (also := _ALSO.get(name)) else ''})"
        for name, one in CHANNELS.items()
    ) + ")"  # fmt: skip


def channel_of(met: re.Match[str]) -> Channel:
    """The channel whose group was met."""
    return next(name for name in _CHANNELS if met[name])


def _reachable(met: re.Match[str], scene: Scene) -> Node:
    return Reachable(channel=channel_of(met))


def _unreachable(met: re.Match[str], scene: Scene) -> Node:
    return Not(of=_reachable(met, scene))


def _agreed(met: re.Match[str], scene: Scene) -> Node:
    return Consent(channel=channel_of(met))


def _refused(met: re.Match[str], scene: Scene) -> Node:
    return Consent(channel=channel_of(met), state="refused")


def _lives(met: re.Match[str], scene: Scene) -> Node:
    found = met.groupdict()
    km = int(number(found["n"])) if found.get("n") else NEAR_KM
    shop = found.get("shop")
    return LivesNear(km=km, location_id=scene.shops[folded(shop)] if shop else None)


def _cart(met: re.Match[str], scene: Scene) -> Node:
    return CartNear(km=int(number(met["n"])) if met["n"] else CART_KM)


def _left(met: re.Match[str], scene: Scene) -> Node:
    """Something went into the cart and nothing was bought; what the cart holds now, nobody asks."""
    return All(of=(_put(), _NOT_BOUGHT))


def _put(item: str | None = None) -> Node:
    where = (Where(property="item", op="contains", value=item),) if item else ()
    return Did(match=Match(events=("cart.reported",), where=where), window=LEFT)


def _left_goods(locale: Locale) -> Callable[[re.Match[str], Scene], Node]:
    """The same of goods that are named."""

    def of(met: re.Match[str], scene: Scene) -> Node:
        said, is_all = names(met["goods"], locale)
        puts = tuple(_put(one) for one in said)
        if len(puts) == 1 or is_all:
            return All(of=(*puts, _NOT_BOUGHT))
        return All(of=(AnyOf(of=puts), _NOT_BOUGHT))

    return of


def _group(met: re.Match[str], scene: Scene) -> Node:
    said = str(met["name"] or met["known"])
    if met["name"] or said in scene.groups:
        return Group(name=said)
    known = {folded(one): one for one in sorted(scene.groups)}
    return Group(name=known.get(folded(said), said))


def _outside(met: re.Match[str], scene: Scene) -> Node:
    return Not(of=_group(met, scene))


def _disagreed(met: re.Match[str], scene: Scene) -> Node:
    return Not(of=_agreed(met, scene))


def _related(relation: str) -> Callable[[re.Match[str], Scene], Node]:
    return lambda met, scene: Related(relation=relation)


def _both(make: Callable[[Channel], Node]) -> Callable[[re.Match[str], Scene], Node]:
    """Of two channels both, or any."""

    def of(met: re.Match[str], scene: Scene) -> Node:
        second = next(one for one in _CHANNELS if met[f"{one}_2"])
        found = (make(channel_of(met)), make(second))
        return All(of=found) if met["all"] else AnyOf(of=found)

    return of


def standings(locale: Locale, shops: str, groups: str) -> list[Heard]:
    """What can be heard in a language; shops, groups: patterns of their names."""
    made = _japanese(shops, groups) if locale == "ja" else _english(shops, groups)
    return [(re.compile(pattern, re.IGNORECASE), make) for pattern, make in made]


def _japanese(shops: str, groups: str) -> list[tuple[str, Callable[[re.Match[str], Scene], Node]]]:
    km = rf"(?:半径)? *(?P<n>{NUMBER['ja']}) *(?:km|キロ(?:メートル)?)(?:以内|圏内|圏|の範囲)?"
    live = (r"(?:に|の|で)?(?:お?住まい|住んで(?:い)?[るて]|住む|在住|暮らして(?:い)?[るて]"
            r"|暮らす|い[るて])?")  # fmt: skip
    living = r"(?:に|で)(?:お?住まい|住んで(?:い)?[るて]|住む|暮らして(?:い)?[るて]|暮らす)"
    by = r"(?:が|は|で|を|から)?(?:の)?(?:連絡(?:が|を)?)?"
    way = channels("ja")
    two = (rf"{way}(?:(?P<all>も|と)|か|または|・|や){_renamed(way)}"
           r"(?:も|の(?:両方|どちらか|いずれか))?")  # fmt: skip
    group = (
        rf"(?:セグメントの?)?(?:「(?P<name>[^」]{{1,100}})」|(?P<known>{groups}))(?:の?セグメント)?"
    )
    any_shop = r"(?:どこかの|近くの|最寄りの|いずれかの|うちの)?お?店(?:舗)?"
    goods = r"(?:の(?:商品|品|もの)|に入れた(?:商品|品|もの)|に(?:ある|入っている)(?:商品|品|もの))"
    return [
        (rf"(?:自宅が)?(?P<shop>{shops})(?:から|の|より)? *{km}{live}", _lives),
        (rf"(?:自宅が)?{any_shop}(?:から|の|より) *{km}{live}", _lives),
        (rf"(?:自宅が)?(?P<shop>{shops})の?(?:近く|近所|そば|周辺){live}", _lives),
        (rf"(?:自宅が)?{any_shop}の(?:近く|近所|そば|周辺){living}", _lives),
        (rf"カート{goods}が(?:自宅|家)?(?:から|の)? *(?:{km}|近く|近所)(?:の店)?(?:に|で)"
         r"(?:ある|買える|受け取れる)", _cart),
        (r"(?:(?:商品|品|もの)を)?(?:カート|かご)に(?:(?:商品|品|もの)を)?(?:入れた|残した)まま"
         r"(?:(?:まだ)?(?:買って|購入して)い?ない|の|にしている|になっている|で)?|"
         r"(?:カート|かご)に(?:商品|品|もの|何か)[がを]?(?:入って(?:い)?[るて]|残って(?:い)?[るて]"
         r"|残した|残して(?:い)?る|入れて(?:い)?る|ある)|"
         r"(?:カート|かご)(?:落ち|放棄|を放棄)(?:した|している|して)?", _left),
        (rf"(?:カート|かご)に(?P<goods>{JA_SEVERAL})(?:の(?:両方|どちらも|どちらか|いずれか|どれか))?"
         r"(?:[がも](?:入って(?:い)?[るて]|残って(?:い)?[るて]|ある|入れて(?:い)?る)|を(?:残した|残して(?:い)?る"
         r"|入れて(?:い)?る|入れたまま(?:(?:まだ)?(?:買って|購入して)い?ない|の|にしている|で)?))",
         _left_goods("ja")),
        (rf"(?P<goods>{JA_SEVERAL})(?:が(?:カート|かご)に(?:入って(?:い)?[るて]|残って(?:い)?[るて]|ある)"
         r"|を(?:カート|かご)に(?:残した|残して(?:い)?る"
         r"|入れたまま(?:(?:まだ)?(?:買って|購入して)い?ない|の|にしている|で)?))",
         _left_goods("ja")),
        (rf"{two}{by}(?:届(?:く|き|いて)|送れる|連絡できる)",
         _both(lambda one: Reachable(channel=one))),
        (rf"{two}(?:の(?:配信|受信|受け取り))?(?:に|を)(?:は)?(?:同意|許可|承諾|購読|登録)"
         r"(?:した|して(?:い)?る|済み)", _both(lambda one: Consent(channel=one))),
        (rf"{way}(?:の(?:配信|受信|受け取り)|での?連絡)?(?:に|を)(?:は)?"
         r"(?:同意|許可|承諾|購読|登録)(?:して(?:い)?ない|していません)", _disagreed),
        (rf"{way}{by}(?:届(?:く|き|いて)|送れる|届けられる|連絡できる|受け取れる|とれる|取れる)",
         _reachable),
        (rf"{way}(?:の)?(?:配信|受信)?の?(?:許諾|許可|同意|承諾|オプトイン)"
         r"(?:あり|がある|の?ある|済み?|をもらった|をもらって(?:い)?る)", _agreed),
        (rf"{way}(?:の)?(?:友だち|友達)(?:である|登録済み)?", _reachable),
        (rf"{way}{by}(?:届かない|送れない|連絡できない)", _unreachable),
        (rf"{way}(?:の(?:配信|受信|受け取り)|での?連絡)?(?:に|を)(?:は)?"
         r"(?:同意|許可|承諾|購読|登録)(?:した|して(?:い)?る|済み)", _agreed),
        (rf"{way}(?:の(?:配信|受信|受け取り)|での?連絡)?を(?:断った|断って(?:い)?る|拒否した"
         r"|拒否して(?:い)?る)", _refused),
        (r"(?:同居の)?(?:家族|世帯の人)が(?:い|登録されてい)る", _related("household")),
        (r"(?:(?:お?友(?:だち|達)|知人|知り合い|ほかのお?客(?:様|さん)?)の)?ご?紹介(?:で(?:来た|来店した"
         r"|買った|購入した|入会した|登録した)|された)", _related("referred_by")),
        (r"(?:お?友(?:だち|達)|知人|知り合い|人|誰か|だれか)を紹介した(?:ことが?の?ある)?",
         _related("referred")),
        (rf"{group}(?:に(?:は)?(?:いる|いて|入っている|入っていて|入ってる|属する)|の|で(?!は|も))",
         _group),
        (rf"{group}(?:に(?:は)?(?:いない|入って(?:い)?ない|属さない)|では?ない|以外(?:の)?)",
         _outside),
    ]  # fmt: skip


def _english(shops: str, groups: str) -> list[tuple[str, Callable[[re.Match[str], Scene], Node]]]:
    km = rf"(?P<n>{NUMBER['en']}) ?(?:km|kms|kilomet(?:er|re)s?)"
    live = r"(?:(?:live|lives|living|reside|resides|are|is|home is) )?"
    living = r"(?:live|lives|living|reside|resides|home is) "
    any_shop = r"(?:a|any|one of our|our|the) (?:shops?|stores?)"
    be = r"(?:are |is |be |can be )?"
    way = channels("en")
    two = rf"(?:both )?{way} (?:(?P<all>and)|or) (?:by |on |to )?{_renamed(way)}"
    group = (
        rf'(?:"(?P<name>[^"]{{1,100}})"|(?:the )?(?P<known>{groups})(?: segment| group)?(?![a-z]))'
    )
    put = r"(?:something|items?|an item|a product|products|goods|things)"
    return [
        (r"one[- ](?:time|off) (?:buyers?|customers?|shoppers?)",
         lambda met, scene: Did(match=Match(events=("purchase",)), times=Claim(op="is", value=1))),
        (rf"{live}within {km} (?:of|from) (?:the )?(?P<shop>{shops})(?: shop| store)?\b", _lives),
        (rf"{live}within {km} (?:of|from) {any_shop}\b", _lives),
        (rf"{live}(?:near|close to|around) (?:the )?(?P<shop>{shops})(?: shop| store)?\b",
         _lives),
        (rf"{living}(?:near|close to) {any_shop}\b", _lives),
        (rf"{put} in (?:the|their) cart (?:is|are) (?:available|in stock) "
         rf"(?:within {km} of|near)(?P<end> (?:home|them))", _cart),
        (rf"(?:(?:have|has|with) )?{put} (?:left )?in (?:the|their) (?:cart|basket)", _left),
        (rf"(?:have |has )?left {put} in (?:the|their|a) (?:cart|basket)"
         r"|(?:have |has )?abandoned (?:the |their |a )?(?:carts?|baskets?)"
         r"|(?:with )?(?:an )?abandoned (?:cart|basket)", _left),
        (rf"(?:(?:have |has )?(?:left |abandoned |got )|(?:have|has|had|with) )?"
         rf"(?P<goods>{EN_SEVERAL}) (?:left )?in (?:the|their|a) (?:cart|basket)\b",
         _left_goods("en")),
        (rf"{be}(?:reached|reachable|contacted|contactable)(?: for marketing)? "
         rf"(?:by|on|through|via) {way}|can (?:get|receive) {_renamed(way)}",
         _reached_either),
        (rf"{be}(?:reached|reachable|contacted|contactable)(?: for marketing)? "
         rf"(?:by|on|through|via) {two}", _both(lambda one: Reachable(channel=one))),
        (rf"(?:have |has )?(?:agreed|opted in|consented|subscribed|said yes) to {two}",
         _both(lambda one: Consent(channel=one))),
        (rf"(?:cannot|can't|can not) be (?:reached|contacted) (?:by|on|through|via) {way}",
         _unreachable),
        (rf"(?:have |has )?(?:agreed|opted in|consented|subscribed|said yes) to {way}",
         _agreed),
        (rf"(?:(?:have|has|did) not|(?:have|has|did)n['’]t|not) (?:agreed?|opt(?:ed)? in"
         rf"|consent(?:ed)?|subscribed?) to {way}", _disagreed),
        (rf"(?:have |has )?(?:refused|opted out of|declined|said no to) {way}", _refused),
        (rf"(?:(?:have|has|gave|given|with) )?{way} (?:consent|opt[- ]?in)\b", _agreed),
        (r"(?:have|has) (?:a )?(?:family|household)", _related("household")),
        (r"(?:(?:was|were|have been|has been) )?referred by (?:a friend|friends|somebody|someone"
         r"|(?:a|another) customer)", _related("referred_by")),
        (r"(?:have |has )?referred (?:a friend|friends|somebody|someone|(?:a|another) customer"
         r"|others)", _related("referred")),
        (rf"(?:are |is )?in (?:the )?(?:segment )?{group}", _group),
        (rf"(?:(?:are |is )?not|(?:are|is)n['’]t) in (?:the )?(?:segment )?{group}", _outside),
    ]  # fmt: skip


def _renamed(pattern: str) -> str:
    """The same groups under other names: a pattern has each name once."""
    return re.sub(r"\?P<(\w+)>", r"?P<\1_2>", pattern)


def _reached_either(met: re.Match[str], scene: Scene) -> Node:
    name = next(one for one in _CHANNELS if met[one] or met[f"{one}_2"])
    return Reachable(channel=name)
