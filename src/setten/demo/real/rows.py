"""The published tills, read as columns: moved in time, put on the clocks of the shops, added up.

The package says its moments in UTC, without a zone: shops are fullest at 22:00 by them, which is
17:00 where they stand. So evenings would belong to the next day of business.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from setten.demo.real.year import TIMEZONE

TILLS = "transactions.parquet"
AT = "transaction_timestamp"
_AT_ONCE = 50_000  # rows; an import tells how far it is by such pieces
_QTY_MAX = 100  # beyond it quantities are weights and gallons, which have no price a piece


def write_tills(tables: Path, file: Path, *, moved: timedelta, until: datetime) -> None:
    """The lines that are earlier than a moment of the moved year, as they are published.

    Their moments say their zone: by the clock of another year an hour more may be summer's.
    """
    with pq.ParquetFile(tables / TILLS) as source:
        schema = source.schema_arrow
        where, local = schema.get_field_index(AT), pa.timestamp("us", tz=TIMEZONE)
        schema = schema.set(where, pa.field(AT, local))
        with pq.ParquetWriter(file, schema) as out:
            for table in _moved(source, moved):
                past = table.filter(pc.less(table[AT], _moment(until)))
                if past.num_rows:
                    at = pc.assume_timezone(
                        past[AT], TIMEZONE, ambiguous="earliest", nonexistent="latest"
                    )
                    out.write_table(past.set_column(where, AT, at).cast(schema))


def baskets_since(
    tables: Path, *, moved: timedelta, since: datetime
) -> Iterator[list[dict[str, Any]]]:
    """The lines of each basket that is not earlier than a moment, in the order of time."""
    with pq.ParquetFile(tables / TILLS) as source:
        some = [one.filter(pc.greater_equal(one[AT], _moment(since)))
                for one in _moved(source, moved)]  # fmt: skip
    found = pa.concat_tables(some).sort_by([(AT, "ascending"), ("basket_id", "ascending")])
    basket: list[dict[str, Any]] = []
    for row in (row for batch in found.to_batches(_AT_ONCE) for row in batch.to_pylist()):
        if basket and row["basket_id"] != basket[0]["basket_id"]:
            yield basket
            basket = []
        basket.append(row)
    if basket:
        yield basket


def sold_since(
    tables: Path, *, moved: timedelta, since: datetime
) -> Iterator[tuple[int, int, int]]:
    """(shop, product, pieces) of what was sold since a moment, and is yet to be."""
    columns = ["store_id", "product_id", "quantity", AT]
    with pq.ParquetFile(tables / TILLS) as source:
        some = [one.filter(pc.greater_equal(one[AT], _moment(since))).drop_columns([AT])
                for one in _moved(source, moved, columns)]  # fmt: skip
    sums = pa.concat_tables(some).group_by(["store_id", "product_id"])
    found = sums.aggregate([("quantity", "sum")])
    found = found.sort_by([("store_id", "ascending"), ("product_id", "ascending")])
    for batch in found.to_batches():
        for row in batch.to_pylist():
            yield row["store_id"], row["product_id"], int(row["quantity_sum"])


def shops(tables: Path) -> list[int]:
    """The numbers of all shops."""
    with pq.ParquetFile(tables / TILLS) as source:
        found = pc.unique(source.read(["store_id"])["store_id"])
    return sorted(found.to_pylist())


def prices(tables: Path) -> dict[int, float]:
    """The price on the shelf of each product when a piece of it was sold last, in dollars."""
    columns = ["product_id", "quantity", "sales_value", "retail_disc", "coupon_match_disc", AT]
    with pq.ParquetFile(tables / TILLS) as source:
        sold = source.read(columns)
    is_by_piece = pc.and_(pc.greater(sold["quantity"], 0), pc.less(sold["quantity"], _QTY_MAX))
    sold = sold.filter(is_by_piece).sort_by(AT)
    whole = pc.add(pc.add(sold["sales_value"], sold["retail_disc"]), sold["coupon_match_disc"])
    each = pc.round(pc.divide(whole, pc.cast(sold["quantity"], pa.float64())), 2)
    last = pa.table({"sku": sold["product_id"], "each": each})
    found = last.group_by("sku", use_threads=False).aggregate([("each", "last")])
    pairs = zip(found["sku"].to_pylist(), found["each_last"].to_pylist(), strict=True)
    return {sku: price for sku, price in pairs if price > 0}


def _moved(source: Any, moved: timedelta, columns: list[str] | None = None) -> Iterator[Any]:
    for batch in source.iter_batches(_AT_ONCE, columns=columns):
        table = pa.table(batch)
        there = pc.assume_timezone(table[AT].cast(pa.timestamp("us")), "UTC")
        local = pc.local_timestamp(there.cast(pa.timestamp("us", tz=TIMEZONE)))
        at = pc.add(local, pa.scalar(moved, pa.duration("us")))
        yield table.set_column(table.schema.get_field_index(AT), AT, at)


def _moment(at: datetime) -> Any:
    return pa.scalar(at, pa.timestamp("us"))
