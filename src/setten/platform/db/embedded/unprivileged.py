"""Running PostgreSQL when we are root: it refuses root, so its processes become someone else.

Also here: what to do when that someone may not walk down to our folders. Nobody's home is opened
for it; a folder is handed over as an open descriptor, binaries are copied to where they are seen.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

# First match wins. A user named setten is for those who want one of their own.
CANDIDATES = ("setten", "postgres", "nobody")
BINARIES_COPY_DIR = Path("/var/lib/setten/postgresql")

_PR_SET_PDEATHSIG = 1


class Account(msgspec.Struct, frozen=True):
    """The user the server's processes run as. None for both: as ourselves."""

    uid: int | None
    gid: int | None


def choose(existing: Path) -> Account:
    """The account for this cluster: the one that owns it already, else the first candidate.

    existing: the cluster's folder, which may not exist yet. Raises LookupError when root finds
    no unprivileged user at all.
    """
    if os.geteuid() != 0:
        return Account(None, None)
    if (existing / "PG_VERSION").exists():
        owner = existing.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise LookupError("no unprivileged user")


def give(folder: Path, account: Account) -> None:
    """Make `folder` (0700) and everything in it belong to `account`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account.uid is not None and account.gid is not None and folder.stat().st_uid != account.uid:
        for parent, _, files in os.walk(folder):
            os.lchown(parent, account.uid, account.gid)
            for name in files:
                os.lchown(Path(parent) / name, account.uid, account.gid)
    folder.chmod(0o700)


def can_walk_to(path: Path, account: Account) -> bool:
    """True when `account` may enter every parent of `path`."""
    if account.uid is None:
        return True
    return all(_may_enter(parent, account) for parent in path.resolve().parents)


def _may_enter(folder: Path, account: Account) -> bool:
    seen = folder.stat()
    if seen.st_uid == account.uid:
        return bool(seen.st_mode & stat.S_IXUSR)
    if seen.st_gid == account.gid:
        return bool(seen.st_mode & stat.S_IXGRP)
    return bool(seen.st_mode & stat.S_IXOTH)


@contextmanager
def passage(account: Account, *folders: Path) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """How a child finds our folders: by path, or by an open descriptor where it may not walk.

    A descriptor (as /proc/self/fd/N) needs no right on the parents, so a data directory inside a
    closed home works without opening that home. Gives (paths, descriptors to pass on).
    """
    opened: list[int] = []
    paths: list[str] = []
    try:
        for folder in folders:
            if can_walk_to(folder, account):
                paths.append(str(folder))
                continue
            opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
            paths.append(f"/proc/self/fd/{opened[-1]}")
        yield paths, tuple(opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def visible_binaries(installed: Path, account: Account, *, version: str) -> Path:
    """The PostgreSQL installation at a place `account` can run it from; copied if it must be."""
    if can_walk_to(installed / "bin", account):
        return installed
    copy = BINARIES_COPY_DIR.with_name(f"postgresql-{version}")
    if not copy.exists():
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(installed, half, symlinks=True)
        half.rename(copy)
    return copy


def die_with_parent(dying_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs before it becomes the program, so that it never outlives us.

    Linux only; elsewhere it does nothing. The library is loaded here, in the parent: loading it
    between fork and exec could meet a held lock.
    """
    if not Path("/proc/self").exists():
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(dying_signal))
        if os.getppid() != parent:  # it died between our fork and this line
            os._exit(1)

    return before_exec
