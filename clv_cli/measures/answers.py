"""What customers said: survey answers by customer and month."""

from __future__ import annotations

import polars as pl

from clv_cli.frames import NUMBER_SCALE
from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.conversion import with_code
from clv_cli.pipeline import Scope, reduction

PROMOTER, DETRACTOR = 9, 6
_ONE = 10**NUMBER_SCALE


@reduction("survey_answers")
def survey_answers(scope: Scope) -> pl.LazyFrame:
    """Who answered what? One row an answer to an NPS, CSAT or CES question.

    Returns:
        `code, response_id, kind, answered_on, month, verdict, source, row`, sorted by the first four.
        `verdict` is `promoter` (9 and 10 of 10), `detractor` (0 to 6) or `passive` for NPS;
        `satisfied` (the two highest scores) or `other` for CSAT and CES.
    """
    rows = with_code(scope, scope.book.table("surveys")).filter(
        pl.col("kind").is_in(["nps", "csat", "ces"]),
        pl.col("score").is_not_null(),
        pl.col("answered_on") <= scope.as_of,
    )
    score, top = _number("score"), pl.coalesce(_number("scale_max"), _default_top())
    # A scale other than 0 to 10 is stretched to it, in whole numbers.
    of_ten = score * 10
    nps = (
        pl.when(of_ten >= PROMOTER * top)
        .then(pl.lit("promoter"))
        .when(of_ten <= DETRACTOR * top)
        .then(pl.lit("detractor"))
        .otherwise(pl.lit("passive"))
    )
    rated = pl.when(score >= top - _ONE).then(pl.lit("satisfied")).otherwise(pl.lit("other"))
    return (
        rows.with_columns(
            month=month_index(pl.col("answered_on")),
            verdict=pl.when(pl.col("kind") == "nps").then(nps).otherwise(rated),
        )
        .select("code", "response_id", "kind", "answered_on", "month", "verdict", "source", "row")
        .sort("code", "response_id", "kind", "answered_on", "row")
    )


@reduction("surveys_asked")
def surveys_asked(scope: Scope) -> pl.LazyFrame:
    """Who was asked, and who answered? `code, month` of asking, `asked, answered` (Int64), sorted."""
    rows = with_code(scope, scope.book.table("surveys")).filter(pl.col("asked_on") <= scope.as_of)
    answered = (pl.col("answered_on") <= scope.as_of).fill_null(value=False)
    forms = rows.group_by("code", "response_id").agg(
        month=month_index(pl.col("asked_on")).min(), answered=answered.any()
    )
    keys = ["code", "month"]
    sums = [pl.len().cast(pl.Int64).alias("asked"), pl.col("answered").sum().cast(pl.Int64)]
    return forms.group_by(keys).agg(*sums).sort(keys)


def _number(column: str) -> pl.Expr:
    return pl.col(column).to_physical().cast(pl.Int128)


def _default_top() -> pl.Expr:
    tops = pl.when(pl.col("kind") == "nps").then(10).otherwise(5)
    top: pl.Expr = tops.cast(pl.Int128) * _ONE
    return top
