"""The facts about risk episodes as the models read them: what may have decided on help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.models.covariates import Covariate, Scale

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats

# How readers know the facts that are compared.
FACTS = {
    "mrr": "MRR",
    "tenure": "months as a customer",
    "tickets": "tickets of the last 90 days",
    "helps": "earlier contacts by CS",
    "renewal": "months to renewal",
    "term": "length of term",
    "usage_decline": "decline of usage",
    "score": "recommendation score",
}
KNOWN = {"usage_known": "usage known", "score_known": "score known"}


def covariates(facts: pl.DataFrame) -> list[Covariate]:
    """Rows of `episode_facts` as covariates, one value an episode."""
    found = [
        Covariate(label, _floats(facts, name), Scale.MONEY if name == "mrr" else Scale.NUMBER)
        for name, label in FACTS.items()
    ]
    found += [Covariate(label, _floats(facts, name), Scale.FLAG) for name, label in KNOWN.items()]
    segments = facts["segment"].unique().sort().to_list()
    found += [
        Covariate(
            f"segment {name or 'unknown'}",
            (facts["segment"] == name).cast(pl.Float64).to_numpy(),
            Scale.FLAG,
        )
        for name in segments[1:]  # the first is what the others are compared with
    ]
    return found


def _floats(facts: pl.DataFrame, name: str) -> Floats:
    return facts[name].to_numpy()
