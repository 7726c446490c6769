"""What a measured method was granted, stratum by stratum, with the ends of its interval."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.counterfactual import ESTIMATED
from clv_cli.attribution.facts import split_facts
from clv_cli.attribution.methods import split_method_claims
from clv_cli.attribution.survey import SURVEY
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

COLUMNS = (
    Column("stratum", Kind.TEXT, "Stratum", labels={"total": "All"}),
    Column("rate", Kind.RATIO, "Rate"),
    Column("rate_low", Kind.RATIO, "Low"),
    Column("rate_high", Kind.RATIO, "High"),
    Column("amount", Kind.MONEY, "Revenue"),
    Column("low", Kind.MONEY, "Low"),
    Column("high", Kind.MONEY, "High"),
)
_SCHEMA = {
    "stratum": pl.String,
    **dict.fromkeys(("rate", "rate_low", "rate_high"), pl.Float64),
    **dict.fromkeys(("amount", "low", "high"), pl.Int64),
}


def strata_table(_: Scope) -> Table:
    """How much revenue of the period was granted to each stratum, at least and at most?

    The amounts are the integer cells of the split; low and high scale them to the ends of the
    stratum's rate, and are estimates. They sum to the total row.
    """
    title = "CS revenue as measured, within the period"
    return Table("split_strata", title, COLUMNS, (split_facts, split_method_claims), _finish)


def _finish(frames: Frames) -> Rows:
    facts = frames[split_facts].filter(pl.col("component").is_in([SURVEY, ESTIMATED]))
    granted = dict(facts.select("rule_id", "amount").iter_rows())
    claims = frames[split_method_claims].select("rule_id", "rate", "low", "high").unique()
    rows: list[tuple[object, ...]] = []
    totals, claimed_on = [0, 0, 0], Fraction(0)
    for rule, *texts in claims.sort("rule_id").iter_rows():
        rate, low, high = (Fraction(text) for text in texts)
        amount = int(granted.get(rule, 0))
        base = amount / rate if rate else Fraction(0)
        claimed_on += base
        ends = (amount, round(base * low), round(base * high))
        totals = [sum(pair) for pair in zip(totals, ends, strict=True)]
        name = str(rule).removeprefix(f"{ESTIMATED}:")
        rows.append((name, float(rate), float(low), float(high), *ends))
    if len(rows) > 1 and claimed_on:
        rows.append(("total", *(float(money / claimed_on) for money in totals), *totals))
    return Rows(pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
