"""What the run of an import asks of a kind of file: its fields, how a row reads, and its taking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from setten.imports.mapping import Columns, Field, Reader
from setten.imports.model import Options, Outcome, Values
from setten.platform.db import Connection
from setten.platform.vault import Vault


class Setup(msgspec.Struct, frozen=True):
    """What a kind is made with. columns: fitted to the file."""

    vault: Vault
    columns: Columns
    options: Options


class Taken(msgspec.Struct, frozen=True):
    """What came of rows, in their order, and what they add up to besides."""

    outcomes: Sequence[Outcome]
    sums: dict[str, int] = {}


class Kind(ABC):
    """One kind of file. A subclass says what is a row of it and takes rows in.

    name: as people type it. format: of all its files; None goes by the file's name.
    rows_a_commit: no writing transaction lasts over 2 s. is_set_once: a file that was brought in
    may not come again by itself. keeps_more: whether columns of the file's own may be kept.
    stands_alone: no rows belong together and nothing is kept between transactions, so that several
    processes may take parts of one file.
    """

    name: ClassVar[str]
    format: ClassVar[str | None] = None
    fields: ClassVar[tuple[Field, ...]] = ()
    rows_a_commit: ClassVar[int] = 5_000
    is_set_once: ClassVar[bool] = False
    keeps_more: ClassVar[bool] = False
    stands_alone: ClassVar[bool] = False

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.reader = Reader(setup.columns, self.fields)

    async def prepare(  # noqa: B027 - most kinds need nothing
        self, conn: Connection, *, now: datetime
    ) -> None:
        """What must be there before the first row."""

    @abstractmethod
    def read(self, row: Values) -> Any:
        """A row of the file as this kind takes it; an Outcome where nothing is to be taken.

        Raises BadRow.
        """

    def key(self, read: Any) -> Hashable | None:
        """Rows of one key are taken together: the lines of a receipt. None stands alone."""
        return None

    def key_of(self, row: Values) -> Hashable | None:
        """The key of a row that cannot be used, as far as it can be read."""
        return None

    def within(self, read: Any) -> Hashable:
        """What parts wholes of one key: the day of a receipt, as numbers begin anew."""
        return ()

    def within_of(self, row: Values) -> Hashable | None:
        """The same of a row that cannot be used; None where it may be of any of them."""
        return ()

    def pass_over(  # noqa: B027 - most kinds need nothing
        self, row: Values
    ) -> None:
        """A row that an earlier run has taken in, for what must be known of all rows."""

    @abstractmethod
    async def take(self, conn: Connection, rows: Sequence[Any], *, now: datetime) -> Taken:
        """Take in rows that `read` gave, in one transaction of the caller's."""
