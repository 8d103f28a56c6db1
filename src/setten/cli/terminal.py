"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from setten.platform.errors import SettenError
from setten.platform.errors import say as words_of

_WORTH_LINES = 30  # steps: less is over before its second line would be read


def locale() -> str:
    """The language of the terminal: ja where it says so, else en."""
    spoken = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "ja" if spoken.startswith("ja") else "en"


def pick(ja: str, en: str) -> str:
    """One of two sentences, by the terminal's language."""
    return ja if locale() == "ja" else en


def note(ja: str, en: str) -> None:
    """A line for the person at the terminal; never part of the result."""
    print(pick(ja, en), file=sys.stderr, flush=True)


@contextmanager
def progress(ja: str, en: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for long work, told (done, in all); where no bar is seen, a line for each tenth."""
    is_watched = sys.stderr.isatty()
    if not is_watched:
        note(ja, en)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not is_watched,
        transient=True,
    )
    with bar:
        task = bar.add_task(pick(ja, en), total=None)
        tenths = 0

        def tell(done: int, total: int) -> None:
            nonlocal tenths
            bar.update(task, completed=done, total=total)
            if not is_watched and total >= _WORTH_LINES and done * 10 // total > tenths:
                tenths = done * 10 // total
                note(f"  {done:,} / {total:,}", f"  {done:,} of {total:,}")

        yield tell


def result(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)


def as_json(value: Any) -> None:
    """The result as one line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(value, enc_hook=_plain) + b"\n")
    sys.stdout.buffer.flush()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as columns, for people: never cut, so that what is shown can be copied."""
    if not rows:
        return
    texts = [list(rows[0])] + [["" if v is None else _cell(v) for v in r.values()] for r in rows]
    widths = [max(columns(text[column]) for text in texts) for column in range(len(texts[0]))]
    for text in texts:
        padded = (v + " " * (width - columns(v)) for v, width in zip(text, widths, strict=True))
        result("  ".join(padded).rstrip())


def columns(text: str) -> int:
    """Columns of a terminal: kanji and kana take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cell(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def refusal(error: SettenError) -> None:
    """One clear line: what happened and what to do next."""
    title, detail = words_of(error.code, locale(), error.facts)
    print(f"setten: {title}: {detail}", file=sys.stderr)


def fault(error: Exception) -> None:
    """A fault of ours: where it was, without the words of the error, which may quote a person."""
    logging.getLogger("setten").error("%s", type(error).__name__, exc_info=error)
    print(f"setten: {words_of('error', locale())[1]}", file=sys.stderr)
