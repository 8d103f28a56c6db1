"""What every handler may use: one struct, made once per process by `app`."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.datastructures import State
from litestar.di import Provide

from setten.platform.db import Pool
from setten.platform.settings import Settings
from setten.platform.vault import Vault


class Deps(msgspec.Struct, frozen=True, kw_only=True):
    """Pool, vault and settings; `combiners` holds the gatherers by name ("ingest", "holds", …)."""

    settings: Settings
    pool: Pool
    vault: Vault
    combiners: dict[str, Any] = msgspec.field(default_factory=dict)


def _deps(state: State) -> Deps:
    deps = state.deps
    assert isinstance(deps, Deps)
    return deps


provide = Provide(_deps, sync_to_thread=False)
