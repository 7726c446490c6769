"""The tables of the health score: of each customer, and how far its bands tell who leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.health import PARTS, RED, health, health_history
from clv_cli.measures.health_bands import band_test
from clv_cli.measures.paying_now import paying_now
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.measures.health_bands import HealthTest
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

TOP = 20

_HEALTH = (
    Column("customer_id", Kind.TEXT, "Customer", rigid=True),
    Column("score", Kind.COUNT, "Health"),
    Column("band", Kind.TEXT, "Band"),
    Column("coverage", Kind.RATIO, "Known"),
    Column("yearly", Kind.MONEY, "12 x MRR", whole=True),
    Column("weakest", Kind.TEXT, "Weakest part"),
    *(Column(name, Kind.COUNT, name.capitalize(), people=False) for name in PARTS),
)
_BANDS = (
    Column("band", Kind.TEXT, "Band"),
    Column("n", Kind.COUNT, "Scores"),
    Column("lost", Kind.COUNT, "Left"),
    Column("rate", Kind.RATIO, "Share"),
    Column("low", Kind.RATIO, "95 % from"),
    Column("high", Kind.RATIO, "to"),
    Column("lift", Kind.FACTOR, "Lift"),
)


def health_table() -> Table:
    """How healthy is each customer, the least healthy first, and of them those who pay most?"""

    def finish(frames: Frames) -> Rows:
        scope = frames.scope
        rows = (
            frames[health]
            .join(frames[paying_now].select("code", "yearly"), on="code", how="left")
            .join(scope.book.codes, on="code", how="left")
            .with_columns(
                pl.col("yearly").fill_null(0),
                *(pl.col(name).round(0).cast(pl.Int64) for name in PARTS),
                weakest=_weakest(),
            )
        )
        order = pl.col("band").replace_strict({RED: 0, "yellow": 1, "green": 2}, default=3)
        ordered = rows.sort(order, -pl.col("yearly"), "customer_id")
        counts = dict(rows.group_by("band").len().iter_rows())
        mean = rows["coverage"].mean()
        known = f"{mean:.0%}" if isinstance(mean, float) else "nothing"
        note = (
            f"{rows.height:,} customers: {counts.get('green', 0):,} green, "
            f"{counts.get('yellow', 0):,} yellow, {counts.get(RED, 0):,} red; {known} of the weights known."
        )
        return Rows(ordered.select(c.name for c in _HEALTH), notes=(note,), people_rows=TOP)

    return Table("health", "Health of customers", _HEALTH, (health, paying_now), finish)


def _weakest() -> pl.Expr:
    """The part with the lowest value, as `engagement 0`; of equal ones the one that weighs most."""
    least = pl.min_horizontal(PARTS)
    named = [
        pl.when(pl.col(name) == least).then(
            pl.format(f"{name} {{}}", pl.col(name).round(0).cast(pl.Int64))
        )
        for name in PARTS
    ]
    return pl.coalesce(named)


def health_bands_table(scope: Scope) -> Table:
    """Who left within 90 days, by the band they were in: does the score tell?"""
    days = scope.settings.health.window_days

    def finish(frames: Frames) -> Rows:
        test = band_test(frames[health_history], scope.settings.health.min_churned)
        rows = [
            {
                "band": item.band,
                "n": item.n,
                "lost": item.lost,
                "rate": item.rate,
                "low": item.interval.low if item.interval else None,
                "high": item.interval.high if item.interval else None,
                "lift": item.lift,
            }
            for item in test.bands
        ]
        schema = {"band": pl.String, "n": pl.Int64, "lost": pl.Int64}
        schema |= dict.fromkeys(("rate", "low", "high", "lift"), pl.Float64)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        reasons = [
            (index, name, "no customer was in this band")
            for index, item in enumerate(test.bands)
            for name in ("rate", "low", "high", "lift")
            if getattr(item, name, item.rate) is None
        ]
        return Rows(frame, reasons, findings=_findings(test), notes=_notes(scope, test))

    title = f"Who left within {days} days, by health"
    return Table("health_bands", title, _BANDS, (health_history,), finish)


def _findings(test: HealthTest) -> list[Finding]:
    if test.verdict is None:
        return []
    remedy = (
        "do not act on the score as it is: change health.weights, or add data (usage, payments)"
    )
    return [Finding(Severity.WARNING, "health_not_separating", test.verdict, remedy=remedy)]


def _notes(scope: Scope, test: HealthTest) -> list[str]:
    least = scope.settings.health.min_churned
    if not test.tested:
        return [
            f"The score is not tested: fewer than {least} customers left after a day it could be told."
        ]
    if test.area is None:
        return []
    text = (
        f"Who left had the lower score in {test.area.value:.0%} of pairs (area under the curve; 95 % "
        f"interval {test.area.low:.0%} to {test.area.high:.0%}, {test.customers:,} customers)."
    )
    return [text]
