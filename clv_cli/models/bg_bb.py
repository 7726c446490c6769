"""BG/BB: who gives or buys at fixed occasions (years, events), and until when.

At each occasion an active customer buys with chance p ~ Beta(alpha, beta), and before it leaves for
good with chance theta ~ Beta(gamma, delta). Fader, Hardie and Shang (2010), Customer-base analysis in
a discrete-time noncontractual setting, Marketing Science 29(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models.fitting import maximise, on_log_scale
from clv_cli.models.mixtures import blend, scores
from clv_cli.models.quadrature import annuity
from clv_cli.models.rows import distinct
from clv_cli.models.special import digamma, log_beta, trigamma

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.newton import Objective

NAMES = ("alpha", "beta", "gamma", "delta")
START = (1.0, 1.0, 0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Opportunities:
    """One row a customer, or a group of customers with the same history.

    Args:
        frequency: occasions on which the customer bought, x.
        last: number of the last of them, t_x; 0 for none.
        asked: occasions so far, n.
        counts: customers in each row.
    """

    frequency: Array
    last: Array
    asked: Array
    counts: Array

    def grouped(self) -> Opportunities:
        """The distinct rows with their counts."""
        groups = distinct(self.frequency, self.last, self.asked)
        at = groups.first
        return Opportunities(
            self.frequency[at], self.last[at], self.asked[at], groups.count(self.counts)
        )


def opportunities(
    frequency: ArrayLike, last: ArrayLike, asked: ArrayLike, counts: ArrayLike | None = None
) -> Opportunities:
    """Check and gather histories of fixed occasions.

    Raises:
        DataError: more purchases than occasions up to the last one, or numbers that are no counts.
    """
    x, t_x, n = (np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (frequency, last, asked))
    weight = np.ones_like(x) if counts is None else np.asarray(counts, dtype=np.float64)
    whole = (x == np.floor(x)) & (t_x == np.floor(t_x)) & (n == np.floor(n))
    right = whole & (x >= 0) & (x <= t_x) & (t_x <= n) & ((x > 0) | (t_x == 0))
    if not right.all():
        at = int(np.argmin(right))
        raise DataError(
            f"{int((~right).sum()):,} of {len(x):,} histories of fixed occasions cannot be",
            where=f"customer {at + 1}: {x[at]:g} purchases, the last at {t_x[at]:g} of {n[at]:g}",
        )
    return Opportunities(x, t_x, n, weight)


def fit(stats: Opportunities) -> Fit:
    """Fit alpha, beta, gamma and delta by maximum likelihood.

    Raises:
        DataError: nobody bought, or there was at most one occasion.
    """
    bought = float(stats.counts @ stats.frequency)
    if not bought or stats.asked.max(initial=0.0) < 2:
        raise DataError(
            "BG/BB cannot be fitted: it takes purchases and at least two occasions",
            hint=f"{bought:,.0f} purchases were seen",
        )
    return maximise(
        "bg_bb",
        likelihood(stats.grouped()),
        start=START,
        names=NAMES,
        n=float(stats.counts.sum()),
        shapes=NAMES,
    )


def likelihood(stats: Opportunities) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

    A sum over the occasion j before which the customer left, from the last purchase to the end of
    observation, where j = n stands for still being there.
    """
    x, counts = stats.frequency[:, None], stats.counts
    j, possible, left = _leavings(stats)

    def objective(point: Array) -> tuple[float, Array, Array]:
        alpha, beta, gamma, delta = values = np.exp(point)
        logs = log_beta(alpha + x, beta + j - x) + log_beta(gamma + left, delta + j)
        value, shares = blend(np.where(possible, logs, -np.inf))
        value -= log_beta(alpha, beta) + log_beta(gamma, delta)
        parts = _beta_parts(alpha, beta, x, j - x), _beta_parts(gamma, delta, left, j)
        derivatives = np.concatenate([part[0] for part in parts])
        gradient, hessian = scores(shares, derivatives, counts)
        weight = shares * counts[:, None]
        for at, part in zip((0, 2), parts, strict=True):
            own = slice(at, at + 2)
            hessian[own, own] += np.einsum("nm,abnm->ab", weight, part[1])
        scaled, its_hessian = on_log_scale(values, gradient, hessian)
        return -float(counts @ value), -scaled, -its_hessian

    return objective


def _beta_parts(a: float, b: float, won: Array, lost: Array) -> tuple[Array, Array]:
    """Gradient and Hessian of ln B(a + won, b + lost) - ln B(a, b) by a and b."""
    one, two, both = np.broadcast_arrays(a + won, b + lost, a + b + won + lost)
    whole = digamma(both) - digamma(a + b)
    gradient = np.stack([digamma(one) - digamma(a) - whole, digamma(two) - digamma(b) - whole])
    curve = trigamma(a + b) - trigamma(both)
    hessian = np.stack(
        [
            np.stack([trigamma(one) - trigamma(a) + curve, curve]),
            np.stack([curve, trigamma(two) - trigamma(b) + curve]),
        ]
    )
    return gradient, hessian


def probability_alive(parameters: Array, customers: Opportunities) -> Array:
    """How probable is it that each customer will still be there at the next occasion?"""
    gamma, delta = parameters[2:]
    stay: Array = (delta + customers.asked) / (gamma + delta + customers.asked)
    return _still_there(parameters, customers) * stay


def _still_there(parameters: Array, customers: Opportunities) -> Array:
    """The probability that a customer had not left at the last occasion, but may before the next."""
    alpha, beta, gamma, delta = parameters
    x = customers.frequency[:, None]
    j, possible, left = _leavings(customers)
    logs = log_beta(alpha + x, beta + j - x) + log_beta(gamma + left, delta + j)
    shares = blend(np.where(possible, logs, -np.inf))[1]
    still: Array = (shares * (possible & (left == 0))).sum(axis=1)
    return still


def _leavings(stats: Opportunities) -> tuple[Array, NDArray[np.bool_], Array]:
    """The occasions before which each customer may have left, whether they are, and 1 if it left."""
    n = stats.asked[:, None]
    ahead = np.arange(int((stats.asked - stats.last).max(initial=0)) + 1)
    j = np.minimum(stats.last[:, None] + ahead, n)
    return j, stats.last[:, None] + ahead <= n, (j < n).astype(np.float64)


def expected_purchases(parameters: Array, customers: Opportunities, horizon: int) -> Array:
    """On how many of the next occasions will each customer buy?"""
    return discounted_residual(parameters, customers, 0.0, horizon)


def discounted_residual(
    parameters: Array, customers: Opportunities, discount: float, horizon: int | None = None
) -> Array:
    """How many purchases is each customer's future worth, discounted to the last occasion?

        DERT = P(still there) (alpha+x)/(alpha+beta+n) sum over j >= 1 of E[(1-theta)^j] / (1+d)^j

    with theta ~ Beta(gamma, delta + n): the next occasion is one period away.

    Args:
        parameters: alpha, beta, gamma, delta.
        customers: their histories.
        discount: rate per occasion; positive without a horizon.
        horizon: occasions counted; None for ever.
    """
    alpha, beta, gamma, delta = parameters
    asked, member = np.unique(customers.asked, return_inverse=True)
    ahead = np.array([annuity(gamma, delta + n, discount, horizon) for n in asked])[member]
    chance = (alpha + customers.frequency) / (alpha + beta + customers.asked)
    worth: Array = _still_there(parameters, customers) * chance * ahead / (1 + discount)
    return worth
