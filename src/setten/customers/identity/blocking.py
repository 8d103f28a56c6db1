"""Values that are nobody's, by their form: `*@example.jp`, `guest-*`.

Values lie sealed in the vault, so a form is held against a newcomer once, when identity first
meets its number; single values are blocked by their number and need no opening.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.vault import Vault

Q = db.load(__file__)
FORM_LENGTH_MAX = 100
STARS_MAX = 4  # more would take long to hold against a long value
LETTERS_MIN = 3  # a form of stars alone would make nobody of everybody


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A form of values of one kind that stand for nobody; * is any text, ? one character."""

    pattern_id: UUID
    kind: str
    form: str


async def patterns(conn: Connection, vault: Vault) -> tuple[Pattern, ...]:
    """The forms blocked now, opened."""
    return tuple(
        Pattern(
            pattern_id=row["pattern_id"],
            kind=row["kind"],
            form=vault.open_setting(row["sealed"]).decode(),
        )
        for row in await Q.patterns.all(conn)
    )


async def matching(
    conn: Connection,
    vault: Vault | None,
    kinds: Mapping[int, str],
    among: Collection[Pattern] | None = None,
) -> set[int]:
    """Which of these identifiers (number to kind) have a form that is nobody's.

    among: forms to hold against them; None: those blocked now.
    """
    if among is None:
        if not await Q.patterns.all(conn):
            return set()
        assert vault is not None, "values can be opened only with the vault"
        among = await patterns(conn, vault)
    forms: dict[str, list[str]] = {}
    for one in among:
        forms.setdefault(one.kind, []).append(one.form)
    wanted = [number for number, kind in kinds.items() if kind in forms]
    if not wanted:
        return set()
    assert vault is not None, "values can be opened only with the vault"
    opened = await vault.values(conn, wanted)
    tests = {kind: _test(said) for kind, said in forms.items()}
    return {one for one, found in opened.items() if tests[found.kind].fullmatch(found.value)}


def _test(forms: Iterable[str]) -> re.Pattern[str]:
    plain = (form.replace("[", "[[]") for form in forms)
    return re.compile("|".join(fnmatch.translate(form) for form in plain), re.IGNORECASE)
