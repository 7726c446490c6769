"""sBG: how long customers under contract stay, when each has its own chance of leaving.

At every renewal a customer leaves with chance theta, drawn once from Beta(alpha, beta). Those with a
high chance leave first, so the rest seem ever more loyal. Fader and Hardie (2007), How to project
customer retention, Journal of Interactive Marketing 21(1); values: Fader and Hardie (2010),
Customer-base valuation in a contractual setting, Marketing Science 29(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.fitting import maximise, on_log_scale
from clv_cli.models.quadrature import annuity
from clv_cli.models.renewals import require_both
from clv_cli.models.special import log_beta

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.newton import Objective
    from clv_cli.models.renewals import Renewals


NAMES = ("alpha", "beta")


def fit(stats: Renewals) -> Fit:
    """Fit alpha and beta by maximum likelihood.

    Raises:
        DataError: nobody left, nobody stayed, or only one renewal of each customer was seen.
    """
    require_both(stats, "sBG", 2)
    churn = float(stats.lost.sum() / stats.at_risk.sum())
    return maximise(
        "sbg",
        likelihood(stats),
        start=(1.0, max((1 - churn) / churn, 0.1)),
        names=NAMES,
        n=float(stats.at_risk.sum()),
        shapes=NAMES,
    )


def likelihood(stats: Renewals) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

    A customer at renewal k leaves with chance alpha / (alpha + beta + k - 1).
    """
    before, lost, renewed = stats.number - 1, stats.lost, stats.renewed
    asked = stats.at_risk

    def objective(point: Array) -> tuple[float, Array, Array]:
        alpha, beta = values = np.exp(point)
        stay, whole = beta + before, alpha + beta + before
        value = lost.sum() * np.log(alpha) + renewed @ np.log(stay) - asked @ np.log(whole)
        both = asked @ (1 / whole)
        gradient = np.array([lost.sum() / alpha - both, renewed @ (1 / stay) - both])
        hessian = np.full((2, 2), asked @ whole**-2.0)
        hessian[0, 0] -= lost.sum() / alpha**2
        hessian[1, 1] -= renewed @ stay**-2.0
        scaled, its_hessian = on_log_scale(values, gradient, hessian)
        return -float(value), -scaled, -its_hessian

    return objective


def survival(parameters: Array, renewals: Array, given: Array | float = 0.0) -> Array:
    """Which share of customers is left after so many renewals?

        S(t) = B(alpha, beta + t) / B(alpha, beta)

    Args:
        parameters: alpha, beta.
        renewals: t, counted from the start of the contract.
        given: renewals already made by those whose share is asked; 0 for new customers.
    """
    alpha, beta = parameters
    at = np.asarray(renewals, dtype=np.float64)
    return np.exp(log_beta(alpha, beta + at) - log_beta(alpha, beta + np.asarray(given)))


def retention(parameters: Array, number: Array) -> Array:
    """Which share of those who face their k-th renewal make it? (beta+k-1) / (alpha+beta+k-1)."""
    alpha, beta = parameters
    before = np.asarray(number, dtype=np.float64) - 1
    stay: Array = (beta + before) / (alpha + beta + before)
    return stay


def discounted_residual(
    parameters: Array, made: Array, discount: float, horizon: int | None = None
) -> Array:
    """How many future renewals can be expected of each customer, discounted?

        DERL = sum over j >= 0 of S(made + 1 + j) / S(made) / (1 + d)^j

    Just before the next renewal, which counts in full (Fader and Hardie 2010, formula 6, as an
    expectation over theta ~ Beta(alpha, beta + made) instead of their 2F1).

    Args:
        parameters: alpha, beta.
        made: renewals each customer has made; 0 in the first period.
        discount: rate per renewal period; positive without a horizon.
        horizon: renewals counted at most; None for ever.
    """
    alpha, beta = parameters
    distinct, member = np.unique(np.asarray(made, dtype=np.float64), return_inverse=True)
    worth = np.array([annuity(alpha, beta + k, discount, horizon) for k in distinct])
    return worth[member]


def expected_purchases(parameters: Array, made: Array, horizon: int) -> Array:
    """How many of the next `horizon` renewals will each customer make, undiscounted?"""
    return discounted_residual(parameters, made, 0.0, horizon)


def probability_alive(parameters: Array, made: Array) -> Array:
    """Customers under contract are there: 1. Leaving is seen, not inferred."""
    del parameters
    return np.ones(np.shape(made))
