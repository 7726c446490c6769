"""Does the health score tell who leaves? Its bands held against the user's own history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.health import BANDS
from clv_cli.measures.intervals import wilson

if TYPE_CHECKING:
    from clv_cli.models.auc import Area
    from clv_cli.pipeline import Interval


@dataclass(frozen=True, slots=True)
class BandTest:
    """What became of the customers of one band.

    Args:
        band: red, yellow or green.
        n: scores (a customer may have one a snapshot).
        lost: how many of them were gone at the window's end.
        rate: the share; None without a score.
        interval: of the share, as if all scores were of different customers.
        lift: the share against that of all.
    """

    band: str
    n: int
    lost: int
    rate: float | None
    interval: Interval | None
    lift: float | None


@dataclass(frozen=True, slots=True)
class HealthTest:
    """The test of the score.

    Args:
        bands: in the order of `BANDS`.
        area: under the ROC curve: the chance that who left had the lower score; None without both.
        customers: how many customers were looked at.
        lost: how many scores were of customers then lost.
        verdict: what is wrong with the score; None when its bands separate.
        tested: whether there were enough lost customers to say so.
    """

    bands: tuple[BandTest, ...]
    area: Area | None
    customers: int
    lost: int
    verdict: str | None
    tested: bool


def band_test(history: pl.DataFrame, min_churned: int) -> HealthTest:
    """Do the bands separate who leaves from who stays?

    They do when the 95 % interval of the area lies above one half and customers of the worst band
    (of those in use) left more often than those of the best, beyond their 95 % intervals. Fewer lost customers than `min_churned` cannot tell.

    Args:
        history: of `health_history`.
        min_churned: `health.min_churned`.
    """
    from clv_cli.models.auc import area  # noqa: PLC0415 - scipy

    lost = int(history["lost"].sum())
    overall = lost / history.height if history.height else 0.0
    bands = tuple(_band(history, name, overall) for name in BANDS)
    found = area(
        history["score"].cast(pl.Float64).to_numpy(),
        (~history["lost"]).cast(pl.Float64).to_numpy(),
        history["code"].to_numpy(),
    )
    enough = history.filter("lost")["code"].n_unique() >= min_churned
    verdict = _verdict(found, bands) if enough else None
    return HealthTest(bands, found, history["code"].n_unique(), lost, verdict, enough)


def _band(history: pl.DataFrame, name: str, overall: float) -> BandTest:
    rows = history.filter(pl.col("band") == name)
    n, lost = rows.height, int(rows["lost"].sum())
    if not n:
        return BandTest(name, 0, 0, None, None, None)
    rate = lost / n
    return BandTest(name, n, lost, rate, wilson(lost, n), rate / overall if overall else None)


def _verdict(area: Area | None, bands: tuple[BandTest, ...]) -> str | None:
    if area is None:
        return "the health score cannot be tested: nobody stayed, or nobody left"
    if area.low <= 0.5:
        return (
            f"the health bands do not separate: who left had the lower score in {area.value:.0%} of "
            f"pairs (95 % interval {area.low:.0%} to {area.high:.0%}), and a coin has it in 50 %"
        )
    held = [item for item in bands if item.interval is not None]
    worst, best = held[0], held[-1]
    if worst is best:
        return f"the health bands do not separate: all customers are {worst.band}"
    if worst.interval and best.interval and worst.interval.low <= best.interval.high:
        return (
            f"the health bands do not separate: {worst.rate:.1%} of {worst.band} customers left, and "
            f"{best.rate:.1%} of {best.band} ones; their 95 % intervals overlap"
        )
    return None
