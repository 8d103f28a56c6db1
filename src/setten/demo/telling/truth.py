"""What is true of the world, as files beside the product. The product never reads them.

people.jsonl: who is who, with all identifiers and what each truly thinks. causes.jsonl: why each
thing was bought. days.jsonl: rain and sales. lost.jsonl: what somebody wanted and did not find.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from setten.demo.chain import Chain, Day, Kind

FOLDER = "truth"
_CAUSED = frozenset({Kind.sale, Kind.order, Kind.bought, Kind.refund, Kind.till_refund})


def write(folder: Path, chain: Chain, days: Iterable[Day]) -> None:
    """Write the truth of a world and the days it has lived into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    days = list(days)
    _lines(folder / "people.jsonl", chain.people)
    _lines(
        folder / "days.jsonl",
        [{"day": one.day, "rain": sorted(one.rain), "sale": one.sale} for one in days],
    )
    _lines(
        folder / "causes.jsonl",
        [
            {"kind": deed.kind, "ref": deed.ref, "of": deed.of, "at": deed.at, "who": deed.who,
             "place": deed.place, "cause": deed.cause}
            for one in days
            for deed in one.deeds
            if deed.kind in _CAUSED
        ],
    )  # fmt: skip
    _lines(
        folder / "lost.jsonl",
        [{"day": day, "sku": sku, "place": place} for day, sku, place in chain.room.lost],
    )


def _lines(path: Path, rows: Iterable[object]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
