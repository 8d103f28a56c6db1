"""Disk: writers are refused before PostgreSQL is out of room."""

import pytest

from setten.platform.db import disk
from setten.platform.db.disk import Ballast, Disk, DiskLow


def test_the_mark_is_half_a_gigabyte_or_a_twentieth_of_a_small_disk():
    assert disk.low_water_mb(100_000) == 512
    assert disk.low_water_mb(2_000) == 100


def test_above_the_mark_nobody_is_refused(tmp_path):
    Disk(tmp_path).check()


def test_below_the_mark_writers_are_told_to_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "LOW_WATER_MB", 10**12)
    monkeypatch.setattr(disk, "LOW_WATER_SHARE", 2.0)
    with pytest.raises(DiskLow) as refused:
        Disk(tmp_path).check()
    assert refused.value.retry_after_s == disk.RETRY_AFTER_S


def test_ballast_is_kept_in_real_blocks_and_given_back_when_room_is_short(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "BALLAST_MB", 2)
    ballast = Ballast(tmp_path, Disk(tmp_path))
    assert ballast.keep()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 2 * disk.MEBIBYTE
    monkeypatch.setattr(disk, "LOW_WATER_MB", 10**12)
    monkeypatch.setattr(disk, "LOW_WATER_SHARE", 2.0)
    assert not ballast.keep()
    assert not (tmp_path / "ballast").exists()


def test_a_ballast_that_cannot_be_written_is_no_reason_to_fall_over(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    assert not Ballast(tmp_path / "taken", Disk(tmp_path)).keep()
