"""Forecasts on plain files: CSV in, CSV out, no database."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from setten.customers.predictions.forecasts import HORIZON_DAYS_MAX, forecast
from setten.platform.errors import Invalid

COLUMNS = ("customer", "date", "value")
TOLD = ("customer", "expected_purchases", "p_active", "expected_value")
ROWS_MAX = 50_000_000  # some gigabytes of memory; a business with more has a database
_DECIMALS = 6
_DAY_S = 86_400
_FORMULA = r"^[=+\-@＝＋－＠\t\r\n]"
_NUMBER = r"^[+-]?[0-9.]+$"


class BadPurchases(Invalid):
    """The file cannot be read as purchases."""

    code = "bad_purchases_file"


class BadHorizon(Invalid):
    """The horizon is none that can be forecast."""

    code = "bad_horizon"


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file. later: purchases after `until`, not looked at. returns: below 0."""

    rows: int
    later: int
    returns: int
    customers: int
    expected_purchases: float
    expected_value: float


def predict(purchases: Path, out: Path, *, until: date, horizon_days: int) -> Predicted:
    """Forecast what each customer of a file will do in the days after `until`.

    purchases: CSV with the columns customer, date (ISO, with or without a time), value. out: CSV
    with customer, expected_purchases, p_active, expected_value, in the order of customers' first
    lines. Raises BadPurchases, BadHorizon, TooFewPurchases.
    """
    if not 1 <= horizon_days <= HORIZON_DAYS_MAX:
        raise BadHorizon(most=HORIZON_DAYS_MAX)
    table = _read(purchases)
    names = table["customer"].combine_chunks().dictionary_encode()
    people = _plain(names.indices, np.int32).astype(np.int64)
    days = _plain(table["date"].combine_chunks(), np.int64) // _DAY_S
    values = _plain(table["value"].combine_chunks(), np.float64)
    last = int(np.datetime64(until, "D").astype(np.int64))
    found = forecast(people, days, values, until=last, horizon_days=horizon_days)
    told = [
        _safe(names.dictionary.take(_column(found.people, pa.int64()))),
        *(
            _column(np.round(one, _DECIMALS), pa.float64())
            for one in (found.purchases, found.active, found.value)
        ),
    ]
    pa.csv.write_csv(
        pa.Table.from_arrays(told, names=list(TOLD)),
        out,
        pa.csv.WriteOptions(quoting_style="needed"),
    )
    return Predicted(
        rows=len(table),
        later=int(np.count_nonzero(days > last)),
        returns=int(np.count_nonzero((values < 0) & (days <= last))),
        customers=len(found.people),
        expected_purchases=float(found.purchases.sum()),
        expected_value=float(np.sum(found.value)),
    )


def _plain(column: pa.Array, kind: type[np.generic]) -> NDArray[Any]:
    """Numbers without gaps, as they lie in memory. (arrow's own way looks for pandas first, which
    where it is there takes longer to load than a million rows.)
    """
    if not len(column):
        return np.zeros(0, dtype=kind)
    whole = np.frombuffer(column.buffers()[1], dtype=kind)
    return whole[column.offset : column.offset + len(column)]


def _column(numbers: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """The other way round."""
    lying = pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(kind, len(numbers), [None, lying])


def _read(purchases: Path) -> pa.Table:
    types = {"customer": pa.string(), "date": pa.timestamp("s"), "value": pa.float64()}
    try:
        table = pa.csv.read_csv(
            purchases,
            convert_options=pa.csv.ConvertOptions(
                column_types=types, include_columns=list(COLUMNS), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as cause:
        raise BadPurchases(columns=", ".join(COLUMNS), why=_why(cause)) from cause
    if len(table) > ROWS_MAX:
        raise BadPurchases(columns=", ".join(COLUMNS), why=f"> {ROWS_MAX} rows")
    lacking = [name for name in COLUMNS if table[name].null_count]
    if lacking or not pc.all(pc.is_finite(table["value"]), min_count=0).as_py():
        raise BadPurchases(columns=", ".join(COLUMNS), why=", ".join(lacking or ["value"]))
    return table


def _safe(names: pa.Array) -> pa.Array:
    """Names that no spreadsheet takes for a formula; a number stays as it is."""
    is_risky = pc.and_not(
        pc.match_substring_regex(names, _FORMULA), pc.match_substring_regex(names, _NUMBER)
    )
    if not pc.any(is_risky).as_py():
        return names
    quoted = pc.binary_join_element_wise("'", names, "")
    return pc.if_else(is_risky, quoted, names)


def _why(cause: Exception) -> str:
    """The reader's own words, without what a cell said: it may be a person's."""
    return str(cause).split(": invalid value")[0].splitlines()[0][:200]
