"""What must be known line by line: pauses, prorations without a price, and credits in full.

All three concern few subscriptions, so only their lines come back from the scan; what they change is a
handful of further deltas.
"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.credited_lines import credit_remainders
from clv_cli.measures.mrr_deltas import in_line_rates, level_columns
from clv_cli.measures.mrr_lines import is_unpriced, mrr_lines
from clv_cli.pipeline import Scope, derived, reduction

FOREVER = pl.date(9999, 12, 31)
KEYS = ("code", "subscription_id", "currency")


@reduction("pauses")
def pauses(scope: Scope) -> pl.LazyFrame:
    """When was which subscription paused?

    From `subscriptions.pauses`, each `start/end`, the end exclusive and empty while it lasts. What
    is no such pair of days is left out; a pause after `as_of` is not known yet.

    Returns:
        `subscription_id, paused_from, paused_to`, sorted.
    """
    halves = pl.col("pauses").str.split_exact("/", 1)
    return (
        scope.book.table("subscriptions")
        .select("subscription_id", "pauses")
        .filter(pl.col("pauses").list.len() > 0)
        .explode("pauses", empty_as_null=False)
        .with_columns(
            paused_from=_day(halves.struct.field("field_0")),
            paused_to=_day(halves.struct.field("field_1")).fill_null(FOREVER),
        )
        .filter(pl.col("paused_from") < pl.col("paused_to"), pl.col("paused_from") <= scope.as_of)
        .select("subscription_id", "paused_from", "paused_to")
        .unique()
        .sort("subscription_id", "paused_from", "paused_to")
    )


@reduction("subscription_lines")
def subscription_spans(scope: Scope) -> pl.LazyFrame:
    """The MRR lines of paused subscriptions, and of those with prorations that tell no price.

    Returns:
        `code, subscription_id, currency, part (recurring, unpriced, other), active_from, active_to`
        and the level columns, summed where all of these agree.
    """
    wanted = _wanted(scope)
    unpriced = (pl.col("kind") == "proration") & is_unpriced()
    kind = pl.when(unpriced).then(pl.lit("unpriced")).otherwise(pl.lit("other"))
    values = level_columns(scope)
    part = pl.when(pl.col("kind") == "recurring").then(pl.lit("recurring")).otherwise(kind)
    lines = mrr_lines(scope).with_columns(part=part)
    keys = [*KEYS, "part", "active_from", "active_to"]
    if wanted is None:
        return lines.with_columns(base="mrr").select(*keys, *values).clear()
    special = lines.filter(pl.col("subscription_id").is_not_null()).join(
        wanted, on="subscription_id", how="semi"
    )
    return (
        in_line_rates(scope, special)
        .group_by(keys)
        .agg(pl.col(v).cast(pl.Int128).sum().cast(pl.Int64) for v in values)
        .sort(keys)
    )


@derived("subscription_adjustments", subscription_spans, pauses, credit_remainders)
def subscription_adjustments(
    scope: Scope, spans: pl.DataFrame, paused: pl.DataFrame, remainders: pl.DataFrame
) -> pl.DataFrame:
    """By how much do snapped prorations, credits and pauses change the levels of the lines alone?

    Returns:
        `code, subscription_id, currency, from_day, to_day` and the level columns (to be added), and
        `role`: `level`, or `held` for what a pause keeps apart on its own line.
    """
    snapped = pl.concat([_snapped(scope, spans), remainders])
    parts = [spans.select(*_named(scope)), snapped]
    return pl.concat([snapped.with_columns(role=pl.lit("level")), _paused(scope, parts, paused)])


def _wanted(scope: Scope) -> pl.LazyFrame | None:
    """The ids of the subscriptions concerned; None where there can be none."""
    ids = []
    if snaps(scope):
        lines = scope.book.table("billing_lines")
        unpriced = lines.filter(
            pl.col("kind") == "proration", is_unpriced(), pl.col("subscription_id").is_not_null()
        )
        ids.append(unpriced.select("subscription_id"))
    if scope.book.has("subscriptions"):
        ids.append(
            scope.book.table("subscriptions")
            .filter(pl.col("pauses").list.len() > 0)
            .select("subscription_id")
        )
    return pl.concat(ids).unique() if ids else None


def snaps(scope: Scope) -> bool:
    """Whether a scaled proration may be snapped to its renewal."""
    mrr = scope.settings.mrr
    billed = mrr.basis != "subscriptions" and "proration" in scope.book.lines.kinds
    return billed and mrr.proration == "price" and mrr.proration_snap > 0


def _named(scope: Scope) -> list[pl.Expr]:
    days = [pl.col("active_from").alias("from_day"), pl.col("active_to").alias("to_day")]
    return [*(pl.col(key) for key in KEYS), *days, *(pl.col(v) for v in level_columns(scope))]


def _snapped(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """What turns scaled prorations into the increment that their renewal shows.

    The prorations of a subscription that end together are compared, as one, with the change of its
    recurring level on that day (at most `churn.bridge_gap_days` later); beyond `mrr.proration_snap`
    they stay as they are.
    """
    values = level_columns(scope)
    keys = [*KEYS, "active_to"]
    scaled = (
        spans.filter(pl.col("part") == "unpriced")
        .group_by(keys)
        .agg(pl.col("active_from").max(), *(pl.col(v).sum() for v in values))
    )
    recurring = spans.filter(pl.col("part") == "recurring")
    before = _level_on(recurring, scaled, pl.col("active_to") - pl.duration(days=1), values)
    renewed = _renewal(scope, recurring, scaled, values)
    snap = scope.settings.mrr.proration_snap
    both = scaled.join(before, on=keys, how="inner", suffix="_before").join(
        renewed, on=keys, how="inner", suffix="_renewed"
    )
    increment = pl.col("mrr_renewed") - pl.col("mrr_before")
    off = (increment - pl.col("mrr")).abs().cast(pl.Int128) * snap.denominator
    near = off <= increment.abs().cast(pl.Int128) * snap.numerator
    changes = [
        (pl.col(f"{v}_renewed") - pl.col(f"{v}_before") - pl.col(v)).alias(v) for v in values
    ]
    return (
        both.filter(near)
        .with_columns(changes)
        .filter(pl.any_horizontal(pl.col(v) != 0 for v in values))
        .select(*_named(scope))
    )


def _renewal(
    scope: Scope, recurring: pl.DataFrame, scaled: pl.DataFrame, values: tuple[str, ...]
) -> pl.DataFrame:
    """The recurring level on the first day of service at or shortly after a proration's end."""
    limit = scope.settings.churn.bridge_gap_days
    served = scaled.select(*KEYS, "active_to").join(
        recurring.select(*KEYS, start="active_from", end="active_to"), on=list(KEYS), how="inner"
    )
    day = pl.max_horizontal("start", "active_to")
    last = pl.col("active_to") + pl.duration(days=limit)
    first = (
        served.filter(pl.col("end") > pl.col("active_to"), day <= last)
        .group_by(*KEYS, "active_to")
        .agg(on=day.min())
    )
    return _level_on(recurring, first, pl.col("on"), values)


def _level_on(
    recurring: pl.DataFrame, places: pl.DataFrame, day: pl.Expr, values: tuple[str, ...]
) -> pl.DataFrame:
    """The recurring level of a subscription on one day for each place; 0 where there is none."""
    keys = [*KEYS, "active_to"]
    dated = places.select(*keys, day=day)
    served = recurring.select(*KEYS, *values, start="active_from", end="active_to")
    active = dated.join(served, on=list(KEYS), how="inner").filter(
        pl.col("start") <= pl.col("day"), pl.col("day") < pl.col("end")
    )
    sums = active.group_by(keys).agg(pl.col(v).sum() for v in values)
    return dated.join(sums, on=keys, how="left").select(
        *keys, *(pl.col(v).fill_null(0) for v in values)
    )


def _paused(scope: Scope, parts: list[pl.DataFrame], paused: pl.DataFrame) -> pl.DataFrame:
    """What pauses take from the levels, and what they hold on their own line.

    Held is the level on the day before the pause, or on its first day where nothing was paid before.
    Under `own_line` the level stays at what is held, and `held` shows it apart, for at most
    `mrr.paused_max_days`; after that, and under `churn`, nothing is left; under `keep` what is held
    fills the days for which nothing was billed.
    """
    values = level_columns(scope)
    levels = _constant(pl.concat(parts), values)
    pairs = levels.join(_joined(paused), on="subscription_id", how="inner")
    inside = pairs.with_columns(
        start=pl.max_horizontal("from_day", "paused_from"),
        end=pl.min_horizontal("to_day", "paused_to"),
    ).filter(pl.col("start") < pl.col("end"))
    removed = inside.select(*KEYS, *(-pl.col(v) for v in values), from_day="start", to_day="end")
    held = _held(pairs, values)
    mode, limit = scope.settings.mrr.paused, scope.settings.mrr.paused_max_days
    until = pl.col("paused_to")
    if mode == "own_line" and limit is not None:
        until = pl.min_horizontal(until, pl.col("paused_from") + pl.duration(days=limit))
    kept = held.select(*KEYS, *values, from_day="paused_from", to_day=until)
    # What is held replaces what the lines say, so a month paid in advance is not counted twice.
    columns = [*KEYS, "from_day", "to_day", *values]
    level = pl.concat([part.select(columns) for part in (removed, kept)])
    level = removed.select(columns) if mode == "churn" else level
    if mode == "keep":
        level = _filled(inside, kept, values).select(columns)
    roles = [level.with_columns(role=pl.lit("level"))]
    if mode == "own_line":
        roles.append(kept.select(columns).with_columns(role=pl.lit("held")))
    return pl.concat(roles)


def _filled(inside: pl.DataFrame, kept: pl.DataFrame, values: tuple[str, ...]) -> pl.DataFrame:
    """What is held, less the days that lines cover themselves."""
    billed = inside.filter(pl.col("mrr") > 0).join(
        kept.select(*KEYS, "from_day", *(pl.col(v).alias(f"{v}_held") for v in values)),
        left_on=[*KEYS, "paused_from"],
        right_on=[*KEYS, "from_day"],
        how="inner",
        suffix="_kept",
    )
    back = billed.select(
        *KEYS, *(-pl.col(f"{v}_held").alias(v) for v in values), from_day="start", to_day="end"
    )
    columns = [*KEYS, "from_day", "to_day", *values]
    return pl.concat([kept.select(columns), back.select(columns)])


def _held(pairs: pl.DataFrame, values: tuple[str, ...]) -> pl.DataFrame:
    """The level that each pause holds, by subscription and currency."""
    eve = pl.col("paused_from") - pl.duration(days=1)
    keys = [*KEYS, "paused_from", "paused_to"]

    def on(day: pl.Expr) -> pl.DataFrame:
        found = pairs.filter(pl.col("from_day") <= day, day < pl.col("to_day"), pl.col("mrr") > 0)
        return found.group_by(keys).agg(pl.col(v).sum() for v in values)

    first = on(eve)
    late = on(pl.col("paused_from")).join(first, on=keys, how="anti")
    return pl.concat([first, late])


def _joined(paused: pl.DataFrame) -> pl.DataFrame:
    """Pauses of one subscription that overlap or touch, as one."""
    reach = pl.col("paused_to").cum_max().shift(1).over("subscription_id")
    apart = paused.sort("subscription_id", "paused_from", "paused_to").with_columns(
        group=(pl.col("paused_from") > reach).fill_null(value=True).cum_sum()
    )
    return (
        apart.group_by("subscription_id", "group")
        .agg(pl.col("paused_from").min(), pl.col("paused_to").max())
        .drop("group")
    )


def _constant(spans: pl.DataFrame, values: tuple[str, ...]) -> pl.DataFrame:
    """Spans that add up, as days of constant level by subscription and currency."""
    begins = spans.select(*KEYS, *values, day="from_day")
    ends = spans.select(*KEYS, *(-pl.col(v) for v in values), day="to_day")
    sums = (
        pl.concat([begins, ends.select(begins.columns)])
        .group_by(*KEYS, "day")
        .agg(pl.col(v).sum() for v in values)
        .sort(*KEYS, "day")
    )
    levels = sums.select(
        *KEYS,
        from_day="day",
        to_day=pl.col("day").shift(-1).over(KEYS),
        **{v: pl.col(v).cum_sum().over(KEYS) for v in values},
    )
    return levels.filter(pl.any_horizontal(pl.col(v) != 0 for v in values))


def _day(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
