"""The waterfall: CXM first, CS on what CXM left, sales the rest; in exact fractions.

Of a part of a purchase, with x the combined CXM claim and y the combined CS claim:

    CXM = x        CS = y (1 - x)        sales = (1 - x)(1 - y)

They sum to 1 for every x and y in [0, 1], so nothing can be credited twice. Inside a tier, whose claims
combine as `tiers` says, the credit is divided among them in proportion to their weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import REST
from clv_cli.attribution.expansion import split_spread
from clv_cli.attribution.grouping import among, end_of
from clv_cli.attribution.motion import (
    PART,
    PARTS,
    parts,
    split_switched_deals,
    split_switchers,
)
from clv_cli.attribution.reach import split_bought, split_first_days, split_matches
from clv_cli.attribution.renewed import split_terms
from clv_cli.attribution.tiers import BUCKET, TIERS, part_key, places, tiers, unit_of
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.pipeline import Scope

SHARE = (
    "at",
    "part",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "part_num",
    "part_den",
    "tier_num",
    "tier_den",
)


@derived(
    "split_parts",
    split_bought,
    split_matches,
    split_spread,
    split_terms,
    split_first_days,
    split_switchers,
    split_switched_deals,
)
def split_parts(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    matched: pl.DataFrame,
    spread: pl.DataFrame,
    terms: pl.DataFrame,
    first_days: pl.DataFrame,
    customers: pl.DataFrame,
    deals: pl.DataFrame,
) -> pl.DataFrame:
    """The parts by motion of the purchases that some rule matches; see `motion.parts`."""
    columns = ("at", "code", "issued_on", "month", "product_id", "currency", "deal_id")
    own = bought.select(columns).filter(among(bought.height, matched["at"]))
    return parts(scope, own, spread, terms, first_days, (customers, deals))


@derived("split_claims", split_parts, split_matches)
def split_claims(_: Scope, divided: pl.DataFrame, matched: pl.DataFrame) -> pl.DataFrame:
    """What each rule claims of each part, before the waterfall: `weight` (ppm) above 0."""
    component, at = matched.schema["component"], matched["at"].to_numpy()
    most = end_of(matched["at"], divided["at"])
    of_part = {part: divided["at"].filter(divided["part"] == part) for part in PARTS}
    found = [
        matched.filter((matched[part] > 0) & pl.Series(among(most, of_part[part])[at])).select(
            "at",
            pl.lit(part, PART).alias("part"),
            "bucket",
            pl.col("component").fill_null(pl.lit(part, component)),
            "rule_id",
            "evidence",
            weight=part,
        )
        for part in PARTS
    ]
    return pl.concat(found)


@derived("split_unit", split_claims)
def split_unit(_: Scope, claims: pl.DataFrame) -> pl.DataFrame:
    """The unit in which weights are counted, in one row; see `tiers.unit_of`."""
    return pl.DataFrame({"unit": [unit_of(claims)]})


@derived("split_tiers", split_claims, split_unit)
def split_tiers(scope: Scope, claims: pl.DataFrame, unit: pl.DataFrame) -> pl.DataFrame:
    """What each tier claims of each part; see `tiers.tiers`."""
    return tiers(scope, claims, unit.item())


@derived("split_shares", split_parts, split_claims, split_tiers, split_unit)
def split_shares(
    _: Scope,
    divided: pl.DataFrame,
    claims: pl.DataFrame,
    combined: pl.DataFrame,
    unit: pl.DataFrame,
) -> pl.DataFrame:
    """Which share of each matched purchase goes to which rule? See `shares`."""
    return shares(divided, claims, combined, unit.item())


def shares(
    divided: pl.DataFrame, claims: pl.DataFrame, combined: pl.DataFrame, unit: int
) -> pl.DataFrame:
    """The waterfall itself, for any claims.

    Args:
        divided: see `split_parts`.
        claims: see `split_claims`.
        combined: see `split_tiers`, of these claims.
        unit: of their weights; see `tiers.unit_of`.

    Returns:
        One row a line (`at`) x part x bucket x component x rule x evidence, with its share of the
        line as `part_num / part_den * tier_num / tier_den` (Int128).
    """
    both, key = combined.select(part_key().alias("key"), *_granted()), part_key()
    at = places(both["key"], divided.select(key).to_series())
    # What is granted to nobody makes no cell, so it is left out before cells are made.
    left = (both["rest"] > 0).gather(at).fill_null(value=True)
    at = at.filter(left)
    rest = divided.filter(left).with_columns(
        bucket=pl.lit("sales", BUCKET),
        component=pl.lit(REST, claims.schema["component"]),
        rule_id=pl.lit(REST, claims.schema["rule_id"]),
        evidence=pl.lit(None, claims.schema["evidence"]),
        tier_num=both["rest"].gather(at).fill_null(1),
        tier_den=both["den"].gather(at).fill_null(1),
    )
    asked = claims.select(key).to_series()
    of_tier, by_cs = places(both["key"], asked), claims["bucket"] == TIERS[1]
    # What both tiers get stands in one column, CXM first: each claim picks from its own.
    by_tier = of_tier + by_cs.cast(pl.Int32) * both.height
    got, rules = (pl.concat(both[tier + name].rename("") for tier in TIERS) for name in ("", "_k"))
    gets = (got > 0).gather(by_tier)
    claims, of_tier, by_tier = claims.filter(gets), of_tier.filter(gets), by_tier.filter(gets)
    of_part = places(divided.select(key).to_series(), asked.filter(gets))
    # A claim's share of its part: what its tier gets, by its weight among the tier's rules.
    weight = (claims["weight"] // unit).set(rules.gather(by_tier) == 1, 1)
    granted = claims.with_columns(
        *(divided[name].gather(of_part) for name in ("part_num", "part_den")),
        tier_num=got.gather(by_tier) * weight.cast(pl.Int128),
        tier_den=both["den"].gather(of_tier),
    )
    return pl.concat([granted.select(SHARE), rest.select(SHARE)])


def _granted() -> Iterator[pl.Expr]:
    """What of a part each tier gets and leaves, over the denominator of both: a column each."""

    def whole(tier: str) -> pl.Expr:
        return pl.col(f"{tier}_den") * pl.col(f"{tier}_sum")

    def left(tier: str) -> pl.Expr:
        return (pl.col(f"{tier}_den") - pl.col(f"{tier}_num")) * pl.col(f"{tier}_sum")

    yield (whole("cxm") * whole("cs")).alias("den")
    yield (left("cxm") * left("cs")).alias("rest")
    yield (pl.col("cxm_num") * whole("cs")).alias("cxm")
    yield (left("cxm") * pl.col("cs_num")).alias("cs")
    yield from (pl.col(f"{tier}_k") for tier in TIERS)
