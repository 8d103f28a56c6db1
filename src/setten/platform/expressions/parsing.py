"""From JSON to nodes, and back; and the rewriting that makes equal meanings look equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from setten.platform.expressions.kinds import All, Kind, Not
from setten.platform.expressions.kinds import Any as AnyOf
from setten.platform.expressions.model import (
    DEPTH_MAX,
    JSON_BYTES_MAX,
    NODES_MAX,
    BadExpression,
    Node,
    Path,
    TooLarge,
)

_REASON_CHARS_MAX = 200


def decode(text: bytes | str) -> Any:
    """The JSON of an expression, not yet looked at. Raises TooLarge, BadExpression."""
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > JSON_BYTES_MAX:
        raise TooLarge(path=".", most=JSON_BYTES_MAX)
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise BadExpression(path=".", reason=str(cause)[:_REASON_CHARS_MAX]) from None


class Parser:
    """Reads nodes of these kinds; counts them."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._count = 0

    def node(self, raw: Any, path: Path = Path.root, depth: int = 1) -> Node:
        """The node that JSON stands for. Raises BadExpression, TooLarge."""
        self._count += 1
        if depth > DEPTH_MAX or self._count > NODES_MAX:
            most = DEPTH_MAX if depth > DEPTH_MAX else NODES_MAX
            raise TooLarge(path=str(path), most=most)
        kind = raw.get("kind") if isinstance(raw, dict) else None
        if not isinstance(kind, str) or kind not in self._kinds:
            raise BadExpression(path=str(path / "kind"), reason=", ".join(sorted(self._kinds)))
        try:
            found = msgspec.convert(raw, self._kinds[kind].node)
        except (msgspec.ValidationError, RecursionError) as cause:
            raise BadExpression(path=str(path), reason=str(cause)[:_REASON_CHARS_MAX]) from None
        parts = found.parts()
        inner = tuple(
            self.node(part, path / "of" / place if len(parts) > 1 else path / "of", depth + 1)
            for place, part in enumerate(parts)
        )
        return found.with_parts(inner)


def encode(node: Node) -> Any:
    """The JSON form of a node as plain values."""
    return msgspec.json.decode(msgspec.json.encode(node))


def rewritten(node: Node) -> Node:
    """The same meaning, plainer: no joins inside joins, no double not, nothing said twice.

    Of a node that was checked: what only Python takes for equal has been told apart by then.
    """
    node = _unsaid(node).with_parts(tuple(map(rewritten, node.parts())))
    if isinstance(node, Not) and isinstance(node.of, Not):
        inner: Node = node.of.of
        return inner
    if isinstance(node, All | AnyOf):
        flat: list[Node] = []
        for part in node.of:
            flat += part.of if type(part) is type(node) else (part,)
        # By their JSON: to Python 1, 1.0 and True are one.
        unique = {msgspec.json.encode(part): part for part in flat}
        return (
            next(iter(unique.values()))
            if len(unique) == 1
            else type(node)(of=tuple(unique.values()))
        )
    return node


def _unsaid(node: Node) -> Node:
    """What is said though it is so anyway ("at least once", an empty window), not said."""
    said = {
        field.name: field.default
        for field in msgspec.structs.fields(node)
        if field.default is not msgspec.NODEFAULT
        and getattr(node, field.name) == field.default
        and getattr(node, field.name) is not field.default
    }
    return msgspec.structs.replace(node, **said) if said else node
