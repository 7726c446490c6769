"""One chance of leaving for everyone: the naive model, that of ARPA / churn, with its own error.

S(t) = (1 - p)^t. What the sBG becomes when customers do not differ, and the baseline that a model
must beat on data it has not seen before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.fitting import Fit
from clv_cli.models.renewals import require_both

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.renewals import Renewals


NAMES = ("churn",)


def fit(stats: Renewals) -> Fit:
    """Lost renewals as a share of all: the maximum likelihood, in closed form.

    Raises:
        DataError: nobody left or nobody stayed.
    """
    require_both(stats, "a constant rate", 1)
    lost, asked = float(stats.lost.sum()), float(stats.at_risk.sum())
    churn = lost / asked
    stayed = asked - lost
    return Fit(
        model="geometric",
        names=NAMES,
        values=np.array([churn]),
        search_covariance=np.array([[(1 - churn) / lost]]),
        log_likelihood=float(lost * np.log(churn) + stayed * np.log1p(-churn)),
        decrement=0.0,
        converged=True,
        iterations=0,
        n=asked,
    )


def retention(parameters: Array, number: Array) -> Array:
    """Which share of those who face their k-th renewal make it? The same whatever k is."""
    return np.full(np.shape(number), 1 - parameters[0])


def survival(parameters: Array, renewals: Array, given: Array | float = 0.0) -> Array:
    """Which share is left after so many renewals? Arguments as in `sbg.survival`."""
    share: Array = (1 - parameters[0]) ** (np.asarray(renewals, dtype=np.float64) - given)
    return share


def discounted_residual(
    parameters: Array, made: Array, discount: float, horizon: int | None = None
) -> Array:
    """How many future renewals can be expected, discounted? Arguments as in `sbg`.

    sum over j < H of r^(j+1) / (1 + d)^j = r (1 - (r / (1 + d))^H) (1 + d) / (1 + d - r)
    """
    stay = 1 - parameters[0]
    ratio = stay / (1 + discount)
    left = 1.0 if horizon is None else 1 - ratio**horizon
    return np.full(np.shape(made), stay * left / (1 - ratio))


def expected_purchases(parameters: Array, made: Array, horizon: int) -> Array:
    """How many of the next `horizon` renewals will each customer make, undiscounted?"""
    return discounted_residual(parameters, made, 0.0, horizon)
