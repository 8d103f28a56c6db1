"""Files that staff send by the page: looked at, tried, changed, and handed to the run behind it.

The file lies sealed in the data directory; where it stands is a row here. Nothing of what stands in
it is in the database but sealed. `errands` runs what is to be run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Literal
from uuid import UUID

import msgspec

from setten.imports import choosing, staging
from setten.imports.choosing import Remembered
from setten.imports.kinds import KINDS
from setten.imports.letters import ENCODINGS
from setten.imports.mapping import Columns
from setten.imports.model import Options, Summary, UnreadableFile
from setten.imports.reading import FORMATS, Table, beginning
from setten.imports.staging import StagedGone
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.errors import Conflict, Invalid
from setten.platform.vault import Vault

_Q = db.load(__file__)
FILE_BYTES_MAX = 200 * 1024 * 1024
"""Some two million receipts, or half an hour of sending over a shop's line."""
LASTS = timedelta(hours=24)
"""Over a night, to ask a colleague; people may stand in it, so no longer."""
SWEPT_AFTER_S = 3_600.0
"""A file lies there before its row does: for as long as the sending may take."""
NAME_MAX = 100
SYSTEM_MAX = 40
SAMPLE_ROWS = 3
CELL_MAX = 60
NEWEST = 20
FOLDER = "imports"
"""In the data directory."""
_STRANGE = {b"PK\x03\x04": "xlsx", b"%PDF": "pdf", b"\xd0\xcf\x11\xe0": "xls",
            b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}  # fmt: skip

State = Literal["sent", "trying", "tried", "taking", "done", "failed", "stopped"]
"""sent: to be read otherwise before it can be tried. stopped, failed: while it was taken in."""


class StrangeFile(Invalid):
    """Not of a form that is read here. facts: form."""

    code = "strange_file"


class FileMoves(Conflict):
    """The file is being read, or is done."""

    code = "file_moves"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is and how it is read. encoding: as said. found: as it reads. sample: rows."""

    name: str
    encoding: str = "auto"
    found: str | None = None
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    mapping: Columns = Columns()
    is_chosen: bool = False
    system: str = ""
    moves_stock: bool = False
    creates_places: bool = False
    again: bool = False

    def options(self, *, is_dry: bool, resumes: bool, by: str, place: Path) -> Options:
        """The same as the run understands it; its files lie in `place`."""
        return Options(
            mapping=str(place / "mapping.toml") if self.columns else None,
            is_dry=is_dry,
            resumes=resumes,
            encoding=self.encoding,
            refused_file=str(place / staging.REFUSED_OPEN),
            system=self.system or None,
            moves_stock=self.moves_stock,
            creates_places=self.creates_places,
            again=self.again,
            by=by,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run: a summary, or the code of what was in its way."""

    summary: Summary | None = None
    code: str = ""
    facts: dict[str, str] = {}
    has_refused: bool = False


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file and where it stands."""

    file_id: UUID
    kind: str
    sender: str
    state: State
    about: About
    outcome: Outcome | None
    bytes_all: int
    bytes_done: int
    rows_done: int
    tries: int
    wants_stop: bool
    sent_at: datetime
    moved_at: datetime

    @property
    def is_moving(self) -> bool:
        """Whether it is being run, or waits for it."""
        return self.state in ("trying", "taking")

    @property
    def ends_at(self) -> datetime:
        """When it is thrown away."""
        return self.moved_at + LASTS


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody hands in, besides the file itself."""

    kind: str
    name: str
    encoding: str = "auto"
    system: str = ""


class Kept(msgspec.Struct, frozen=True):
    """A file that lies sealed, and was looked at."""

    file_id: UUID
    kind: str
    about: About
    size: int


def keep(vault: Vault, folder: Path, source: BinaryIO, arrival: Arrival, *, file_id: UUID) -> Kept:
    """Keep a file sealed, and look at its headings and its first rows.

    Raises StrangeFile, NotUtf8, UnreadableFile; nothing is kept then.
    """
    system = arrival.system.strip()[:SYSTEM_MAX]
    name = arrival.name.replace("\\", "/").rpartition("/")[2][-NAME_MAX:]
    name = "".join(sign for sign in name if sign.isprintable())  # nothing that turns or hides words
    about = About(name=name, encoding=arrival.encoding, system=system)
    try:
        size = staging.seal(vault, folder, file_id, source)
        return Kept(file_id, arrival.kind, _look(vault, folder, file_id, arrival.kind, about), size)
    except BaseException:
        staging.drop(folder, file_id)
        raise


async def send(
    conn: Connection, vault: Vault, kept: Kept, *, sender: str, timezone: str, now: datetime
) -> State:
    """Hand a kept file in; it is tried at once where its headings are understood."""
    about = await _read_as(conn, vault, kept.kind, kept.about, timezone)
    state = _state(kept.kind, about)
    await _Q.insert.run(
        conn, file_id=kept.file_id, kind=kept.kind, sender=sender, state=state,
        about=_sealed(vault, about), bytes_all=kept.size, now=now,
    )  # fmt: skip
    return state


async def _read_as(conn: Connection, vault: Vault, kind: str, about: About, timezone: str) -> About:
    before = await _remembered(conn, vault, kind, about.system)
    mapping = choosing.proposed(KINDS[kind], before, about.columns, timezone=timezone)
    return msgspec.structs.replace(about, mapping=mapping)


def _state(kind: str, about: About) -> State:
    return "sent" if choosing.lacking(KINDS[kind], about.mapping) else "trying"


def _look(vault: Vault, folder: Path, file_id: UUID, kind: str, about: About) -> About:
    """The headings and the first rows. Raises StrangeFile, NotUtf8, UnreadableFile."""
    try:
        path = staging.laid_open(vault, folder, file_id, about.name)
        _check_form(path, about.name)
        kind_of = KINDS[kind]
        table = Table(path, format_=kind_of.format, encoding=about.encoding)
        try:
            if not kind_of.fields:
                return msgspec.structs.replace(about, found=table.encoding)
            sample = _sample(table)
            return msgspec.structs.replace(
                about, found=table.encoding, columns=tuple(table.columns), sample=sample
            )
        finally:
            table.close()
    finally:
        staging.close(folder, file_id)


def _check_form(path: Path, name: str) -> None:
    start = beginning(path)
    for mark, form in _STRANGE.items():
        if start.startswith(mark):
            raise StrangeFile(form=form)
    ending = Path(name.lower().removesuffix(".gz")).suffix
    if ending and ending not in FORMATS:
        raise StrangeFile(form=ending[1:20])
    if not start:
        raise UnreadableFile(why="0 bytes")


def _sample(table: Table) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    for row in table:
        if row.problem is None:
            cells = (row.values.get(one) for one in table.columns)
            rows.append(tuple("" if one is None else str(one)[:CELL_MAX] for one in cells))
        if len(rows) == SAMPLE_ROWS or row.number > SAMPLE_ROWS * 10:
            break
    return tuple(rows)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody wants a file read. fields: for each column a field of ours, or "".

    moments: the zone of moments that say none, where it is not the shops'.
    """

    fields: Sequence[str]
    encoding: str = "auto"
    dates: str = "ymd"
    moments: str | None = None
    moves_stock: bool = False
    creates_places: bool = False
    again: bool = False


async def choose(
    conn: Connection,
    vault: Vault,
    folder: Path,
    sent: Sent,
    choice: Choice,
    *,
    timezone: str,
    now: datetime,
) -> State:
    """Read the file otherwise, and try it so. Other letters may give other headings: then anew.

    The choice is remembered for the next file of this kind and system.
    Raises FileMoves, StagedGone, NotUtf8, UnreadableFile.
    """
    kind, about = KINDS[sent.kind], sent.about
    if choice.encoding not in ENCODINGS:
        raise UnreadableFile(why=choice.encoding[:20])
    again = msgspec.structs.replace(
        about, encoding=choice.encoding, moves_stock=choice.moves_stock,
        creates_places=choice.creates_places, again=choice.again,
    )  # fmt: skip
    if choice.encoding != about.encoding:
        again = await asyncio.to_thread(_look, vault, folder, sent.file_id, sent.kind, again)
    if again.columns != about.columns:
        again = await _read_as(conn, vault, sent.kind, again, timezone)
    elif kind.fields:
        mapping = choosing.chosen(
            kind,
            about.mapping,
            about.columns,
            choice.fields,
            dates=choice.dates,
            moments=choice.moments,
        )
        again = msgspec.structs.replace(again, mapping=mapping, is_chosen=True)
        if not choosing.lacking(kind, mapping):
            await _remember(conn, vault, sent, mapping, now=now)
    state = _state(sent.kind, again)
    sealed = _sealed(vault, again)
    if not await _Q.put.run(conn, file_id=sent.file_id, state=state, about=sealed, now=now):
        raise FileMoves()
    return state


async def _remember(
    conn: Connection, vault: Vault, sent: Sent, mapping: Columns, *, now: datetime
) -> None:
    kept = Remembered(mapping, sent.about.columns)
    await _Q.remember.run(
        conn,
        kind=sent.kind,
        system=sent.about.system,
        sealed=vault.seal_setting(msgspec.json.encode(kept)),
        now=now,
    )


async def _remembered(conn: Connection, vault: Vault, kind: str, system: str) -> Remembered | None:
    sealed = await _Q.mapping.value(conn, kind=kind, system=system)
    if sealed is None:
        return None
    return msgspec.json.decode(vault.open_setting(sealed), type=Remembered)


async def take(conn: Connection, file_id: UUID, *, now: datetime) -> bool:
    """Have a tried file brought in, or one that was stopped or failed go on; False when it runs.

    What was brought in of it is not brought in twice.
    """
    return bool(await _Q.take.run(conn, file_id=file_id, now=now))


async def stop(conn: Connection, file_id: UUID) -> bool:
    """Ask a run to end after the rows at hand; what was brought in stays."""
    return bool(await _Q.stop.run(conn, file_id=file_id))


async def throw_away(conn: Connection, folder: Path, file_id: UUID) -> None:
    """Forget a file and its refused rows. Raises FileMoves while it is run."""
    if not await _Q.drop.run(conn, file_id=file_id):
        raise FileMoves()
    await asyncio.to_thread(staging.drop, folder, file_id)


async def get(conn: Connection, vault: Vault, file_id: UUID) -> Sent:
    """A file and where it stands. Raises StagedGone."""
    row = await _Q.find.maybe(conn, file_id=file_id)
    if row is None:
        raise StagedGone()
    return sent_of(vault, row)


async def newest(conn: Connection, vault: Vault) -> list[Sent]:
    """Files of the last day, the last moved first, up to NEWEST."""
    return [sent_of(vault, row) for row in await _Q.newest.all(conn, most=NEWEST)]


def sent_of(vault: Vault, row: Record) -> Sent:
    """A row with what is sealed in it."""
    body: dict[str, Any] = dict(row)
    outcome = row["outcome"]
    body["about"] = msgspec.json.decode(vault.open_setting(row["about"]), type=About)
    body["outcome"] = (
        None if outcome is None
        else msgspec.json.decode(vault.open_setting(outcome), type=Outcome)
    )  # fmt: skip
    return Sent(**body)


def _sealed(vault: Vault, about: About) -> bytes:
    return vault.seal_setting(msgspec.json.encode(about))


async def tidy(conn: Connection, *, now: datetime) -> None:
    """Forget the files that nobody took in within LASTS. Their sealed bytes go with `sweep`."""
    await _Q.stale.run(conn, before=now - LASTS)


async def sweep(conn: Connection, folder: Path) -> None:
    """Throw away what lies in the folder and no row knows of."""
    known = {row["file_id"] for row in await _Q.ids.all(conn)}
    for file_id in await asyncio.to_thread(staging.kept, folder, SWEPT_AFTER_S) - known:
        await asyncio.to_thread(staging.drop, folder, file_id)


def refused_rows(vault: Vault, folder: Path, file_id: UUID) -> Iterator[bytes]:
    """The refused rows as they came, each with its reason, in pieces. Raises StagedGone."""
    return staging.unseal(vault, folder, file_id, staging.REFUSED)
