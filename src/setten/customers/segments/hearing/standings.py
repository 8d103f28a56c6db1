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
from setten.customers.segments.hearing.modifiers import NUMBER, Scene, number
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
    Window,
)

NEAR_KM, CART_KM = 5, 10
"""What "near" is taken for; the words that are shown back say so."""

LEFT = Window(since=Span(7, "day"))
Heard = tuple[re.Pattern[str], Callable[[re.Match[str], Scene], Node]]
_ALSO: Mapping[str, str] = {
    "email": r"メルマガ|Eメール|e-mail|mail",
    "line": r"ライン",
    "sms": r"ショートメール|text messages?",
    "push": r"プッシュ|アプリの通知|push notifications?",
    "post": r"はがき|ハガキ|DM|ダイレクトメール|letters?|mailings?",
}


_CHANNELS: tuple[Channel, ...] = get_args(Channel)


def _channels(locale: Locale) -> str:
    """A pattern with a group for each channel."""
    return "(?:" + "|".join(
        f"(?P<{name}>{re.escape(one.say(locale))}{'|' + also if (also := _ALSO.get(name)) else ''})"
        for name, one in CHANNELS.items()
    ) + ")"  # fmt: skip


def _channel(met: re.Match[str]) -> Channel:
    return next(name for name in _CHANNELS if met[name])


def _reachable(met: re.Match[str], scene: Scene) -> Node:
    return Reachable(channel=_channel(met))


def _unreachable(met: re.Match[str], scene: Scene) -> Node:
    return Not(of=_reachable(met, scene))


def _agreed(met: re.Match[str], scene: Scene) -> Node:
    return Consent(channel=_channel(met))


def _refused(met: re.Match[str], scene: Scene) -> Node:
    return Consent(channel=_channel(met), state="refused")


def _lives(met: re.Match[str], scene: Scene) -> Node:
    found = met.groupdict()
    km = int(number(found["n"])) if found.get("n") else NEAR_KM
    shop = found.get("shop")
    return LivesNear(km=km, location_id=scene.shops[shop.casefold()] if shop else None)


def _cart(met: re.Match[str], scene: Scene) -> Node:
    return CartNear(km=int(number(met["n"])) if met["n"] else CART_KM)


def _left(met: re.Match[str], scene: Scene) -> Node:
    """Something went into the cart and nothing was bought; what the cart holds now, nobody asks."""
    put = Did(match=Match(events=("cart.reported",)), window=LEFT)
    bought = Did(match=Match(events=("purchase",)), window=LEFT, times=Claim(op="is", value=0))
    return All(of=(put, bought))


def _group(met: re.Match[str], scene: Scene) -> Node:
    return Group(name=met["name"])


def standings(locale: Locale, shops: str) -> list[Heard]:
    """What can be heard in a language; shops: a pattern of their names."""
    made = _japanese(shops) if locale == "ja" else _english(shops)
    return [(re.compile(pattern, re.IGNORECASE), make) for pattern, make in made]


def _japanese(shops: str) -> list[tuple[str, Callable[[re.Match[str], Scene], Node]]]:
    km = rf"(?:半径)? *(?P<n>{NUMBER['ja']}) *(?:km|キロ(?:メートル)?)(?:以内|圏内|圏|の範囲)?"
    live = (r"(?:に|の|で)?(?:お?住まい|住んで(?:い)?[るて]|住む|在住|暮らして(?:い)?[るて]"
            r"|暮らす|い[るて])?")  # fmt: skip
    living = r"(?:に|で)(?:お?住まい|住んで(?:い)?[るて]|住む|暮らして(?:い)?[るて]|暮らす)"
    by = r"(?:が|は|で|を|から)?(?:の)?(?:連絡(?:が|を)?)?"
    channels = _channels("ja")
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
         r"(?:カート|かご)(?:落ち|放棄|を放棄)(?:した|している|して)?", _left),
        (rf"{channels}{by}(?:届(?:く|き|いて)|送れる|届けられる|連絡できる|受け取れる|とれる|取れる)",
         _reachable),
        (rf"{channels}(?:の)?(?:友だち|友達)(?:である|登録済み)?", _reachable),
        (rf"{channels}{by}(?:届かない|送れない|連絡できない)", _unreachable),
        (rf"{channels}(?:の(?:配信|受信|受け取り)|での?連絡)?(?:に|を)"
         r"(?:同意|許可|承諾|購読|登録)(?:した|して(?:い)?る|済み)", _agreed),
        (rf"{channels}(?:の(?:配信|受信|受け取り)|での?連絡)?を(?:断った|断って(?:い)?る|拒否した"
         r"|拒否して(?:い)?る)", _refused),
        (r"(?:同居の)?(?:家族|世帯の人)が(?:い|登録されてい)る",
         lambda met, scene: Related(relation="household")),
        (r"「(?P<name>[^」]{1,100})」(?:セグメント)?(?:に(?:いる|入っている|入ってる|属する)|の)",
         _group),
    ]  # fmt: skip


def _english(shops: str) -> list[tuple[str, Callable[[re.Match[str], Scene], Node]]]:
    km = rf"(?P<n>{NUMBER['en']}) ?(?:km|kms|kilomet(?:er|re)s?)"
    live = r"(?:(?:live|lives|living|reside|resides|are|is|home is) )?"
    living = r"(?:live|lives|living|reside|resides|home is) "
    any_shop = r"(?:a|any|one of our|our|the) (?:shops?|stores?)"
    be = r"(?:are |is |be |can be )?"
    channels = _channels("en")
    put = r"(?:something|items?|an item|a product|products|goods|things)"
    return [
        (rf"{live}within {km} (?:of|from) (?:the )?(?P<shop>{shops})(?: shop| store)?\b", _lives),
        (rf"{live}within {km} (?:of|from) {any_shop}\b", _lives),
        (rf"{live}(?:near|close to|around) (?:the )?(?P<shop>{shops})(?: shop| store)?\b",
         _lives),
        (rf"{living}(?:near|close to) {any_shop}\b", _lives),
        (rf"{put} in (?:the|their) cart (?:is|are) (?:available|in stock) "
         rf"(?:within {km} of|near)(?P<end> (?:home|them))", _cart),
        (rf"(?:have |has )?left {put} in (?:the|their|a) (?:cart|basket)"
         r"|(?:have |has )?abandoned (?:the|their|a) (?:cart|basket)", _left),
        (rf"{be}(?:reached|reachable|contacted|contactable)(?: for marketing)? "
         rf"(?:by|on|through|via) {channels}|can (?:get|receive) {_renamed(channels)}",
         _reached_either),
        (rf"(?:cannot|can't|can not) be (?:reached|contacted) (?:by|on|through|via) {channels}",
         _unreachable),
        (rf"(?:have |has )?(?:agreed|opted in|consented|subscribed|said yes) to {channels}",
         _agreed),
        (rf"(?:have |has )?(?:refused|opted out of|declined|said no to) {channels}", _refused),
        (r"(?:have|has) (?:a )?family", lambda met, scene: Related(relation="household")),
        (r'(?:are |is )?in "(?P<name>[^"]{1,100})"', _group),
    ]  # fmt: skip


def _renamed(pattern: str) -> str:
    """The same groups under other names: a pattern has each name once."""
    return re.sub(r"\?P<(\w+)>", r"?P<\1_2>", pattern)


def _reached_either(met: re.Match[str], scene: Scene) -> Node:
    name = next(one for one in _CHANNELS if met[one] or met[f"{one}_2"])
    return Reachable(channel=name)
