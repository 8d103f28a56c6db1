"""Which places send what, and how an order stands: plain decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from setten.stock.fulfilments.model import (
    NEXT,
    PARCELS_MAX,
    Candidate,
    Excluded,
    Fulfilment,
    Line,
    Sender,
    Share,
    Want,
)

# Sets of three among so many are some hundreds; the others cover less or lie farther.
_WEIGHED_MAX = 12
_UNKNOWN_KM = 1e6  # a place without a point is asked after all that have one


def why_not(
    sender: Sender,
    *,
    km: float | None,
    is_closed: bool,
    waiting: int,
    rejected: frozenset[str],
    has_service: bool,
    now: datetime,
) -> str | None:
    """Why a place is not even asked, or None."""
    if not sender.ships:
        return "not_shipping"
    if sender.location_id in rejected:
        return "rejected"
    if sender.paused_until is not None and sender.paused_until > now:
        return "paused"
    if is_closed:
        return "closed"
    if not has_service:
        return "no_service"
    if sender.max_km is not None and km is not None and km > sender.max_km:
        return "too_far"
    if sender.open_max is not None and waiting >= sender.open_max:
        return "busy"
    return None


def choose(wants: Sequence[Want], candidates: Sequence[Candidate]) -> tuple[Share, ...] | None:
    """Who sends what: the fewest parcels first, then rank, then the way; None when it cannot be.

    One place that has everything always wins over two that are nearer; more than PARCELS_MAX are
    never asked.
    """
    need: dict[str, int] = {}
    for want in wants:
        need[want.sku] = need.get(want.sku, 0) + want.qty
    able = sorted((one for one in candidates if _cover(need, one)), key=lambda c: _order(need, c))
    for size in range(1, PARCELS_MAX + 1):
        fits = [few for few in combinations(able[:_WEIGHED_MAX], size) if _fits(need, few)]
        if fits:
            return _share(wants, min(fits, key=_cost))
    return None


def _cover(need: Mapping[str, int], place: Candidate) -> int:
    return sum(min(qty, place.free.get(sku, 0)) for sku, qty in need.items())


def _order(need: Mapping[str, int], place: Candidate) -> tuple[int, int, float, str]:
    return (-_cover(need, place), place.rank, _way(place), place.location_id)


def _way(place: Candidate) -> float:
    return _UNKNOWN_KM if place.km is None else place.km


def _fits(need: Mapping[str, int], few: Sequence[Candidate]) -> bool:
    return all(
        sum(max(0, place.free.get(sku, 0)) for place in few) >= qty for sku, qty in need.items()
    )


def _cost(few: Sequence[Candidate]) -> tuple[int, float, tuple[str, ...]]:
    return (
        sum(place.rank for place in few),
        sum(_way(place) for place in few),
        tuple(place.location_id for place in few),
    )


def _share(wants: Sequence[Want], few: Sequence[Candidate]) -> tuple[Share, ...]:
    """Units by line from the places in turn: whoever covers most gives first."""
    free = {(sku, one.location_id): qty for one in few for sku, qty in one.free.items()}
    shares = []
    for want in wants:
        left = want.qty
        for place in few:
            part = min(left, free.get((want.sku, place.location_id), 0))
            if part > 0:
                free[want.sku, place.location_id] -= part
                left -= part
                shares.append(Share(want.line_no, want.sku, place.location_id, part))
    return tuple(sorted(shares, key=lambda one: (_turn(few, one), one.line_no)))


def _turn(few: Sequence[Candidate], share: Share) -> int:
    return next(i for i, place in enumerate(few) if place.location_id == share.location_id)


def lacking(
    wants: Sequence[Want], candidates: Sequence[Candidate]
) -> list[dict[str, str | int | None]]:
    """What the places that may send lack together, as `not_enough_stock` tells it."""
    need: dict[str, int] = {}
    for want in wants:
        need[want.sku] = need.get(want.sku, 0) + want.qty
    short: list[dict[str, str | int | None]] = []
    for sku, qty in need.items():
        # As few parcels as may be are counted: what lies in a fourth place is of no use.
        best = sorted((max(0, one.free.get(sku, 0)) for one in candidates), reverse=True)
        have = sum(best[:PARCELS_MAX])
        if have < qty:
            short.append({"sku": sku, "location_id": None, "wanted": qty, "available": have})
    return short


def without_stock(
    wants: Sequence[Want], candidates: Iterable[Candidate], there: Mapping[str, int]
) -> list[Excluded]:
    """Places that may send and have none of it to promise. there: units that lie at each."""
    need = {want.sku: want.qty for want in wants}
    return [
        Excluded(one.location_id, "promised" if there.get(one.location_id, 0) > 0 else "no_stock")
        for one in candidates
        if not _cover(need, one)
    ]


# What the hold behind a part says of it.
_PICKUP = {
    "held": "routed",
    "ready": "ready",
    "collected": "handed_over",
    "released": "cancelled",
    "expired": "not_collected",
    "short": "short",
}


def state_now(state: str, way: str, hold_state: str | None) -> str:
    """How a part stands, from its own steps and from the hold that keeps its goods.

    Of a pickup the counter's hold is the truth. Of a sent part a hold that fell short before it
    left says that its goods are gone.
    """
    if hold_state is None or state in ("rejected", "cancelled", "waiting", "shipped", "delivered"):
        return state
    if way == "pickup":
        told = _PICKUP[hold_state]
        return state if told == "routed" and state == "accepted" else told
    if hold_state in ("short", "expired"):
        return "short"
    return "cancelled" if hold_state == "released" else state


def lines_for(
    ordered: Sequence[tuple[int, str, int]], goods: Sequence[tuple[str, int]]
) -> list[Line]:
    """Which lines of an order the goods of a hold are for.

    ordered: (line_no, sku, units not yet in a part). Goods that no line names are of a set.
    """
    left = {line_no: qty for line_no, _, qty in ordered}
    found = []
    for sku, qty in goods:
        for line_no, name, _ in ordered:
            part = min(qty, left[line_no]) if name == sku else 0
            if part > 0:
                left[line_no] -= part
                qty -= part
                found.append(Line(line_no, sku, part))
        if qty > 0:
            found.append(Line(0, sku, qty))
    return found


def may_step(state: str, wanted: str) -> bool:
    """Whether a sent part may go from one state to another."""
    return wanted in NEXT.get(state, frozenset())


# How far a part is for its customer; the least of all parts is how far the order is.
_FAR = {
    "waiting": "waiting",
    "short": "waiting",
    "routed": "preparing",
    "accepted": "preparing",
    "picked": "preparing",
    "packed": "preparing",
    "ready": "ready",
    "shipped": "shipped",
    "delivered": "done",
    "handed_over": "done",
}


def standing(parts: Sequence[Fulfilment], *, is_cancelled: bool) -> str:
    """One word for the whole order: waiting, preparing, ready, shipped, partly, done,
    not_collected or cancelled. Parts that others took the place of do not count."""
    if is_cancelled:
        return "cancelled"
    far = [_FAR[one.state] for one in parts if one.state in _FAR]
    if not far:
        gone = any(one.state == "not_collected" for one in parts)
        return "not_collected" if gone else "cancelled" if parts else "preparing"
    if "waiting" in far:
        return "waiting"
    if set(far) == {"done"}:
        return "done"
    if "done" in far or ("shipped" in far and set(far) != {"shipped"}):
        return "partly"
    return "preparing" if "preparing" in far else far[0] if len(set(far)) == 1 else "ready"
