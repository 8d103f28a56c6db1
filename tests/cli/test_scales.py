"""A data directory holds one demo: whichever size is asked for, another's is left as it is."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from setten.cli import scales
from setten.demo import large, real
from setten.platform import settings
from setten.platform.settings import Settings


@pytest.fixture
def found(tmp_path: Path) -> Settings:
    return settings.load(
        environment={
            "SETTEN_DATABASE_URL": "postgresql://nobody@nowhere/none",
            "SETTEN_DATA_DIR": str(tmp_path),
            "SETTEN_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        },
        demo=False,
    )


def _lives(found: Settings, file: str, *, is_whole: bool) -> None:
    said = {"begin": "2026-08-24", "part": 1.0, "is_laid": is_whole, "is_whole": is_whole}
    (found.data_dir / file).write_bytes(msgspec.json.encode(said))


async def test_where_nothing_lives_the_small_one_is_told_as_ever(found: Settings) -> None:
    assert await scales.is_ready(found, "small") is False
    assert scales.say_hint(found) is False


@pytest.mark.parametrize(("file", "own"), [(large.FILE, "large"), (real.FILE, "real")])
async def test_a_whole_one_opens_at_once_with_what_to_try_in_it(
    found: Settings, file: str, own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _lives(found, file, is_whole=True)
    assert await scales.is_ready(found, own)
    assert await scales.is_ready(found, "small")
    assert scales.say_hint(found)
    assert capsys.readouterr().err


@pytest.mark.parametrize(("file", "other"), [(large.FILE, "real"), (real.FILE, "large")])
@pytest.mark.parametrize("is_whole", [True, False])
async def test_another_size_is_refused(
    found: Settings, file: str, other: str, is_whole: bool
) -> None:
    _lives(found, file, is_whole=is_whole)
    with pytest.raises(large.Unfinished):
        await scales.is_ready(found, other)


@pytest.mark.parametrize("file", [large.FILE, real.FILE])
async def test_half_a_load_is_not_opened_as_if_it_were_whole(found: Settings, file: str) -> None:
    _lives(found, file, is_whole=False)
    with pytest.raises(large.Unfinished):
        await scales.is_ready(found, "small")
