"""What a visitor of the demo meets first: customers to find and work to do."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from pathlib import Path

from setten import demo
from setten.platform import clock, db, settings
from setten.stock import holds


def test_the_demo_begins_with_work_in_the_queue_of_each_shop(dsn: str, tmp_path: Path) -> None:
    environment = {
        "SETTEN_DATABASE_URL": dsn,
        "SETTEN_DATA_DIR": str(tmp_path),
        "SETTEN_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    }
    found = settings.load(environment=environment, demo=False)

    async def look() -> dict[str, int]:
        now = clock.now()
        assert await demo.seed(found, scale="small", now=now)
        await demo.promise(found, now=now)
        assert not await demo.seed(found, scale="small", now=now)
        conn = await db.connect(dsn)
        try:
            tomorrow = now + timedelta(days=1)
            return {
                place: sum((await holds.count_open(conn, place, now=tomorrow)).values())
                for place in ("kichijoji", "yokohama")
            }
        finally:
            await conn.close()

    assert asyncio.run(look()) == {"kichijoji": 2, "yokohama": 1}
