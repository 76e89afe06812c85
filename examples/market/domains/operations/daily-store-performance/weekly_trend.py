"""Stores by week: revenue, the change against the week before, and the rank among all stores of that week.

A Python transformation: one `pyarrow.Table` for each input port named in the signature, one table back.
"""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc


def weekly_trend(sales: pa.Table) -> pa.Table:
    week = pc.floor_temporal(sales["transaction_timestamp"], unit="week").cast(pa.date32())
    # cents, because a sum of whole numbers does not depend on the order in which lines are read
    cents = pc.round(pc.multiply(sales["sales_value"], 100)).cast(pa.int64())
    lines = pa.table({"store_id": sales["store_id"], "week_start": week, "cents": cents, "basket": sales["basket_id"]})
    weeks = lines.group_by(["store_id", "week_start"]).aggregate([("cents", "sum"), ("basket", "count_distinct")])
    weeks = weeks.sort_by([("week_start", "ascending"), ("cents_sum", "descending"), ("store_id", "ascending")])
    stores, starts = weeks["store_id"].to_pylist(), weeks["week_start"].to_pylist()
    sums = weeks["cents_sum"].to_pylist()
    revenue_of = dict(zip(zip(stores, starts, strict=True), sums, strict=True))
    changes, ranks = [], []
    for store, start, cents_sum in zip(stores, starts, sums, strict=True):
        before = revenue_of.get((store, start - timedelta(days=7)))
        changes.append(round(100 * (cents_sum - before) / before, 1) if before else None)
        ranks.append(ranks[-1] + 1 if ranks and starts[len(ranks) - 1] == start else 1)
    return pa.table(
        {
            "store_id": weeks["store_id"],
            "week_start": weeks["week_start"],
            "revenue": pc.divide(weeks["cents_sum"].cast(pa.float64()), 100.0),
            "baskets": weeks["basket_count_distinct"],
            "change_percent": pa.array(changes, pa.float64()),
            "rank": pa.array(ranks, pa.int64()),
        }
    )
