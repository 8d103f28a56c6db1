"""Every word a page uses stands in both languages, and no page mixes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from setten.console.assets import assets
from setten.console.customers.channels import MARKS, mark
from setten.console.page import environment
from setten.console.words import LOCALES, PLACE, UnknownWord, Words, all_words

CONSOLE = Path(__file__).parents[2] / "src/setten/console"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
ASKED = re.compile(r"""\bt\(\s*f?["']([a-z_][\w.]*)["']""")
STEMS = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*~|\bt\(f["']([\w.]+)\{""")


def templates() -> list[Path]:
    return sorted((CONSOLE / "templates").rglob("*.html"))


def sources() -> list[Path]:
    return [*templates(), *sorted(CONSOLE.rglob("*.py"))]


def test_every_word_has_both_languages() -> None:
    lacking = [key for key, entry in all_words().items() if set(entry) != set(LOCALES)]
    assert lacking == []


def test_both_languages_place_the_same_values() -> None:
    def placed(text: str) -> set[str]:
        return {found[1] for found in PLACE.finditer(text)}

    # A language may leave a value out (Japanese needs no plural), but never invent one.
    odd = [
        key
        for key, entry in all_words().items()
        if not (en := placed(entry["en"])) >= (ja := placed(entry["ja"])) and not ja >= en
    ]
    assert odd == []


def test_english_is_english_and_japanese_is_japanese() -> None:
    mixed = [
        key
        for key, entry in all_words().items()
        if JAPANESE.search(entry["en"]) and key != "me.language_ja"
    ]
    assert mixed == []


def test_every_word_that_a_page_asks_for_is_there() -> None:
    missing = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for key in ASKED.findall(text):
            is_stem = key.endswith((".", "_")) or any(key in found for found in STEMS.findall(text))
            if key not in all_words() and not (
                is_stem and any(known.startswith(key) for known in all_words())
            ):
                missing.append(f"{path.name}: {key}")
    assert missing == []


def test_templates_hold_no_sentence_of_their_own() -> None:
    """Words live in the files of words; a template in one language would mix every page."""
    own = []
    for path in templates():
        text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", path.read_text("utf-8"), flags=re.S)
        # The only words of their own are the two names of languages, and the polite ending.
        text = re.sub(r"<small>様</small>|様", "", text)
        if JAPANESE.search(text):
            own.append(path.name)
    assert own == []


def test_every_template_can_be_read() -> None:
    root = CONSOLE / "templates"
    for path in templates():
        environment().get_template(str(path.relative_to(root)))


def test_templates_are_short_and_have_no_inline_style_or_script() -> None:
    # The marks are a library of small macros, not one template.
    pages = [path for path in templates() if path.name != "marks.html"]
    long = [p.name for p in pages if len(p.read_text("utf-8").splitlines()) > 40]
    assert long == []
    inline = re.compile(r"\sstyle=|<script>|\son[a-z]+=|javascript:", re.IGNORECASE)
    assert [p.name for p in templates() if inline.search(p.read_text("utf-8"))] == []


def test_an_unknown_word_is_a_mistake_of_ours() -> None:
    with pytest.raises(UnknownWord):
        Words("ja")("no.such.word")


def test_english_counts_one_and_many() -> None:
    t = Words("en")
    assert t("timeline.count", n=1) == "1 event"
    assert t("timeline.count", n=1200) == "1,200 events"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_channel_has_its_word_and_mark_and_our_own_events_are_no_shops(locale: str) -> None:
    t, drawn = Words(locale), assets().files["icons.svg"].decode()
    shown = {channel: mark(channel, t) for channel in MARKS}
    assert not [one.sign for one in shown.values() if f'id="i-{one.sign}"' not in drawn]
    assert shown["setten"].word == "Setten"
    assert shown["setten"].kind != shown["store"].kind
