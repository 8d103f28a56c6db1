"""One thing after another, as people say it: 「見てから7日以内に買った」."""

from __future__ import annotations

from collections.abc import Iterator

from setten.customers.segments.hearing import beside, modifiers
from setten.customers.segments.hearing.deeds import DEEDS, Deed, compiled, match_of
from setten.customers.segments.hearing.ellipses import AFTERWARDS
from setten.customers.segments.hearing.modifiers import Said
from setten.customers.segments.hearing.reading import Reading
from setten.platform.expressions import ANYTIME, All, Did, Match, Node, Not, Sequence, Span

_JA_THEN = compiled(
    rf"(?:から|あと(?:に|で)?|後(?:に|で)?|のち(?:に)?)[、 ]*(?:{beside.JA_N}{beside.JA_UNIT}"
    r"(?:以内|のうち|うち|の間|間)?(?:に|で)?[、 ]*)?(?:また|再び)?"
)
_EN_THEN = compiled(r",? (?:and )?then (?:again )?")
_WITHIN = compiled(rf" (?:within|in|inside) {beside.EN_N} (?P<unit>minute|hour|day|week|month"
                   r"|year)s?\b")  # fmt: skip
_EN_AFTER = compiled(
    rf"(?: again)?(?:{_WITHIN.pattern})?(?:,)? (?:of|after) (?:(?:a|an|the|their) )?"
)

_DAYS = {"month": 30, "year": 365}  # one thing after another is counted in exact time


def japanese(reading: Reading, place: int, deed: Deed, said: Said) -> Iterator[tuple[Node, int]]:
    """One thing after another: 「見てから7日以内に買った」."""
    met = _JA_THEN.match(reading.text, place)
    if met is None or not _is_plain(said):
        return
    for other in DEEDS["ja"]:
        inner = Said()
        begun = reading.modified(met.end(), inner)
        if not (object_ := other.object.match(reading.text, begun)) or not _is_plain(inner):
            continue
        behind = reading.modified(object_.end(), inner)
        for pattern, is_done in ((other.undone, False), (other.done, True)):
            if (last := pattern.match(reading.text, behind)) and _is_plain(inner):
                within = modifiers.span_of(met) if met["n"] else AFTERWARDS
                steps = match_of(deed.event, said), match_of(other.event, inner)
                yield _after(steps, within, said, is_done=is_done), last.end()


def english(reading: Reading, place: int, deed: Deed, said: Said) -> Iterator[tuple[Node, int]]:
    """One thing after another: "viewed a product then bought within 7 days"."""
    if not (met := _EN_THEN.match(reading.text, place)) or not _is_plain(said):
        return
    for other in DEEDS["en"]:
        for pattern, is_done in ((other.undone, False), (other.done, True)):
            if not (last := pattern.match(reading.text, met.end())):
                continue
            limit = _WITHIN.match(reading.text, last.end())
            within = modifiers.span_of(limit) if limit else AFTERWARDS
            steps = match_of(deed.event, said), match_of(other.event, Said())
            end = (limit or last).end()
            yield _after(steps, within, said, is_done=is_done), end


def english_back(
    reading: Reading, place: int, deed: Deed, said: Said
) -> Iterator[tuple[Node, int]]:
    """The same the other way round: "bought within 7 days after using a coupon"."""
    if not (met := _EN_AFTER.match(reading.text, place)) or not _is_plain(said):
        return
    for other in DEEDS["en"]:
        if last := other.after.match(reading.text, met.end()):
            within = modifiers.span_of(met) if met["n"] else AFTERWARDS
            steps = match_of(other.event, Said()), match_of(deed.event, said)
            yield _after(steps, within, said, is_done=True), last.end()


def _is_plain(said: Said) -> bool:
    """Nothing is said that a step of several could not say; a window is that of them all."""
    return not (said.times or said.spent or said.is_first or said.is_last or said.never
                or said.is_since or said.others)  # fmt: skip


def _after(steps: tuple[Match, Match], within: Span, said: Said, *, is_done: bool) -> Node:
    exact = Span(within.n * _DAYS[within.unit], "day") if within.unit in _DAYS else within
    window = said.window or ANYTIME
    found = Sequence(steps=steps, within=exact, window=window)
    return found if is_done else All(of=(Did(match=steps[0], window=window), Not(of=found)))
