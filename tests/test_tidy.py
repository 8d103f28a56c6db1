"""The house rules that no linter knows: sizes, words, where SQL lives, what the docs must cover."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "setten"
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
DRAWERS = {"utils", "util", "common", "helpers", "misc", "core", "shared", "lib"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SQL = re.compile(
    r"\b(select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from)\b",
    re.IGNORECASE | re.DOTALL,
)
# The runner of migrations and the maker of the cluster work before any query file can be used.
SQL_IN_PYTHON = {"platform/db/migrate.py", "platform/db/embedded/cluster.py"}


@functools.cache
def sources() -> tuple[Path, ...]:
    return tuple(sorted(SOURCE.rglob("*.py")))


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name_of(path)}:{node.name}": length
        for path in sources()
        for node in functions(tree_of(path))
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_no_file_has_grown_too_large_to_read() -> None:
    large = {
        name_of(path): lines
        for path in sources()
        if (lines := len(text_of(path).splitlines())) > FILE_LINES_MAX
    }
    assert large == {}


def test_there_are_no_drawers() -> None:
    assert [
        name_of(p) for p in SOURCE.rglob("*") if p.stem in DRAWERS and "vendor" not in p.parts
    ] == []


def test_nothing_is_left_unfinished() -> None:
    files = [
        *sources(),
        *SOURCE.rglob("*.sql"),
        *SOURCE.rglob("*.html"),
        *ROOT.glob("migrations/*"),
    ]
    assert [str(p) for p in files if UNFINISHED.search(text_of(p))] == []


def test_sql_lives_in_sql_files() -> None:
    stray = []
    for path in sources():
        if name_of(path) in SQL_IN_PYTHON:
            continue
        tree = tree_of(path)
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        stray += [
            f"{name_of(path)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and SQL.search(node.value)
        ]
    assert stray == []


def test_sql_is_lower_case_and_names_its_columns() -> None:
    shouting = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM)\b")
    wrong = []
    for path in SOURCE.rglob("*.sql"):
        code = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text(encoding="utf-8"))
        if shouting.search(code) or re.search(r"select\s+\*\s+from\s+(?!unnest|\()[a-z_]+\.", code):
            wrong.append(name_of(path))
    assert wrong == []


def test_every_named_query_is_used() -> None:
    used: set[str] = set()
    for path in sources():
        for dotted, quoted in re.findall(r"\.(\w+)\b|[\"'](\w+)[\"']", text_of(path)):
            used.add(dotted or quoted)
    unused = [
        f"{name_of(path)}:{name}"
        for path in SOURCE.rglob("*.sql")
        for name in re.findall(r"^-- name: (\w+)", text_of(path), re.MULTILINE)
        if name not in used
    ]
    assert unused == []


def test_everything_others_may_call_says_what_it_gives() -> None:
    silent = []
    for path in sources():
        tree = tree_of(path)
        if not ast.get_docstring(tree) and text_of(path).strip():
            silent.append(name_of(path))
        silent += [
            f"{name_of(path)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert silent == []


def test_a_features_rules_and_store_are_its_own() -> None:
    """Others import the face of a feature, never the files behind it."""
    private = re.compile(r"setten\.(customers|stock|engagement|insight)\.(\w+)\.(rules|store)\b")
    breaches = []
    for path in sources():
        for found in private.finditer(text_of(path)):
            home = f"{found.group(1)}/{found.group(2)}/"
            if not name_of(path).startswith(home):
                breaches.append(f"{name_of(path)} -> {found.group(0)}")
    assert breaches == []


def _is_refusal(node: ast.ClassDef, bases: set[str]) -> bool:
    return any(ast.unparse(base).split(".")[-1] in bases for base in node.bases)


def refusal_codes() -> dict[str, str]:
    """code -> where it is declared, of every class with a `code` that is a refusal."""
    found: dict[str, str] = {}
    kinds = {"SettenError", "Invalid", "NotFound", "Denied", "Unauthenticated", "Conflict"}
    kinds |= {"Unavailable", "TooMany"}
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ClassDef) or not _is_refusal(node, kinds):
                continue
            kinds.add(node.name)
            for line in node.body:
                target = line.targets[0] if isinstance(line, ast.Assign) else None
                if isinstance(target, ast.Name) and target.id == "code":
                    assert isinstance(line, ast.Assign)
                    assert isinstance(line.value, ast.Constant)
                    found[str(line.value.value)] = f"{name_of(path)}:{node.name}"
    return found


def messages() -> dict[str, dict[str, dict[str, str]]]:
    with (SOURCE / "platform" / "errors" / "messages.toml").open("rb") as file:
        return tomllib.load(file)


def test_every_refusal_has_words_in_both_languages() -> None:
    known = messages()
    assert {code: where for code, where in refusal_codes().items() if code not in known} == {}
    assert [
        code
        for code, entry in known.items()
        for locale in ("ja", "en")
        if not entry.get(locale, {}).get("title") or not entry.get(locale, {}).get("detail")
    ] == []


def test_migrations_are_numbered_once_each() -> None:
    numbers = [path.name[:4] for path in (ROOT / "migrations").glob("*.sql")]
    assert len(numbers) == len(set(numbers))


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


def test_the_reference_has_every_setting() -> None:
    from setten.platform.settings import SETTINGS

    text = page("settings.md")
    assert [s.variable for s in SETTINGS if f"`{s.variable}`" not in text] == []


def test_the_reference_has_every_command() -> None:
    import typer

    from setten.cli.__main__ import app

    def walk(group: object, before: str) -> Iterator[str]:
        for name, command in getattr(group, "commands", {}).items():
            yield from (
                walk(command, f"{before} {name}")
                if hasattr(command, "commands")
                else [f"{before} {name}"]
            )

    text = page("commands.md")
    assert [c for c in walk(typer.main.get_command(app), "setten") if f"`{c}" not in text] == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "requirements-schema.lock"]
)
def test_locks_hold_versions_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    pinned = re.findall(r"^\S+==\S+.*$", text, re.MULTILINE)
    assert pinned
    assert all(line.endswith("\\") for line in pinned)
