"""The health score, 0 to 100, of every paying customer: now, and on days whose outcome is known.

    score = sum of weight x part / sum of the weights of the parts that are known

Bands as Gainsight's: up to 50 red, up to 75 yellow, above green. The score is a statistic about
risk, tested on the user's own history (`health_history`); no money is made of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures import health_parts
from clv_cli.measures.health_facts import (
    health_answers,
    health_cancels,
    health_contacts,
    health_tickets,
)
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.payment_troubles import payment_attempts
from clv_cli.measures.renewal_terms import recurring_terms
from clv_cli.measures.usage_months import usage_months
from clv_cli.periods import month_end
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

PARTS = ("usage", "payment", "support", "sentiment", "engagement", "contract")
RED, YELLOW, GREEN = "red", "yellow", "green"
BANDS = (RED, YELLOW, GREEN)
SNAPSHOTS = 8  # a quarter apart: two years of history
_FACTS = (
    usage_months,
    payment_attempts,
    health_tickets,
    health_answers,
    health_contacts,
    recurring_terms,
    health_cancels,
)


@derived("health", mrr_spans, *_FACTS)
def health(scope: Scope, spans: pl.DataFrame, *facts: pl.DataFrame) -> pl.DataFrame:
    """How healthy is each paying customer on the as-of day?

    Returns:
        `code`, sorted; the six parts (Float64, null where unknown), `score` (Int64, whole points),
        `coverage` (share of the weights that are known) and `band`; null where nothing is known.
    """
    return _scored(scope, _active(spans, scope.as_of), facts, scope.as_of)


@derived("health_history", mrr_spans, *_FACTS)
def health_history(scope: Scope, spans: pl.DataFrame, *facts: pl.DataFrame) -> pl.DataFrame:
    """What did the score say on past days, and who was gone `health.window_days` later?

    Every third month's end whose window is over, at most eight of them, and none within half a year
    of the first invoice: there the use of six months cannot be known. Gone is who has no MRR at the
    window's end; who left and was back by then stayed.

    Returns:
        `day, code`, sorted; `score, coverage, band`, `lost` (Boolean). Unknown scores are left out.
    """
    window = timedelta(days=scope.settings.health.window_days)
    parts = [
        _scored(scope, _active(spans, day), facts, day)
        .join(
            _active(spans, day + window).with_columns(lost=pl.lit(value=False)),
            on="code",
            how="left",
        )
        .select(
            "code",
            "score",
            "coverage",
            "band",
            pl.col("lost").fill_null(value=True),
            day=pl.lit(day),
        )
        for day in _past_days(scope)
    ]
    schema = {
        "code": pl.Int32,
        "score": pl.Int64,
        "coverage": pl.Float64,
        "band": pl.String,
        "lost": pl.Boolean,
        "day": pl.Date,
    }
    every = pl.concat([pl.DataFrame(schema=schema), *parts])
    return every.filter(pl.col("score").is_not_null()).sort("day", "code")


def _past_days(scope: Scope) -> list[date]:
    window = timedelta(days=scope.settings.health.window_days)
    days: list[date] = []
    month = scope.closing
    oldest = scope.book.lines.first_issued + timedelta(days=183)
    while len(days) < SNAPSHOTS and month_end(month) >= oldest:
        if month_end(month) + window <= scope.as_of:
            days.append(month_end(month))
            month -= 3
        else:
            month -= 1
    return sorted(days)


def _active(spans: pl.DataFrame, day: date) -> pl.DataFrame:
    """Who has MRR at the end of a day: `code`, sorted."""
    here = spans.filter(pl.col("from_day") <= day, pl.col("to_day") > day)
    levels = here.group_by("code", "currency").agg(pl.col("mrr").sum())
    return levels.filter(pl.col("mrr") > 0).select("code").unique().sort("code")


def _scored(
    scope: Scope, active: pl.DataFrame, facts: Sequence[pl.DataFrame], day: date
) -> pl.DataFrame:
    """The parts and the score of the active customers on a day."""
    rules = scope.settings.health
    months, attempts, tickets, answers, contacts, terms, cancels = facts
    rows = active
    for part in (
        health_parts.usage(months, day, rules),
        health_parts.payment(attempts, day, rules),
        health_parts.support(tickets, active, day, rules),
        health_parts.sentiment(answers, day, rules),
        health_parts.engagement(contacts, day, rules),
        health_parts.contract(terms, cancels, day),
    ):
        rows = rows.join(part, on="code", how="left")
    weights = {name: float(getattr(rules.weights, name)) for name in PARTS}
    known = [pl.when(pl.col(n).is_not_null()).then(weights[n]).otherwise(0.0) for n in PARTS]
    summed = pl.sum_horizontal(pl.col(n).fill_null(0.0) * weights[n] for n in PARTS)
    weight = pl.sum_horizontal(known)
    # Rounded first, so that the band is that of the score people see.
    score = (summed / pl.when(weight > 0).then(weight)).round(0).cast(pl.Int64)
    return (
        rows.with_columns(score=score, coverage=weight / sum(weights.values()))
        .with_columns(band=band(pl.col("score"), rules.risky_up_to, rules.healthy_above))
        .select("code", *PARTS, "score", "coverage", "band")
        .sort("code")
    )


def band(score: pl.Expr, red: int, green: int) -> pl.Expr:
    """The band of a score: red up to and including one bound, green above the other."""
    coloured = pl.when(score <= red).then(pl.lit(RED)).when(score > green).then(pl.lit(GREEN))
    return pl.when(score.is_not_null()).then(coloured.otherwise(pl.lit(YELLOW)))
