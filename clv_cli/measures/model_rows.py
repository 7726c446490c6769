"""Fitted models as rows of a frame, the choice among them, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from clv_cli.models.fitting import Fit

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "population": pl.String,
    "interval": pl.String,
    "interval_count": pl.Int32,
    "model": pl.String,
    "naive": pl.Boolean,
    "chosen": pl.Boolean,
    "reason": pl.String,
    "names": pl.List(pl.String),
    "parameters": pl.List(pl.Float64),
    "covariance": pl.List(pl.Float64),
    "log_likelihood": pl.Float64,
    "bic": pl.Float64,
    "n": pl.Float64,
    "holdout_n": pl.Int64,
    "holdout_actual": pl.Int64,
    "holdout_expected": pl.Float64,
    "holdout_low": pl.Float64,
    "holdout_high": pl.Float64,
    "holdout_loss": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Holdout:
    """How a model, fitted to the time before, did on months it had not seen.

    Args:
        n: renewals or customers predicted.
        actual: renewals lost, or purchases made.
        expected: of the same, by the model.
        low: lower end of the 95 % interval of what would be seen.
        high: upper end.
        loss: mean log loss of a renewal, or mean absolute error of a customer; smaller is better.
    """

    n: int
    actual: int
    expected: float
    low: float
    high: float
    loss: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model for a population, as far as it could be fitted and tested.

    Args:
        model: its name.
        naive: whether it is the baseline.
        fit: on everything; None where it cannot be fitted.
        holdout: None where the time before was too short to fit it.
        problem: why there is no fit; empty with one.
    """

    model: str
    naive: bool
    fit: Fit | None
    holdout: Holdout | None
    problem: str = ""


def judged(candidates: Sequence[Candidate]) -> tuple[int | None, list[str]]:
    """Which model is used, and why each of the others is not?

    Of the models that converged without a warning the one with the smallest BIC; but the naive one
    where that loses to it on the holdout, for a likelihood that does not predict is worth nothing.

    Returns:
        The place of the chosen one (None when none can be fitted), and a reason for each.
    """
    naive = next((i for i, c in enumerate(candidates) if c.naive and c.fit), None)
    sound = [i for i, c in enumerate(candidates) if c.fit and not c.fit.warnings]
    if not sound:
        return None, [c.problem or "; ".join(c.fit.warnings if c.fit else ()) for c in candidates]
    modelled = [i for i in sound if not candidates[i].naive] or sound
    best = min(modelled, key=lambda i: _bic(candidates[i]))
    lost = naive is not None and best != naive and _loses(candidates[best], candidates[naive])
    chosen = naive if lost and naive is not None else best
    return chosen, [_why(candidates, i, chosen, best) for i in range(len(candidates))]


def _why(candidates: Sequence[Candidate], at: int, chosen: int, best: int) -> str:
    own = candidates[at]
    if own.fit is None:
        return own.problem
    if own.fit.warnings:
        return "not used: " + "; ".join(own.fit.warnings)
    if at == chosen and own.naive:
        beaten = at != best
        return (
            "used: no model beats it on the holdout" if beaten else "used: no model can be fitted"
        )
    if at == chosen:
        return "used" if own.holdout else "used; too little history to test it"
    if at == best:
        return "not used: loses to the naive rate on the holdout"
    return "the naive baseline" if own.naive else "not used: larger BIC"


def _loses(model: Candidate, naive: Candidate) -> bool:
    if model.holdout is None or naive.holdout is None:
        return False
    return model.holdout.loss > naive.holdout.loss


def _bic(candidate: Candidate) -> float:
    return candidate.fit.bic if candidate.fit else float("inf")


def as_rows(
    population: str, candidates: Sequence[Candidate], interval: tuple[str, int] | None = None
) -> list[dict[str, Any]]:
    """One row a candidate, in the columns of `SCHEMA`."""
    chosen, reasons = judged(candidates)
    return [
        {
            **dict.fromkeys(SCHEMA),
            "population": population,
            "interval": interval[0] if interval else None,
            "interval_count": interval[1] if interval else None,
            "model": candidate.model,
            "naive": candidate.naive,
            "chosen": at == chosen,
            "reason": reasons[at],
            **_fit_columns(candidate.fit),
            **_holdout_columns(candidate.holdout),
        }
        for at, candidate in enumerate(candidates)
    ]


def fit_of(row: dict[str, Any]) -> Fit:
    """The fit that a row with parameters holds, as far as predictions need it."""
    size = len(row["names"])
    return Fit(
        model=row["model"],
        names=tuple(row["names"]),
        values=np.array(row["parameters"]),
        search_covariance=np.array(row["covariance"]).reshape(size, size),
        log_likelihood=row["log_likelihood"],
        decrement=0.0,
        converged=True,
        iterations=0,
        n=row["n"],
    )


def _fit_columns(fit: Fit | None) -> dict[str, Any]:
    if fit is None:
        return {}
    return {
        "names": list(fit.names),
        "parameters": fit.values.tolist(),
        "covariance": fit.search_covariance.ravel().tolist(),
        "log_likelihood": float(fit.log_likelihood),
        "bic": fit.bic,
        "n": float(fit.n),
    }


def _holdout_columns(held: Holdout | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {
        "holdout_n": held.n,
        "holdout_actual": held.actual,
        "holdout_expected": held.expected,
        "holdout_low": held.low,
        "holdout_high": held.high,
        "holdout_loss": held.loss,
    }
