"""The house rules of stock over JSON: how long goods wait, what needs a second person."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from setten.api import guard
from setten.api.state import Deps
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.vault import holds_card_number
from setten.stock import house_rules
from setten.stock.house_rules import (
    DAYS_MAX,
    HOURS_MAX,
    MINOR_MAX,
    UNITS_MAX,
    BadHouseRules,
    HouseRules,
)

_Hours = Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)]
_Days = Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
# Words, with nothing in them that is not seen: no line breaks, no marks that turn a line round.
_Reason = Annotated[
    str,
    msgspec.Meta(
        min_length=4,
        max_length=200,
        pattern=r"^\S[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]{2,198}\S$",
    ),
]
# gt, not ge: the writer of the OpenAPI description forgets a bound of 0
_Version = Annotated[int, msgspec.Meta(gt=-1, lt=2**53)]


class RulesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; what is left out stays. version: of the rules that this was made from."""

    version: _Version
    reason: _Reason
    hold_hours: _Hours | None = None
    extend_hours: _Hours | None = None
    hold_units_max: Annotated[int, msgspec.Meta(ge=1, le=UNITS_MAX)] | None = None
    carry_hours: _Hours | None = None
    pickup_hours: _Hours | None = None
    cart_left_hours: _Hours | None = None
    count_units_free: Annotated[int, msgspec.Meta(gt=-1, le=UNITS_MAX)] | None = None
    count_value_free: Annotated[int, msgspec.Meta(gt=-1, le=MINOR_MAX)] | None = None
    fill_days: _Days | None = None
    keep_days: _Days | None = None


class RulesBody(msgspec.Struct, frozen=True, kw_only=True):
    """The rules as they hold; count_value_free in minor units. version: 0 before any change."""

    hold_hours: int
    extend_hours: int
    hold_units_max: int
    carry_hours: int
    pickup_hours: int
    cart_left_hours: int
    count_units_free: int
    count_value_free: int
    fill_days: int
    keep_days: int
    version: int


def router() -> Router:
    """The routes of this domain, under /api/v1/stock/rules."""
    return Router(
        path="/api/v1/stock/rules",
        route_handlers=[get_rules, put_rules],
        dependencies={"actor": guard.provide_actor},
        tags=["stock"],
        guards=[guard.allow("server")],
    )


@get()
async def get_rules(deps: NamedDependency[Deps]) -> RulesBody:
    """The house rules as they hold now."""
    async with deps.pool.acquire() as conn:
        return _body(await house_rules.current(conn))


@put()
async def put_rules(
    data: JSONBody[RulesIn], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> RulesBody:
    """Change house rules, from now on and in every process; who did and why is kept.

    409 `house_rules_changed` where somebody changed them since; 422 `bad_house_rules`.
    """
    if holds_card_number(data.reason):
        raise BadHouseRules(fields="reason")
    now, reason = clock.now(), deps.vault.seal_setting(data.reason.strip().encode())
    async with db.transaction(deps.pool) as conn:
        asked = _asked(await house_rules.current(conn), data)
        changed = await house_rules.put(conn, asked, reason=reason, by=actor.label, now=now)
        if changed:
            await audit.note(conn, actor, "house_rules.changed", at=now, fields=changed)
        kept = await house_rules.current(conn)
    return _body(kept)


def _asked(old: HouseRules, data: RulesIn) -> HouseRules:
    """The rules as they are to be; put in force only if nobody changed them meanwhile."""
    said = {name: getattr(data, _NAMES.get(name, name)) for name in house_rules.NAMES}
    changed = {name: value for name, value in said.items() if value is not None}
    return msgspec.structs.replace(old, **changed, version=data.version)


def _body(rules: HouseRules) -> RulesBody:
    values = {_NAMES.get(name, name): getattr(rules, name) for name in house_rules.NAMES}
    return RulesBody(**values, version=rules.version)


_NAMES = {"count_value_free_minor": "count_value_free"}
