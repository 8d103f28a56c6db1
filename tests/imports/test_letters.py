"""Letters of files as tills and spreadsheets write them: read right, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from setten.imports import letters
from setten.imports.model import NotUtf8
from setten.imports.reading import Table

PEOPLE = (
    "会員番号,氏名,フリガナ,ﾒﾓ\r\n1,山田花子,ヤマダハナコ,ﾔﾏﾀﾞ\r\n2,齋藤一郎,サイトウイチロウ,\r\n"
)
WRITTEN = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp932": "CP932 (Shift_JIS)", "euc_jp": "EUC-JP",
    "iso2022_jp_ext": "ISO-2022-JP (JIS)", "utf-16": "UTF-16", "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}  # fmt: skip
HALF_WIDTH = "id,name\r\n1,ﾔﾏﾀﾞ ﾊﾅｺ\r\n2,ﾀﾅｶﾞ\r\n3,ｻｲﾄｳ ｲﾁﾛｳ\r\n"
WESTERN = {
    "accents": "id,name\r\n1,Géraldine\r\n2,Zoë\r\n",
    "accents that no kanji has": "id,name,city\r\n1,André Dürand,Köln\r\n",
    "capitals that look like kana": "id,city\r\n1,KÖLN\r\n2,MÁLAGA\r\n",
    "curled apostrophes": "id,name\r\n1,Men\u2019s shoes\r\n2,Women\u2019s shoes\r\n",
    "pounds": "id,price\r\n1,\u00a35\r\n",
}


def table(path: Path, body: bytes, encoding: str = "auto") -> Table:
    path.write_bytes(body)
    return Table(path, encoding=encoding)


@pytest.mark.parametrize("codec", WRITTEN)
def test_japanese_names_are_read_in_whatever_letters_they_come(tmp_path: Path, codec: str) -> None:
    found = table(tmp_path / "x.csv", PEOPLE.encode(codec))
    rows = [one.values for one in found]
    assert found.encoding == WRITTEN[codec]
    assert [one["氏名"] for one in rows] == ["山田花子", "齋藤一郎"]
    assert rows[0]["ﾒﾓ"] == "ﾔﾏﾀﾞ"


def test_readings_in_half_width_are_no_kanji_of_another_code() -> None:
    assert letters.codec_of(HALF_WIDTH.encode("cp932")) == "cp932"
    assert letters.codec_of("id,名\r\n1,山田\r\n".encode("cp932")) == "cp932"


def test_what_two_codes_read_as_a_name_is_asked_for_and_not_guessed() -> None:
    body = "id,name\r\n1,山田\r\n".encode("euc_jp")  # in CP932 a fine ｻｳﾅﾄ
    with pytest.raises(NotUtf8):
        letters.codec_of(body)
    assert letters.codec_of(body, "euc-jp") == "euc_jp"


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_letters_are_read_when_they_are_said_and_never_taken_for_kanji(
    tmp_path: Path, text: str
) -> None:
    body = text.encode("cp1252")
    with pytest.raises(NotUtf8):
        letters.codec_of(body)
    rows = [one.values for one in table(tmp_path / "x.csv", body, "cp1252")]
    assert ",".join(rows[0].values()) == text.splitlines()[1]


@pytest.mark.parametrize("said", ["cp932", "euc-jp", "cp1252", "iso-2022-jp", "utf-16"])
def test_a_file_of_utf_8_is_in_no_other_letters_whatever_is_said(said: str) -> None:
    for text in (PEOPLE, "id,name\r\n1,山田\r\n", "id,name\r\n1,Zoë\r\n"):
        with pytest.raises(NotUtf8):
            letters.codec_of(text.encode(), said)


def test_japanese_is_not_read_as_western_even_when_it_is_said() -> None:
    for codec in ("cp932", "euc_jp"):
        with pytest.raises(NotUtf8):
            letters.codec_of(PEOPLE.encode(codec), "cp1252")


def test_few_japanese_letters_in_an_english_table_are_japanese() -> None:
    for text in (
        "sku,name\r\n1,Tシャツ\r\n",
        "sku,size\r\n1,M寸\r\n",
        "sku,name\r\n1,100×200㎜\r\n",
    ):
        assert letters.codec_of(text.encode("cp932")) == "cp932"


def test_the_sign_of_a_lost_letter_refuses_its_row_alone(tmp_path: Path) -> None:
    rows = list(table(tmp_path / "x.csv", "id,name\n1,a\n2,山\ufffd\n3,b\n".encode()))
    assert [one.problem for one in rows] == [None, "bad_letters", None]


def test_a_letter_that_was_lost_on_the_way_refuses_its_row_alone(tmp_path: Path) -> None:
    far = "id,name\r\n" + "1,山田\r\n" * 90_000  # beyond what is looked at
    body = (
        far.encode("iso2022_jp") + b"2,\x1b$B\x7e\x7e\x1b(B\r\n" + "3,佐藤\r\n".encode("iso2022_jp")
    )
    rows = list(table(tmp_path / "x.csv", body))
    assert [one.problem for one in rows[-2:]] == ["bad_letters", None]
    assert rows[-1].values["name"] == "佐藤"
