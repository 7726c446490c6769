"""The health of each segment beside its revenue: the healthiest need not be the one that brings most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.dimensions import NONE, dimension
from clv_cli.measures.health import band, health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.results import Frames

HEALTH_TYPES = pl.Schema({"health": pl.Int64(), "health_band": pl.String(), "health_n": pl.Int64()})
NO_HEALTH: dict[str, object] = {"health": None, "health_band": None, "health_n": 0}
TOTAL = "total"


def health_by(frames: Frames, by: str) -> dict[str, dict[str, object]]:
    """The mean score of the paying customers of each part, its band, and of how many it is known.

    Args:
        frames: with `health` and the dimension.
        by: segment, plan, channel or country.

    Returns:
        By value of the dimension, and of all under `total`: `health, health_band, health_n`.
    """
    rules = frames.scope.settings.health
    known = frames[health].filter(pl.col("score").is_not_null())
    named = known.join(frames[dimension(by)].select("code", by), on="code", how="left")
    parts = named.with_columns(pl.col(by).fill_null(NONE))
    mean = pl.col("score").mean().round(0).cast(pl.Int64).alias("health")
    counted = [mean, pl.len().cast(pl.Int64).alias("health_n")]
    rows = [parts.group_by(by).agg(counted), parts.select(pl.lit(TOTAL).alias(by), *counted)]
    coloured = (
        pl.concat(rows)
        .filter(pl.col("health_n") > 0)
        .with_columns(health_band=band(pl.col("health"), rules.risky_up_to, rules.healthy_above))
    )
    return {str(row.pop(by)): row for row in coloured.to_dicts()}


def healthiest(rows: Sequence[Mapping[str, object]], by: str) -> list[str]:
    """Whether the part that brings most is also the healthiest, where both are known."""
    known = [row for row in rows if row["health"] is not None]
    if len(known) < 2:
        return []
    best = max(known, key=lambda row: (int(str(row["health"])), str(row[by])))
    most = max(known, key=lambda row: (int(str(row["mrr"])), str(row[by])))
    if best["health"] == most["health"]:
        return []
    text = (
        f"The healthiest {by} is {best[by] or 'none'} ({best['health']}); the one that brings most is "
        f"{most[by] or 'none'} ({most['health']})."
    )
    return [text]
