"""How would customers under contract stay if nobody helped those at risk?

What happened holds the help that was given: a model fitted to it says how customers stay *with* CS.
Here the renewals of a helped customer count up to the landmark of its risk episode; from there on
unhelped episodes of like facts stand for it, in this one and for the rest of the customer's time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.measures.episode_facts import episode_facts
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from clv_cli.models.fitting import Fit

NEEDED = ("risk_flags", "touches")
WITHOUT_HELP_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "population": pl.String,
    "model": pl.String,
    "names": pl.List(pl.String),
    "parameters": pl.List(pl.Float64),
    "covariance": pl.List(pl.Float64),
    "helped": pl.Int64,
    "unhelped": pl.Int64,
    "largest_weight": pl.Float64,
    "reason": pl.String,
}


@derived("help_facts", *episode_facts.needs)
def help_facts(scope: Scope, episodes: pl.DataFrame, *inputs: pl.DataFrame) -> pl.DataFrame:
    """The facts of every episode whose customer was there at the landmark, its outcome over or not.

    Returns:
        The columns of `episode_facts`.
    """
    there = pl.when(pl.col("state") != "lost").then(pl.lit("compared")).otherwise("state")
    return episode_facts.derive(scope, episodes.with_columns(state=there), *inputs)


@derived("renewals_without_help", renewal_opportunities, risk_episodes, help_facts)
def renewals_without_help(
    scope: Scope, asked: pl.DataFrame, episodes: pl.DataFrame, facts: pl.DataFrame
) -> pl.DataFrame:
    """What does each renewal count in a world without help?

        weight = product over the customer's episodes, landmark past, of  0 if helped,
                 else 1 / (1 - chance of help given the facts before the flag)

    Returns:
        The rows of `renewal_opportunities` whose outcome and number are known, with `weight`; no rows
        where fewer than ten episodes were helped, or not.
    """
    from clv_cli.measures.episode_covariates import covariates  # noqa: PLC0415 - scipy
    from clv_cli.models.censoring import weights  # noqa: PLC0415
    from clv_cli.models.effect import can_be_compared  # noqa: PLC0415

    del scope
    known = asked.filter(
        pl.col("outcome") != "pending", pl.col("number").is_not_null()
    ).with_row_index("place")
    own = facts.join(episodes.select("flag_id", "landmark", "helped"), on="flag_id").sort("flag_id")
    helped = own["helped"].to_numpy()
    if not can_be_compared(helped):
        return known.head(0).with_columns(weight=pl.lit(1.0)).drop("place")
    counted = own.select("code", "landmark", factor=pl.Series(weights(covariates(own), helped)))
    past = known.select("place", "code", "due_on").join(counted, on="code")
    products = (
        past.filter(pl.col("landmark") <= pl.col("due_on"))
        .group_by("place")
        .agg(weight=pl.col("factor").product())
    )
    return (
        known.join(products, on="place", how="left")
        .with_columns(pl.col("weight").fill_null(1.0))
        .sort("place")
        .drop("place")
    )


@derived("models_without_help", lifetime_models, renewals_without_help)
def models_without_help(scope: Scope, models: pl.DataFrame, weighted: pl.DataFrame) -> pl.DataFrame:
    """The chosen model of each kind of contract, fitted again to a world without help.

    Returns:
        `population, model, names, parameters, covariance` (of the logarithms, a customer a cluster);
        `helped` and `unhelped` customers whose renewals are censored, or stand for others;
        `largest_weight`; `reason` where there is no fit. A row a population whose model is used.
    """
    del scope
    rows = [
        _fitted(row, weighted)
        for row in models.filter("chosen", pl.col("interval").is_not_null()).to_dicts()
    ]
    return pl.DataFrame(rows, schema=WITHOUT_HELP_SCHEMA, orient="row")


def _fitted(row: dict[str, Any], weighted: pl.DataFrame) -> dict[str, Any]:
    from clv_cli.errors import DataError  # noqa: PLC0415

    mine = weighted.filter(
        pl.col("interval") == row["interval"], pl.col("interval_count") == row["interval_count"]
    )
    weight = pl.col("weight")
    told = {
        **dict.fromkeys(WITHOUT_HELP_SCHEMA),
        "population": row["population"],
        "model": row["model"],
        "helped": mine.filter(weight == 0)["code"].n_unique(),
        "unhelped": mine.filter(weight > 1)["code"].n_unique(),
        "largest_weight": mine["weight"].max(),
    }
    if not mine.height:
        return told | {"reason": "fewer than ten risk episodes were helped, or not"}
    try:
        fit = _fit(row["model"], mine)
    except DataError as error:
        return told | {"reason": error.what}
    if fit.warnings:
        return told | {"reason": "; ".join(fit.warnings)}
    return told | {
        "names": list(fit.names),
        "parameters": fit.values.tolist(),
        "covariance": fit.search_covariance.ravel().tolist(),
    }


def _fit(model: str, mine: pl.DataFrame) -> Fit:
    """The fit to weighted counts, with the covariance of customers as clusters."""
    from clv_cli.measures.model_fitting import RENEWAL_MODELS  # noqa: PLC0415 - scipy
    from clv_cli.measures.model_inputs import renewal_numbers  # noqa: PLC0415
    from clv_cli.models.censoring import robust  # noqa: PLC0415

    module, lost = RENEWAL_MODELS[model], pl.col("outcome") == "lost"
    sums = mine.group_by("number").agg(
        lost=pl.col("weight").filter(lost).sum(), renewed=pl.col("weight").filter(~lost).sum()
    )
    return robust(
        module.fit(renewal_numbers(sums)),
        module.retention,
        mine["number"].cast(pl.Float64).to_numpy(),
        (mine["outcome"] == "lost").cast(pl.Float64).to_numpy(),
        mine["weight"].to_numpy(),
        mine["code"].rank("dense").cast(pl.Int64).to_numpy() - 1,
    )
