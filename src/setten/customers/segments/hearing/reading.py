"""A place in what somebody says, and what stands beside a deed there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from setten.customers.segments.hearing.deeds import compiled
from setten.customers.segments.hearing.modifiers import Rule, Said, Scene
from setten.platform.expressions import Locale, Window

# What may stand in the place of one thing: and whether all of them are meant.
_OR: Mapping[Locale, re.Pattern[str]] = {
    "ja": compiled(r"(?:か|または|又は|もしくは|あるいは|や|・|(?P<all>と|および|及び))[、 ]*"),
    "en": compiled(r"(?:or|nor|(?P<all>and|&)) (?:also |again )?"),
}
_ALSO = compiled(r"(?<=も)|(?<=も、)")
# How many things somebody says of one deed, and how many in the place of one of them.
_MODIFIERS_MAX, _OTHERS_MAX = 8, 6


class Reading(msgspec.Struct, frozen=True):
    """One text that is read, with the rules of its language.

    behind_rules: those of what is said only behind what is done.
    """

    text: str
    locale: Locale
    scene: Scene
    rules: list[Rule]
    behind_rules: list[Rule]

    def modified(
        self, place: int, said: Said, *, is_joining: bool = True, is_behind: bool = False
    ) -> int:
        """Take in the modifiers that stand at a place, each once; answers where they end."""
        last: Window | object | None = None
        for _ in range(_MODIFIERS_MAX):
            before = msgspec.structs.replace(said)
            if end := self._one(place, said, is_behind=is_behind):
                place, last = end, said.added_since(before)
            elif (
                is_joining
                and last is not None
                and (end := self._other(place, said, last, is_behind=is_behind))
            ):
                place = end
            else:
                break
        return place

    def _one(self, place: int, said: Said, *, is_behind: bool) -> int:
        """Where the one that stands here ends; 0 for none."""
        for pattern, act in (*self.rules, *self.behind_rules) if is_behind else self.rules:
            met = pattern.match(self.text, place)
            if met and met.end() > place and act(said, met, self.scene):
                return met.end()
        return 0

    def _other(self, place: int, said: Said, last: object, *, is_behind: bool) -> int:
        """What else may stand in the place of what was said last: "or in April"."""
        met = _OR[self.locale].match(self.text, place)
        is_all = bool(met and met.groupdict().get("all"))
        if met is None and self.locale == "ja":
            met, is_all = _ALSO.match(self.text, place), True
        if met is None or len(said.others) >= _OTHERS_MAX:
            return 0
        if said.others and said.is_all != is_all:
            return 0
        probe = Said()
        end = self._one(met.end(), probe, is_behind=is_behind)
        other = probe.added_since(Said()) if end else None
        if other is None or not _is_alike(other, last):
            return 0
        said.others, said.is_all = (*said.others, other), is_all
        return end

    def behind(self, place: int, said: Said) -> Iterator[tuple[Said, int]]:
        """What is said behind a place, read as far as it goes and, where that differs, without what
        may belong to the next clause."""
        ends = []
        for is_joining in (True, False):
            inner = msgspec.structs.replace(said)
            end = self.modified(place, inner, is_joining=is_joining, is_behind=True)
            if end not in ends:
                ends.append(end)
                yield inner, end

    def trimmed(self, least: int, end: int) -> int:
        """An end without the space before what follows: joiners bring theirs."""
        while end > least and self.text[end - 1] in " ,":
            end -= 1
        return end


def _is_alike(one: object, other: object) -> bool:
    if isinstance(one, Window) or isinstance(other, Window):
        return type(one) is type(other)
    return getattr(one, "property", None) == getattr(other, "property", "")
