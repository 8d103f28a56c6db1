"""What every handler may use: one object, made once per process by `app`."""

from __future__ import annotations

from typing import Any

from litestar.datastructures import State
from litestar.di import Provide

from setten.platform.db import Pool
from setten.platform.lake import Lake
from setten.platform.settings import Settings
from setten.platform.vault import Vault


class Deps:
    """What a process holds; `combiners` are the gatherers by name ("ingest", "holds", …).

    A plain class: the web framework would take a Struct or dataclass apart and check its fields.
    """

    __slots__ = ("combiners", "lake", "pool", "settings", "vault")

    def __init__(self, *, settings: Settings, pool: Pool, vault: Vault, lake: Lake) -> None:
        self.settings = settings
        self.lake = lake
        self.pool = pool
        self.vault = vault
        self.combiners: dict[str, Any] = {}


def _deps(state: State) -> Deps:
    deps = state.deps
    assert isinstance(deps, Deps)
    return deps


provide = Provide(_deps, sync_to_thread=False)
