"""A claim about a field of the subject."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from setten.platform.expressions import claims
from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import Evaluation, Needs
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.model import (
    NAME_CHARS_MAX,
    Claim,
    Node,
    Path,
    TooLarge,
    Type,
    UnknownName,
)
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer, scalar


class Field(Node, frozen=True, kw_only=True, omit_defaults=True, tag="field"):
    """A claim about the newest word of a field."""

    name: str
    claim: Claim


def _check(node: Field, vocabulary: Vocabulary, path: Path) -> None:
    if not node.name:
        raise UnknownName(path=str(path / "name"), name="", what="field")
    if len(node.name) > NAME_CHARS_MAX or "\0" in node.name:
        raise TooLarge(path=str(path / "name"), most=NAME_CHARS_MAX)
    claims.check(node.claim, vocabulary.field_type(node.name), path / "claim")


def type_in(declared: Type, node: Field) -> Type:
    """The type that the claim is about, where the declaration leaves it open."""
    return claims.check(node.claim, declared, Path.root)


def _decide(node: Field, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    found = type_in(at.field_type(node.name), node)
    return at.field(node.name, node.claim, found)


def _write(node: Field, writer: Writer, inner: Callable[[Node], str]) -> str:
    found = type_in(writer.declared.get(node.name, Type.OPEN), node)
    part = writer.field(node.name)
    if found is Type.OPEN:
        return claims.written(node.claim, f"{part}.name", writer)
    column = {Type.TEXT: "text", Type.TRUTH: "truth"}.get(found, "number")
    return claims.written(_as_doubles(node.claim), f"{part}.{column}", writer)


def _as_doubles(claim: Claim) -> Claim:
    if isinstance(claim.value, tuple):
        return msgspec.structs.replace(claim, value=tuple(map(scalar, claim.value)))
    return (
        claim if claim.value is None else msgspec.structs.replace(claim, value=scalar(claim.value))
    )


FIELD = Kind(
    node=Field,
    check=_check,
    needs=lambda node, calendar, now: Needs({}, fields=frozenset({node.name})),
    decide=_decide,
    turns=lambda node, at, inner: at.never,
    write=_write,
)
