"""Compiled templates are kept for the next process, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from setten.console.compiled import Compiled


def said(folder: Path, kept: Path, *, options: str = "plain", escapes: bool = False) -> str:
    """The one template as a new process would render it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=escapes,
        bytecode_cache=Compiled(kept, options),
    )
    return environment.get_template("one.html").render(word="<b>")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "one.html").write_text("{{ word }}!")
    return tmp_path / "kept"


def test_what_was_compiled_is_kept_once_and_used_again(tmp_path: Path, kept: Path) -> None:
    assert said(tmp_path, kept) == "<b>!"
    [file] = kept.iterdir()
    written = file.stat().st_mtime_ns
    assert said(tmp_path, kept) == "<b>!"
    assert [one.stat().st_mtime_ns for one in kept.iterdir()] == [written]


def test_a_changed_template_is_compiled_anew_in_the_same_file(tmp_path: Path, kept: Path) -> None:
    said(tmp_path, kept)
    (tmp_path / "one.html").write_text("{{ word }}?")
    assert said(tmp_path, kept) == "<b>?"
    assert len(list(kept.iterdir())) == 1


def test_what_was_compiled_under_other_options_is_not_taken(tmp_path: Path, kept: Path) -> None:
    said(tmp_path, kept)
    assert said(tmp_path, kept, options="escaped", escapes=True) == "&lt;b&gt;!"


@pytest.mark.parametrize("left", [0, 1, 20, 60], ids=["empty", "a byte", "the head", "half"])
def test_a_broken_file_is_as_none(tmp_path: Path, kept: Path, left: int) -> None:
    said(tmp_path, kept)
    [file] = kept.iterdir()
    file.write_bytes(file.read_bytes()[:left])
    assert said(tmp_path, kept) == "<b>!"
    file.write_bytes(file.read_bytes()[:left] + b"\x00junk" * 9)
    assert said(tmp_path, kept) == "<b>!"


def test_where_nothing_can_be_kept_pages_are_as_ever(tmp_path: Path, kept: Path) -> None:
    kept.write_text("a file where the folder should be")
    assert said(tmp_path, kept) == "<b>!"
