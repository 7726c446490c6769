"""CXM: purchases switched or expanded for aligned processes, policies and products.

An initiative claims a line issued while it was in force (`effective_from <= issued_on <
effective_to`) whose product, touchpoint and customer's segment it covers; an empty list covers all.
It claims `weight_switched` of the switched part, `weight_expanded` of the expanded one, and nothing
of what was merely retained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.grouping import numbered
from clv_cli.frames import WEIGHT_ONE
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

TABLES = ("initiatives",)
FACETS = {"products": "product_id", "touchpoints": "touchpoint", "segments": "segment"}
# A rule that looks at a purchase: its weight (ppm) on each part; no component means that of the part.
MATCH = (
    "at",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "switched",
    "expanded",
    "retained",
)


def segments(scope: Scope) -> pl.LazyFrame:
    """The segment of each customer that has one: `code, segment`."""
    known = scope.book.table("customers").filter(pl.col("segment").is_not_null())
    coded = known.join(scope.book.codes.lazy(), on="customer_id")
    return coded.group_by("code").agg(pl.col("segment").min())


@reduction("split_segments")
def split_segments(scope: Scope) -> pl.LazyFrame:
    """See `segments`."""
    return segments(scope).sort("code")


def covers(facet: str) -> pl.Expr:
    """Whether an initiative's list covers the line's value; an empty list covers everything."""
    wanted = pl.col(facet)
    open_to_all = wanted.is_null() | (wanted.list.len() == 0)
    return open_to_all | wanted.list.contains(pl.col(FACETS[facet])).fill_null(value=False)


def in_force() -> pl.Expr:
    """Whether a line is issued while the initiative is in force."""
    until = pl.col("effective_to")
    open_ended = until.is_null() | (pl.col("issued_on") < until)
    return (pl.col("issued_on") >= pl.col("effective_from")) & open_ended


def coverage(combinations: pl.DataFrame, initiatives: pl.DataFrame) -> pl.DataFrame:
    """Which aligned initiatives cover which product, touchpoint and segment among some lines?

    Combinations are few however many lines there are, so the lists are searched once for each.

    Args:
        combinations: the values of some facets, each once.
        initiatives: that are aligned and list none of the other facets.
    """
    facets = [facet for facet, column in FACETS.items() if column in combinations.columns]
    columns = ["initiative_id", "effective_from", "effective_to", *facets]
    weights = [pl.col(f"weight_{part}").fill_null(WEIGHT_ONE) for part in ("switched", "expanded")]
    pairs = combinations.join(initiatives.select(*columns, *weights), how="cross")
    return pairs.filter(*(covers(facet) for facet in facets)).drop(facets)


def reached(initiatives: pl.DataFrame) -> pl.Expr:
    """Whether a line is issued while some aligned initiative is in force, and of a product of one.

    A coarse sieve, so that most lines need no more than one lookup; `matches` looks closely.
    """
    aligned = initiatives.filter("aligned")
    if aligned.is_empty():
        return pl.lit(value=False)
    listed = aligned["products"].explode().drop_nulls().unique()
    ends = aligned["effective_to"]
    inside = pl.col("issued_on") >= aligned["effective_from"].min()
    if not ends.has_nulls():
        inside &= pl.col("issued_on") < ends.max()
    if (aligned["products"].list.len().fill_null(0) == 0).any():
        sold = pl.lit(value=True)
    else:
        sold = pl.col("product_id").is_in(listed.implode())
    return (inside & sold).fill_null(value=False)


@reduction("split_initiatives")
def split_initiatives(scope: Scope) -> pl.LazyFrame:
    """All initiatives, aligned or not, by id."""
    return scope.book.table("initiatives").sort("initiative_id")


def matches(bought: pl.DataFrame, initiatives: pl.DataFrame, names: pl.Schema) -> pl.DataFrame:
    """Which initiatives cover which purchases, and what do they claim of each part?

    Args:
        bought: see `reach.split_bought`.
        initiatives: see `split_initiatives`.
        names: the enumerations of `names.split_names`.

    Returns:
        The columns of `MATCH`.
    """
    aligned = initiatives.filter("aligned")
    # What no initiative lists is not looked at; products always, for there must be a key.
    listed = [
        column
        for facet, column in FACETS.items()
        if facet == "products" or (aligned[facet].list.len().fill_null(0) > 0).any()
    ]
    number, first = numbered(bought, listed)
    combinations = bought.select(pl.col(listed).gather(first).cast(pl.String)).with_row_index(
        "number"
    )
    evidence = pl.lit("initiatives:") + pl.col("initiative_id")
    covered = coverage(combinations, aligned).with_row_index("rule")
    lines = bought.select("at", "issued_on", number=pl.Series(number).cast(pl.UInt32))
    days = ("number", "effective_from", "effective_to", "rule")
    matched = lines.join(covered.select(days), on="number").filter(in_force())
    # What a rule is called and claims is picked for those lines alone.
    rules = covered.select(
        rule_id=pl.col("initiative_id").cast(names["rule_id"]),
        evidence=evidence.cast(names["evidence"]),
        switched=pl.col("weight_switched"),
        expanded=pl.col("weight_expanded"),
    )
    return matched.select(
        "at",
        bucket=pl.lit("cxm", names["bucket"]),
        component=pl.lit(None, names["component"]),
        **{name: rules[name].gather(matched["rule"]) for name in rules.columns},
        retained=pl.lit(0, pl.Int64),
    )
