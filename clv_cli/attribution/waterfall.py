"""The waterfall: CXM first, CS on what CXM left, sales the rest; in exact fractions.

Of a part of a purchase, with x the combined CXM claim and y the combined CS claim:

    CXM = x        CS = y (1 - x)        sales = (1 - x)(1 - y)

They sum to 1 for every x and y in [0, 1], so nothing can be credited twice. Inside a tier the credit
is divided among its claims in proportion to their weights. `max`, `capped_sum` and `noisy_or` are all
symmetric, so the order of claims cannot matter.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.cs import split_interventions, split_introductions
from clv_cli.attribution.cxm import split_initiatives
from clv_cli.attribution.lines import ONE
from clv_cli.attribution.motion import (
    PARTS,
    parts,
    split_expansion,
    split_spread,
    split_switched_deals,
    split_switchers,
)
from clv_cli.attribution.reach import split_reached, split_reached_before
from clv_cli.frames import WEIGHT_ONE
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clv_cli.pipeline import Scope

TIERS = ("cxm", "cs")
BUCKETS = (*TIERS, "sales")
REST, UNMATCHED, WHOLE = "rest", "unmatched_credits", "whole"
_PART = ["line_id", "part"]


def _noisy_or(weights: pl.Expr) -> pl.Expr:
    return weights.map_batches(
        lambda lists: pl.Series([noisy_or(one) for one in lists], dtype=pl.Int64),
        return_dtype=pl.Int64,
    )


def noisy_or(weights: Iterable[int]) -> int:
    """1 - product of (1 - w), cut to whole parts per million: the result is a weight again."""
    left = Fraction(1)
    for weight in weights:
        left *= 1 - Fraction(weight, WEIGHT_ONE)
    return int((1 - left) * WEIGHT_ONE)


# What a tier claims of a part, from the list of the weights that claim it.
COMBINE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "max": lambda weights: weights.list.max(),
    "capped_sum": lambda weights: weights.list.sum().clip(upper_bound=WEIGHT_ONE),
    "noisy_or": _noisy_or,
}


@derived(
    "split_parts",
    split_reached,
    split_reached_before,
    split_spread,
    split_expansion,
    split_switchers,
    split_switched_deals,
)
def split_parts(  # noqa: PLR0913 - one argument a measure it needs
    scope: Scope,
    reached: pl.DataFrame,
    before: pl.DataFrame,
    spread: pl.DataFrame,
    expansion: pl.DataFrame,
    switchers: pl.DataFrame,
    deals: pl.DataFrame,
) -> pl.DataFrame:
    """The parts by motion of all reached purchases; see `motion.parts`."""
    return parts(scope, pl.concat([reached, before]), spread, expansion, switchers, deals)


@derived(
    "split_claims", split_parts, split_initiatives, split_interventions, split_introductions
)
def split_claims(
    scope: Scope,
    divided: pl.DataFrame,
    initiatives: pl.DataFrame,
    helped: pl.DataFrame,
    brought: pl.DataFrame,
) -> pl.DataFrame:
    """Every claim of every rule on the parts of purchases, before the waterfall."""
    return pl.concat(
        [cxm.claims(divided, initiatives), cs.claims(scope, divided, helped, brought)]
    )


@derived("split_shares", split_parts, split_claims)
def split_shares(scope: Scope, divided: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Which share of each reached purchase goes to which rule?

    Returns:
        One row a line x part x bucket x component x rule x evidence, with its share of the line as
        `part_num / part_den * tier_num / tier_den` (Int128), and `place`, the order of cells.
    """
    rest = divided.with_columns(
        bucket=pl.lit("sales"),
        component=pl.lit(REST),
        rule_id=pl.lit(REST),
        evidence=pl.lit(None, pl.String),
        weight=pl.lit(None, pl.Int64),
    )
    rows = _tiers(scope, rest, claims)
    den = _whole("cxm") * _whole("cs")
    cells = rows.with_columns(tier_num=_credit(), tier_den=den, place=_place())
    return cells.filter(pl.col("tier_num") > 0).drop(
        [f"{tier}_{name}" for tier in TIERS for name in ("k", "sum", "num", "den")]
    )


def _tiers(scope: Scope, rest: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Each tier's combined claim on each part as `num / den`, and how it is divided: `k, sum`."""
    combine = COMBINE[scope.settings.split.combine]
    one = pl.lit(WEIGHT_ONE, pl.Int64)
    columns: list[pl.Expr] = []
    for tier in TIERS:
        weights = pl.col("weight").filter(pl.col("bucket") == tier)
        columns += [
            weights.count().alias(f"{tier}_k"),
            weights.sum().alias(f"{tier}_sum"),
            weights.alias(f"{tier}_num"),
        ]
    nums = [combine(pl.col(f"{tier}_num")) for tier in TIERS]
    combined = claims.group_by(_PART).agg(columns).with_columns(nums)
    rows = pl.concat([rest, claims]).join(combined, on=_PART, how="left")
    for tier in TIERS:
        # All or nothing needs no millionths; smaller denominators keep products within 128 bits.
        num, single = pl.col(f"{tier}_num").fill_null(0), pl.col(f"{tier}_k").fill_null(0) <= 1
        plain = (num == 0) | (num == one)
        rows = rows.with_columns(
            pl.when(plain).then(num // one).otherwise(num).cast(pl.Int128).alias(f"{tier}_num"),
            pl.when(plain).then(1).otherwise(one).cast(pl.Int128).alias(f"{tier}_den"),
            pl.when(single).then(1).otherwise(f"{tier}_sum").cast(pl.Int128).alias(f"{tier}_sum"),
        )
    return rows


def _whole(tier: str) -> pl.Expr:
    return pl.col(f"{tier}_den") * pl.col(f"{tier}_sum")


def _left(tier: str) -> pl.Expr:
    """What a tier leaves, over the same denominator as its credit."""
    return (pl.col(f"{tier}_den") - pl.col(f"{tier}_num")) * pl.col(f"{tier}_sum")


def _credit() -> pl.Expr:
    """A row's share of its part, over the denominator of both tiers."""

    def own(tier: str) -> pl.Expr:
        weight = pl.when(pl.col(f"{tier}_k") > 1).then("weight").otherwise(ONE)
        return pl.col(f"{tier}_num") * weight.cast(pl.Int128)

    return (
        pl.when(pl.col("bucket") == "cxm")
        .then(own("cxm") * _whole("cs"))
        .when(pl.col("bucket") == "cs")
        .then(_left("cxm") * own("cs"))
        .otherwise(_left("cxm") * _left("cs"))
    )


def _place() -> pl.Expr:
    """The order of cells: parts as in `PARTS`, then the waterfall."""

    def index(column: str, names: tuple[str, ...]) -> pl.Expr:
        return pl.sum_horizontal((pl.col(column) == name) * at for at, name in enumerate(names))

    return (index("part", PARTS) * len(BUCKETS) + index("bucket", BUCKETS)).cast(pl.Int32)
