"""What we promise to one customer we do not promise to another: also not in another process."""

import asyncio
import sys
import time

import pytest
from tests.stock.conftest import Shop


async def race(dsn: str, *, processes: int, callers: int) -> list[int]:
    start = str(time.time() + 4)  # all are up by then, on a busy machine too
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stock.racing", dsn, str(callers), "sofa", "ginza", start,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(processes)
    ]  # fmt: skip
    said = await asyncio.gather(*(one.communicate() for one in running))
    return [int(out) for out, _ in said]


@pytest.mark.parametrize("units", [1, 7])
async def test_two_hundred_callers_in_two_processes_get_exactly_what_is_there(
    shop: Shop, dsn: str, units: int
) -> None:
    await shop.receive("sofa", units)
    won = await race(dsn, processes=2, callers=100)
    assert sum(won) == units
    row = await shop.balance("sofa")
    assert (row.on_hand, row.held) == (0, units)
    assert len(await shop.events("stock.held")) == units
    await shop.prove()
