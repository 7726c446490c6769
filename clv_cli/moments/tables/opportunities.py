"""Where money may be kept or gained: accounts worth retaining, next plans, and what is bought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.co_purchases import co_purchases
from clv_cli.measures.health import GREEN, health, health_history
from clv_cli.measures.health_bands import band_test
from clv_cli.measures.next_plans import next_plans
from clv_cli.measures.paying_now import paying_now
from clv_cli.measures.usage_months import grouped, near_quota
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

TOP = 10
_ROWS = {
    "customer_id": pl.String,
    "opportunity": pl.String,
    "value": pl.Int64,
    "basis": pl.String,
    "why": pl.String,
}
_OPPORTUNITIES = (
    Column("customer_id", Kind.TEXT, "Customer", rigid=True),
    Column("opportunity", Kind.TEXT, "Opportunity"),
    Column("value", Kind.MONEY, "Worth (est.)", whole=True),
    Column("why", Kind.TEXT, "Why"),
    Column("basis", Kind.TEXT, "Basis", people=False),
)
_PAIRS = (
    Column("has", Kind.TEXT, "Who has"),
    Column("wants", Kind.TEXT, "May want"),
    Column("both", Kind.COUNT, "Have both"),
    Column("confidence", Kind.RATIO, "Of holders"),
    Column("lift", Kind.FACTOR, "Lift"),
    Column("open", Kind.COUNT, "Could be asked"),
)


def opportunities_table(scope: Scope) -> Table:
    """Which accounts are worth retaining, and which are ready for more?

    retain: a year of MRR x the share of customers of its health band that left within the window
    upsell: a year of the next plan's price difference, of customers near or over their quota now
    """
    needs = (health, health_history, paying_now, next_plans, near_quota)

    def finish(frames: Frames) -> Rows:
        both = [pl.DataFrame(schema=_ROWS), _retain(frames), _upsell(frames)]
        rows = pl.concat(both).sort(
            ["value", "customer_id", "opportunity"], descending=[True, False, False]
        )
        tested = band_test(frames[health_history], scope.settings.health.min_churned)
        notes = ["Worth is an estimate: what may be kept or gained in a year, rounded once."]
        if not tested.tested or tested.verdict:
            notes.append(
                "Nobody is listed to retain: the health bands are not shown to tell who leaves."
            )
        return Rows(rows, notes=notes, people_rows=TOP)

    return Table("opportunities", "Opportunities", _OPPORTUNITIES, needs, finish)


def _retain(frames: Frames) -> pl.DataFrame:
    """Customers below green, by money x risk; nobody where the bands are not shown to separate."""
    scope = frames.scope
    test = band_test(frames[health_history], scope.settings.health.min_churned)
    if not test.tested or test.verdict:
        return pl.DataFrame(schema=_ROWS)
    risks = {item.band: item.rate for item in test.bands if item.rate is not None}
    known = pl.DataFrame(
        {"band": list(risks), "risk": list(risks.values())},
        schema={"band": pl.String, "risk": pl.Float64},
    )
    rows = (
        frames[health]
        .filter(pl.col("band") != GREEN)
        .join(known, on="band")
        .join(frames[paying_now].select("code", "yearly"), on="code")
        .join(scope.book.codes, on="code")
    )
    days = scope.settings.health.window_days
    share = (pl.col("risk") * 100).round(1)
    return rows.select(
        "customer_id",
        opportunity=pl.lit("retain"),
        value=(pl.col("yearly") * pl.col("risk")).round(0).cast(pl.Int64),
        basis=pl.lit("12 x MRR x share of its band that left"),
        why=pl.format(f"health {{}}: {{}} % of {{}} left in {days} days", "score", share, "band"),
    )


def _upsell(frames: Frames) -> pl.DataFrame:
    """Customers who were near their quota in their latest month, with a next plan."""
    scope = frames.scope
    now = frames[near_quota].filter("last", pl.col("month") == scope.closing)
    named = now.with_columns(pl.col("metric").cast(pl.String))
    rows = named.join(frames[next_plans], on=["code", "metric"]).join(scope.book.codes, on="code")
    return rows.select(
        "customer_id",
        opportunity=pl.lit("upsell"),
        value="gain",
        basis=pl.lit("a year of the next plan's price difference"),
        why=pl.format(
            "{} of {} {}: {}", grouped("used"), grouped("quota"), "metric", "next_plan_id"
        ),
    )


def cross_sell_table() -> Table:
    """Which product do the customers of another one want, and how many could be asked?"""

    def finish(frames: Frames) -> Rows:
        pairs = frames[co_purchases]
        least = frames.scope.settings.moments.min_support
        note = f"Pairs that {least} paying customers or more hold, beyond chance (99 %)."
        return Rows(pairs.select(c.name for c in _PAIRS), notes=(note,), people_rows=TOP)

    return Table("cross_sell", "Bought together", _PAIRS, (co_purchases,), finish)
