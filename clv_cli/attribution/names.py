"""The names that cells may bear, each once: components, rules and evidence.

Cells are many and their names few, so from the matching of rules to the last table a name is its place in
an enumeration, whose order is that of the texts.
"""

from __future__ import annotations

from typing import cast

import polars as pl

from clv_cli.attribution.components import FX, REST, RESTATED, UNMATCHED
from clv_cli.attribution.cs import (
    AT_RISK,
    NAMES,
    NO_GRIPES,
    REFERRAL,
    split_interventions,
    split_introductions,
)
from clv_cli.attribution.cxm import split_initiatives
from clv_cli.attribution.frozen import split_frozen
from clv_cli.attribution.methods import split_method_claims
from clv_cli.attribution.motion import PART, PARTS
from clv_cli.attribution.tiers import BUCKET
from clv_cli.attribution.unmatched import UNMATCHED_CUSTOMER
from clv_cli.pipeline import Scope, derived

RULES = (AT_RISK, REFERRAL, NO_GRIPES, REST, UNMATCHED_CUSTOMER, UNMATCHED, FX, RESTATED)
# What tells a cell of a line from its others.
CELL = ("part", "bucket", *NAMES)
# The evidence of the cell that a credit takes back.
ORIGINAL = "original_evidence"


@derived(
    "split_names",
    split_initiatives,
    split_interventions,
    split_introductions,
    split_method_claims,
    split_frozen,
)
def split_names(
    _: Scope,
    initiatives: pl.DataFrame,
    helped: pl.DataFrame,
    brought: pl.DataFrame,
    measured: pl.DataFrame,
    frozen: pl.DataFrame,
) -> pl.DataFrame:
    """All names of components, rules and evidence: no rows, but columns whose types say them."""
    claimed = [frame.select(NAMES) for frame in (brought, measured, frozen)]
    initiative = pl.col("initiative_id")
    own = initiatives.select(rule_id=initiative, evidence=pl.lit("initiatives:") + initiative)
    found = pl.concat(
        [
            pl.DataFrame({"component": [*PARTS, *RULES], "rule_id": [*PARTS, *RULES]}),
            own,
            helped.select(evidence=pl.lit("touches:") + pl.col("touch_id")),
            frozen.select(evidence="original_evidence"),
            *claimed,
        ],
        how="diagonal",
    )
    names = {name: pl.Enum(found[name].drop_nulls().unique().sort()) for name in NAMES}
    return pl.DataFrame(schema={"part": PART, "bucket": BUCKET, **names})


def named(frame: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """A frame with its names as places: the columns that it has of `CELL`, and `ORIGINAL`."""
    types = dict(names.schema)
    types[ORIGINAL] = types["evidence"]
    known = {name: types[name] for name in frame.columns if name in types}
    if frame.is_empty():
        # A cast looks at all names, even for no row; these are there already.
        none = {name: names["evidence" if name == ORIGINAL else name] for name in known}
        return frame.with_columns(column.clear().alias(name) for name, column in none.items())
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in known.items())


def order_of(cells: pl.DataFrame) -> pl.Series:
    """The total order of a line's cells as one integer: bucket, part, component, rule, evidence.

    Buckets and parts stand in the order of the waterfall and of `motion.PARTS`, names in that of texts,
    no evidence before any. So many names that their combinations exceed 64 bits no memory could hold.
    """
    place = pl.lit(0, pl.Int64)
    for name in ("bucket", "part", *NAMES):
        # The place of nothing is 0.
        own = pl.col(name).to_physical().cast(pl.Int64).fill_null(-1) + 1
        place = place * (len(cast("pl.Enum", cells.schema[name]).categories) + 1) + own
    return cells.select(place).to_series()
