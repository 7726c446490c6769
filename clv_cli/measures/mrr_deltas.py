"""MRR as changes by day: what every level is the running sum of."""

from __future__ import annotations

from functools import partial

import polars as pl

from clv_cli.facts import planned
from clv_cli.measures.fx import conversions, convert
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.units import by_subscription
from clv_cli.pipeline import Facts, Scope, reduction

# Customers are kept apart in one sorted column of numbers by a stride that no day reaches.
STRIDE = 2**32
_DAY_ZERO = 2**30  # days before 1970 are negative


def delta_facts(scope: Scope) -> Facts | None:
    """`mrr_deltas` as a group-by that any engine can run; None where lines may lack a value."""
    if not _is_plain(scope):
        return None
    return _packed_deltas(mrr_lines(scope), scope.book.lines.currencies)


@reduction("mrr_deltas", delta_facts)
def mrr_deltas(scope: Scope) -> pl.LazyFrame:
    """By how much does each customer's MRR change on which day?

    A line adds its MRR on its first day and takes it back on the day after its last; where a
    renewal follows at the same price on the same day, nothing changes and no row is left.

    Returns:
        `code, currency, day, delta` (Int64 MRR units, never 0), sorted by the first three. Under
        `grain: subscription` with `subscription_id`; under `fx.mode: service_start` with
        `base_delta` (in the base currency at the rate of each line's first day).
    """
    facts, lines = delta_facts(scope), mrr_lines(scope)
    if facts is not None:
        return planned(facts)
    keys = ["code", *(["subscription_id"] if by_subscription(scope) else []), "currency", "day"]
    values = list(level_columns(scope))
    events = in_line_rates(scope, lines)
    begins = events.select(*keys[:-1], *values, day="active_from")
    ends = events.select(*keys[:-1], *(-pl.col(v) for v in values), day="active_to")
    sums = (
        pl.concat([begins, ends], how="diagonal")
        .group_by(keys)
        .agg(_total(value).alias(value) for value in values)
    )
    moved = sums.filter(pl.any_horizontal(pl.col(value).ne_missing(0) for value in values))
    return moved.sort(keys).rename(dict(zip(values, delta_columns(scope), strict=True)))


def _is_plain(scope: Scope) -> bool:
    """Whether every event is a customer's, a day's and a whole number's."""
    plain = not by_subscription(scope) and not rated_by_line(scope)
    return plain and scope.settings.mrr.basis != "subscriptions"


def rated_by_line(scope: Scope) -> bool:
    """Whether each line is converted at its own rate, so that levels have two values."""
    foreign = scope.book.lines.currencies not in {(), (scope.currency,)}
    return scope.settings.fx.mode == "service_start" and foreign


def level_columns(scope: Scope) -> tuple[str, ...]:
    """The values of a level: `mrr` in its own currency, and `base` where lines carry rates."""
    return ("mrr", "base") if rated_by_line(scope) else ("mrr",)


def delta_columns(scope: Scope) -> tuple[str, ...]:
    """The changes of `level_columns`, in the same order."""
    return ("delta", "base_delta")[: len(level_columns(scope))]


def in_line_rates(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines with `base`, their MRR at the rate of their first day, where the settings ask for it.

    A day without a rate leaves `base` empty, which `mrr_spans` refuses.
    """
    if not rated_by_line(scope):
        return lines
    rated = lines.join(
        conversions(scope.book).lazy(),
        left_on=["currency", "active_from"],
        right_on=["currency", "day"],
        how="left",
    )
    at_home = pl.col("currency") == scope.currency
    converted = convert(pl.col("mrr"), pl.col("multiplier"), pl.col("divisor"))
    return rated.with_columns(base=pl.when(at_home).then(pl.col("mrr")).otherwise(converted))


def _total(value: str) -> pl.Expr:
    """The sum; empty where one part is unknown."""
    known = pl.col(value).null_count() == 0
    return pl.when(known).then(pl.col(value).cast(pl.Int128).sum()).cast(pl.Int64)


def _packed_deltas(lines: pl.LazyFrame, currencies: tuple[str, ...]) -> Facts:
    many = max(len(currencies), 1)
    begins, ends = _packed("active_from", currencies), _packed("active_to", currencies)
    # Each line once, then turned into its two events: two selections would scan everything twice.
    events = lines.select("mrr", begins.alias("begins"), ends.alias("ends")).unpivot(
        on=["begins", "ends"], index="mrr", variable_name="event", value_name="key"
    )
    change = pl.when(pl.col("event") == "begins").then(pl.col("mrr")).otherwise(-pl.col("mrr"))
    rows = events.select("key", delta=change)

    def finish(found: pl.LazyFrame) -> pl.LazyFrame:
        moved = found.filter(pl.col("delta") != 0).sort("key")
        return moved.select(*_unpacked(currencies), "delta")

    # One packed key groups and sorts three times as fast as its three parts.
    return Facts(rows, ("key",), ("delta",), finish, sparse=True, recode=partial(_recoded, many))


def _recoded(many: int, found: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """Packed keys with other codes of customers."""
    group = pl.col("key") // STRIDE
    code = pl.lit(codes).gather(group // many).cast(pl.Int64)
    return found.with_columns(key=(code * many + group % many) * STRIDE + pl.col("key") % STRIDE)


def _packed(day: str, currencies: tuple[str, ...]) -> pl.Expr:
    """Customer, currency and day as one Int64 that sorts like the three."""
    index: pl.Expr = pl.lit(0, pl.Int64)
    for number, currency in enumerate(currencies[1:], start=1):
        index = pl.when(pl.col("currency") == currency).then(pl.lit(number)).otherwise(index)
    group = pl.col("code").cast(pl.Int64) * max(len(currencies), 1) + index
    return group * STRIDE + pl.col(day).to_physical() + _DAY_ZERO


def _unpacked(currencies: tuple[str, ...]) -> list[pl.Expr]:
    group, many = pl.col("key") // STRIDE, max(len(currencies), 1)
    name: pl.Expr = pl.lit(currencies[0] if currencies else "", pl.String)
    for number, currency in enumerate(currencies[1:], start=1):
        name = pl.when(group % many == number).then(pl.lit(currency)).otherwise(name)
    return [
        (group // many).cast(pl.Int32).alias("code"),
        name.alias("currency"),
        (pl.col("key") % STRIDE - _DAY_ZERO).cast(pl.Int32).cast(pl.Date).alias("day"),
    ]
