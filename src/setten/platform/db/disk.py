"""The disk must not fill up under PostgreSQL: a low-water mark for writers, and a ballast file.

Below the mark we refuse to take anything in, while there is still room for what is underway. The
ballast is room kept aside: given back when the mark is passed, so that the database can finish,
vacuum and be read; taken again when there is plenty.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from setten.platform.errors import Unavailable

MEBIBYTE = 1024 * 1024
# Room for a checkpoint and the WAL of what is underway (max_wal_size is soft).
LOW_WATER_MB = 512
# A small disk keeps a share instead, so that a 2 GB volume is of use at all.
LOW_WATER_SHARE = 0.05
BALLAST_MB = 64
# One statvfs a second and process, whatever the load.
LOOK_EVERY_S = 1.0
RETRY_AFTER_S = 30


class DiskLow(Unavailable):
    """Less than the low-water mark is left. `free_mb` says how much."""

    code = "disk_low"


class Disk:
    """The file system under a data directory, seen at most once a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen_at = float("-inf")
        self._free = self._size = 0

    def free_mb(self) -> int:
        """MiB left for unprivileged writers, up to one second old."""
        now = time.monotonic()
        if now - self._seen_at >= LOOK_EVERY_S:
            seen = os.statvfs(self._folder)
            self._free = seen.f_bavail * seen.f_frsize // MEBIBYTE
            self._size = seen.f_blocks * seen.f_frsize // MEBIBYTE
            self._seen_at = now
        return self._free

    def low_water_mb(self) -> int:
        """The mark, in MiB."""
        self.free_mb()
        return low_water_mb(self._size)

    def is_low(self) -> bool:
        """True when less than the low-water mark is left."""
        return self.free_mb() < self.low_water_mb()

    def check(self) -> None:
        """Raise DiskLow below the mark; cheap enough for every request that writes."""
        if self.is_low():
            raise DiskLow(free_mb=self._free, retry_after_s=RETRY_AFTER_S)


def low_water_mb(size_mb: int) -> int:
    """The mark for a disk of that size: 512 MB, or a twentieth where that is less."""
    return min(LOW_WATER_MB, int(size_mb * LOW_WATER_SHARE))


class Ballast:
    """A file of real blocks beside the database. Kept by the supervisor."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._file = folder / "ballast"
        self._disk = disk

    def keep(self) -> bool:
        """Drop the ballast below the mark, take it up again with room to spare.

        True when it is there afterwards.
        """
        if self._disk.is_low():
            self._file.unlink(missing_ok=True)
        elif not self._is_whole() and self._roomy():
            self._fill()
        return self._file.exists()

    def _is_whole(self) -> bool:
        return self._file.exists() and self._file.stat().st_size == BALLAST_MB * MEBIBYTE

    def _roomy(self) -> bool:
        return self._disk.free_mb() > self._disk.low_water_mb() + 2 * BALLAST_MB

    def _fill(self) -> None:
        # Written, not only allocated: some file systems give the blocks at the first write.
        block = os.urandom(MEBIBYTE)
        try:
            with self._file.open("wb") as out:
                for _ in range(BALLAST_MB):
                    out.write(block)
        except OSError:  # someone else took the room meanwhile; it is tried again later
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
