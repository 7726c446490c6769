"""One rate of buying for everyone, for ever: the naive model of purchases.

A Poisson process without customers who differ or leave; the baseline that a buy-till-you-die model
must beat on purchases it has not seen before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.fitting import Fit
from clv_cli.models.histories import require_repeats

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.histories import Histories


NAMES = ("rate",)


def fit(stats: Histories) -> Fit:
    """Repeat purchases per unit of time: the maximum likelihood, in closed form.

    Raises:
        DataError: nobody bought again.
    """
    require_repeats(stats, "a constant rate", 1)
    bought = float(stats.counts @ stats.frequency)
    time = float(stats.counts @ stats.age)
    return Fit(
        model="constant_rate",
        names=NAMES,
        values=np.array([bought / time]),
        search_covariance=np.array([[1 / bought]]),
        log_likelihood=bought * float(np.log(bought / time)) - bought,
        decrement=0.0,
        converged=True,
        iterations=0,
        n=stats.customers,
    )


def probability_alive(parameters: Array, customers: Histories) -> Array:
    """Nobody ever leaves: 1."""
    del parameters
    return np.ones(len(customers))


def expected_purchases(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How many purchases will each customer make within the horizon? The same for all."""
    return np.full(len(customers), parameters[0] * horizon)


def purchases_variance(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How much do purchases scatter around their expectation? Poisson's: as much as it is."""
    return expected_purchases(parameters, customers, horizon)


def discounted_residual(
    parameters: Array, customers: Histories, discount: float, horizon: float | None = None
) -> Array:
    """How many purchases is each customer's future worth? Arguments as in `bg_nbd`."""
    if discount == 0 and horizon is not None:
        return expected_purchases(parameters, customers, horizon)
    left = 1.0 if horizon is None else -np.expm1(-discount * horizon)
    return np.full(len(customers), parameters[0] * left / discount)
