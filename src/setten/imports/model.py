"""What travels through an import: rows, what came of them, and the refusals of a whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from setten.platform.errors import Conflict, Invalid, Unavailable

Values: TypeAlias = dict[str, Any]
"""One row as the file has it: column → value, texts in text files."""

SHOWN_MAX = 20  # refused rows that a summary names: enough to see the pattern, no list of people

NOT_KEPT_MAX = 5  # rows named of each field whose value is left out


class BadMapping(Invalid):
    """The mapping does not fit the file. facts: why."""

    code = "bad_mapping"


class MissingColumn(Invalid):
    """The file lacks a column that must be there. facts: field, columns."""

    code = "missing_column"


class NotUtf8(Invalid):
    """The file's letters are in another encoding than was said or found."""

    code = "not_utf8"


class UnreadableFile(Invalid):
    """The file is not of the form that its name says. facts: why."""

    code = "unreadable_file"


class UnpacksTooFar(Invalid):
    """A packed file holds far more than tables and logs do. facts: times."""

    code = "file_unpacks_too_far"


class FileMissing(Invalid):
    """There is no such file. facts: file."""

    code = "file_missing"


class ImportRunning(Conflict):
    """The same file is being imported at this moment."""

    code = "import_running"


class ImportStopped(Unavailable):
    """A process that helped with a file has gone. The import goes on with --resume."""

    code = "import_stopped"


class AlreadyImported(Conflict):
    """These levels of stock were set before; to set them again would undo what moved since."""

    code = "already_imported"


class HalfImported(Conflict):
    """A part of these levels of stock was set before. facts: rows."""

    code = "half_imported"


Fault: TypeAlias = tuple[str, str | None]
"""What is wrong with a row: a code with words, and our name of the field, or of some by commas."""


class BadRow(Exception):
    """A row cannot be used. reason: a code with words; field: our name of it, not its value.

    others: what else is wrong with it, so that it is mended at once.
    """

    def __init__(
        self, reason: str, field: str | None = None, others: tuple[Fault, ...] = ()
    ) -> None:
        super().__init__(reason, field)
        self.reason = reason
        self.field = field
        self.others = others

    @classmethod
    def of(cls, faults: Sequence[tuple[str, str]]) -> BadRow:
        """One refusal of all faults of a row, those of one reason together."""
        fields: dict[str, list[str]] = {}
        for reason, field in faults:
            fields.setdefault(reason, []).append(field)
        first, *others = ((reason, ", ".join(names)) for reason, names in fields.items())
        return cls(*first, tuple(others))


class Outcome(msgspec.Struct, frozen=True):
    """What came of one row. status: new, changed, same, left_out or refused (with a reason).

    others: what is wrong with it besides. unused: fields whose value says nothing that can be
    used, though the row itself can.
    """

    status: str
    reason: str | None = None
    field: str | None = None
    others: tuple[Fault, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong with it, the first first."""
        return () if self.reason is None else ((self.reason, self.field), *self.others)


NEW = Outcome("new")
CHANGED = Outcome("changed")
SAME = Outcome("same")
LEFT_OUT = Outcome("left_out")


def refused(reason: str, field: str | None = None, others: tuple[Fault, ...] = ()) -> Outcome:
    """The outcome of a row that cannot be used."""
    return Outcome("refused", reason, field, others)


class Shown(msgspec.Struct, frozen=True):
    """One refused row as a summary names it: never what stood in it."""

    row: int
    reason: str
    field: str | None


class Summary(msgspec.Struct, kw_only=True):
    """What came of a file. rows = new + changed + same + left_out + refused.

    reasons: of rows refused, how many have each fault; one row may have several.
    not_kept: of rows that were not refused, how many had a value that cannot be used, by field;
    not_kept_rows: the numbers of the first of them. has_headings: rows are counted below them.

    is_cut: of a trial that ended before its file did; the rows behind were not tried.
    sums: what a kind adds up besides, as receipts or minor units. resumed_at: rows that an earlier
    run had done; they are counted here too. mapping: our field → their columns, as it was read.
    """

    kind: str
    file: str
    is_dry: bool = False
    is_cut: bool = False
    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    left_out: int = 0
    refused: int = 0
    reasons: dict[str, int] = {}
    not_kept: dict[str, int] = {}
    not_kept_rows: dict[str, list[int]] = {}
    has_headings: bool = False
    sums: dict[str, int] = {}
    shown: list[Shown] = []
    encoding: str | None = None
    resumed_at: int | None = None
    refused_file: str | None = None
    mapping: dict[str, list[str]] = {}
    unused: list[str] = []

    def add(self, number: int, outcome: Outcome) -> None:
        """Count one row."""
        self.rows += 1
        setattr(self, outcome.status, getattr(self, outcome.status) + 1)
        for name in outcome.unused:
            self.not_kept[name] = self.not_kept.get(name, 0) + 1
            first = self.not_kept_rows.setdefault(name, [])
            if len(first) < NOT_KEPT_MAX:
                first.append(number)
        for reason, field in outcome.faults:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
            if len(self.shown) < SHOWN_MAX:
                self.shown.append(Shown(number, reason, field))


class Progress(msgspec.Struct, frozen=True):
    """How far a run is. bytes_all is the size of the file on the disk, packed if it is."""

    rows: int
    bytes_done: int
    bytes_all: int


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is brought in.

    mapping: a TOML file or the name of a shipped one; None guesses from the headings.
    refused_file: where rows that cannot be used go, with their reasons; None keeps them nowhere.
    system: whose word the file is. channel: where it happened, for kinds that can be anywhere.
    moves_stock, creates_places: of receipts only. again: of stock, to set the same levels anew.
    """

    mapping: str | None = None
    is_dry: bool = False
    resumes: bool = False
    encoding: str = "auto"
    refused_file: str | None = None
    system: str | None = None
    channel: str | None = None
    moves_stock: bool = False
    creates_places: bool = False
    again: bool = False
    by: str = "system:import"


Clock: TypeAlias = Callable[[], datetime]
