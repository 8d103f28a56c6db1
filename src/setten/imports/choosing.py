"""Which column is read as what, chosen on a page: proposed, changed, remembered for the next file.

Plain decisions over headings; where they are kept stands in `desk`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from setten.imports.kind import Kind
from setten.imports.mapping import BUSINESS_DAY, Columns, guess, of_business_day

OWN_MAX = 60  # letters of a trait's or an attribute's name: a heading, no sentence
OWN = "+"
"""What a column is read as that is kept under its own heading, as a trait or an attribute."""


class Remembered(msgspec.Struct, frozen=True):
    """A choice of before. known: the headings that it was made for, those left unused too."""

    mapping: Columns
    known: tuple[str, ...]


def proposed(
    kind: type[Kind], before: Remembered | None, columns: Sequence[str], *, timezone: str
) -> Columns:
    """How a file's columns are read unless somebody says otherwise: as before, else as headed.

    Every field of the kind is named, with [] where it has no column. What was kept under its own
    heading is kept again.
    """
    base = Columns(timezone=timezone) if before is None else before.mapping
    known = frozenset(before.known) if before is not None else frozenset()
    has = frozenset(columns)
    found = {
        field.name: [one for one in base.names(field.name) if one in has & known]
        for field in kind.fields
    }
    open_fields = [field for field in kind.fields if not found[field.name]]
    free = [one for one in columns if one not in known]
    for name, column in guess(kind.name, open_fields, free).items():
        found[name] = [column] if isinstance(column, str) else column
    more = {own: column for own, column in base.more.items() if column in has & known}
    return msgspec.structs.replace(base, columns=dict(found), more=more)


def chosen(
    kind: type[Kind],
    base: Columns,
    columns: Sequence[str],
    fields: Sequence[str],
    *,
    dates: str,
    moments: str | None = None,
) -> Columns:
    """The same with what somebody chose: for each column a field, OWN, or "" for none."""
    found: dict[str, str | list[str]] = {}
    for field in kind.fields:
        found[field.name] = [
            column for column, said in zip(columns, fields, strict=False) if said == field.name
        ]
    if not found.get(BUSINESS_DAY) and (day := of_business_day(kind.fields, found)):
        found[BUSINESS_DAY] = day  # one column has one choice on the page, and this one says both
    own = [one for one, said in zip(columns, fields, strict=False) if said == OWN]
    more = {one: one for one in own if may_be_kept(kind, one)}
    return msgspec.structs.replace(base, columns=found, more=more, dates=dates, moments=moments)


def may_be_kept(kind: type[Kind], heading: str) -> bool:
    """Whether a column may be kept under its own heading."""
    return kind.keeps_more and 0 < len(heading) <= OWN_MAX and heading.isprintable()


def lacking(kind: type[Kind], mapping: Columns) -> list[str]:
    """Fields that must have a column and have none."""
    return [one.name for one in kind.fields if one.must and not mapping.names(one.name)]


def lacks_price(kind: str, mapping: Columns) -> bool:
    """Whether items come without any price, which may be meant and seldom is."""
    return kind == "items" and "price" not in mapping.constants and not mapping.columns.get("price")


def field_of(mapping: Columns, columns: Sequence[str]) -> dict[str, str]:
    """For each column the field that it is read as; "" for none."""
    found = dict.fromkeys(columns, "")
    for field in mapping.columns:
        for column in mapping.names(field):
            found[column] = field
    for column in mapping.more.values():
        found[column] = OWN
    return found
