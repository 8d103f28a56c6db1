"""The house rules: how long goods wait, what may come back, what needs a second person.

Everybody who works with stock reads them; who decides for the chain changes them, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromQuery

from setten.console import guard
from setten.console.chain import fields, rights
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.platform import audit, auth, clock, db, vault
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock import house_rules, returns
from setten.stock.carts import CURRENCY
from setten.stock.house_rules import HouseRules, HouseRulesChanged
from setten.stock.returns import Policy, PolicyChanged

REASON_MIN, REASON_MAX = 4, 200
"""Characters: a word at least, no letter; it stands in a line of the history."""

OF_RETURNS: Mapping[str, tuple[int, int]] = {
    "days": (0, returns.DAYS_MAX),
    "per_customer_max": (0, returns.QTY_MAX),
    "per_customer_days": (1, returns.DAYS_MAX),
    "unproven_max_minor": (0, house_rules.MINOR_MAX),
}
BOUNDS = {**house_rules.BOUNDS, **OF_RETURNS}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("waiting", ("hold_hours", "extend_hours", "hold_units_max", "pickup_hours", "carry_hours")),
    ("returning", tuple(OF_RETURNS)),
    ("counting", ("count_units_free", "count_value_free_minor")),
    ("moving", ("fill_days", "keep_days")),
    ("carts", ("cart_left_hours",)),
)
_MONEY = ("unproven_max_minor", "count_value_free_minor")


class Row(msgspec.Struct, frozen=True):
    """A rule as the page has it. said: as typed, or as it holds; value: in words."""

    name: str
    said: str
    value: str
    hint: str
    wrong: str


class Told(msgspec.Struct, frozen=True):
    """A change in words."""

    words: list[str]
    reason: str
    who: str
    at: datetime


class Rules(msgspec.Struct, frozen=True):
    """Both sets of rules as one form."""

    house: HouseRules
    returning: Policy

    def value(self, name: str) -> int:
        """One of them."""
        return int(getattr(self.returning if name in OF_RETURNS else self.house, name))


async def _current(conn: Connection) -> Rules:
    return Rules(await house_rules.current(conn), await returns.policy(conn))


@get("/stock/rules", right=Right.read_stock)
async def rules_page(request: Asked, kept: FromQuery[str] = "") -> Response[str]:
    """The rules as they hold, and who changed them why."""
    async with guard.deps_of(request).pool.acquire() as conn:
        now = await _current(conn)
    return await _page(request, now, {}, {}, kept=bool(kept))


async def _page(
    request: Asked,
    now: Rules,
    said: Mapping[str, str],
    slips: Mapping[str, str],
    *,
    kept: bool = False,
    moved: bool = False,
) -> Response[str]:
    """moved: somebody else changed the rules since this form was opened."""
    page, deps = page_of(request), guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        history = await _history(conn, deps.vault, page)
    view = {
        "groups": [
            (name, [_row(one, now, said, slips, page) for one in names]) for name, names in GROUPS
        ],
        "versions": said.get("versions") or f"{now.house.version} {now.returning.version}",
        "reason": said.get("reason", ""),
        "reason_wrong": page.words()("house.wrong_reason", n=REASON_MIN)
        if "reason" in slips else "",
        "reason_max": REASON_MAX,
        "history": history,
        "may_change": rights.may_change_all(page.who),
        "kept": kept,
        "slips": slips,
        "moved": moved,
    }  # fmt: skip
    return page.render("chain/rules.html", view, status=409 if moved else 422 if slips else 200)


def _row(
    name: str, now: Rules, said: Mapping[str, str], slips: Mapping[str, str], page: Page
) -> Row:
    t, (least, most) = page.words(), BOUNDS[name]
    wrong = t("house.wrong", least=page.shown().number(least), most=page.shown().number(most))
    return Row(
        name,
        said.get(name, str(now.value(name))),
        _said(name, now.value(name), page),
        t(f"house.{name}_hint"),
        wrong if name in slips else "",
    )


def _said(name: str, value: int, page: Page) -> str:
    """A rule's value with its unit."""
    t = page.words()
    if name in _MONEY:
        return page.shown().money(value, CURRENCY)
    if name.endswith("_hours"):
        return t("house.n_days", n=value // 24) if value % 24 == 0 else t("house.n_hours", n=value)
    if name.endswith("days"):
        return t("house.n_days", n=value)
    return page.shown().number(value)


async def _history(conn: Connection, sealed: Vault, page: Page) -> list[Told]:
    """The last changes of both, newest first."""
    staff = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}

    def told(
        moved: Mapping[str, tuple[int, int]], reason: bytes | None, by: str, at: datetime
    ) -> Told:
        t = page.words()
        words = [
            t("house.changed", what=t(f"house.{name}"), was=_said(name, was, page),
              is_now=_said(name, is_now, page))
            for name, (was, is_now) in moved.items()
        ]  # fmt: skip
        why = sealed.open_setting(reason).decode() if reason else ""
        return Told(words, why, staff.get(by, t("house.program")), at)

    found = [told(one.moved, one.reason, one.by, one.at) for one in await house_rules.changes(conn)]
    policies = await returns.policies(conn, most=house_rules.CHANGES_SHOWN + 1)
    for one, before in pairwise(policies):
        moved = {
            name: (getattr(before, name), getattr(one, name))
            for name in OF_RETURNS
            if getattr(before, name) != getattr(one, name)
        }
        if moved and one.set_at is not None:
            found.append(told(moved, one.reason, one.set_by, one.set_at))
    return sorted(found, key=lambda one: one.at, reverse=True)[: house_rules.CHANGES_SHOWN]


@post("/stock/rules", right=Right.approve_stock)
async def keep_rules(request: Asked) -> Response[str]:
    """Make what the form says the rules from now on, in every process at once."""
    page, form, deps = page_of(request), await request.form(), guard.deps_of(request)
    rights.require_all(page.who)
    said = _typed(form)
    read = {name: fields.whole(said[name], *bounds) for name, bounds in BOUNDS.items()}
    slips = {name: "number" for name, value in read.items() if value is None}
    if not _is_reason(said["reason"]):
        slips["reason"] = "reason"
    async with deps.pool.acquire() as conn:
        before = await _current(conn)
    if slips:
        return await _page(request, before, said, slips)
    versions = [fields.whole(one, 0, 2**53) for one in said["versions"].split()]
    reason = deps.vault.seal_setting(said["reason"].encode())
    try:
        async with db.transaction(deps.pool) as conn:
            await _put(conn, page, read, versions, reason, clock.now())
    except (HouseRulesChanged, PolicyChanged):
        async with deps.pool.acquire() as conn:
            newer = await _current(conn)
        return await _page(request, newer, said | {"versions": ""}, {}, moved=True)
    return redirect("/stock/rules?kept=1")


def _typed(form: FormMultiDict) -> dict[str, str]:
    names = (*BOUNDS, "reason", "versions")
    return {one: str(form.get(one) or "").replace("\x00", "").strip()[:REASON_MAX] for one in names}


def _is_reason(said: str) -> bool:
    """Whether it says something, on one line, and no number of a card."""
    return len(said) >= REASON_MIN and said.isprintable() and not vault.holds_card_number(said)


async def _put(
    conn: Connection,
    page: Page,
    read: Mapping[str, int | None],
    versions: list[int | None],
    reason: bytes,
    now: datetime,
) -> None:
    """Raises HouseRulesChanged, PolicyChanged."""
    if len(versions) != 2 or None in versions:
        raise HouseRulesChanged()
    house = {name: read[name] for name in house_rules.NAMES}
    asked = msgspec.convert({**house, "version": versions[0]}, HouseRules)
    changed = await house_rules.put(conn, asked, reason=reason, by=page.who.label, now=now)
    old = await returns.policy(conn)
    if old.version != versions[1]:  # also a form's 0, which only programs may say
        raise PolicyChanged()
    policy = msgspec.structs.replace(
        old, **{one: read[one] for one in OF_RETURNS}, version=versions[1], reason=reason
    )
    of_returns = [one for one in OF_RETURNS if getattr(old, one) != read[one]]
    if of_returns:
        await returns.set_policy(conn, policy, by=page.who.label, now=now)
    if changed or of_returns:
        await audit.note(
            conn, page.who, "house_rules.changed", at=now, fields=[*changed, *of_returns]
        )
