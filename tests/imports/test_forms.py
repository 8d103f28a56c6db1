"""Tables whose last cells were dropped, torn rows, and events that come as one array."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.imports.conftest import Bring

from setten.imports import arrays, bounds
from setten.imports.chunks import drawn
from setten.imports.events import Events
from setten.imports.kind import Setup
from setten.imports.mapping import Columns
from setten.imports.model import Options, UnreadableFile
from setten.imports.reading import Raw, Table
from setten.platform.vault import Vault

KEY = bytes(range(32))


def rows_of(path: Path, format_: str | None = None) -> list[Raw]:
    table = Table(path, format_=format_)
    try:
        return list(table)
    finally:
        table.close()


def problems(path: Path, text: str) -> list[str | None]:
    path.write_text(text)
    return [one.problem for one in rows_of(path)]


def test_cells_that_a_spreadsheet_dropped_at_the_end_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,mail,note\n1,a,a@x,hi\n2,b\n4,d,d@x,,,\n3,c,c@x\n")
    rows = rows_of(path)
    assert [one.problem for one in rows] == [None] * 4
    assert rows[1].values == {"id": "2", "name": "b"}
    assert rows[3].values == {"id": "3", "name": "c", "mail": "c@x"}


def test_a_whole_table_without_its_last_cells_is_read(tmp_path: Path) -> None:
    text = "id,name,note\n" + "".join(f"{n},a\n" for n in range(20)) + "20,b,c\n"
    assert problems(tmp_path / "x.csv", text) == [None] * 21


@pytest.mark.parametrize("street", ["1-2\nHills 3F", "1-2\nHills\n3F", "a\nb\nc\nd\ne"])
def test_a_row_torn_by_a_line_break_makes_nobody_of_its_second_half(
    tmp_path: Path, street: str
) -> None:
    parts = street.count("\n") + 1
    text = f"id,street,mail,note\n1,x,y,\n2,{street},b@x,n\n3,x,y,z\n"
    assert problems(tmp_path / "x.csv", text) == [None, *["torn_row"] * parts, None]
    text = f"id,street,mail,note\n1,x,y,\n2,{street},b@x,n\n"
    assert problems(tmp_path / "x.csv", text) == [None, *["torn_row"] * parts]


def test_a_sum_below_a_table_is_no_row_and_more_cells_than_headings_are_refused(
    tmp_path: Path,
) -> None:
    text = "id,name,mail\n1,a,b\n2,a,b,c\n合計2件\n"
    assert problems(tmp_path / "x.csv", text) == [None, "too_many_cells", "too_few_cells"]


def test_short_rows_of_two_headings_may_have_one_cell(tmp_path: Path) -> None:
    assert problems(tmp_path / "x.csv", "sku,name\nA\nB,b\nC\n") == [None, None, None]


async def test_a_customer_without_the_last_cells_comes_in_as_one_with_empty_ones(
    bring: Bring, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user_id,name,email,note\nf-1,Ann,ann@example.jp,\nf-2,Bob\n")
    assert (await bring("customers", path)).new == 2
    path.write_text("user_id,name,email,note\nf-1,Ann,ann@example.jp,\nf-2,Bob,,\n")
    assert (await bring("customers", path)).same == 2


def event(n: int, **more: object) -> dict[str, object]:
    return {"type": "track", "event": "Looked", "userId": f"u{n}", "messageId": f"m{n}", **more}


SHAPES = {
    "on one line": lambda events: json.dumps(events),
    "over many lines": lambda events: "\ufeff\n " + json.dumps(events, indent=2) + "\n\n",
    "an array a line": lambda events: "\n".join(json.dumps([one]) for one in events),
    "with empty ones": lambda events: "[]\n" + json.dumps(events) + "[ ]",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp932"])
def test_an_array_of_events_reads_as_its_lines_would(
    tmp_path: Path, shape: Callable[[list[dict[str, object]]], str], codec: str
) -> None:
    events = [event(n, name='山"]},{[\\', properties={"n": [1.5, {"a": None}]}) for n in range(40)]
    path = tmp_path / "x.json"
    path.write_bytes(shape(events).lstrip("\ufeff" if codec == "cp932" else "").encode(codec))
    rows = rows_of(path)
    assert [one.values for one in rows] == events
    assert [one.number for one in rows] == list(range(1, 41))
    assert {one.problem for one in rows} == {None}


def test_an_array_far_longer_than_what_is_at_hand_is_read_packed_or_not(tmp_path: Path) -> None:
    events = [event(n, note="x" * 700) for n in range(3_000)]
    path, packed = tmp_path / "x.json", tmp_path / "x.json.gz"
    path.write_text(json.dumps(events))
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    assert [one.values for one in rows_of(path)] == events
    assert [one.values for one in rows_of(packed)] == events


def test_elements_that_are_no_events_are_refused_alone(tmp_path: Path) -> None:
    long = {"messageId": "m", "note": "x" * bounds.LINE_CHARS_MAX}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([event(1), 12, "a", [event(2)], long, event(3)]))
    assert [one.problem for one in rows_of(path)] == [
        None, "not_an_object", "not_an_object", "not_an_object", "line_too_long", None,
    ]  # fmt: skip


BROKEN = {
    "cut off": json.dumps([event(1), event(2)])[:-9],
    "without its end": json.dumps([event(1), event(2)])[:-1],
    "a comma too few": json.dumps([event(1)])[:-1] + json.dumps(event(2)) + "]",
    "more behind it": json.dumps([event(1)]) + "x",
    "too deep": "[" * 200_000,
    "a word without end": '["' + "x" * (bounds.ROW_CHARS_MAX + bounds.LINE_CHARS_MAX),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_array_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UnreadableFile):
        rows_of(path)


def test_lines_of_objects_are_no_array() -> None:
    assert not arrays.begins('{"a": [1]}')
    assert arrays.begins("\ufeff \r\n[")


def test_whoever_draws_parts_of_an_array_they_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([event(n) for n in range(5_000)]))
    kind = Events(Setup(Vault(KEY), Columns(), Options()))

    def of(numbers: list[int]) -> list[tuple[int, int]]:
        left = iter(numbers)
        table = Table(path, format_="ndjson")
        mine = drawn(table, kind, after=0, draw=lambda: next(left, 99))
        return [(one.after, one.end) for one in mine]

    assert of([0, 2]) + of([1]) == [(0, 2_000), (4_000, 5_000), (2_000, 4_000)]


async def test_an_array_of_events_comes_in_once(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([event(n) for n in range(30)], indent=1))
    assert (await bring("events", path)).new == 30
    path.write_text("\n".join(json.dumps(event(n)) for n in range(30)))
    assert (await bring("events", path)).same == 30
