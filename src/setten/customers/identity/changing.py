"""The rules of identity as this business sets them: read, proposed, counted, applied.

A change is proposed; what it would merge and split is counted in the background; then somebody
applies it, and everybody it touches is resolved anew part by part. See `walking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from setten.customers.identity import blocking
from setten.customers.identity.blocking import Pattern
from setten.customers.identity.gathering import Q, load_rules
from setten.customers.identity.model import DEFAULTS, Rule
from setten.customers.identity.shapes import (
    Asked,
    BlockedValue,
    Body,
    Book,
    RuleAsked,
    RuleChange,
    RuleShown,
    Sample,
    SealedForm,
    Told,
)
from setten.platform import audit, db, ids
from setten.platform.auth import Actor
from setten.platform.db import Connection, Record
from setten.platform.errors import Conflict, NotFound
from setten.platform.vault import Identifier, UnusableIdentifier, Vault, mask, normalise

C = db.load(__file__)
ASKED_MAX = 100  # values or forms in one change: a page of a list
BLOCKED_MAX = 5_000  # in all: each newcomer is held against every form of its kind
CHANGES_SHOWN_MAX = 50
# A person may hold thousands of browsers; beyond that a limit is none.
MOST_MAX, SHARED_AFTER_MAX, PRIORITY_MAX = 5_000, 5_000, 99


class BadRule(Conflict):
    """A change that says nothing, or a rule outside what makes sense."""

    code = "bad_rule"


class UnusableValue(Conflict):
    """Nothing of this kind can have this value, or it is nobody's by itself."""

    code = "unusable_value"


class BlockedNotFound(NotFound):
    """Nothing is blocked under this id."""

    code = "blocked_not_found"


class RulesBusy(Conflict):
    """An earlier change is being applied."""

    code = "rules_busy"


class RuleChangeNotFound(NotFound):
    """There is no such change."""

    code = "rule_change_not_found"


class RuleChangeNotCounted(Conflict):
    """Only a change whose effect was counted can be applied."""

    code = "rule_change_not_counted"


async def book(conn: Connection, vault: Vault) -> Book:
    """The rules in force, strongest kind first, and what is blocked, opened. The caller audits."""
    rows = await C.blocked_values.all(conn, most=BLOCKED_MAX)
    opened = await vault.values(conn, [row["identifier_id"] for row in rows])
    in_force = await load_rules(conn)
    return Book(
        rules=tuple(
            RuleShown(kind=kind, is_default=rule == DEFAULTS.get(kind), **_fields(rule))
            for kind, rule in in_force.items()
        ),
        blocked_values=tuple(
            BlockedValue(
                blocked_id=str(row["identifier_id"]),
                kind=row["kind"],
                value=opened[row["identifier_id"]].value,
                blocked_at=row["blocked_at"],
            )
            for row in rows
            if row["identifier_id"] in opened
        ),
        blocked_forms=await blocking.patterns(conn, vault),
    )


async def propose(
    conn: Connection, vault: Vault, actor: Actor, asked: Asked, *, reason: str, now: datetime
) -> RuleChange:
    """Keep a change and have its effect counted; an earlier one not applied is withdrawn.

    reason: sealed. Raises BadRule, UnusableValue, BlockedNotFound, RulesBusy.
    """
    await Q.lock.run(conn)  # two who propose at once take turns
    body = await _body(conn, vault, asked)
    earlier = await C.open_change.maybe(conn)
    if earlier is not None:
        if earlier["state"] == "applying":
            raise RulesBusy()
        await C.withdraw.run(conn, change_id=earlier["change_id"], now=now)
    change_id = ids.uuid7()
    await C.put_change.run(
        conn,
        change_id=change_id,
        body=msgspec.json.encode(body).decode(),
        reason_sealed=vault.seal_setting(reason.encode()),
        proposed_at=now,
        proposed_by=actor.label,
        total=await C.to_walk.value(conn, kinds=list(body.kinds), numbers=body.numbers),
    )
    await audit.note(
        conn, actor, "identity_rules.proposed", at=now, subject=str(change_id), fields=_named(body)
    )
    return await change(conn, change_id)


async def apply(conn: Connection, actor: Actor, change_id: UUID, *, now: datetime) -> RuleChange:
    """Put a counted change in force: at once for what comes, in the background for what is known.

    Raises RuleChangeNotFound, RuleChangeNotCounted.
    """
    await Q.lock.run(conn)
    row = await _open(conn, change_id, ("counted",))
    body = msgspec.json.decode(row["body"], type=Body)
    for kind, rule in body.rules.items():
        if rule is None or rule == DEFAULTS.get(kind):
            await C.drop_rule.run(conn, kind=kind)
        else:
            await C.put_rule.run(conn, kind=kind, **_fields(rule))
    await C.block_values.run(
        conn, identifier_ids=list(body.block), kinds=list(body.block.values()), now=now
    )
    await C.unblock_values.run(conn, identifier_ids=body.unblock)
    await C.put_patterns.run(
        conn,
        pattern_ids=[one.pattern_id for one in body.forms],
        kinds=[one.kind for one in body.forms],
        seals=[one.sealed for one in body.forms],
        now=now,
    )
    await C.drop_patterns.run(conn, pattern_ids=[one.pattern_id for one in body.unform])
    await C.begin_applying.run(conn, change_id=change_id, now=now, applied_by=actor.label)
    await audit.note(
        conn, actor, "identity_rules.applied", at=now, subject=str(change_id), fields=_named(body)
    )
    return await change(conn, change_id)


async def withdraw(conn: Connection, actor: Actor, change_id: UUID, *, now: datetime) -> RuleChange:
    """Let go of a change that was not applied. Raises RuleChangeNotFound, RuleChangeNotCounted."""
    await Q.lock.run(conn)
    await _open(conn, change_id, ("counting", "counted"))
    await C.withdraw.run(conn, change_id=change_id, now=now)
    await audit.note(conn, actor, "identity_rules.withdrawn", at=now, subject=str(change_id))
    return await change(conn, change_id)


async def change(conn: Connection, change_id: UUID) -> RuleChange:
    """One change as it is now. Raises RuleChangeNotFound."""
    row = await C.change.maybe(conn, change_id=change_id)
    if row is None:
        raise RuleChangeNotFound()
    return _shown(row)


async def changes(conn: Connection, *, most: int = CHANGES_SHOWN_MAX) -> tuple[RuleChange, ...]:
    """The newest changes."""
    rows = await C.newest.all(conn, most=min(most, CHANGES_SHOWN_MAX))
    return tuple(map(_shown, rows))


async def told(
    conn: Connection, vault: Vault, *, most: int = CHANGES_SHOWN_MAX
) -> dict[UUID, tuple[Told, ...]]:
    """What each of the newest changes does, its identifiers masked."""
    rows = await C.newest.all(conn, most=min(most, CHANGES_SHOWN_MAX))
    bodies = [msgspec.json.decode(row["body"], type=Body) for row in rows]
    numbers = sorted({number for body in bodies for number in body.numbers})
    opened: Mapping[int, Identifier] = await vault.values(conn, numbers) if numbers else {}
    current = await load_rules(conn)
    return {
        row["change_id"]: _parts(
            vault, body, opened, current if row["state"] in ("counting", "counted") else {}
        )
        for row, body in zip(rows, bodies, strict=True)
    }


def _parts(
    vault: Vault, body: Body, opened: Mapping[int, Identifier], current: Mapping[str, Rule]
) -> tuple[Told, ...]:
    """The rules first. current: those the change would replace, none when it was applied."""
    parts = [
        Told(what="rule" if rule else "default", kind=kind, was=current.get(kind), rule=rule)
        for kind, rule in sorted(body.rules.items())
    ]
    for what, numbers in (("block", list(body.block)), ("unblock", body.unblock)):
        found = [opened.get(number) for number in numbers]
        parts += [
            Told(what=what, kind=one.kind, value=mask(one.kind, one.value))
            if one
            else Told(what=what, kind=None)
            for one in found
        ]
    for what, forms in (("form", body.forms), ("unform", body.unform)):
        parts += [
            Told(what=what, kind=one.kind, value=vault.open_setting(one.sealed).decode())
            for one in forms
        ]
    return tuple(parts)


async def _open(conn: Connection, change_id: UUID, states: Sequence[str]) -> Record:
    found = await change(conn, change_id)
    row = await C.open_change.maybe(conn)
    if row is None or row["change_id"] != change_id or row["state"] not in states:
        raise RuleChangeNotCounted(state=found.state)
    return row


def _shown(row: Record) -> RuleChange:
    values = dict(row)
    for name in ("body", "reason_sealed", "reached"):
        del values[name]
    done = row["state"] in ("counted", "applied")
    share = row["examined"] / row["total"] if row["total"] else 0.0
    samples = msgspec.json.decode(values.pop("samples"), type=tuple[Sample, ...])
    return RuleChange(**values, samples=samples, progress=1.0 if done else min(share, 0.99))


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in rule.__struct_fields__}


def _named(body: Body) -> list[str]:
    """What the audit says of a change: kinds and what was done, never a value."""
    words = {"block": body.block, "unblock": body.unblock, "form": body.forms,
             "unform": body.unform}  # fmt: skip
    return [*sorted(body.rules), *(word for word, told in words.items() if told)]


async def _body(conn: Connection, vault: Vault, asked: Asked) -> Body:
    told = (asked.rules, asked.block, asked.unblock, asked.forms, asked.unform)
    if not any(told) or max(map(len, told)) > ASKED_MAX:
        raise BadRule(field="changes")
    if await C.count_blocked.value(conn) + len(asked.block) + len(asked.forms) > BLOCKED_MAX:
        raise BadRule(field="block")
    possible = [number for number in asked.unblock if 0 < number < 2**63]
    rows = await C.blocked_among.all(conn, identifier_ids=possible)
    if unknown := set(asked.unblock) - {row["identifier_id"] for row in rows}:
        raise BlockedNotFound(blocked_id=str(min(unknown)))
    values = [_usable(kind, value) for kind, value in asked.block]
    numbers: dict[Identifier, int] = await vault.identify(conn, values)
    in_force = {one.pattern_id: one for one in await blocking.patterns(conn, vault)}
    if missing := [one for one in asked.unform if one not in in_force]:
        raise BlockedNotFound(blocked_id=str(missing[0]))
    current = await load_rules(conn)
    forms = [
        Pattern(pattern_id=ids.uuid7(), kind=kind, form=checked_form(kind, form))
        for kind, form in asked.forms
    ]
    return Body(
        rules={one.kind: ruled(one, current) for one in asked.rules},
        block={number: one.kind for one, number in numbers.items()},
        unblock=list(asked.unblock),
        forms=[_sealed(vault, one) for one in forms],
        unform=[_sealed(vault, in_force[one]) for one in asked.unform],
    )


def _usable(kind: str, value: str) -> Identifier:
    try:
        return normalise(kind, value)
    except UnusableIdentifier as cause:
        raise UnusableValue(kind=kind[:40]) from cause


def _sealed(vault: Vault, form: Pattern) -> SealedForm:
    return SealedForm(form.pattern_id, form.kind, vault.seal_setting(form.form.encode()))


def ruled(asked: RuleAsked, current: Mapping[str, Rule]) -> Rule | None:
    """The rule that is asked for; None for the default. Raises BadRule."""
    if asked.kind not in DEFAULTS:
        raise BadRule(field="kind")
    if asked.is_default:
        return None
    told = {
        name: value
        for name in Rule.__struct_fields__
        if (value := getattr(asked, name)) is not None
    }
    rule = msgspec.structs.replace(current[asked.kind], **told)
    bounds = {"most": MOST_MAX, "shared_after": SHARED_AFTER_MAX, "priority": PRIORITY_MAX}
    for name, most in bounds.items():
        if not 1 <= getattr(rule, name) <= most:
            raise BadRule(field=name)
    return rule


def checked_form(kind: str, form: str) -> str:
    """A form that says something. Raises BadRule."""
    text = form.strip()
    if kind not in DEFAULTS:
        raise BadRule(field="kind")
    is_short = len(text.replace("*", "").replace("?", "")) < blocking.LETTERS_MIN
    if is_short or len(text) > blocking.FORM_LENGTH_MAX or text.count("*") > blocking.STARS_MAX:
        raise BadRule(field="form")
    return text
