"""Being in a named group of subjects, which is an expression itself."""

from __future__ import annotations

from setten.platform.expressions.frame import Needs
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.model import (
    NAME_CHARS_MAX,
    Node,
    Path,
    TooLarge,
    UnknownName,
)
from setten.platform.expressions.vocabulary import Vocabulary


class Group(Node, frozen=True, kw_only=True, omit_defaults=True, tag="group"):
    """In the group of this name. Whether there is one, and no circle, its owner sees to."""

    name: str


def _check(node: Group, vocabulary: Vocabulary, path: Path) -> None:
    if not node.name:
        raise UnknownName(path=str(path / "name"), name="", what="group")
    if len(node.name) > NAME_CHARS_MAX:
        raise TooLarge(path=str(path / "name"), most=NAME_CHARS_MAX)


GROUP = Kind(
    node=Group,
    check=_check,
    needs=lambda node, calendar, now: Needs({}, groups=frozenset({node.name})),
    decide=lambda node, at, inner: at.groups[node.name],
    # The group's own expression turns by itself, and whoever keeps groups looks at all of them.
    turns=lambda node, at, inner: at.never,
    write=lambda node, writer, inner: writer.group(node.name),
)
