"""Why customers who stayed pay more or less: price, quantity, plan, discount, subscriptions."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.fx import at_month_end, convert, divide_half_even
from clv_cli.measures.mrr_lines import amount_counted, mrr_lines
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import snapshot_month
from clv_cli.measures.mrr_terms import money, number
from clv_cli.pipeline import Scope, derived, reduction

CAUSES = ("price", "quantity", "plan", "discount", "subscription", "other")
STAYED = ("expansion", "contraction")
_KEYS = ["code", "month"]
_ITEM = [*_KEYS, "subscription_id", "currency"]
_LEVELS = ("net", "gross", "quantity", "unknown")
# Each converted part is rounded by itself: so much may be left over without meaning anything.
_ROUNDING = 16


@reduction("mrr_item_deltas")
def mrr_item_deltas(scope: Scope) -> pl.LazyFrame:
    """By how much do MRR, MRR before discounts, and units change, plan by plan?

    Returns:
        `code, subscription_id, currency, plan_id, day` and the changes of `net` and `gross` (Int64
        MRR units), `quantity` (Int128 millionths) and `unknown` (lines that tell no quantity).
        What a renewal repeats cancels.
    """
    keys = ["code", "subscription_id", "currency", "plan_id"]
    listed = money("amount") + money("discount").fill_null(0)
    counted = amount_counted(scope)
    gross = divide_half_even(money("mrr") * listed * counted.sign(), counted.abs().clip(1))
    charged = pl.col("kind").is_in(["recurring", "proration"])
    quantity = pl.when(charged).then(number("quantity") * money("mrr").sign()).fill_null(0)
    unknown = charged & pl.col("quantity").is_null()
    lines = mrr_lines(scope).select(
        *keys,
        "active_from",
        "active_to",
        net=money("mrr"),
        gross=gross,
        quantity=quantity,
        unknown=unknown.cast(pl.Int128),
    )
    begins = lines.select(*keys, *_LEVELS, day="active_from")
    # polars negates no Int128.
    ends = lines.select(*keys, *(pl.col(level) * -1 for level in _LEVELS), day="active_to")
    sums = pl.concat([begins, ends]).group_by(*keys, "day").agg(pl.col(_LEVELS).sum())
    return sums.filter(pl.any_horizontal(pl.col(level) != 0 for level in _LEVELS)).sort(
        *keys, "day"
    )


@derived("mrr_change_causes", mrr_item_deltas, mrr_movements)
def mrr_change_causes(scope: Scope, items: pl.DataFrame, movements: pl.DataFrame) -> pl.DataFrame:
    """Why did expansion and contraction happen, as far as the lines tell?

    A subscription that both month ends have is compared with itself: `discount` is what the change
    of its discount rate does to the old list price; of the rest, everything is `plan` where its
    plans differ, else `quantity` (the change of units at the old price) and `price` (the change of
    price on the new units). One that only one end has is `subscription`. What the lines do not tell
    (no quantity, a bridged gap, a pause, a grace that ended) is `other`.

    Returns:
        `code, month, movement (expansion, contraction), cause (of CAUSES)`, sorted; `mrr` (Int64 MRR
        units of the base currency, never 0). By code, month and movement, `mrr` sums exactly to that
        movement in `mrr_movements`: causes may have either sign (price +80, quantity -20 is an
        expansion of 60). Where a customer has both movements in one month (`movements.mode: events`,
        `grain: subscription`), gains go to expansion and losses to contraction.
    """
    moved = (
        movements.group_by(_KEYS)
        .agg(pl.col(STAYED).sum())
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in STAYED))
    )
    causes = _in_base(scope, _causes(_pairs(scope, items, moved)))
    return _summed_exactly(causes, moved)


def _pairs(scope: Scope, items: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """Every subscription of a moved customer at both ends of the month, and whether its plans changed."""
    dated = items.with_columns(since=snapshot_month(pl.col("day"), scope.as_of)).drop("day")
    known = moved.select(_KEYS).join(dated, on="code", how="inner")
    known = known.filter(pl.col("since") <= pl.col("month"))
    before = pl.col("since") < pl.col("month")
    by_plan = known.group_by(*_ITEM, "plan_id").agg(
        *(pl.col(level).filter(before).sum().alias(f"{level}_then") for level in _LEVELS),
        *(pl.col(level).sum().alias(f"{level}_now") for level in _LEVELS),
    )
    switched = (pl.col("net_then") != 0) != (pl.col("net_now") != 0)
    totals = [f"{level}_{end}" for level in _LEVELS for end in ("then", "now")]
    return by_plan.group_by(_ITEM).agg(pl.col(totals).sum(), switched=switched.any())


def _causes(pairs: pl.DataFrame) -> pl.DataFrame:
    """What each cause did to a subscription's MRR, in its own currency: `cause, mrr`."""
    net_then, net_now = pl.col("net_then"), pl.col("net_now")
    both = (net_then > 0) & (net_now > 0) & (pl.col("gross_now") > 0) & (pl.col("gross_then") > 0)
    old_list = divide_half_even(pl.col("gross_then") * net_now, pl.col("gross_now").clip(1))
    known = (
        (pl.col("unknown_then") == 0)
        & (pl.col("unknown_now") == 0)
        & (pl.col("quantity_then") > 0)
        & (pl.col("quantity_now") > 0)
    )
    more = pl.col("quantity_now") - pl.col("quantity_then")
    by_quantity = divide_half_even(old_list * more, pl.col("quantity_then").clip(1))
    rest = net_now - old_list
    same_plan = both & ~pl.col("switched")
    amounts = {
        "subscription": pl.when(~both).then(net_now - net_then),
        "discount": pl.when(both).then(old_list - net_then),
        "plan": pl.when(both & pl.col("switched")).then(rest),
        "quantity": pl.when(same_plan & known).then(by_quantity),
        "price": pl.when(same_plan & known).then(rest - by_quantity),
        "other": pl.when(same_plan & ~known).then(rest),
    }
    return (
        pairs.select(*_ITEM, **{name: value.cast(pl.Int64) for name, value in amounts.items()})
        .unpivot(on=list(amounts), index=_ITEM, variable_name="cause", value_name="mrr")
        .filter(pl.col("mrr").fill_null(0) != 0)
        .group_by(*_KEYS, "currency", "cause")
        .agg(pl.col("mrr").sum())
    )


def _in_base(scope: Scope, causes: pl.DataFrame) -> pl.DataFrame:
    value = convert(pl.col("mrr"), pl.col("multiplier"), pl.col("divisor"))
    rated = at_month_end(scope, causes).with_columns(mrr=value)
    return rated.group_by(*_KEYS, "cause").agg(pl.col("mrr").sum())


def _summed_exactly(causes: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """The causes by movement, with what is left over: none of it is lost, none invented."""
    targets = moved.unpivot(
        on=list(STAYED), index=_KEYS, variable_name="movement", value_name="target"
    ).filter(pl.col("target") != 0)
    alone = targets.with_columns(alone=pl.len().over(_KEYS) == 1)
    found = alone.join(causes, on=_KEYS, how="inner")
    sided = (pl.col("mrr") > 0) == (pl.col("movement") == "expansion")
    kept = found.filter(pl.col("alone") | sided)
    keys = [*_KEYS, "movement"]
    named = kept.select(*keys, "cause", "mrr")
    left = targets.join(named.group_by(keys).agg(pl.col("mrr").sum()), on=keys, how="left").select(
        *keys, left=pl.col("target") - pl.col("mrr").fill_null(0)
    )
    largest = (
        named.sort(*keys, pl.col("mrr").abs(), "cause")
        .group_by(keys)
        .agg(largest=pl.col("cause").last())
    )
    rounding = pl.col("left").abs() <= _ROUNDING
    rest = (
        left.filter(pl.col("left") != 0)
        .join(largest, on=keys, how="left")
        .select(
            *keys,
            cause=pl.when(rounding)
            .then(pl.coalesce("largest", pl.lit("other")))
            .otherwise(pl.lit("other")),
            mrr="left",
        )
    )
    return (
        pl.concat([named, rest])
        .group_by(*keys, "cause")
        .agg(pl.col("mrr").sum())
        .filter(pl.col("mrr") != 0)
        .sort(*keys, "cause")
    )
