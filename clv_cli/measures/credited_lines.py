"""Credits that take back all that was billed for their days: what is left must be nothing.

A credit is written in whole minor units and for so many days, while the MRR of its line comes from a
price and an interval. What remains between the two, less than a minor unit of money or the days by
which a month or a leap year differs from the mean one, is no MRR, and nobody stays a customer for it.
"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.mrr_deltas import in_line_rates, level_columns
from clv_cli.measures.mrr_lines import DATED_CREDITS, mrr_lines
from clv_cli.pipeline import Scope, derived, reduction

_SUBSCRIPTION = ["customer_id", "subscription_id", "currency", "period_end"]
_PAIR = ["code", "currency", "pair"]


@reduction("credited_lines")
def credited_lines(scope: Scope) -> pl.LazyFrame:
    """The credits that lower MRR, and the lines they may take back.

    That is the line a credit names, or where it names none the lines of its subscription (of the
    customer, where it has none either) that end with it.

    Returns:
        `code, subscription_id, currency, line_id, original_line_id, back` (whether it is a credit),
        `amount, period_start, period_end, active_from, active_to` and the level columns, sorted.
    """
    kinds = credit_kinds(scope)
    columns = [
        *("code", "subscription_id", "currency", "line_id", "original_line_id", "back", "amount"),
        *("period_start", "period_end", "active_from", "active_to", *level_columns(scope)),
    ]
    back = pl.col("kind").is_in(kinds)
    lines = mrr_lines(scope).with_columns(back=back)
    if not kinds:
        return lines.with_columns(base="mrr").select(columns).clear()
    credits_ = scope.book.table("billing_lines").filter(back)
    named = credits_.select(line_id="original_line_id", named=True).drop_nulls().unique()
    unnamed = credits_.filter(
        pl.col("original_line_id").is_null(), pl.col("period_end") > pl.date(1, 1, 1)
    )
    # Two joins with a few keys cost less than a scan for each way of naming a line.
    marked = lines.join(named, on="line_id", how="left").join(
        unnamed.select(*_SUBSCRIPTION, unnamed=True).unique(),
        on=_SUBSCRIPTION,
        how="left",
        nulls_equal=True,
    )
    wanted = marked.filter(back | pl.col("named").is_not_null() | pl.col("unnamed").is_not_null())
    return in_line_rates(scope, wanted).select(columns).sort(columns)


def credit_kinds(scope: Scope) -> list[str]:
    """The kinds of line that lower MRR here: credits, refunds, both or none where none has days."""
    mrr, kinds = scope.settings.mrr, set(scope.book.lines.kinds)
    if mrr.basis == "subscriptions" or not scope.book.lines.dates_credits:
        return []
    on = {kind for kind, switch in DATED_CREDITS.items() if getattr(mrr, switch) != "ignore"}
    return sorted(on & kinds)


@derived("credit_remainders", credited_lines)
def credit_remainders(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """By how much do levels change, so that what is credited in full leaves exactly nothing?

    The credits of a line are taken together, from the day of each on. They are in full when they differ

    - by less than one minor unit each from the line's MRR, each over its own service period, or
    - by less than one minor unit each from the part of the line's amount that falls on their days.

    Returns:
        `code, subscription_id` (of the credits), `currency, from_day, to_day` and the level columns,
        to be added; sorted.
    """
    values = level_columns(scope)
    credits_, charges = _once(lines.filter("back")), lines.filter(~pl.col("back"))
    both = _taken_back(_credits(credits_, values), _charges(charges), values)
    left = {value: pl.col(value) + pl.col(f"{value}_charged") for value in values}
    full = both.filter((left["mrr"].abs() <= pl.col("slack")) | _all_of_its_days()).select(
        *_PAIR,
        "subscription_id",
        from_day="active_from",
        to_day=pl.min_horizontal("active_to", "active_to_charged"),
        **{value: -rest for value, rest in left.items()},
    )
    return (
        _on_active_days(full, charges)
        .filter(
            pl.col("from_day") < pl.col("to_day"),
            pl.any_horizontal(pl.col(value) != 0 for value in values),
        )
        .select("code", "subscription_id", "currency", "from_day", "to_day", *values)
        .sort(pl.all())
    )


def _once(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines by themselves: one that was unpaid for a while is active twice, and still one line."""
    return lines.group_by("code", "currency", "line_id").agg(
        pl.col("active_from").min(),
        pl.col("active_to").max(),
        pl.exclude("active_from", "active_to").first(),
    )


def _on_active_days(remainders: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """What is left of a line that is named, on the days on which the line counts."""
    days = charges.select(
        "code", "currency", "active_from", "active_to", pair=_line("line_id")
    ).unique()
    split = remainders.join(days, on=_PAIR, how="left")
    return split.with_columns(
        from_day=pl.max_horizontal("from_day", "active_from"),
        to_day=pl.min_horizontal("to_day", "active_to"),
    )


def _credits(credits_: pl.DataFrame, values: tuple[str, ...]) -> pl.DataFrame:
    """The credits of a line summed up to each day on which one of them begins.

    A later credit must not change what an earlier one left: each sum holds until the next one.
    """
    group = [*_PAIR, "subscription_id"]
    keys = [*group, "active_from"]
    unit = pl.col("mrr").abs() // pl.col("amount").abs().clip(1) + 1
    by_day = (
        credits_.with_columns(pair=pl.coalesce(_line("original_line_id"), _until()))
        .group_by(keys)
        .agg(
            pl.col("amount", *values).sum(),
            pl.col("active_to", "period_end").min(),
            first=pl.col("period_start").min(),
            last=pl.col("period_start").max(),
            count=pl.len().cast(pl.Int64),
            slack=unit.sum(),
        )
        .sort(keys)
    )
    following = pl.col("active_from").shift(-1).over(group)
    return by_day.with_columns(
        *(pl.col(name).cum_sum().over(group) for name in ("amount", *values, "count", "slack")),
        pl.col("period_end", "first").cum_min().over(group),
        pl.col("last").cum_max().over(group),
        active_to=pl.min_horizontal(pl.col("active_to").cum_min().over(group), following),
    )


def _charges(charges: pl.DataFrame) -> pl.DataFrame:
    """What credits may take back, once by its own id and once by its subscription's end."""
    lines = _once(charges)
    named = [lines.with_columns(pair=name) for name in (_line("line_id"), _until())]
    return pl.concat(named)


def _taken_back(
    credits_: pl.DataFrame, charges: pl.DataFrame, values: tuple[str, ...]
) -> pl.DataFrame:
    """Credits beside the sum of the lines that were active when they began."""
    met = credits_.join(charges.drop("subscription_id"), on=_PAIR, suffix="_charged").filter(
        pl.col("active_from_charged") <= pl.col("active_from")
    )
    charged = [pl.col(f"{name}_charged").sum() for name in ("amount", *values)]
    return met.group_by(credits_.columns).agg(
        *charged,
        pl.col("active_to_charged").min(),
        lines=pl.len(),
        start=pl.col("period_start").min(),
        end=pl.col("period_end_charged").max(),
    )


def _all_of_its_days() -> pl.Expr:
    """Whether credits for the rest of one line's period give back its amount by days."""
    rest = (pl.col("end") - pl.col("first")).dt.total_days().cast(pl.Int128)
    whole = (pl.col("end") - pl.col("start")).dt.total_days().cast(pl.Int128)
    apart = pl.col("amount_charged") * rest + pl.col("amount") * whole
    one_rest = (pl.col("first") == pl.col("last")) & (pl.col("period_end") == pl.col("end"))
    return one_rest & (pl.col("lines") == 1) & (apart.abs() < pl.col("count") * whole)


def _line(name: str) -> pl.Expr:
    return pl.format("line {}", name)


def _until() -> pl.Expr:
    return pl.format("until {} {}", "period_end", pl.col("subscription_id").fill_null(""))
