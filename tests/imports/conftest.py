"""Files brought in as the command does it, on a database of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.stock.conftest import Shop

from setten import imports
from setten.imports import Options, Summary
from setten.platform import clock, db
from setten.platform.vault import Vault

Bring: TypeAlias = Callable[..., Awaitable[Summary]]


@pytest.fixture
def bring(pool: db.Pool, vault: Vault) -> Bring:
    async def go(kind: str, path: Path, **options: Any) -> Summary:
        return await imports.bring(
            pool, vault, imports.KINDS[kind], path, Options(**options), clock=clock.now
        )

    return go


@pytest.fixture
async def shop(pool: db.Pool) -> Shop:
    made = Shop(pool)
    await made.open()
    return made
