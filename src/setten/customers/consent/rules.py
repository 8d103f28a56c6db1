"""Which word stands. Plain functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from setten.customers.consent.model import (
    CHANNELS,
    MARKETING,
    STATES,
    STRICTNESS,
    BadConsent,
    Kept,
    Said,
    Statement,
)

_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
EVIDENCE_CHARS_MAX = 1_000
# A till's clock may run ahead a little; what is said for next year was not said.
AHEAD_MAX = timedelta(minutes=10)
# Categories of consent managers and traits that speak of a channel; all others are purposes of
# their own, for the use of data on pages.
_OF_CHANNELS = {
    "email": ("email", "mail", "newsletter", "メール", "メルマガ"),
    "line": ("line",),
    "sms": ("sms", "ショートメール"),
    "phone": ("phone", "tel", "telephone", "電話"),
    "push": ("push", "プッシュ通知"),
    "whatsapp": ("whatsapp",),
    "post": ("post", "dm", "directmail", "郵便"),
}
_CHANNEL_BY_WORD = {word: channel for channel, words in _OF_CHANNELS.items() for word in words}
_AROUND = re.compile(r"marketing|consent|optin|acceptsmarketing|subscribed|accepts")
_PURPOSES = {"広告": "advertising", "分析": "analytics", "機能": "functional", "必須": "necessary"}


def check(said: Said, now: datetime) -> None:
    """Raises BadConsent where somebody's words cannot be."""
    is_good = {
        "purpose": _PURPOSE.fullmatch(said.purpose) is not None,
        "channel": said.channel in CHANNELS,
        "state": said.state in STATES,
        "at": said.at.tzinfo is not None and said.at <= now + AHEAD_MAX,
        "text_version": said.text_version is None
        or _VERSION.fullmatch(said.text_version) is not None,
        "evidence": len(said.evidence or "") <= EVIDENCE_CHARS_MAX,
    }
    for field, is_so in is_good.items():
        if not is_so:
            raise BadConsent(field=field)


def category(name: str) -> tuple[str, str] | None:
    """(purpose, channel) that a category of a consent manager is about; None: we cannot say."""
    flat = "".join(c for c in name if c.isalnum()).casefold()
    bare = _AROUND.sub("", flat)
    if bare in _CHANNEL_BY_WORD:
        return MARKETING, _CHANNEL_BY_WORD[bare]
    word = _PURPOSES.get(name) or re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:40]
    return (word, "web") if _PURPOSE.fullmatch(word) else None


def opted(name: str, value: Any) -> tuple[str, str] | None:
    """(purpose, channel) that a trait gives or refuses consent for: `line_opt_in`,
    `accepts_marketing` …; None for any other trait."""
    flat = "".join(c for c in name if c.isalnum()).casefold()
    if not isinstance(value, bool) or not _AROUND.search(flat):
        return None
    bare = _AROUND.sub("", flat)
    channel = "email" if bare == "" and flat == "acceptsmarketing" else _CHANNEL_BY_WORD.get(bare)
    return (MARKETING, channel) if channel else None


class Settled(msgspec.Struct, frozen=True):
    """entries: lines for the ledger, with the identifier each is for; kept: rows that changed;
    news: statements that changed what stands."""

    entries: list[tuple[int, Statement]]
    kept: list[Kept]
    news: list[Statement]


def settle(
    statements: Sequence[Statement], kept: Sequence[Kept], mates: Mapping[int, Sequence[int]]
) -> Settled:
    """What becomes of statements, in the order in which they came.

    mates: of each identifier all of its person. A statement is for her: it also stands under those
    of her identifiers that have said something of the same, so that after a merge with somebody
    who refused, saying yes once is enough, and until then no stays no. The later word stands; of
    one moment the stricter.
    """
    book = {one.key: one for one in kept}
    before = dict(book)
    entries: list[tuple[int, Statement]] = []
    news: list[Statement] = []
    for said in statements:
        about = (said.purpose, said.channel)
        others = [n for n in mates.get(said.identifier_id, ()) if n != said.identifier_id]
        whom = [said.identifier_id, *(n for n in others if _has_state(book, (n, *about)))]
        if said.is_carried and not _carries(said, book, [(n, *about) for n in whom]):
            continue
        won = [n for n in whom if _wins(said, book.get((n, *about)))]
        for number in won:
            key = (number, *about)
            book[key] = _stands(said, number, book.get(key))
        entries += [(n, said) for n in dict.fromkeys([said.identifier_id, *won])]
        if won:
            news.append(said)
    changed = [one for key, one in book.items() if before.get(key) != one]
    return Settled(entries, changed, news)


Key = tuple[int, str, str]


def _has_state(book: Mapping[Key, Kept], key: Key) -> bool:
    return key in book and book[key].state is not None


def _carries(said: Statement, book: dict[Key, Kept], keys: Sequence[Key]) -> bool:
    """Whether what a client repeats is news; it is remembered either way.

    A browser goes on saying what was chosen there long ago: only another word is a new statement,
    and the first one met never overrules a refusal.
    """
    own = keys[0]
    kept = book.get(own)
    was, was_at = (kept.carried, kept.carried_at) if kept else (None, None)
    if was_at is not None and said.at < was_at:
        return False
    blank = Kept(identifier_id=own[0], purpose=own[1], channel=own[2], state=None, at=said.at,
                 source=said.source)  # fmt: skip
    book[own] = msgspec.structs.replace(kept or blank, carried=said.state, carried_at=said.at)
    if was is None and said.state == "granted":
        return all(not _has_state(book, key) or book[key].state == "granted" for key in keys)
    return was != said.state


def _wins(said: Statement, kept: Kept | None) -> bool:
    if kept is None or kept.state is None or said.at > kept.at:
        return True
    return said.at == kept.at and STRICTNESS[said.state] < STRICTNESS[kept.state]


def _stands(said: Statement, number: int, kept: Kept | None) -> Kept:
    return Kept(
        identifier_id=number,
        purpose=said.purpose,
        channel=said.channel,
        state=said.state,
        at=said.at,
        source=said.source,
        carried=kept.carried if kept else None,
        carried_at=kept.carried_at if kept else None,
    )
