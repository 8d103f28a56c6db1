"""Addresses of pages, cut to what names the page and the campaign."""

from __future__ import annotations

from urllib.parse import unquote, unquote_plus

from setten.platform.vault.patterns import looks_personal

_VALUE_LENGTH_MAX = 64
_FIELDS_MAX = 100
_CUT = "•"
# Addresses that needed no cut: pages are looked at again and again. Nothing personal is in them,
# and none is empty.
_REMEMBERED_MAX = 20_000
_REMEMBERED_LENGTH_MAX = 500
whole: set[str] = set()


def cut(text: str, allowed: frozenset[str]) -> str:
    """The address without fragment, user, unlisted query keys and personal parts of its path."""
    if text in whole:
        return text
    base, _, _ = text.partition("#")
    base, mark, query = base.partition("?")
    kept = cut_query(query, allowed) if mark else ""
    if "@" in base or "%" in base or looks_personal(base):
        base = _cut_base(base)
    found = f"{base}?{kept}" if kept else base
    if found == text and 0 < len(text) <= _REMEMBERED_LENGTH_MAX:
        if len(whole) >= _REMEMBERED_MAX:
            whole.clear()
        whole.add(text)
    return found


def cut_query(query: str, allowed: frozenset[str]) -> str:
    """The query string with the allowed keys only, and of them no value that looks personal."""
    if query in whole:
        return query
    lead = "?" if query.startswith("?") else ""
    kept = [
        pair
        for pair in query[len(lead) :].split("&", _FIELDS_MAX)[:_FIELDS_MAX]
        if _may_stay(pair, allowed)
    ]
    found = lead + "&".join(kept) if kept else ""
    if found == query and 0 < len(query) <= _REMEMBERED_LENGTH_MAX:
        if len(whole) >= _REMEMBERED_MAX:
            whole.clear()
        whole.add(query)
    return found


def _may_stay(pair: str, allowed: frozenset[str]) -> bool:
    key, _, value = pair.partition("=")
    if key not in allowed:
        return False
    if "%" in value or "+" in value:
        value = unquote_plus(value)
    return len(value) <= _VALUE_LENGTH_MAX and not looks_personal(value)


def _cut_base(base: str) -> str:
    scheme, mark, rest = base.partition("://")
    host, slash, path = rest.partition("/") if mark else ("", "", base)
    if "@" in host:  # user information of an address
        host = host.rpartition("@")[2]
    parts = [_CUT if looks_personal(unquote(part)) else part for part in path.split("/")]
    return f"{scheme}{mark}{host}{slash}{'/'.join(parts)}" if mark else "/".join(parts)
