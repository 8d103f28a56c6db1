"""One sentence that says why a customer stands where she does, as a shop would say it."""

from __future__ import annotations

from datetime import datetime

from setten.customers.lifecycle.model import Stage, Standing

NAMES: dict[Stage, dict[str, str]] = {
    "acquisition": {"ja": "取得", "en": "Acquisition"},
    "trial": {"ja": "実験", "en": "Trial"},
    "loyalty": {"ja": "忠誠心", "en": "Loyalty"},
    "retention": {"ja": "保持", "en": "Retention"},
    "recovery": {"ja": "回復", "en": "Recovery"},
}

_SENTENCES: dict[str, dict[str, str]] = {
    "acquisition": {
        "ja": "まだお買い上げがありません。",
        "en": "Has not bought anything yet.",
    },
    "trial": {
        "ja": "お買い上げは{days}回、前回は{ago}です。次は約{gap}ごろが目安です"
        "（続いている見込み{p}%）。",
        "en": "Bought {times} so far, last {ago}; the next visit is usual after about {gap} "
        "(still a customer: {p}%).",
    },
    "loyalty": {
        "ja": "ふだんは約{gap}ごとにお買い上げがあり、前回は{ago}なので、いつもの調子です"
        "（続いている見込み{p}%）。",
        "en": "Usually buys every {gap} and last did {ago}, which is in step "
        "(still a customer: {p}%).",
    },
    "retention": {
        "ja": "ふだんの間隔は約{gap}ですが、{silence}間お買い上げがなく、いつもより遅れています"
        "（続いている見込み{p}%）。",
        "en": "Usually buys every {gap} but has not for {silence}, which is later than usual "
        "(still a customer: {p}%).",
    },
    "recovery": {
        "ja": "ふだんの間隔は約{gap}でしたが、{silence}間お買い上げがなく、離れてしまったようです"
        "（続いている見込み{p}%）。",
        "en": "Used to buy every {gap} but has not for {silence} and seems to have left "
        "(still a customer: {p}%).",
    },
    "retention.once": {
        "ja": "お買い上げは1回だけで、{silence}たちました。ここで2回目がある方はふつう約{gap}で"
        "お見えになります（続いている見込み{p}%）。",
        "en": "Bought once, {silence} ago; those who come back here usually do after about {gap} "
        "(still a customer: {p}%).",
    },
    "recovery.once": {
        "ja": "お買い上げは1回だけで、{silence}たちました。ふつうの約{gap}を大きく過ぎ、"
        "離れてしまったようです（続いている見込み{p}%）。",
        "en": "Bought once, {silence} ago, long past the usual {gap}, and seems to have left "
        "(still a customer: {p}%).",
    },
}


def sentence(standing: Standing, *, now: datetime, locale: str) -> str:
    """Why somebody is in this stage, in one sentence. locale: ja or en.

    now: on the wall clock of the business, whose days are counted.
    """
    key: str = standing.stage
    if standing.days == 1 and f"{key}.once" in _SENTENCES:
        key = f"{key}.once"
    if standing.last_at is None:
        return _SENTENCES["acquisition"][locale]
    last = standing.last_at.astimezone(now.tzinfo)
    silence = max(0, (now.date() - last.date()).days)
    gap = max(1, round(standing.usual_gap_days or 1))
    return _SENTENCES[key][locale].format(
        days=standing.days,
        times={1: "once", 2: "twice"}.get(standing.days, f"on {standing.days} days"),
        gap=_days(gap, locale),
        silence=_days(silence, locale),
        ago=_ago(silence, locale),
        p=_percent(standing.p_active or 0.0),
    )


def _days(n: int, locale: str) -> str:
    if locale == "ja":
        return f"{n}日"
    return "1 day" if n == 1 else f"{n} days"


def _ago(n: int, locale: str) -> str:
    if n < 2:
        near = ("きょう", "きのう") if locale == "ja" else ("today", "yesterday")
        return near[n]
    return f"{n}日前" if locale == "ja" else f"{_days(n, locale)} ago"


def _percent(p: float) -> int:
    """Never 0 or 100: nobody is that sure of a person."""
    return min(99, max(1, round(p * 100)))
