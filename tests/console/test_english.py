"""No page is mixed: what is shown in English has no Japanese of ours in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from setten.demo import sources
from tests.console.conftest import opened
from tests.console.house import House
from tests.console.test_pages import JAPANESE, PAGES


@pytest.fixture(scope="module")
def untouched(postgres: str, template: str) -> Iterator[House]:
    """A house of its own: what others bring in may have a Japanese name only."""
    with opened(postgres, template) as running:
        yield running


@pytest.mark.parametrize("path", [*PAGES, "/stock/items/KETTLE-IRON", "/stock/items/NO-SUCH"])
def test_an_english_page_has_no_kana(untouched: House, path: str) -> None:
    with untouched.person("page-english") as ann:
        answer = ann.get(path)
    assert '<html lang="en"' in answer.text
    # Her language switch is named in the other language, as it must be.
    shown = re.sub(r'<button[^>]*lang="ja"[^>]*>日本語</button>|>日本語<', "", answer.text)
    for source in sources.SMALL.values():  # a business gives its sources one name, in its language
        shown = shown.replace(source.name_ja, "")
    assert JAPANESE.findall(shown) == []
