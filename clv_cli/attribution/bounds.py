"""The split at the lower and upper ends of a method's rates: what an interval means in money.

The waterfall runs once more with `low` and once with `high` in place of `rate`; sums are exact and
rounded once. Lines are cut at the rates themselves only.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.batches import all_bought, all_claims, all_credits, all_parts
from clv_cli.attribution.claims import claimed_lines
from clv_cli.attribution.components import REST
from clv_cli.attribution.contested import net_money
from clv_cli.attribution.methods import split_method_claims
from clv_cli.attribution.rounded import split_rounded
from clv_cli.attribution.tiers import tiers, unit_of
from clv_cli.attribution.waterfall import shares
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

ENDS = ("low", "high")
SCHEMA = {"bucket": pl.String, "component": pl.String, **dict.fromkeys(ENDS, pl.Int64)}
_CLAIM = ["at", "rule_id", "evidence"]


@derived(
    "split_bounds",
    all_bought,
    all_parts,
    all_claims,
    split_method_claims,
    split_rounded,
    all_credits,
)
def split_bounds(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    divided: pl.DataFrame,
    claims: pl.DataFrame,
    measured: pl.DataFrame,
    rounded: pl.DataFrame,
    credits_: pl.DataFrame,
) -> pl.DataFrame:
    """How much of the claimed money does each component get at either end?

    Returns:
        `bucket, component, low, high` (Int64, of the base currency), sorted.
    """
    types = pl.Schema({name: claims.schema[name] for name in _CLAIM})
    ends = claimed_lines(bought, measured).select(*_CLAIM, *ENDS).cast(types)
    money = net_money(bought, rounded, credits_)
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for end in ENDS:
        moved = claims.join(ends, on=_CLAIM, how="left", nulls_equal=True).with_columns(
            weight=pl.coalesce(end, "weight")
        )
        weighed = moved.drop(ENDS).filter(pl.col("weight") > 0)
        unit = unit_of(weighed)
        cells = shares(divided, weighed, tiers(scope, weighed, unit), unit)
        for key, amount in _sums(cells, money).items():
            found[key][end] = round(amount)
    rows = [(*key, *(ends_.get(end, 0) for end in ENDS)) for key, ends_ in sorted(found.items())]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _sums(cells: pl.DataFrame, money: pl.DataFrame) -> dict[tuple[str, str], Fraction]:
    """Exact sums: few fractions share all the money, so each is multiplied once."""
    keys = ["bucket", "component", "tier_num", "tier_den"]
    total = pl.col("amount").cast(pl.Int128).sum()
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for bucket, component, num, den, amount in (
        cells.join(money, on=["at", "part"]).group_by(keys).agg(total).iter_rows()
    ):
        sums[bucket, component] += Fraction(amount * num, den)
    return sums


def with_bounds(frames: Frames, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the split with `low` and `high`; sales' rest is what makes either end whole."""
    bounds = frames[split_bounds].filter(pl.col("component") != REST)
    joined = rows.join(bounds, on=["bucket", "component"], how="left", maintain_order="left")
    rest = pl.col("component") == REST
    ends = joined.with_columns(pl.coalesce(end, "amount").alias(end) for end in ENDS)
    others, whole = ends.filter(~rest), int(rows["amount"].sum())
    left = {end: whole - int(others[end].sum()) for end in ENDS}
    return ends.with_columns(
        pl.when(rest).then(pl.lit(left[end])).otherwise(end).alias(end) for end in ENDS
    )
