"""The roll-forward of MRR and of customers, month by month."""

from __future__ import annotations

import polars as pl

from clv_cli.errors import DataError
from clv_cli.measures.mrr_balances import in_base, summed_by_currency, visible
from clv_cli.measures.mrr_kinds import COUNTS
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.periods import month_of, month_text
from clv_cli.pipeline import Scope, derived

__all__ = ["COUNTS", "mrr_months"]

ALL_COUNTS = (*COUNTS, "customers_paused")


@derived("mrr_month_sums", mrr_movements, by_customer=True)
def mrr_month_sums(_: Scope, movements: pl.DataFrame) -> pl.DataFrame:
    """What moved in each month, over all customers?

    Returns:
        `month`, in no order, and again where customers are summed some at a time; the seven movements
        (Int64 MRR units of the base currency) and the counts of customers.
    """
    return _summed(movements)


@derived("mrr_month_levels", mrr_spans, by_customer=True)
def mrr_month_levels(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """By how much does the MRR of all customers change in each currency, straight from the levels?

    Returns:
        `currency, month`, in no order, and again where customers are summed some at a time; the changes
        of `mrr` and, where lines carry rates, `base`; `begun`: how many levels begin.
    """
    seen = visible(scope, spans)
    values = [name for name in ("mrr", "base") if name in spans.columns]
    one = pl.lit(1, pl.Int64)
    up = seen.select("currency", *values, month="from_month", begun=one)
    down = seen.select("currency", *(-pl.col(v) for v in values), month="to_month", begun=one - 1)
    return summed_by_currency(pl.concat([up, down]), *values, "begun")


@derived("mrr_months", mrr_month_sums, mrr_month_levels)
def mrr_months(scope: Scope, moved: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """How did MRR and the number of customers roll forward?

    Returns:
        One row a month, from the first with data to that of `as_of`: `month, opening`, the seven
        movements, `closing` (Int64 MRR units of the base currency), `customers_opening,
        customers_new, customers_churned, customers_reactivated, customers_paused` (paused less
        resumed), `customers_closing`.

    Raises:
        DataError: opening and movements do not sum to the MRR of the lines.
    """
    months = pl.DataFrame({"month": _months(scope, changes)}, schema={"month": pl.Int32})
    rows = months.join(_summed(moved), on="month", how="left").fill_null(0).sort("month")
    net = pl.sum_horizontal(MOVEMENTS)
    gained, lost = ALL_COUNTS[0:3:2], ALL_COUNTS[1:4:2]
    won = pl.sum_horizontal(gained) - pl.sum_horizontal(lost)
    rolled = rows.with_columns(closing=net.cum_sum(), customers_closing=won.cum_sum()).with_columns(
        opening=pl.col("closing") - net, customers_opening=pl.col("customers_closing") - won
    )
    _require_identity(scope, rolled, changes)
    return rolled.select(
        "month",
        "opening",
        *MOVEMENTS,
        "closing",
        "customers_opening",
        *ALL_COUNTS,
        "customers_closing",
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("month").agg(
        *(pl.col(name).cast(pl.Int128).sum().cast(pl.Int64) for name in MOVEMENTS),
        pl.col(ALL_COUNTS).sum(),
    )


def _months(scope: Scope, changes: pl.DataFrame) -> list[int]:
    """From the first month with an issued line or with service, to that of `as_of`."""
    if not scope.book.lines.rows:
        return []
    first = month_of(scope.book.lines.first_issued)
    served = changes.filter(pl.col("begun") > 0)["month"].min()
    return list(range(min(first, served) if isinstance(served, int) else first, scope.closing + 1))


def _require_identity(scope: Scope, rolled: pl.DataFrame, changes: pl.DataFrame) -> None:
    """The closing that movements lead to must be the MRR of the lines, summed independently.

    Foreign levels are converted customer by customer there and in one sum here: each may differ by
    one unit (1/55,440 of a minor unit). In the base currency nothing may differ.
    """
    slack = changes.filter(pl.col("currency") != scope.currency)["begun"].sum()
    by_currency = _by_currency(changes)
    grid = rolled.select("month").join(changes.select("currency").unique(), how="cross")
    levels = grid.sort("month").join_asof(
        by_currency.sort("month"),
        on="month",
        by="currency",
        check_sortedness=False,
    )
    values = in_base(scope, levels.filter(pl.col("mrr") != 0))
    totals = dict(values.group_by("month").agg(pl.col("value").sum()).iter_rows())
    for month, closing in rolled.select("month", "closing").iter_rows():
        if abs(closing - totals.get(month, 0)) > slack:
            raise DataError(
                f"the MRR movements of {month_text(month)} do not lead to the MRR of its lines",
                where=f"MRR units: {closing} moved, {totals.get(month, 0)} on the lines",
                hint="please report this: it is a bug, and no figure of this run can be trusted",
            )


def _by_currency(changes: pl.DataFrame) -> pl.DataFrame:
    """The MRR of all customers in each currency, from each month in which it changes."""
    values = [name for name in ("mrr", "base") if name in changes.columns]
    return (
        summed_by_currency(changes, *values)
        .sort("currency", "month")
        .with_columns(pl.col(value).cum_sum().over("currency") for value in values)
    )
