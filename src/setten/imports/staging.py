"""Files that somebody sent: kept sealed, piece by piece, and open only while they are read.

People may stand in them. A file of any size passes through a megabyte of memory.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from setten.imports.reading import FORMATS
from setten.platform.errors import NotFound
from setten.platform.vault import Vault

PIECE_BYTES = 1 << 20
_LENGTH_BYTES = 4
_HEAD_BYTES = 16 + 4 + 1
REFUSED = ".refused"
"""Beside a file: the rows of it that could not be used."""
REFUSED_OPEN = "refused"
"""The same in a file's workshop, while they are written."""
_OPEN = ".open"
_OWNER_ALONE = 0o600


class StagedGone(NotFound):
    """The file waited too long, or never came."""

    code = "staged_gone"


def seal(vault: Vault, folder: Path, file_id: UUID, source: BinaryIO, ending: str = "") -> int:
    """Keep what `source` gives under this id; how many bytes it was."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{file_id}{ending}"
    size = number = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
    with os.fdopen(descriptor, "wb") as out:
        piece = source.read(PIECE_BYTES)
        while True:
            following = source.read(PIECE_BYTES) if piece else b""
            sealed = vault.seal_letter(_head(file_id, number, is_last=not following) + piece)
            out.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
            size, number, piece = size + len(piece), number + 1, following
            if not following:
                break
        out.flush()
        os.fsync(out.fileno())
    return size


def unseal(vault: Vault, folder: Path, file_id: UUID, ending: str = "") -> Iterator[bytes]:
    """The pieces of a file, in order. Raises StagedGone where it is not there, or was cut."""
    path = folder / f"{file_id}{ending}"
    if not path.is_file():
        raise StagedGone()
    with path.open("rb") as file:
        for number in range(1 << 31):
            length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
            if not length:
                raise StagedGone()
            piece = vault.open_letter(file.read(length))
            head, body = piece[:_HEAD_BYTES], piece[_HEAD_BYTES:]
            is_last = head == _head(file_id, number, is_last=True)
            if not is_last and head != _head(file_id, number, is_last=False):
                raise StagedGone()
            yield body
            if is_last:
                return


def _head(file_id: UUID, number: int, *, is_last: bool) -> bytes:
    """Binds a piece to its file and its place, so that none is lost, moved or added."""
    return file_id.bytes + number.to_bytes(4, "big") + (b"\x01" if is_last else b"\x00")


def workshop(folder: Path, file_id: UUID) -> Path:
    """The folder, of its owner alone, in which a file lies open while it is read."""
    place = folder / f"{file_id}{_OPEN}"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def close(folder: Path, file_id: UUID) -> None:
    """Clear the workshop of a file away."""
    shutil.rmtree(folder / f"{file_id}{_OPEN}", ignore_errors=True)


def laid_open(vault: Vault, folder: Path, file_id: UUID, name: str) -> Path:
    """The file, whole and readable, in its workshop; one that lies there already is taken."""
    path = workshop(folder, file_id) / f"file{ending_of(name)}"
    if not path.exists():
        part = path.with_name("part")
        _write(part, unseal(vault, folder, file_id))
        part.replace(path)  # so what bears the name is whole
    return path


def lay_back(vault: Vault, folder: Path, file_id: UUID) -> None:
    """The refused rows of a run that goes on, where they were put away."""
    path = workshop(folder, file_id) / REFUSED_OPEN
    if not path.exists() and (folder / f"{file_id}{REFUSED}").exists():
        part = path.with_name("part")
        _write(part, unseal(vault, folder, file_id, REFUSED))
        part.replace(path)


def ending_of(name: str) -> str:
    """The endings of a file's name that say how it is read: .csv, .csv.gz; .csv where none does."""
    endings = [one for one in Path(name.lower()).suffixes if one in {*FORMATS, ".gz"}]
    return "".join(endings) or ".csv"


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
    with os.fdopen(descriptor, "wb") as out:
        for piece in pieces:
            out.write(piece)


def drop(folder: Path, file_id: UUID, *endings: str) -> None:
    """Forget the file, or what lies beside it."""
    for ending in endings or ("", REFUSED):
        (folder / f"{file_id}{ending}").unlink(missing_ok=True)
    if not endings:
        close(folder, file_id)


def kept(folder: Path, older_than_s: float) -> set[UUID]:
    """The files of which something lies in the folder for so long."""
    found = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if time.time() - path.stat().st_mtime > older_than_s:
                found.add(UUID(path.name.partition(".")[0]))
        except (ValueError, OSError):  # not of our making, or gone by now
            continue
    return found
