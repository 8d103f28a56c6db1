"""What may come back, for how much, and how the money goes: plain decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from setten.platform import vault
from setten.platform.errors import SettenError
from setten.stock.ledger import Account
from setten.stock.pricing import STANDARD_RATE, TaxLine, taxes
from setten.stock.returns import pieces
from setten.stock.returns.model import (
    CONDITIONS,
    DAYS_MAX,
    LINES_MAX,
    QTY_MAX,
    REASONS,
    TEXT_LENGTH_MAX,
    BadPolicy,
    BadReturn,
    Line,
    MayNotDecide,
    MoreThanSold,
    NewReturn,
    Piece,
    Policy,
    ProofNeeded,
    Purchase,
    ReturnTooLate,
    Sold,
    Tendered,
    TillReturn,
    TooManyReturns,
)

# Where units go by their condition: for sale at once, to be looked at, or nowhere.
TARGETS = {
    "resaleable": Account.on_hand,
    "damaged": Account.quarantine,
    "unusable": Account.shrinkage,
}
CREDIT = "credit"  # a voucher of ours: how goods without proof are paid back
_MONEY_MAX = 10**12
# A card takes back only what it gave; what was never money goes last, so that nobody turns points
# into cash by buying and returning.
_FIRST = ("card", "wallet", "transfer")
_LAST = ("points", "voucher", "coupon", "gift_card", "credit", "exchange")


def lock_key(text: str) -> int:
    """The number under which two returns of one purchase take turns."""
    digest = hashlib.blake2b(f"return {text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def check(new: NewReturn) -> BadReturn | None:
    """Why this cannot be a return at all, or None."""
    if not 1 <= len(new.lines) <= LINES_MAX:
        return BadReturn(why="lines")
    if new.reason not in REASONS:
        return BadReturn(why="reason")
    for one in new.lines:
        if not 1 <= one.qty <= QTY_MAX or one.condition not in CONDITIONS:
            return BadReturn(why="qty" if one.condition in CONDITIONS else "condition")
        if (one.line_no is None) == (one.sku is None):
            return BadReturn(why="line_or_sku")
        if (one.sku is not None) != (new.purchase is None):
            return BadReturn(why="line_or_sku")
        if one.part is not None and one.line_no is None:
            return BadReturn(why="part")
    text = new.override_reason
    if text is not None and not (0 < len(text.strip()) <= TEXT_LENGTH_MAX and "\x00" not in text):
        return BadReturn(why="override_reason")
    if text is not None and vault.holds_card_number(text):
        return BadReturn(why="card_number")
    return None


def check_policy(policy: Policy) -> BadPolicy | None:
    """Why these cannot be the rules of returning, or None."""
    if not 0 <= policy.days <= DAYS_MAX or not 1 <= policy.per_customer_days <= DAYS_MAX:
        return BadPolicy(why="days")
    if not 0 <= policy.per_customer_max <= QTY_MAX:
        return BadPolicy(why="per_customer_max")
    if not 0 <= policy.unproven_max_minor <= _MONEY_MAX:
        return BadPolicy(why="unproven_max")
    return None


def left_of(
    sold: Iterable[tuple[int, str, int, int, Decimal | None]],
    came_back: Iterable[tuple[int | None, str, int, int]],
    *,
    bound: Mapping[str, int] | None = None,
) -> tuple[Sold, ...]:
    """Lines of a purchase with what may still come back of each.

    sold: (line_no, sku, qty, amount, tax rate), only what was sold. came_back: (line_no, sku, qty,
    amount) of all earlier returns. bound: units of a sku that may come back in all, when an order
    and its receipts tell of the same goods; of a corrected receipt the lines may have moved, the
    sum of a sku stays.
    """
    lines = [row for row in sold if row[2] > 0]
    back = list(came_back)
    in_all: dict[str, int] = {}
    for _, sku, qty, _, _ in lines:
        in_all[sku] = in_all.get(sku, 0) + qty
    in_all = {sku: max(qty, (bound or {}).get(sku, qty)) for sku, qty in in_all.items()}
    for _, sku, qty, _ in back:
        in_all[sku] = in_all.get(sku, 0) - qty
    found = []
    for line_no, sku, qty, amount, rate in lines:
        mine = [(q, a) for no, name, q, a in back if (no, name) == (line_no, sku)]
        gone, paid = sum(q for q, _ in mine), sum(a for _, a in mine)
        left = max(0, min(qty - gone, in_all[sku]))
        in_all[sku] -= left
        found.append(
            Sold(line_no=line_no, sku=sku, qty=qty, amount_minor=amount, tax_rate=rate,
                 can_return=left, came_back=gone, amount_back=paid)
        )  # fmt: skip
    return tuple(found)


def amount_of(line: Sold | Piece, qty: int, before: int = 0) -> int:
    """What had been paid for the next `qty` units of a line, or of a part of its set, after
    `before` more of this return.

    Rounded so that all units together give back exactly what the line cost.
    """
    first = line.came_back + before
    upto = line.amount_minor * (first + qty) // line.qty
    return upto - line.amount_minor * first // line.qty


def lines_of(new: NewReturn, purchase: Purchase) -> list[Line]:
    """The lines of a return of a known purchase, with money. Raises MoreThanSold, BadReturn."""
    sold = {one.line_no: one for one in purchase.lines}
    taken: dict[tuple[int, str], int] = {}
    found, over = [], []
    for number, back in enumerate(new.lines, start=1):
        line = None if back.line_no is None else sold.get(back.line_no)
        if line is None:
            raise BadReturn(why="line_no")
        what = pieces.named(line, back.part)
        if what is None:
            raise BadReturn(why="part")
        key = (line.line_no, what.sku)
        before = taken.get(key, 0)
        taken[key] = before + back.qty
        if taken[key] > what.can_return or not pieces.fits(line, taken):
            over.append({"line_no": line.line_no, "sku": what.sku, "can_return": what.can_return})
        found.append(
            Line(line_no=number, sold_line=line.line_no, sku=what.sku, qty=back.qty,
                 condition=back.condition, amount_minor=amount_of(what, back.qty, before),
                 tax_rate=line.tax_rate)
        )  # fmt: skip
    if over:
        raise MoreThanSold(lines=over)
    return _settled(found, sold, taken)


def _settled(
    found: Sequence[Line], sold: Mapping[int, Sold], taken: Mapping[tuple[int, str], int]
) -> list[Line]:
    """The same, the money of sets made even: in the order of the return."""
    settled = {one.line_no: one for one in found}
    for line_no in {one.sold_line for one in found if one.sold_line is not None}:
        if sold[line_no].pieces:
            rows = [one for one in found if one.sold_line == line_no]
            settled |= {one.line_no: one for one in pieces.settled(sold[line_no], rows, taken)}
    return list(settled.values())


def tax_of(lines: Sequence[Line], *, is_included: bool) -> tuple[TaxLine, ...]:
    """Tax by rate as sold, rounded once for each; amounts with tax."""
    rated = [(one.tax_rate or STANDARD_RATE, one.amount_minor) for one in lines]
    if is_included:
        return taxes(rated)
    sums: dict[Decimal, int] = {}
    for rate, amount in rated:
        sums[rate] = sums.get(rate, 0) + amount
    found = []
    for rate, amount in sorted(sums.items(), reverse=True):
        tax = int(Fraction(amount) * Fraction(rate))
        found.append(TaxLine(rate=rate, amount_minor=amount + tax, tax_minor=tax))
    return tuple(found)


def refusal(
    new: NewReturn,
    policy: Policy,
    *,
    value_minor: int,
    returns_before: int,
    now: datetime,
) -> SettenError | None:
    """Which rule this return breaks, or None. Faulty goods come back whenever they fail."""
    bought_at = new.purchase.bought_at if new.purchase else None
    limit = timedelta(days=policy.days)
    if bought_at is not None and new.reason != "faulty" and now - bought_at > limit:
        return ReturnTooLate(days=policy.days, bought_at=bought_at.isoformat())
    if returns_before >= policy.per_customer_max and new.reason != "faulty":
        return TooManyReturns(returns=returns_before, days=policy.per_customer_days)
    if new.purchase is None and value_minor > policy.unproven_max_minor:
        return ProofNeeded(max_minor=policy.unproven_max_minor)
    return None


def judge(new: NewReturn, broken: SettenError | None, *, may_decide: bool) -> None:
    """Raises what is broken, unless somebody who may decide says why it is taken all the same.

    Goods without proof of purchase always need that somebody.
    """
    if broken is None and new.purchase is not None:
        return
    if new.override_reason is None:
        raise broken or ProofNeeded(max_minor=0)
    if not may_decide:
        raise MayNotDecide()


def refunds(
    tenders: Sequence[Tendered], before: Sequence[Tendered], amount_minor: int
) -> tuple[Tendered, ...]:
    """How money goes back the way it came: no way gets more than it gave.

    before: what went back earlier. What no known way of payment covers goes back as `other`.
    """
    left = amount_minor
    free: dict[str, int] = {}
    for one in tenders:
        free[one.kind] = free.get(one.kind, 0) + one.amount_minor
    for one in before:
        free[one.kind] = free.get(one.kind, 0) - one.amount_minor
    found = []
    for kind in sorted(free, key=_turn):
        part = min(left, max(0, free[kind]))
        if part:
            found.append(Tendered(kind, part))
            left -= part
    return (*found, Tendered("other", left)) if left else tuple(found)


def _turn(kind: str) -> tuple[int, str]:
    return (0 if kind in _FIRST else 2 if kind in _LAST else 1), kind


# Why nobody knows of which purchase a till took something back: none that fits, several, sold too
# often to tell, the receipt that it named is not known; or that purchase has nothing left to come
# back, was cheaper, or does not have it: somebody should look.
WHYS = ("none", "many", "often", "said_unknown", "more_than_sold", "more_money", "not_sold",
        "before", "other_currency")  # fmt: skip


def wrong_purchase(back: TillReturn, bought: Purchase) -> str | None:
    """Why a till's return cannot be of this purchase, or None. No more money than was paid."""
    lines = [one for one in bought.lines if one.sku == back.sku]
    parts = [(line, one) for line in bought.lines for one in line.pieces if one.sku == back.sku]
    if not lines and not parts:
        return "not_sold"
    if bought.currency != back.currency:
        return "other_currency"
    if bought.bought_at > back.at:
        return "before"
    can_return = sum(one.can_return for one in lines) + sum(one.can_return for _, one in parts)
    if can_return < back.qty:
        return "more_than_sold"
    # The dearest units: a till does not say from which line it takes, nor what a part of a set was
    # worth; but nobody paid more for it than for the set.
    worth = [-(-one.amount_minor * back.qty // one.qty) for one in lines]
    worth += [line.amount_minor - line.amount_back for line, _ in parts]
    return "more_money" if back.amount_minor > max(worth) else None


def same_price(back: TillReturn, bought: Purchase) -> bool:
    """Whether a unit cost there exactly what a unit was given back for."""
    return any(
        one.amount_minor * back.qty == back.amount_minor * one.qty
        for line in bought.lines
        for one in pieces.all_of(line)
        if one.sku == back.sku
    )


def only_one(back: TillReturn, found: Sequence[Purchase]) -> Purchase | str:
    """The one purchase that this can be of, at the price that was given back; else why not."""
    fit = [one for one in found if wrong_purchase(back, one) is None and same_price(back, one)]
    if len(fit) == 1:
        return fit[0]
    return "many" if fit else "none"
