"""Amounts as whole minor units of their currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

# ISO 4217: currencies whose minor unit is not a hundredth.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
# Far above any purchase and far below what a bigint holds, so that sums stay safe.
MINOR_MAX = 10**15
_DIGITS_MAX = 20  # 1e999999999 is a number too; it must not be written out


def decimals(currency: str) -> int:
    """How many decimal places the currency has."""
    return _DECIMALS.get(currency, 2)


def to_minor(amount: Any, currency: str) -> int | None:
    """A number or a numeric string in major units as minor units, halves rounded up.

    None for what is no amount, or is beyond MINOR_MAX.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | str | Decimal):
        return None
    if isinstance(amount, int):
        whole = amount * 10 ** decimals(currency) if abs(amount) < MINOR_MAX else MINOR_MAX
    else:
        try:
            exact = Decimal(str(amount).strip().replace(",", ""))
        except InvalidOperation:
            return None
        if not exact.is_finite() or exact.adjusted() > _DIGITS_MAX:
            return None
        if exact.adjusted() < -_DIGITS_MAX:
            return 0
        scaled = exact.scaleb(decimals(currency))
        whole = int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return whole if abs(whole) < MINOR_MAX else None
