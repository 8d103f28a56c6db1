"""A file that somebody sent to be tried first: kept for an hour, sealed, until it is brought in.

People may stand in it. It lies open only while it is read, in a folder of its owner's alone.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from setten.imports.reading import FORMATS
from setten.platform.errors import NotFound
from setten.platform.vault import Vault

LASTS_S = 3_600.0
"""Long enough to read the trial and fetch a colleague."""
NAME_MAX = 100
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class StagedGone(NotFound):
    """The file waited too long, or never came."""

    code = "staged_gone"


class Staged(msgspec.Struct, frozen=True):
    """A file that waits. name: as its owner calls it. path: where it lies open, in the block."""

    kind: str
    name: str
    encoding: str
    path: Path


class _Head(msgspec.Struct, frozen=True):
    kind: str
    name: str
    encoding: str


def keep(
    vault: Vault, folder: Path, token: str, content: bytes, *, kind: str, name: str, encoding: str
) -> None:
    """Keep a file under an unguessable token; those that waited too long go."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tidy(folder)
    head = msgspec.json.encode(_Head(kind, name[-NAME_MAX:], encoding))
    _put(folder / token, vault.seal_letter(head + b"\n" + content))


@contextmanager
def staged(vault: Vault, folder: Path, token: str) -> Iterator[Staged]:
    """The file, open for reading inside the block. Raises StagedGone."""
    head, _, content = vault.open_letter(_get(folder, token)).partition(b"\n")
    about = msgspec.json.decode(head, type=_Head)
    endings = "".join(one for one in Path(about.name.lower()).suffixes if one in {*FORMATS, ".gz"})
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / f"file{endings or '.csv'}"
        path.write_bytes(content)
        yield Staged(about.kind, about.name, about.encoding, path)


def keep_refused(vault: Vault, folder: Path, token: str, path: Path) -> None:
    """Keep the rows that were refused beside their file, for as long."""
    if path.exists():
        _put(folder / f"{token}.refused", vault.seal_letter(path.read_bytes()))


def refused_rows(vault: Vault, folder: Path, token: str) -> bytes:
    """The refused rows as they came, each with its reason. Raises StagedGone."""
    return vault.open_letter(_get(folder, token, ".refused"))


def _get(folder: Path, token: str, ending: str = "") -> bytes:
    file = folder / f"{token}{ending}"
    if not _TOKEN.fullmatch(token) or not file.is_file() or _is_old(file):
        raise StagedGone()
    return file.read_bytes()


def _put(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _tidy(folder: Path) -> None:
    for file in folder.iterdir():
        if file.is_file() and _is_old(file):
            file.unlink(missing_ok=True)


def _is_old(file: Path) -> bool:
    return time.time() - file.stat().st_mtime > LASTS_S
