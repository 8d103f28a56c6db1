"""The style sheet keeps the rules of the look."""

from __future__ import annotations

import re
from pathlib import Path

from setten.console.assets import assets

STATIC = Path(__file__).parents[2] / "src/setten/console/static"
TEMPLATES = STATIC.parent / "templates"


def own_styles() -> dict[str, str]:
    return {
        str(path.relative_to(STATIC)): re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
        for path in sorted((STATIC / "css").rglob("*.css"))
    }


def test_styles_use_no_ids_no_importance_and_only_colours_of_the_tokens() -> None:
    wrong = []
    for name, text in own_styles().items():
        if "!important" in text or re.search(r"(^|[\s,}])#[a-z][\w-]*\s*[{,]", text):
            wrong.append(name)
        if not name.endswith("tokens.css") and re.search(r"#[0-9a-f]{3,8}\b(?!-)", text):
            wrong.append(name)
    assert wrong == []


def test_braces_of_every_style_file_close() -> None:
    assert [n for n, text in own_styles().items() if text.count("{") != text.count("}")] == []


def test_every_icon_that_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-([a-z]+)"', assets().files["icons.svg"].decode()))
    named: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'm\.icon\("([a-z]+)"', path.read_text("utf-8")))
        named |= set(re.findall(r'm\.badge\([^)]*"([a-z]+)"\)', path.read_text("utf-8"))) & drawn
    assert named - drawn == set()


def test_vendor_files_stand_beside_their_licences() -> None:
    scripts = {path.name.removesuffix(".min.js") for path in (STATIC / "vendor").glob("*.js")}
    licences = {p.name.removesuffix(".LICENSE.txt") for p in (STATIC / "vendor").glob("*.txt")}
    assert scripts == licences == {"htmx", "htmx-ext-sse", "zxing-reader"}
