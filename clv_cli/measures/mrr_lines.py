"""What each line is worth a month, and from when to when: the ledger under every MRR figure.

A line with the service period `[start, end)` is active on every day of it. Its MRR is its amount
divided by the months of its billing interval, in 1/55,440 of a minor unit of its own currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import NUMBER_SCALE
from clv_cli.measures.billed_lines import counted_lines, month_index
from clv_cli.measures.fx import divide_half_even
from clv_cli.money import MRR_UNITS

if TYPE_CHECKING:
    from fractions import Fraction

    from clv_cli.pipeline import Scope
    from clv_cli.settings import IntervalFactor

MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
DAYS_OF = {"day": 1, "week": 7}
_ONE = 10**NUMBER_SCALE


def mrr_lines(scope: Scope) -> pl.LazyFrame:
    """Which lines are MRR, how much, and on which days?

        MRR = amount x (intervals in a month) / (intervals in the period)

    Recurring lines by their declared interval, else by the length of their period; prorations by
    `mrr.proration`; credits with a service period by `mrr.credit_notes`, over their own period and
    from their issue. Usage, one-off, trial, refund and write-off lines are no MRR, nor is a line
    without a period.

    Returns:
        The columns of billing_lines, and `code`, `active_from`, `active_to` (exclusive), `mrr`
        (Int64 MRR units of the line's currency, never 0).
    """
    mrr, kinds = scope.settings.mrr, set(scope.book.lines.kinds)
    lines = counted_lines(scope).filter(
        pl.col("period_start") < pl.col("period_end"), pl.col("amount") != 0
    )
    factor, amount = mrr.interval_factor, _money("amount")
    recurring = lines.filter(pl.col("kind") == "recurring")
    # Two scans beat one: the calendar arithmetic is only done for the few lines that need it.
    parts = [
        _active(recurring.filter(_is_declared()), amount, _declared(factor)),
        _active(recurring.filter(~_is_declared()), amount, _by_length(factor)),
    ]
    if "proration" in kinds and mrr.proration != "exclude":
        parts.append(_prorated(lines, factor, by_price=mrr.proration == "price"))
    if "credit" in kinds and mrr.credit_notes == "at_issue":
        parts.append(_credited(lines, factor))
    return pl.concat(parts).filter(pl.col("mrr") != 0, pl.col("active_from") < pl.col("active_to"))


def _credited(lines: pl.LazyFrame, factor: IntervalFactor) -> pl.LazyFrame:
    """A credit takes back its own period, whatever interval its invoice had."""
    credit = lines.filter(pl.col("kind") == "credit")
    active = _active(credit, _money("amount"), _by_length(factor))
    # Never retroactive: months before the credit was written stay as they were reported.
    return active.with_columns(active_from=pl.max_horizontal("period_start", "issued_on"))


def _prorated(lines: pl.LazyFrame, factor: IntervalFactor, *, by_price: bool) -> pl.LazyFrame:
    """A prorated line stands for a full period: at its price, else its amount scaled up."""
    numerator, denominator = _declared(factor)
    days = pl.col("period_end") - pl.col("period_start")
    scaled = (
        _money("amount") * _full_days() * numerator,
        days.dt.total_days().cast(pl.Int128) * denominator,
    )
    known = lines.filter(pl.col("kind") == "proration", _is_declared())
    if not by_price:
        return _active(known, _int(1), scaled)
    price = _number("quantity") * _money("unit_price").abs() * _money("amount").sign()
    priced = pl.col("quantity").is_not_null() & pl.col("unit_price").is_not_null()
    terms = (
        pl.when(priced).then(price * numerator).otherwise(scaled[0]),
        pl.when(priced).then(_ONE * denominator).otherwise(scaled[1]),
    )
    return _active(known, _int(1), terms)


def _active(
    lines: pl.LazyFrame, amount: pl.Expr, per_month: tuple[pl.Expr, pl.Expr]
) -> pl.LazyFrame:
    """Lines over their service period, with the MRR of an amount."""
    numerator, denominator = per_month
    return lines.with_columns(
        active_from=pl.col("period_start"),
        active_to=pl.col("period_end"),
        mrr=divide_half_even(amount * numerator, denominator).cast(pl.Int64),
    )


def _is_declared() -> pl.Expr:
    known = pl.col("interval").is_not_null()
    return known & (pl.col("interval_count").fill_null(1) > 0)


def _declared(factor: IntervalFactor) -> tuple[pl.Expr, pl.Expr]:
    """MRR units for one minor unit billed by the declared interval: numerator, denominator."""
    factors = {name: MRR_UNITS * getattr(factor, name) for name in (*MONTHS_OF, *DAYS_OF)}
    numerator = _choose({name: value.numerator * _ONE for name, value in factors.items()})
    denominator = _choose({name: value.denominator for name, value in factors.items()})
    return numerator, denominator * _count()


def _by_length(factor: IntervalFactor) -> tuple[pl.Expr, pl.Expr]:
    """The same from the period alone: whole calendar months, one or two weeks, else days.

    31 January to 28 February is a whole month, and so is 28 February to 31 March. A month has
    365/12 days.
    """
    start, end = pl.col("period_start"), pl.col("period_end")
    months = (month_index(end) - month_index(start)).cast(pl.Int128)
    same_day = start.dt.day() == end.dt.day()
    clamped = _is_last(end) & ((start.dt.day() > end.dt.day()) | _is_last(start))
    whole = (same_day | clamped) & (months > 0)
    days = (end - start).dt.total_days().cast(pl.Int128)
    week: Fraction = MRR_UNITS * factor.week
    weeks = days.is_in([7, 14])
    numerator = (
        pl.when(whole).then(_int(MRR_UNITS)).when(weeks).then(_int(week.numerator * 7))
    ).otherwise(_int(MRR_UNITS * 365))
    denominator = (pl.when(whole).then(months).when(weeks).then(days * week.denominator)).otherwise(
        days * 12
    )
    return numerator, denominator


def _full_days() -> pl.Expr:
    """The days of the full period that ends where a prorated line ends."""
    end, count = pl.col("period_end"), pl.col("interval_count").fill_null(1).cast(pl.Int64)
    back = _choose(dict(MONTHS_OF)).cast(pl.Int64) * count
    month = month_index(end) - back
    first = pl.date(month // 12, month % 12 + 1, 1)
    next_month = month + 1
    length = (pl.date(next_month // 12, next_month % 12 + 1, 1) - first).dt.total_days()
    clamped = pl.min_horizontal(end.dt.day().cast(pl.Int64), length)
    in_months = (end - first).dt.total_days() - (clamped - 1)
    in_days = _choose(dict(DAYS_OF)).cast(pl.Int64) * count
    return (
        pl.when(pl.col("interval").is_in(list(DAYS_OF))).then(in_days).otherwise(in_months)
    ).cast(pl.Int128)


def _is_last(day: pl.Expr) -> pl.Expr:
    return (day + pl.duration(days=1)).dt.day() == 1


def _choose(by_interval: dict[str, int]) -> pl.Expr:
    """A constant by the line's interval."""
    expr: pl.Expr = pl.lit(None, pl.Int128)
    for name, value in by_interval.items():
        expr = pl.when(pl.col("interval") == name).then(_int(value)).otherwise(expr)
    return expr


def _count() -> pl.Expr:
    return _number("interval_count").fill_null(_ONE)


def _number(column: str) -> pl.Expr:
    """An exact decimal as whole millionths."""
    return pl.col(column).to_physical().cast(pl.Int128)


def _money(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int128)


def _int(value: int) -> pl.Expr:
    return pl.lit(value, pl.Int128)
