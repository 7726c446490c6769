"""The roll-forward of MRR and of customers, month by month."""

from __future__ import annotations

import polars as pl

from clv_cli.errors import DataError
from clv_cli.measures.fx import at_month_end, convert
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements, visible
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.periods import month_of, month_text
from clv_cli.pipeline import Scope, derived

COUNTS = {
    "customers_new": "new",
    "customers_churned": "churn",
    "customers_reactivated": "reactivation",
}


@derived("mrr_months", mrr_movements, mrr_spans)
def mrr_months(scope: Scope, movements: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """How did MRR and the number of customers roll forward?

    Returns:
        One row a month, from the first with data to that of `as_of`: `month, opening`, the six
        movements, `closing` (Int64 MRR units of the base currency), `customers_opening,
        customers_new, customers_churned, customers_reactivated, customers_closing`.

    Raises:
        DataError: opening and movements do not sum to the MRR of the lines.
    """
    months = pl.DataFrame({"month": _months(scope, spans)}, schema={"month": pl.Int32})
    sums = movements.group_by("month").agg(
        *(pl.col(name).cast(pl.Int128).sum().cast(pl.Int64) for name in MOVEMENTS),
        *((pl.col(name) != 0).sum().cast(pl.Int64).alias(count) for count, name in COUNTS.items()),
    )
    rows = months.join(sums, on="month", how="left").fill_null(0).sort("month")
    net = pl.sum_horizontal(MOVEMENTS)
    won = pl.col("customers_new") + pl.col("customers_reactivated") - pl.col("customers_churned")
    rolled = rows.with_columns(closing=net.cum_sum(), customers_closing=won.cum_sum()).with_columns(
        opening=pl.col("closing") - net, customers_opening=pl.col("customers_closing") - won
    )
    _require_identity(scope, rolled, spans)
    return rolled.select(
        "month",
        "opening",
        *MOVEMENTS,
        "closing",
        "customers_opening",
        *COUNTS,
        "customers_closing",
    )


def _months(scope: Scope, spans: pl.DataFrame) -> list[int]:
    """From the first month with an issued line or with service, to that of `as_of`."""
    if not scope.book.lines.rows:
        return []
    first = month_of(scope.book.lines.first_issued)
    served = visible(scope, spans)["from_month"].to_list()
    return list(range(min([first, *served]), scope.closing + 1))


def _require_identity(scope: Scope, rolled: pl.DataFrame, spans: pl.DataFrame) -> None:
    """The closing that movements lead to must be the MRR of the lines, summed independently.

    Foreign levels are converted customer by customer there and in one sum here: each may differ by
    one unit (1/55,440 of a minor unit). In the base currency nothing may differ.
    """
    seen = visible(scope, spans)
    slack = seen.filter(pl.col("currency") != scope.currency).height
    by_currency = _by_currency(seen)
    grid = rolled.select("month").join(seen.select("currency").unique(), how="cross")
    levels = grid.sort("month").join_asof(
        by_currency.select("currency", "month", "mrr").sort("month"),
        on="month",
        by="currency",
        check_sortedness=False,
    )
    values = at_month_end(scope, levels.filter(pl.col("mrr") != 0)).with_columns(
        value=convert(pl.col("mrr"), pl.col("multiplier"), pl.col("divisor"))
    )
    totals = dict(values.group_by("month").agg(pl.col("value").sum()).iter_rows())
    for month, closing in rolled.select("month", "closing").iter_rows():
        if abs(closing - totals.get(month, 0)) > slack:
            raise DataError(
                f"the MRR movements of {month_text(month)} do not lead to the MRR of its lines",
                where=f"MRR units: {closing} moved, {totals.get(month, 0)} on the lines",
                hint="please report this: it is a bug, and no figure of this run can be trusted",
            )


def _by_currency(spans: pl.DataFrame) -> pl.DataFrame:
    """The MRR of all customers in each currency, from each month in which it changes."""
    up = spans.select("currency", month="from_month", delta="mrr")
    down = spans.select("currency", month="to_month", delta=-pl.col("mrr"))
    return (
        pl.concat([up, down])
        .group_by("currency", "month")
        .agg(pl.col("delta").cast(pl.Int128).sum().cast(pl.Int64))
        .sort("currency", "month")
        .with_columns(mrr=pl.col("delta").cum_sum().over("currency"))
    )
