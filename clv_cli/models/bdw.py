"""BdW: as sBG, but each customer's own chance of leaving may change from renewal to renewal.

    S(t) = B(alpha, beta + t^c) / B(alpha, beta)

c > 1: the longer, the more likely to leave; c < 1: habit grows; c = 1 is the sBG. Fader, Hardie, Liu,
Davin and Steenburgh (2018), "How to project customer retention" revisited, Journal of Interactive
Marketing 43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models import sbg
from clv_cli.models.fitting import maximise, on_log_scale
from clv_cli.models.renewals import require_both
from clv_cli.models.special import digamma, log_beta, trigamma

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.newton import Objective
    from clv_cli.models.renewals import Renewals


NAMES = ("alpha", "beta", "c")
_LONGEST = 100_000  # renewals summed without a horizon
_NOTHING = 1e-12  # discounted survival that is no longer summed


def fit(stats: Renewals) -> Fit:
    """Fit alpha, beta and c by maximum likelihood, from the sBG fit on.

    Raises:
        DataError: nobody left, nobody stayed, or fewer than three renewals of a customer were seen.
    """
    require_both(stats, "BdW", 3)
    plain = sbg.fit(stats)
    alpha, beta = np.clip(plain.values, 0.05, 50.0)
    return maximise(
        "bdw",
        likelihood(stats),
        start=(alpha, beta, 1.0),
        names=NAMES,
        n=plain.n,
        shapes=NAMES,
    )


def likelihood(stats: Renewals) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

    With D = ln S(k) - ln S(k-1), a customer at renewal k stays with chance e^D.
    """
    after, before = stats.number, stats.number - 1
    lost, renewed = stats.lost, stats.renewed

    def objective(point: Array) -> tuple[float, Array, Array]:
        values = np.exp(point)
        stay, first, second = (
            now - then
            for now, then in zip(
                _log_survival(values, after), _log_survival(values, before), strict=True
            )
        )
        leave = -np.expm1(stay)
        value = renewed @ stay + lost @ np.log(leave)
        odds = np.exp(stay) / leave
        slope = renewed - lost * odds
        bend = -lost * odds / leave
        gradient = first @ slope
        hessian = second @ slope + (first * bend) @ first.T
        scaled, its_hessian = on_log_scale(values, gradient, hessian)
        return -float(value), -scaled, -its_hessian

    return objective


def _log_survival(values: Array, t: Array) -> tuple[Array, Array, Array]:
    """The logarithm of S at t, its gradient (3, n) and Hessian (3, 3, n) by alpha, beta and c."""
    alpha, beta, c = values
    log_t = np.log(np.maximum(t, 1.0))
    power = np.where(t > 0, t**c, 0.0)
    speed = power * log_t  # of t^c by c
    stay, whole = beta + power, alpha + beta + power
    value = log_beta(alpha, stay) - log_beta(alpha, beta)
    by_stay = digamma(stay) - digamma(whole)
    gradient = np.stack(
        [
            digamma(alpha + beta) - digamma(whole),
            by_stay + digamma(alpha + beta) - digamma(beta),
            by_stay * speed,
        ]
    )
    curve, both = trigamma(whole), trigamma(alpha + beta)
    hessian = np.empty((3, 3, len(t)))
    hessian[0, 0] = hessian[0, 1] = hessian[1, 0] = both - curve
    hessian[1, 1] = trigamma(stay) - curve + both - trigamma(beta)
    hessian[0, 2] = hessian[2, 0] = -curve * speed
    hessian[1, 2] = hessian[2, 1] = (trigamma(stay) - curve) * speed
    hessian[2, 2] = (trigamma(stay) - curve) * speed**2 + by_stay * speed * log_t
    return value, gradient, hessian


def survival(parameters: Array, renewals: Array, given: Array | float = 0.0) -> Array:
    """Which share of customers is left after so many renewals? Arguments as in `sbg.survival`."""
    alpha, beta, c = parameters
    at = np.asarray(renewals, dtype=np.float64) ** c
    known = np.asarray(given, dtype=np.float64) ** c
    return np.exp(log_beta(alpha, beta + at) - log_beta(alpha, beta + known))


def retention(parameters: Array, number: Array) -> Array:
    """Which share of those who face their k-th renewal make it?"""
    k = np.asarray(number, dtype=np.float64)
    return survival(parameters, k, k - 1)


def discounted_residual(
    parameters: Array, made: Array, discount: float, horizon: int | None = None
) -> Array:
    """How many future renewals can be expected of each customer, discounted?

    There is no closed form: the sum of `sbg.discounted_residual` is taken term by term, until what
    is left is below 1e-12 of the first term.
    """
    distinct, member = np.unique(np.asarray(made, dtype=np.float64), return_inverse=True)
    ahead = np.arange(_terms(discount) if horizon is None else horizon)
    worth = (1 + discount) ** -ahead.astype(np.float64)
    sums = [survival(parameters, k + 1 + ahead, k) @ worth for k in distinct]
    return np.array(sums)[member]


def _terms(discount: float) -> int:
    return min(_LONGEST, int(np.ceil(-np.log(_NOTHING) / np.log1p(discount))) + 1)


def expected_purchases(parameters: Array, made: Array, horizon: int) -> Array:
    """How many of the next `horizon` renewals will each customer make, undiscounted?"""
    return discounted_residual(parameters, made, 0.0, horizon)


def probability_alive(parameters: Array, made: Array) -> Array:
    """Customers under contract are there: 1. Leaving is seen, not inferred."""
    return sbg.probability_alive(parameters, made)
