"""What each line is worth a month, and from when to when: the ledger under every MRR figure.

A line with the service period `[start, end)` is active on every day of it. Its MRR is its amount
divided by the months of its billing interval, in 1/55,440 of a minor unit of its own currency.
A short list of steps, one switch each; no step knows which vendor's convention it serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import counted
from clv_cli.measures.credits_of_lines import while_their_lines_count, with_their_lines
from clv_cli.measures.customer_codes import coded
from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_terms import (
    ONE,
    by_length,
    declared,
    full_days,
    int128,
    is_declared,
    money,
    number,
    once,
)
from clv_cli.measures.past_due import without_lapses
from clv_cli.measures.subscription_table import subscription_lines
from clv_cli.measures.units import coded_by_unit
from clv_cli.money import MRR_UNITS

if TYPE_CHECKING:
    from clv_cli.measures.mrr_terms import Rational
    from clv_cli.pipeline import Scope

USAGE_MONTHS = {"last_month": 1, "trailing_3m": 3}
DATED_CREDITS = {"credit": "credit_notes", "refund": "refunds"}
CANCEL_DAY = {
    "cancel_effective": ("ended_on",),
    "cancel_request": ("cancel_requested_on", "ended_on"),
}


def mrr_lines(scope: Scope) -> pl.LazyFrame:
    """Which lines are MRR, how much, and on which days?

        MRR = amount x (intervals in a month) / (intervals in the period)

    Recurring lines by their declared interval, else by the length of their period; prorations by
    `mrr.proration`; credits and refunds with a service period by `mrr.credit_notes` and
    `mrr.refunds`, over their own period. Usage, one-off and trial lines count only where their
    switch says so, write-offs never, nor does a line without a period.

    Returns:
        The columns of billing_lines, and `code`, `active_from`, `active_to` (exclusive), `mrr`
        (Int64 MRR units of the line's currency, never 0).
    """
    return active_only(without_lapses(scope, lines_before_lapses(scope)))


def lines_before_lapses(scope: Scope) -> pl.LazyFrame:
    """The lines of `mrr_lines` before unpaid ones are cut short."""
    if scope.settings.mrr.basis == "subscriptions":
        return _rounded(scope, coded_by_unit(scope, subscription_lines(scope)))
    lines = scope.book.table("billing_lines")
    parts = [*_recurring(scope, lines), *_beside(scope, lines)]
    # Coded once, behind all parts: each would build the look-up of its own.
    worth = _rounded(scope, _cancelled(scope, pl.concat(parts)))
    return coded_by_unit(scope, coded(scope, worth))


def active_only(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines that are active on some day and worth something."""
    return lines.filter(pl.col("mrr") != 0, pl.col("active_from") < pl.col("active_to"))


def amount_counted(scope: Scope) -> pl.Expr:
    """A line's amount as the switches for discounts and tax see it, in minor units (Int128).

    `amount` is after all discounts. A discount whose kind is not known counts as one for ever.
    """
    mrr, amount = scope.settings.mrr, money("amount")
    given_back = {"recurring": ["once"], "forever_only": ["once", "repeating"]}
    discount = money("discount").fill_null(0)
    if mrr.discounts == "none":
        amount += discount
    elif mrr.discounts in given_back:
        kinds = pl.col("discount_kind").is_in(given_back[mrr.discounts])
        amount += pl.when(kinds).then(discount).otherwise(int128(0))
    if mrr.tax == "include":
        amount += money("tax").fill_null(0)
    return amount


def is_unpriced() -> pl.Expr:
    """Whether a proration does not tell its price, so that its amount must be scaled up."""
    return pl.col("quantity").is_null() | pl.col("unit_price").is_null()


def _of_kind(scope: Scope, lines: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    """The lines of one kind that count at all."""
    found = counted(scope, lines, kind)
    if scope.settings.fx.mode == "per_currency":
        return found.filter(pl.col("currency") == scope.currency)
    return found


def _recurring(scope: Scope, lines: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Recurring lines; several scans beat one: few lines need divisions or the calendar."""
    factor, amount = scope.settings.mrr.interval_factor, amount_counted(scope)
    recurring = _dated(scope, lines, "recurring")
    units, single = once(factor)
    return [
        _over_period(recurring.filter(single), amount * units),
        _active(recurring.filter(is_declared() & ~single), amount, declared(factor)),
        _active(recurring.filter(~is_declared()), amount, by_length(factor)),
    ]


def _beside(scope: Scope, lines: pl.LazyFrame) -> list[pl.LazyFrame]:
    """The kinds of line that count only where a switch says so."""
    mrr, kinds = scope.settings.mrr, set(scope.book.lines.kinds)
    amount = amount_counted(scope)
    parts = []
    if "proration" in kinds and mrr.proration != "exclude":
        parts.append(_prorated(scope, lines))
    for kind, switch in DATED_CREDITS.items():
        when = getattr(mrr, switch)
        if kind in kinds and when != "ignore" and scope.book.lines.dates_credits:
            parts.append(_credited(scope, lines, kind, when))
    length = by_length(mrr.interval_factor)
    spread = [kind for kind, on in _spread(scope).items() if on and kind in kinds]
    parts += [_active(_dated(scope, lines, kind), amount, length) for kind in spread]
    if "usage" in kinds and mrr.usage in USAGE_MONTHS:
        parts.append(_metered(scope, lines, USAGE_MONTHS[mrr.usage]))
    if "trial" in kinds and mrr.trials == "at_price":
        parts.append(_trials(scope, lines))
    return parts


def _spread(scope: Scope) -> dict[str, bool]:
    """Kinds that may count over their own service period."""
    mrr = scope.settings.mrr
    return {"usage": mrr.usage == "by_period", "one_off": mrr.one_off == "dated"}


def _dated(scope: Scope, lines: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    """Lines of one kind with a service period and an amount."""
    period = pl.col("period_start") < pl.col("period_end")
    mrr = scope.settings.mrr
    as_billed = mrr.discounts == "all" and mrr.tax == "exclude"
    amount = pl.col("amount") if as_billed else amount_counted(scope)
    return _of_kind(scope, lines, kind).filter(period, amount != 0)


def _credited(scope: Scope, lines: pl.LazyFrame, kind: str, when: str) -> pl.LazyFrame:
    """A credit takes back its own period, whatever interval its invoice had, while that counts."""
    credit = with_their_lines(scope, _dated(scope, lines, kind))
    active = _active(credit, amount_counted(scope), by_length(scope.settings.mrr.interval_factor))
    if when != "retroactive":
        # Months before the credit was written stay as they were reported.
        active = active.with_columns(active_from=pl.max_horizontal("period_start", "issued_on"))
    return while_their_lines_count(active)


def _prorated(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """A prorated line stands for a full period: at its price, else its amount scaled up."""
    mrr = scope.settings.mrr
    numerator, denominator = declared(mrr.interval_factor)
    days = pl.col("period_end") - pl.col("period_start")
    scaled = (
        amount_counted(scope) * full_days() * numerator,
        days.dt.total_days().cast(pl.Int128) * denominator,
    )
    known = _dated(scope, lines, "proration").filter(is_declared())
    if mrr.proration == "factor":
        return _active(known, int128(1), scaled)
    price = number("quantity") * money("unit_price").abs() * money("amount").sign()
    terms = (
        pl.when(is_unpriced()).then(scaled[0]).otherwise(price * numerator),
        pl.when(is_unpriced()).then(scaled[1]).otherwise(ONE * denominator),
    )
    return _active(known, int128(1), terms)


def _metered(scope: Scope, lines: pl.LazyFrame, months: int) -> pl.LazyFrame:
    """Usage counts in its month of issue, or as the mean of the months up to it."""
    usage = _of_kind(scope, lines, "usage").filter(pl.col("amount") != 0)
    terms = (int128(MRR_UNITS), int128(months))
    first = pl.col("issued_on").dt.month_start()
    return _active(usage, amount_counted(scope), terms).with_columns(
        active_from=first, active_to=first.dt.offset_by(f"{months}mo")
    )


def _trials(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """A trial at the price it will have; one without a price or an interval is none."""
    trial = _of_kind(scope, lines, "trial").filter(
        pl.col("period_start") < pl.col("period_end"),
        is_declared(),
        ~is_unpriced(),
    )
    numerator, denominator = declared(scope.settings.mrr.interval_factor)
    price = number("quantity") * money("unit_price")
    return _active(trial, price, (numerator, denominator * ONE))


def _active(lines: pl.LazyFrame, amount: pl.Expr, per_month: Rational) -> pl.LazyFrame:
    """Lines over their service period, with the MRR of an amount."""
    numerator, denominator = per_month
    # The division names both many times: written out, half of a small book's time is planning it.
    terms = lines.with_columns(_above=amount * numerator, _below=denominator)
    mrr = divide_half_even(pl.col("_above"), pl.col("_below"))
    return _over_period(terms, mrr).drop("_above", "_below")


def _over_period(lines: pl.LazyFrame, mrr: pl.Expr) -> pl.LazyFrame:
    return lines.with_columns(
        active_from=pl.col("period_start"),
        active_to=pl.col("period_end"),
        mrr=mrr.cast(pl.Int64),
    )


def _rounded(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Under `mrr.rounding: cents_per_line`, each line in whole minor units."""
    if scope.settings.mrr.rounding == "exact":
        return lines
    whole = divide_half_even(money("mrr"), int128(MRR_UNITS)) * MRR_UNITS
    return lines.with_columns(mrr=whole.cast(pl.Int64))


def _cancelled(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Under `churn.date: cancel_...`, nothing of a subscription counts from that day on."""
    columns = CANCEL_DAY.get(scope.settings.churn.date)
    if columns is None or not scope.book.has("subscriptions"):
        return lines
    cuts = (
        scope.book.table("subscriptions")
        .select("subscription_id", cut=pl.coalesce(columns))
        # A cancellation after the as-of day is not known yet.
        .filter(pl.col("cut") <= scope.as_of)
        .group_by("subscription_id")
        .agg(pl.col("cut").min())
    )
    return (
        lines.join(cuts, on="subscription_id", how="left")
        .with_columns(active_to=pl.min_horizontal("active_to", "cut"))
        .drop("cut")
    )
