"""Small files that unpack to much, rows without end and what hides in another form: bounded."""

from __future__ import annotations

import csv
import gzip
import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from setten.imports import bounds, desk
from setten.imports.chunks import CHUNK_WEIGHT_MAX, chunks, drawn
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import Columns
from setten.imports.model import NEW, Options, UnpacksTooFar, UnreadableFile, Values
from setten.imports.reading import Raw, Table
from setten.platform.db import Connection
from setten.platform.vault import Vault

KEY = bytes(range(32))


class Plain(Kind):
    """Rows as they are."""

    name = "plain"
    rows_a_commit = 2_000
    stands_alone = True

    def read(self, row: Values) -> Values:
        return row

    async def take(self, conn: Connection, rows: Sequence[Any], *, now: datetime) -> Taken:
        """Nothing is taken here."""
        return Taken([NEW] * len(rows))


@pytest.fixture
def kind() -> Kind:
    return Plain(Setup(Vault(KEY), Columns(), Options()))


def rows_of(path: Path) -> list[Raw]:
    table = Table(path)
    try:
        return list(table)
    finally:
        table.close()


def packed(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_a_row_that_never_ends_is_refused_and_what_stands_behind_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"' + '","x\n' * 600_000 + "last,row\n")
    found = rows_of(path)
    assert found[0].problem == "cell_too_large"
    assert found[0].values == {}
    assert found[-1].values == {"a": "last", "b": "row"}
    assert max(one.weight for one in found) <= 2 * bounds.ROW_CHARS_MAX


def test_what_unpacks_to_far_more_than_any_table_is_not_read_on(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.csv.gz", "a,b\n" + f"1,{'2' * 1_000}\n" * 20_000)
    assert path.stat().st_size * bounds.UNPACKED_TIMES_MAX < 20_000_000
    with pytest.raises(UnpacksTooFar):
        rows_of(path)


def test_a_short_file_of_much_the_same_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.csv.gz", "a,b\n" + "1,2\n" * 100_000)
    assert len(rows_of(path)) == 100_000


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson", "x.log"])
@pytest.mark.parametrize("head", ["", "a,b\n"])
def test_blank_lines_without_end_are_no_table(tmp_path: Path, name: str, head: str) -> None:
    path = tmp_path / name
    path.write_text(head + "\n" * (bounds.BLANK_ROWS_MAX + 10))
    with pytest.raises(UnreadableFile, match=r"blank lines|unreadable_file"):
        rows_of(path)


def test_a_sheet_with_blank_rows_below_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n" + ",,,\n" * 100_000 + "3,4\n")
    assert [one.values["a"] for one in rows_of(path)] == ["1", "3"]


UGLY = {
    "a hint": "sep=;\r\nid;name\r\n1;a\r\n",
    "a quoted hint": '"sep=|"\r\nid|name\r\n1|a\r\n',
    "pipes": "id|name\n1|a\n",
    "blank lines above": "\r\n,,\r\n\r\nid,name\r\n1,a\r\n",
    "a space before a quote": 'id, name\n1, "a"\n',
    "zeros kept by a formula": 'id,name\n="1",a\n',
    "the same in quotes": 'id,name\n"=""1""",a\n',
    "line ends of old": "id,name\r1,a\r",
    "quoted headings of tabs": '"id"\t"name"\n1\ta\n',
}


@pytest.mark.parametrize("text", UGLY.values(), ids=UGLY)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_table_is_read_however_it_was_written(tmp_path: Path, text: str, codec: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(codec))
    assert [one.values for one in rows_of(path)] == [{"id": "1", "name": "a"}]


def test_a_title_above_the_headings_is_passed_over_and_rows_keep_their_number(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("顧客一覧\r\n出力日 2026/1/5\r\n\r\nid,name,note\r\n1,a,b\r\n")
    assert [(one.number, one.values["name"]) for one in rows_of(path)] == [(4, "a")]


def test_one_column_of_words_with_commas_has_no_title(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('sku\n"a, b, c"\nd\n')
    assert [one.values for one in rows_of(path)] == [{"sku": "a, b, c"}, {"sku": "d"}]


def test_a_heading_over_two_lines_says_what_parts_it(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('"会員\n番号, 旧"\t氏名\n1\t山田\n')
    assert [list(one.values.values()) for one in rows_of(path)] == [["1", "山田"]]


def test_a_zero_in_a_cell_refuses_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,x\0y\n2,z\n")
    assert [one.problem for one in rows_of(path)] == ["bad_letters", None]


def test_rows_of_nothing_below_a_sheet_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\r\n1,2\r\n" + ",\r\n" * 1_000 + "\r\n3,4\r\n")
    assert [(one.number, one.values["a"]) for one in rows_of(path)] == [(1, "1"), (1_003, "3")]


def test_blank_lines_among_few_that_say_something_are_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "BLANK_ROWS_MAX", 100)
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + ("1,2\n" + "\n" * 60) * 3)
    with pytest.raises(UnreadableFile):
        rows_of(path)
    path.write_text("a,b\n" + "1,2\n\n" * 1_000)
    assert len(rows_of(path)) == 1_000


def test_notes_without_end_are_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BLANK_ROWS_MAX", 100)
    path = tmp_path / "x.log"
    path.write_text("#\n" * 101)
    with pytest.raises(UnreadableFile):
        rows_of(path)
    path.write_text("# a note\nline\n" * 500)
    assert len(rows_of(path)) == 500


WRITTEN = [
    {},
    {"use_dictionary": False, "compression": "zstd"},
    {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}},
    {"use_dictionary": False, "column_encoding": {"a": "DELTA_LENGTH_BYTE_ARRAY"}},
]


@pytest.mark.parametrize("how", WRITTEN)
def test_one_long_value_of_many_rows_is_refused_row_by_row(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    path = tmp_path / "x.parquet"
    long = "y" * (bounds.LINE_CHARS_MAX + 1)
    table = pa.table({"a": [long] * 1_000 + ["short"], "b": list(range(1_001))})
    pq.write_table(table, path, **how)
    found = rows_of(path)
    assert {one.problem for one in found[:-1]} == {"cell_too_large"}
    assert found[-1].values == {"a": "short", "b": 1_000}
    assert [one.number for one in found] == list(range(1, 1_002))


@pytest.mark.parametrize("how", WRITTEN)
def test_ordinary_columns_are_read_however_they_are_written(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    path = tmp_path / "x.parquet"
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    names = [f"name {i % 7}" for i in range(4_100)]
    table = pa.table({"a": names, "at": [at] * 4_100, "n": [None, *range(4_099)]})
    pq.write_table(table, path, row_group_size=3_000, **how)
    found = rows_of(path)
    assert [one.values["a"] for one in found] == names
    assert found[0].values == {"a": "name 0", "at": at, "n": None}
    assert found[-1].number == 4_100


def test_a_broken_file_is_said_to_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [f"{i * 7919}" for i in range(50_000)]}), path)
    body = bytearray(path.read_bytes())
    body[100:5_000] = b"x" * 4_900
    path.write_bytes(body)
    with pytest.raises(UnreadableFile):
        rows_of(path)


def test_lists_in_cells_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": ["x"], "many": [[None] * 100_000], "n": [1]}), path)
    assert [one.values for one in rows_of(path)] == [{"a": "x", "n": 1}]


def test_rows_of_nothing_do_not_run_for_hours(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": pa.nulls(20_000_000, pa.string())}), path)
    with pytest.raises(UnpacksTooFar):
        rows_of(path)


def long_rows(path: Path, n: int) -> None:
    with path.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b"])
        writer.writerows((i, "z" * 60_000) for i in range(n))


def test_long_rows_go_in_parts_that_fit_the_memory(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "x.csv"
    long_rows(path, 700)
    parts = list(chunks(Table(path), kind, after=0))
    assert len(parts) == 3
    assert sum(len(one.lines) for one in parts) == 700
    for one in parts:
        assert sum(line.raw.weight for line in one.lines) < CHUNK_WEIGHT_MAX + 100_000


def test_whoever_draws_parts_of_long_rows_they_are_the_same(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "x.csv"
    long_rows(path, 700)

    def of(numbers: Iterator[int]) -> list[tuple[int, int]]:
        mine = drawn(Table(path), kind, after=0, draw=lambda: next(numbers, 99))
        return [(one.after, one.end) for one in mine]

    everything = of(iter(range(99)))
    assert sorted(of(iter([0, 2])) + of(iter([1]))) == everything
    assert everything[0][0] == 0
    assert everything[-1][1] == 700


@pytest.mark.parametrize(("start", "form"), [(b"PK\x03\x04", "xlsx"), (b"%PDF-1.7", "pdf")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_another_form_is_known_packed_or_not(
    tmp_path: Path, start: bytes, form: str, pack: object
) -> None:
    arrival = desk.Arrival(kind="customers", name="x.csv.gz")
    body = gzip.compress(start + b",b\n1,2\n") if pack is gzip.compress else start + b",b\n1,2\n"
    with pytest.raises(desk.StrangeFile) as refused:
        desk.keep(Vault(KEY), tmp_path, io.BytesIO(body), arrival, file_id=uuid.uuid4())
    assert refused.value.facts == {"form": form}
    assert not list(tmp_path.iterdir())
