"""Demos that are more than the chain: how far each has come is said while it is loaded."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import msgspec

from setten.cli import terminal
from setten.platform import clock
from setten.platform.settings import Settings

_TOLD_EVERY_S = 5.0
# (in Japanese, in English): what each stage of a load brings in.
_STAGES = {
    "places": ("店舗", "shops"),
    "stock": ("店にある数", "what lies in shops"),
    "goods": ("商品と在庫", "goods and stock"),
    "people": ("お客様", "customers"),
    "past": ("できごと", "events"),
    "sums": ("集計", "sums"),
    "stages": ("顧客の段階", "stages of customers"),
    "households": ("世帯", "households"),
    "tills": ("レシート（バイト）", "receipts (bytes)"),
    "letters": ("キャンペーンの案内", "campaign letters"),
    "coupons": ("クーポン", "coupons"),
}


async def is_ready(found: Settings, scale: str) -> bool:
    """Whether the demo of this folder is the real or the large one; loaded first where asked for.

    Raises Unfinished where another demo lives, and for a load under way that nobody asks to go on.
    """
    from setten.demo import large, real

    folder = found.data_dir
    lives = "large" if large.is_begun(folder) else "real" if real.is_begun(folder) else None
    if lives is not None and scale not in (lives, "small"):
        raise large.Unfinished()
    if large.is_laid(folder) or real.is_whole(folder):
        return True
    if scale == "large":
        await _lay_down(found)
    elif scale == "real":
        await _bring_in(found)
    elif lives is not None:
        raise large.Unfinished()
    return scale != "small"


def say_hint(found: Settings) -> bool:
    """Say what to try first in a real or large demo; False where neither lives."""
    from setten.demo import large, real

    if large.is_laid(found.data_dir):
        terminal.note(
            "  試す  「佐藤」「ソファ」「L0000001」でさがす。段階と在庫表を開く",
            "  Try      find 佐藤, sofa or L0000001; open stages and the stock sheet",
        )
    elif real.is_whole(found.data_dir):
        terminal.note(
            "  試す  カード「HH-1」、「yogurt」でさがす。2017 年の売上を今年の日付にしたもの",
            "  Try      find the card HH-1, or yogurt; what was sold is 2017's, dated anew",
        )
    else:
        return False
    return True


def in_zone(found: Settings, scale: str) -> Settings:
    """The settings with the time zone of the real demo's shops, where nobody chose one."""
    from setten.demo import real

    is_real = scale == "real" or real.is_begun(found.data_dir)
    if not is_real or found.origins.get("timezone", "default") != "default":
        return found
    return msgspec.structs.replace(found, timezone=real.TIMEZONE)


def goes_on(found: Settings) -> bool:
    """Whether a demo of such a size lives there that goes on by itself."""
    from setten.demo import real

    return real.is_whole(found.data_dir)


def live(found: Settings, stop: threading.Event) -> None:
    """Tell what happens in it, beside the running product, until stopped or over."""
    from setten.demo import real

    client = asyncio.run(real.client(found, now=clock.now()))
    real.follow(found.data_dir, client, stop)


async def _bring_in(found: Settings) -> None:
    from setten.demo import real

    terminal.note(
        "ある食料品チェーンの一年を取り込んでいます（147 万行、止めても続きから始まります）",
        "Bringing in a year of a grocer's tills (1.47 million lines; goes on where it was stopped)",
    )
    tell, began = _teller(), time.monotonic()
    await real.bring_in(
        found, clock=clock.now, told=lambda step, at: tell(step, at.bytes_done, at.bytes_all)
    )
    minutes = (time.monotonic() - began) / 60
    terminal.note(f"{minutes:.0f} 分で取り込みました", f"Brought in within {minutes:.0f} minutes")


async def _lay_down(found: Settings) -> None:
    from setten import background
    from setten.demo import large

    async with background.resources(found, size=1) as means:
        readers = [one.name for one in background.readers(means)]
    terminal.note(
        "100 万人のお客様を用意しています（約 30 GB、30 分ほど。止めても続きから始まります）",
        "Loading a million customers (about 30 GB and half an hour; goes on where it was stopped)",
    )
    began = time.monotonic()
    await large.lay_down(found, now=clock.now(), readers=readers, progress=_teller())
    minutes = (time.monotonic() - began) / 60
    terminal.note(f"{minutes:.0f} 分で用意しました", f"Loaded in {minutes:.0f} minutes")


def _teller() -> Callable[[str, int, int], None]:
    """Says how far a stage is: when it begins, every few seconds, and at its end."""
    told_at, told_of = 0.0, ""

    def tell(stage: str, done: int, in_all: int) -> None:
        nonlocal told_at, told_of
        is_news = stage != told_of or done >= in_all
        if not is_news and time.monotonic() - told_at < _TOLD_EVERY_S:
            return
        told_at, told_of = time.monotonic(), stage
        ja, en = _STAGES[stage]
        terminal.note(f"  {ja}  {done:,} / {in_all:,}", f"  {en}  {done:,} of {in_all:,}")

    return tell
