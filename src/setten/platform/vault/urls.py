"""Addresses of pages, cut to what names the page and the campaign."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode

from setten.platform.vault.patterns import looks_personal

_VALUE_LENGTH_MAX = 64
_FIELDS_MAX = 100
_CUT = "•"


def cut(text: str, allowed: frozenset[str]) -> str:
    """The address without fragment, user, unlisted query keys and personal parts of its path."""
    base, _, _ = text.partition("#")
    base, mark, query = base.partition("?")
    kept = cut_query(query, allowed) if mark else ""
    if "@" in base or "%" in base or looks_personal(base):
        base = _cut_base(base)
    return f"{base}?{kept}" if kept else base


def cut_query(query: str, allowed: frozenset[str]) -> str:
    """The query string with the allowed keys only, and of them no value that looks personal."""
    lead = "?" if query.startswith("?") else ""
    try:
        pairs = parse_qsl(query.lstrip("?"), max_num_fields=_FIELDS_MAX)
    except ValueError:
        return ""
    kept = [
        (key, value)
        for key, value in pairs
        if key in allowed and len(value) <= _VALUE_LENGTH_MAX and not looks_personal(value)
    ]
    return lead + urlencode(kept) if kept else ""


def _cut_base(base: str) -> str:
    scheme, mark, rest = base.partition("://")
    host, slash, path = rest.partition("/") if mark else ("", "", base)
    if "@" in host:  # user information of an address
        host = host.rpartition("@")[2]
    parts = [_CUT if looks_personal(unquote(part)) else part for part in path.split("/")]
    return f"{scheme}{mark}{host}{slash}{'/'.join(parts)}" if mark else "/".join(parts)
