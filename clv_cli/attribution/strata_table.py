"""What a measured method claims and was granted, stratum by stratum."""

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
)
_SCHEMA = {
    "stratum": pl.String,
    **dict.fromkeys(("rate", "rate_low", "rate_high"), pl.Float64),
    "amount": pl.Int64,
}


def strata_table(_: Scope) -> Table:
    """Which share of the purchases in each stratum is claimed, and how much of them was granted?

    The amounts are integer cells of the split, whose own table holds them at both ends of the
    interval. The total's rates are means of the strata's, weighted by what they are claimed on.
    """
    title = "CS revenue as measured, within the period"
    return Table("split_strata", title, COLUMNS, (split_facts, split_method_claims), _finish)


def _finish(frames: Frames) -> Rows:
    facts = frames[split_facts].filter(pl.col("component").is_in([SURVEY, ESTIMATED]))
    granted = dict(facts.select("rule_id", "amount").iter_rows())
    claims = frames[split_method_claims].select("rule_id", "rate", "low", "high").unique()
    rows: list[tuple[object, ...]] = []
    total, claimed_on, means = 0, Fraction(0), [Fraction(0)] * 3
    for rule, *texts in claims.sort("rule_id").iter_rows():
        rates = [Fraction(text) for text in texts]
        amount = int(granted.get(rule, 0))
        base = amount / rates[0] if rates[0] else Fraction(0)
        total, claimed_on = total + amount, claimed_on + base
        means = [mean + base * rate for mean, rate in zip(means, rates, strict=True)]
        name = str(rule).removeprefix(f"{ESTIMATED}:")
        rows.append((name, *(float(rate) for rate in rates), amount))
    if len(rows) > 1 and claimed_on:
        rows.append(("total", *(float(mean / claimed_on) for mean in means), total))
    return Rows(pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
