"""The bridge from invoices to MRR, month by month, and to the general ledger."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import ConfigError, DataError
from clv_cli.glossary import Kind
from clv_cli.measures.bridge import (
    adjusted_at,
    billed_amounts,
    billed_by_currency,
    bridge_active,
    bridge_issued,
    bridged_at,
    ledger_rows,
    remainders_at,
)
from clv_cli.measures.credited_lines import credit_remainders
from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.line_steps import at_month
from clv_cli.measures.mrr_deltas import level_columns, mrr_deltas
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import roll_forward
from clv_cli.measures.subscription_levels import subscription_adjustments
from clv_cli.money import MRR_UNITS, mrr_to_minor, round_parts, to_text
from clv_cli.periods import month_text
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

STEPS = {
    "gross": "Invoiced with tax",
    "tax": "less tax",
    "one_off": "less one-off",
    "usage": "less usage",
    "credits": "less credits, refunds",
    "no_term": "less lines, no term",
    "proration": "Proration",
    "normalisation": "Per month",
    "other_months": "Other months' lines",
    "gaps": "Late renewals, pauses",
    "fx": "FX to month's end",
    "mrr": "MRR",
    "residual": "Residual",
}
FX_STEPS = {"service_start": "FX to term's start", "constant": "FX to the fixed day"}
PARTS = tuple(step for step in STEPS if step not in {"mrr", "residual"})
MONTHS_SHOWN = 4
LINES_NAMED = 5
_ONCE = ("one_off", "trial", "writeoff")
_BACK = ("credit", "refund")


def bridge_table(scope: Scope) -> Table:
    """How do the invoices of each month lead to its MRR? Every step is summed from lines.

    Invoiced with tax, less what is no MRR, each line at its monthly value, plus the lines of other
    months that are active, at the rate of the month's end. What is left over is the residual: 0.00,
    or the run stops and names the lines.

    Args:
        scope: the Book, day and period.

    Raises:
        ConfigError: MRR is not made of invoices.
        DataError: (when computed) the bridge does not meet the ledger.
    """
    if scope.settings.mrr.basis == "subscriptions":
        raise ConfigError(
            "MRR at the subscription table's prices is made of no invoice: nothing leads to it",
            where="mrr.basis: subscriptions",
            hint="set mrr.basis: lines (or compare, which reports both)",
        )
    needs = (
        bridge_issued,
        bridge_active,
        mrr_months,
        mrr_spans,
        mrr_deltas,
        subscription_adjustments,
        credit_remainders,
    )
    headings = {**STEPS, "fx": FX_STEPS.get(scope.settings.fx.mode, STEPS["fx"])}
    columns = (
        Column("month", Kind.MONTH, "Month"),
        *(Column(name, Kind.MONEY, heading) for name, heading in headings.items()),
    )
    return Table(
        "bridge",
        f"From invoices to MRR, {scope.period}",
        columns,
        needs,
        _bridge,
        people_rows=-MONTHS_SHOWN,
        sideways=True,
    )


def _bridge(frames: Frames) -> Rows:
    period = frames.scope.period
    rolled = roll_forward(frames)
    rows = [
        _month(frames, month, rolled[month]["closing"])
        for month in period.months
        if month in rolled
    ]
    schema = {"month": pl.Int32, **dict.fromkeys(STEPS, pl.Int64)}
    left = sum(row["mrr"] + row["residual"] for row in rows)
    check = Check("mrr_bridge", left, sum(row["mrr"] for row in rows), "bridge from invoices = MRR")
    return Rows(pl.DataFrame(rows, schema=schema, orient="row"), checks=(check,))


def _month(frames: Frames, month: int, closing: int) -> dict[str, int]:
    """One month of the bridge in minor units; the parts sum to the MRR."""
    parts = [*_issued_steps(frames, month).values()]
    active = frames[bridge_active].filter(pl.col("first") <= month, pl.col("end") > month)
    at_issue, value = _total(active, "at_issue"), _worth(frames, active, month)
    mine = pl.col("issued") == month
    # What full credits leave is part of making lines monthly, and no gap.
    rounded, before = (
        _value(frames, remainders_at(frames, month, own=o), month) for o in (True, False)
    )
    parts[6] += _total(active.filter(mine, pl.col("prorated")), "at_issue")
    parts[7] += _total(active.filter(mine, ~pl.col("prorated")), "at_issue") + rounded
    parts[8] += _total(active.filter(~mine), "at_issue") + before
    held = [adjusted_at(frames, month), bridged_at(frames, month)]
    gaps = sum(_value(frames, levels, month) for levels in held) - rounded - before
    parts += [gaps, value - at_issue]
    residual = sum(parts) - closing
    # Foreign levels are rounded customer by customer in the ledger, and currency by currency here.
    slack = 2 * active.filter(pl.col("currency") != frames.scope.currency).height
    if abs(residual) > slack:
        raise _unexplained(frames, active, month, residual)
    fitted = round_parts(parts, MRR_UNITS, mrr_to_minor(closing))
    return {
        "month": month,
        **dict(zip(PARTS, fitted, strict=True)),
        "mrr": mrr_to_minor(closing),
        "residual": round(Fraction(residual, MRR_UNITS)),
    }


def _issued_steps(frames: Frames, month: int) -> dict[str, int]:
    """What the lines issued in a month contribute, in MRR units, before they are made monthly."""
    lines = frames[bridge_issued].filter(pl.col("month") == month)
    out, made = lines.filter(~pl.col("has_mrr")), lines.filter("has_mrr")
    prorated = pl.col("kind") == "proration"
    once, back = pl.col("kind").is_in(_ONCE), pl.col("kind").is_in(_BACK)
    usage = pl.col("kind") == "usage"
    steps = {
        "gross": _total(lines, "amount") + _total(lines, "tax"),
        "tax": -_total(lines, "tax"),
        "one_off": -_total(out.filter(once), "amount"),
        "usage": -_total(out.filter(usage), "amount"),
        "credits": -_total(out.filter(back), "amount"),
        "no_term": -_total(out.filter(~(once | usage | back)), "amount"),
        "proration": -_total(made.filter("active", prorated), "amount"),
        "normalisation": -_total(made.filter("active", ~prorated), "amount"),
        "other_months": -_total(made.filter(~pl.col("active")), "amount"),
    }
    return {name: value * MRR_UNITS for name, value in steps.items()}


def _total(rows: pl.DataFrame, column: str) -> int:
    return int(rows[column].cast(pl.Int128).sum())


def _worth(frames: Frames, active: pl.DataFrame, month: int) -> int:
    """The MRR of lines at the rates of the month's end."""
    return _value(frames, _levels(frames, active), month)


def _levels(frames: Frames, rows: pl.DataFrame) -> pl.DataFrame:
    values = level_columns(frames.scope)
    return rows.group_by("code", "currency").agg(pl.col(value).sum() for value in values)


def _value(frames: Frames, levels: pl.DataFrame, month: int) -> int:
    return _total(at_month(frames, levels, month), "value")


def _unexplained(frames: Frames, active: pl.DataFrame, month: int, residual: int) -> DataError:
    """The error of a residual, with the lines of the customers whose MRR is not that of their lines."""
    parts = [_levels(frames, active), adjusted_at(frames, month), bridged_at(frames, month)]
    mine = at_month(frames, _levels(frames, pl.concat(parts)), month)
    sides = mine.join(mrr_at(frames, month), on="code", how="full", coalesce=True)
    apart = sides.filter((pl.col("value").fill_null(0) - pl.col("mrr").fill_null(0)).abs() > 1)
    places = active.join(apart.select("code"), on="code", how="semi")["place"].unique().sort()
    named = ", ".join(places.head(LINES_NAMED)) or "no active line: the ledger has MRR without one"
    text = to_text(mrr_to_minor(residual), frames.scope.currency)
    return DataError(
        f"invoices do not lead to the MRR of {month_text(month)}: {text} {frames.scope.currency} "
        "are left over",
        where=named,
        hint=f"see the customers behind it: clv explain mrr {month_text(month)}",
    )


def books_table(scope: Scope) -> Table:
    """Does billed revenue tie to the general ledger, month by month and currency by currency?

    Args:
        scope: the Book, day and period.

    Raises:
        DataError: (when computed) it does not, with the rows of the books and the lines that amount
            to the difference.
    """
    columns = (
        Column("month", Kind.MONTH, "Month"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("billed", Kind.MONEY, "Billed, ex tax", "currency"),
        Column("booked", Kind.MONEY, "General ledger", "currency"),
        Column("difference", Kind.MONEY, "Difference", "currency"),
    )
    needs = (billed_by_currency, billed_amounts, ledger_rows)
    title = f"Billed revenue and the general ledger, {scope.period}"
    return Table("general_ledger", title, columns, needs, _books)


def _books(frames: Frames) -> Rows:
    period, keys = frames.scope.period, ["month", "currency"]
    inside = pl.col("month").is_between(period.first, period.end, closed="left")
    billed = frames[billed_by_currency].filter(inside).rename({"amount": "billed"})
    booked = (
        frames[ledger_rows]
        .filter(inside)
        .group_by(keys)
        .agg(booked=pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64))
    )
    rows = (
        billed.join(booked, on=keys, how="full", coalesce=True)
        .with_columns(pl.col("billed", "booked").fill_null(0))
        .with_columns(difference=pl.col("billed") - pl.col("booked"))
        .sort(keys)
    )
    for month, currency, _, _, difference in rows.filter(pl.col("difference") != 0).iter_rows():
        raise _unbooked(frames, month, currency, difference)
    return Rows(rows, notes=("Residual 0.00 in every month and currency.",))


def _unbooked(frames: Frames, month: int, currency: str, difference: int) -> DataError:
    here = (pl.col("month") == month) & (pl.col("currency") == currency)
    lines = frames[billed_amounts].filter(here, pl.col("amount") == difference)["place"]
    rows = frames[ledger_rows].filter(here)["place"]
    places = [f"{place} amounts to it" for place in lines] + rows.to_list()
    return DataError(
        f"billed revenue and the general ledger of {month_text(month)} differ by "
        f"{to_text(difference, currency)} {currency}",
        where=", ".join(places[:LINES_NAMED]) or f"no row of the books for {month_text(month)}",
        hint="book what is missing, or correct the row; the figure is billed less booked",
    )
