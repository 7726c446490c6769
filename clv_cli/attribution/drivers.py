"""Key drivers: which aspects move recommendation (NPS) or satisfaction (CSAT)?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.pipeline import derived, reduction
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.models.relative_importance import Importance
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

OUTCOMES = {"nps": "recommendation (NPS)", "csat": "satisfaction (CSAT)"}
COLUMNS = (
    Column("item", Kind.TEXT, "Driver"),
    Column("importance", Kind.RATIO, "Importance", bar=True),
    Column("low", Kind.RATIO, "Low"),
    Column("high", Kind.RATIO, "High"),
    Column("ranks", Kind.TEXT, "Rank"),
    Column("tier", Kind.COUNT, "Tier"),
    Column("score", Kind.RATIO, "Mean score"),
)
_SCHEMA = {
    "item": pl.String,
    **dict.fromkeys(("importance", "low", "high"), pl.Float64),
    "ranks": pl.String,
    "tier": pl.Int64,
    "score": pl.Float64,
}
_KEYS = ["customer_id", "asked_on"]


@reduction("scored_answers")
def scored_answers(scope: Scope) -> pl.LazyFrame:
    """All scored answers up to the end of the period, as shares of their scale.

    Returns:
        `customer_id, asked_on, kind, item, score` (Float64, 0 to 1), sorted; answers to the same
        question on the same day are averaged.
    """
    asked = pl.col("asked_on")
    answers = scope.book.table("surveys").filter(
        pl.col("score").is_not_null(), asked <= scope.as_of, asked < scope.period.end_day
    )
    own = answers.filter(~pl.col("customer_id").is_in(scope.book.test_customers))
    keys = [*_KEYS, "kind", "item"]
    scale = pl.col("scale_max").cast(pl.Float64).fill_null(10.0)
    share = (pl.col("score").cast(pl.Float64) / scale).mean().alias("score")
    return own.group_by(keys).agg(share).sort(keys, nulls_last=True)


@derived("driver_answers", scored_answers)
def driver_answers(_: Scope, answers: pl.DataFrame) -> pl.DataFrame:
    """The answers that score an outcome and every driver: one row each, `outcome` and the items.

    The outcome is NPS where it was asked together with drivers, else CSAT.
    """
    items = answers.filter(pl.col("kind") == "driver", pl.col("item").is_not_null())
    names = items["item"].unique().sort().to_list()
    for kind in OUTCOMES:
        outcome = answers.filter(pl.col("kind") == kind).select(*_KEYS, outcome="score")
        both = outcome.join(items.select(_KEYS).unique(), on=_KEYS, how="semi")
        if both.is_empty() or not names:
            continue
        wide = items.pivot(on="item", index=_KEYS, values="score", on_columns=names)
        full = both.join(wide, on=_KEYS).drop_nulls().sort(_KEYS)
        return full.select("asked_on", "outcome", *names).with_columns(kind=pl.lit(kind))
    return pl.DataFrame(schema={"asked_on": pl.Date, "outcome": pl.Float64, "kind": pl.String})


def drivers_table(scope: Scope) -> Table:
    """Which share of what drivers explain of a score belongs to each of them?

    Drivers of one tier cannot be told apart from the first of the tier.
    """

    def finish(frames: Frames) -> Rows:
        from clv_cli.models.relative_importance import (  # noqa: PLC0415 - only when asked
            ROWS_A_DRIVER,
            relative_importance,
        )

        answers = frames[driver_answers]
        names = [n for n in answers.columns if n not in {"asked_on", "outcome", "kind"}]
        nothing = pl.DataFrame(schema=_SCHEMA)
        if not names:
            text = "needs surveys: scores of kind nps or csat, and of kind driver, asked together"
            return Rows(nothing, notes=[f"No drivers: {text}."])
        level = float(scope.settings.evidence.confidence)
        found = relative_importance(
            answers.select(names).to_numpy(), answers["outcome"].to_numpy(), level
        )
        if found is None:
            text = (
                f"{answers.height:,} complete answers for {len(names)} drivers"
                f" (needed: {ROWS_A_DRIVER} a driver, and scores that vary)"
            )
            return Rows(nothing, notes=[f"No drivers: only {text}."])
        means = [float(answers[name].to_numpy().mean()) for name in names]
        return Rows(_frame(names, found, means), notes=_notes(answers, found, level))

    return Table("drivers", "What drives customers' scores", COLUMNS, (driver_answers,), finish)


def _frame(names: list[str], found: Importance, means: list[float]) -> pl.DataFrame:
    order = sorted(range(len(names)), key=lambda place: int(found.rank[place]))
    rows = [
        (
            names[place],
            float(found.share[place]),
            float(found.low[place]),
            float(found.high[place]),
            _ranks(int(found.first[place]), int(found.last[place])),
            int(found.tier[place]),
            means[place],
        )
        for place in order
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _ranks(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _notes(answers: pl.DataFrame, found: Importance, level: float) -> list[str]:
    method = "LMG (Shapley shares of R²)" if found.exact else "Johnson's relative weights"
    days = answers["asked_on"].sort().to_list()
    explained = (
        f"The drivers explain {100 * found.explained:.0f} % of {OUTCOMES[answers['kind'][0]]} in"
        f" {answers.height:,} answers asked {days[0]} to {days[-1]}; {method}, {100 * level:.0f} % intervals."
    )
    tiers = "Drivers of one tier cannot be told apart from its first."
    return [explained, f"{tiers} Importance is not proof of a cause."]
