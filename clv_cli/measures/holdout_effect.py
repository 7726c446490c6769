"""What moments brought: customers who were talked to against those left alone on purpose."""

from __future__ import annotations

from math import sqrt

import polars as pl

from clv_cli.measures.purchases import purchases
from clv_cli.pipeline import Scope, derived

OUTCOME_DAYS = 90
_Z = 1.959963984540054
_MIN = 2  # a variance needs two
COLUMNS = {
    "kind": pl.String,
    "talked_to": pl.Int64,
    "left_alone": pl.Int64,
    "mean_talked_to": pl.Float64,
    "mean_left_alone": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


@derived("holdout_effect", purchases)
def holdout_effect(scope: Scope, bought: pl.DataFrame) -> pl.DataFrame:
    """How much more did customers of each kind of moment bring in the 90 days after it was said?

        difference = mean net billed of those talked to - mean of the holdout group

    The group is drawn by the hash of the id, so nothing but chance tells it from the others: the
    difference is what talking brought. A customer counts once a kind, from the first time it was
    said, when the 90 days are over. Welch's standard error, normal interval, 95 %. Source: Welch (1947).

    Returns:
        `kind`, sorted; `talked_to, left_alone` (customers), `mean_talked_to, mean_left_alone,
        difference, low, high` (Float64 minor units of the base currency: statistics, no money moved),
        null with fewer than two customers in either group.
    """
    memory = scope.book.memory
    if memory is None or not memory.emitted.height:
        return pl.DataFrame(schema=COLUMNS)
    first = (
        memory.emitted.sort("emitted_as_of", "dedupe_key")
        .unique(["customer_id", "kind"], keep="first", maintain_order=True)
        .with_columns(until=pl.col("emitted_as_of") + pl.duration(days=OUTCOME_DAYS))
        .filter(pl.col("until") <= scope.as_of)
        .join(scope.book.codes, on="customer_id")
    )
    near = first.select("code", "kind", "emitted_as_of", "until").join(bought, on="code")
    inside = near.filter(pl.col("day") > pl.col("emitted_as_of"), pl.col("day") <= pl.col("until"))
    brought = inside.group_by("code", "kind").agg(net=pl.col("amount").cast(pl.Int128).sum())
    rows = first.join(brought, on=["code", "kind"], how="left").with_columns(
        pl.col("net").fill_null(0).cast(pl.Float64)
    )
    found = [_compared(str(key[0]), of) for key, of in sorted(rows.group_by("kind"))]
    return pl.DataFrame(found, schema=COLUMNS, orient="row")


def _compared(kind: str, rows: pl.DataFrame) -> dict[str, object]:
    """One kind's groups, their means and the interval of the difference."""
    groups = [rows.filter(~pl.col("holdout"))["net"], rows.filter("holdout")["net"]]
    counts = [len(group) for group in groups]
    known = {"kind": kind, "talked_to": counts[0], "left_alone": counts[1]}
    if min(counts) < _MIN:
        return {**dict.fromkeys(COLUMNS), **known}
    means = [float(group.sum()) / len(group) for group in groups]
    squares = [
        float(((group - mean) ** 2).sum()) / (len(group) - 1) / len(group)
        for group, mean in zip(groups, means, strict=True)
    ]
    difference, reach = means[0] - means[1], _Z * sqrt(sum(squares))
    return {
        **known,
        "mean_talked_to": means[0],
        "mean_left_alone": means[1],
        "difference": difference,
        "low": difference - reach,
        "high": difference + reach,
    }
