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
from clv_cli.attribution.lines import ONE
from clv_cli.attribution.motion import (
    parts,
    split_switched_deals,
    split_switchers,
)
from clv_cli.attribution.reach import split_bought, split_first_days, split_matches
from clv_cli.attribution.renewed import split_terms
from clv_cli.attribution.tiers import BUCKET, PART_KEYS, part_key, tiers, unit_of
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

_PART = [*PART_KEYS]
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
    matches = pl.col("at").is_in(matched["at"].unique().implode())
    own = bought.select(columns).filter(matches)
    return parts(scope, own, spread, terms, first_days, (customers, deals))


@derived("split_claims", split_parts, split_matches)
def split_claims(_: Scope, divided: pl.DataFrame, matched: pl.DataFrame) -> pl.DataFrame:
    """What each rule claims of each part, before the waterfall: `weight` (ppm) above 0."""
    both = divided.select(_PART).join(matched, on="at")
    weight = (
        pl.when(pl.col("part") == "switched")
        .then("switched")
        .when(pl.col("part") == "expanded")
        .then("expanded")
        .otherwise("retained")
    )
    component = pl.coalesce("component", pl.col("part").cast(pl.String))
    claims = both.with_columns(weight=weight, component=component).filter(pl.col("weight") > 0)
    return claims.drop("switched", "expanded", "retained")


@derived("split_tiers", split_claims)
def split_tiers(scope: Scope, claims: pl.DataFrame) -> pl.DataFrame:
    """What each tier claims of each part; see `tiers.tiers`."""
    return tiers(scope, claims)


@derived("split_shares", split_parts, split_claims, split_tiers)
def split_shares(
    _: Scope, divided: pl.DataFrame, claims: pl.DataFrame, combined: pl.DataFrame
) -> pl.DataFrame:
    """Which share of each matched purchase goes to which rule? See `shares`."""
    return shares(divided, claims, combined)


def shares(divided: pl.DataFrame, claims: pl.DataFrame, combined: pl.DataFrame) -> pl.DataFrame:
    """The waterfall itself, for any claims.

    Args:
        divided: see `split_parts`.
        claims: see `split_claims`.
        combined: see `split_tiers`, of these claims.

    Returns:
        One row a line (`at`) x part x bucket x component x rule x evidence, with its share of the
        line as `part_num / part_den * tier_num / tier_den` (Int128).
    """
    fractions = divided.select(*_PART, "part_num", "part_den")
    claims = claims.with_columns(pl.col("weight") // unit_of(claims), key=part_key())
    both = combined.with_columns(key=part_key()).drop(_PART)
    fractions = fractions.with_columns(key=part_key())
    rest = fractions.join(both, on="key", how="left").with_columns(
        bucket=pl.lit("sales", BUCKET),
        component=pl.lit(REST),
        rule_id=pl.lit(REST),
        evidence=pl.lit(None, pl.String),
        tier_num=(_left("cxm") * _left("cs")).fill_null(1),
        tier_den=(_whole("cxm") * _whole("cs")).fill_null(1),
    )
    parts_ = fractions.select("key", "part_num", "part_den")
    granted = claims.join(parts_, on="key").join(both, on="key")
    granted = granted.with_columns(tier_num=_credit(), tier_den=_whole("cxm") * _whole("cs"))
    cells = pl.concat([granted.select(SHARE), rest.select(SHARE)])
    return cells.filter(pl.col("tier_num") > 0)


def _whole(tier: str) -> pl.Expr:
    return pl.col(f"{tier}_den") * pl.col(f"{tier}_sum")


def _left(tier: str) -> pl.Expr:
    """What a tier leaves, over the same denominator as its credit."""
    return (pl.col(f"{tier}_den") - pl.col(f"{tier}_num")) * pl.col(f"{tier}_sum")


def _credit() -> pl.Expr:
    """A claim's share of its part, over the denominator of both tiers."""

    def own(tier: str) -> pl.Expr:
        weight = pl.when(pl.col(f"{tier}_k") > 1).then("weight").otherwise(ONE)
        return pl.col(f"{tier}_num") * weight.cast(pl.Int128)

    by_cxm = own("cxm") * _whole("cs")
    return pl.when(pl.col("bucket") == "cxm").then(by_cxm).otherwise(_left("cxm") * own("cs"))
