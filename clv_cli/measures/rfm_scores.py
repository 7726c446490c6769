"""Which customers buy recently, often and for much, one against the other?"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.customer_value import contract_states
from clv_cli.measures.rfm import rfm
from clv_cli.pipeline import Scope, derived

SCORES = 5
# By recency, and by frequency and money together: every pair of scores is in exactly one.
RFM_SEGMENTS = ("champions", "loyal", "promising", "lapsed", "hibernating")
_BEST, _FAIR = 4, 3


@derived("rfm_scores", rfm, contract_states)
def rfm_scores(scope: Scope, bought: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """How does each customer score from 1 (lowest fifth) to 5 (highest)?

        score = 1 + whole part of 5 x (customers strictly below + half of the equals) / customers

    Equal values score equally, whichever way rows are sorted, and a tie takes the fifth of its middle
    (where all are equal everybody scores 3); ranks cut into five equal piles (NTILE) would tear equals
    apart. Recency is the days since the last
    purchase, 0 for those under contract: who paid a year ahead has not been away. Frequency is days
    with a purchase, money what was billed less what was taken back. Source: Hughes (1994), Strategic
    Database Marketing.

    Returns:
        `code`, sorted, of everyone with a purchase; `days_since`, `bought` (Int32), `spent` (Int64
        minor units), `recency, frequency, money` (Int32, 1 to 5), `rfm` (`545`), `segment` (one of
        `RFM_SEGMENTS`).
    """
    there = contracts.select("code", under="active")
    since = pl.lit(scope.as_of) - pl.col("last_on")
    facts = bought.join(there, on="code", how="left").select(
        "code",
        days_since=pl.when(pl.col("under").fill_null(value=False))
        .then(0)
        .otherwise(since.dt.total_days())
        .cast(pl.Int32),
        bought=pl.col("frequency") + 1,
        spent=pl.col("spend") + pl.col("credited"),
    )
    scored = facts.with_columns(
        recency=_score(-pl.col("days_since")),
        frequency=_score(pl.col("bought")),
        money=_score(pl.col("spent")),
    )
    text = pl.concat_str("recency", "frequency", "money")
    return scored.with_columns(rfm=text, segment=_segment()).sort("code")


def _score(value: pl.Expr) -> pl.Expr:
    # Lowest and highest rank of the equals sum to twice what is below, the equals, and 1.
    twice = value.rank("min").cast(pl.Int64) + value.rank("max").cast(pl.Int64) - 1
    return (1 + SCORES * twice // (2 * pl.len().cast(pl.Int64))).cast(pl.Int32)


def _segment() -> pl.Expr:
    """Champions and loyal customers are here and worth it; lapsed ones were worth it."""
    recency, both = pl.col("recency"), pl.col("frequency") + pl.col("money")
    champions = (recency >= _BEST) & (both >= 2 * _BEST)
    here, worth = recency >= _FAIR, both >= 2 * _FAIR
    names = [pl.lit(name) for name in RFM_SEGMENTS]
    return (
        pl.when(champions)
        .then(names[0])
        .when(here & worth)
        .then(names[1])
        .when(here)
        .then(names[2])
        .when(worth)
        .then(names[3])
        .otherwise(names[4])
    )
