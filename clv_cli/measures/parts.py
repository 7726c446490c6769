"""The parts that formulas are made of, each with the ledger rows that sum to it.

A part is a sum over customers (or over cost rows) at a month or over a window. Whatever is computed
from parts can be made of several months, cut by segment, and taken apart down to its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.measures.series import minor, roll_forward
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.periods import Period
    from clv_cli.pipeline import Collected

LEDGER = {"customer_id": pl.String, "note": pl.String, "units": pl.Int64}
_COUNTED = {"new": "customers_new", "churn": "customers_churned"}


def ledger(frames: Collected, rows: pl.DataFrame, units: str, note: pl.Expr) -> pl.DataFrame:
    """Rows by `code` as ledger rows, the largest first.

    Args:
        frames: of the run.
        rows: with `code`, and the columns that `units` and `note` read.
        units: the column that is summed.
        note: a text beside each row.
    """
    named = rows.join(frames.scope.book.codes, on="code", how="left")
    return _sorted(named.select("customer_id", note.alias("note"), pl.col(units).alias("units")))


def unnamed(rows: pl.DataFrame, units: str, note: pl.Expr) -> pl.DataFrame:
    """Rows without a customer as ledger rows, the largest first."""
    nobody = pl.lit(None, pl.String).alias("customer_id")
    return _sorted(rows.select(nobody, note.alias("note"), pl.col(units).alias("units")))


def mrr(frames: Collected, month: int, label: str = "MRR", key: str = "mrr") -> Input:
    """MRR at a month's end."""
    value = minor(roll_forward(frames)[month]["closing"])
    return Input(label, Kind.MONEY, value, key, Over.LAST, lambda: levels(frames, month), MRR_UNITS)


def opening_mrr(frames: Collected, month: int) -> Input:
    """MRR at the end of the month before."""
    value = minor(roll_forward(frames)[month]["opening"])
    rows = lambda: levels(frames, month - 1)  # noqa: E731 - a closure is what it is
    return Input("opening MRR", Kind.MONEY, value, "opening_mrr", Over.FIRST, rows, MRR_UNITS)


def customers(frames: Collected, month: int) -> Input:
    """Customers with MRR at a month's end."""
    value = roll_forward(frames)[month]["customers_closing"]
    rows = lambda: counted(frames, month)  # noqa: E731
    return Input("customers", Kind.COUNT, value, "customers", Over.LAST, rows)


def opening_customers(frames: Collected, month: int) -> Input:
    """Customers with MRR at the end of the month before."""
    value = roll_forward(frames)[month]["customers_opening"]
    rows = lambda: counted(frames, month - 1)  # noqa: E731
    label = "customers at the opening"
    return Input(label, Kind.COUNT, value, "opening_customers", Over.FIRST, rows)


def moved(
    frames: Collected, months: Sequence[int], name: str, label: str = "", key: str = ""
) -> Input:
    """A movement of MRR, summed over months."""
    rolled = roll_forward(frames)
    value = minor(sum(rolled[m][name] for m in months if m in rolled))
    rows = lambda: movement_rows(frames, months, name)  # noqa: E731
    return Input(label or name, Kind.MONEY, value, key or name, Over.SUM, rows, MRR_UNITS)


def customers_moved(
    frames: Collected, months: Sequence[int], name: str, label: str, key: str
) -> Input:
    """How many customers were won (`new`) or lost (`churn`) over months."""
    rolled = roll_forward(frames)
    value = sum(rolled[m][_COUNTED[name]] for m in months if m in rolled)
    rows = lambda: movement_rows(frames, months, _COUNTED[name])  # noqa: E731
    return Input(label, Kind.COUNT, value, key, Over.SUM, rows)


def served(frames: Collected, window: Period, label: str, key: str, shift: int = 0) -> Input:
    """Customer months: the customers at each month's end of a window, or (`shift` -1) its start."""
    rolled, column = roll_forward(frames), ("customers_opening" if shift else "customers_closing")
    months = [m for m in window.months if m in rolled]
    value = sum(rolled[m][column] for m in months)
    empty = pl.DataFrame(schema=LEDGER)
    rows = lambda: pl.concat([empty, *(counted(frames, m + shift) for m in months)])  # noqa: E731
    return Input(label, Kind.COUNT, value, key, Over.LAST, rows)


def billed(frames: Collected, window: Period, value: int, label: str, key: str) -> Input:
    """Billed revenue of a window."""
    rows = lambda: billed_rows(frames, window)  # noqa: E731
    return Input(label, Kind.MONEY, value, key, Over.LAST, rows)


def cost(
    frames: Collected, window: Period, categories: Sequence[str], value: int, named: tuple[str, str]
) -> Input:
    """Service costs of some categories in a window, under a label and a key."""
    wanted = within(window) & pl.col("category").is_in(categories)
    rows = lambda: _cost_rows(frames[service_costs].filter(wanted))  # noqa: E731
    return Input(named[0], Kind.MONEY, value, named[1], Over.LAST, rows)


def spent(frames: Collected, window: Period, value: int, label: str) -> Input:
    """Acquisition spend of a window."""

    def rows() -> pl.DataFrame:
        found = frames[acquisition_spend].filter(within(window))
        if not frames.scope.settings.cac.fully_loaded:
            found = found.filter(pl.col("category") == "marketing")
        return _cost_rows(found)

    return Input(label, Kind.MONEY, value, "spend", Over.LAST, rows)


def levels(frames: Collected, month: int, rates: int | None = None) -> pl.DataFrame:
    """Each customer's MRR at a month's end."""
    found = mrr_at(frames, month, rates).filter(pl.col("mrr") != 0)
    return ledger(frames, found, "mrr", pl.lit(month_text(month)))


def counted(frames: Collected, month: int) -> pl.DataFrame:
    """Each customer with MRR at a month's end, as 1."""
    paying = mrr_at(frames, month).filter(pl.col("mrr") > 0).with_columns(one=pl.lit(1, pl.Int64))
    return ledger(frames, paying, "one", pl.lit(month_text(month)))


def movement_rows(frames: Collected, months: Sequence[int], name: str) -> pl.DataFrame:
    """Each customer's movement of a kind in some months."""
    found = frames[mrr_movements].filter(pl.col("month").is_in(list(months)), pl.col(name) != 0)
    return ledger(frames, found, name, pl.format("{} {}", pl.lit(name), text_of_month()))


def billed_rows(frames: Collected, window: Period) -> pl.DataFrame:
    """Each customer's billed revenue by month and kind of line."""
    found = (
        frames[revenue_facts]
        .filter(within(window))
        .group_by("code", "month", "kind")
        .agg(pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64))
    )
    return ledger(frames, found, "amount_base", pl.format("{} {}", "kind", text_of_month()))


def within(window: Period) -> pl.Expr:
    """Whether a row's month lies in a window."""
    return pl.col("month").is_between(window.first, window.end, closed="left")


def text_of_month() -> pl.Expr:
    """The month of a row as `2026-10`."""
    year, zero_based = pl.col("month") // 12, pl.col("month") % 12
    return pl.format("{}-{}", year.cast(pl.String), (zero_based + 1).cast(pl.String).str.zfill(2))


def _cost_rows(rows: pl.DataFrame) -> pl.DataFrame:
    channel = pl.col("channel").fill_null("") if "channel" in rows.columns else pl.lit("")
    note = pl.format("{} {} {}", "category", channel, text_of_month()).str.replace("  ", " ")
    return unnamed(rows, "amount_base", note)


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.cast(LEDGER).sort(  # type: ignore[arg-type]
        pl.col("units").abs(), "customer_id", "note", descending=[True, False, False]
    )
