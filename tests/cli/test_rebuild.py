"""Every projection that can be made anew is, through the command as people give it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from setten import background
from setten.customers import segments
from setten.platform.lake import Lake

NAMES = ["identity", "lake", "lifecycle", "roster", "timeline", "touchpoints"]


def rebuilds(pool: Any, vault: Any, folder: Any) -> dict[str, Callable[..., Awaitable[object]]]:
    lake = Lake(folder, segments.LAKE_COLUMNS, segments.lake_lines)
    deps = SimpleNamespace(
        pool=pool, vault=vault, lake=lake, settings=SimpleNamespace(zone=ZoneInfo("Asia/Tokyo"))
    )
    known = background.rebuilds(cast("Any", deps))
    return cast("dict[str, Callable[..., Awaitable[object]]]", known)


async def test_there_is_no_projection_that_this_forgets(pool, vault, tmp_path):
    assert sorted(rebuilds(pool, vault, tmp_path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_it_runs_as_the_command_runs_it_also_with_nothing_there(pool, vault, tmp_path, name):
    told: list[int] = []
    await rebuilds(pool, vault, tmp_path)[name](progress=told.append)
