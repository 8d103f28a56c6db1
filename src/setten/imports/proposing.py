"""A mapping written down, to be kept, changed and given back."""

from __future__ import annotations

import msgspec

from setten.imports.mapping import Columns


def proposal(found: Columns) -> str:
    """The mapping as a TOML file would say it, to be kept and changed."""
    lines = [f'currency = "{found.currency}"', f'timezone = "{found.timezone}"',
             *([f"moments = {_toml(found.moments)}"] if found.moments else []),
             f'dates = "{found.dates}"', "", "[columns]"]  # fmt: skip
    lines += [f"{name} = {_toml(said)}" for name, said in found.columns.items()]
    for part in ("constants", "prefixes", "converters", "more"):
        if told := getattr(found, part):
            lines += ["", f"[{part}]", *(f"{_toml(one)} = {_toml(told[one])}" for one in told)]
    return "\n".join(lines)


def _toml(said: str | list[str]) -> str:
    """A text, or several, as TOML has it: as JSON does, which leaves one sign that TOML refuses."""
    return msgspec.json.encode(said).decode().replace("\x7f", "\\u007f")
