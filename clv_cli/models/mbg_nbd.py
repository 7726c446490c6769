"""MBG/NBD: as BG/NBD, but the first purchase can be the last.

Batislam, Denizel and Filiztekin (2007), International Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.models import beta_geometric

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.histories import Histories
    from clv_cli.models.newton import Objective


NAMES = beta_geometric.NAMES
_FIRST = 1


def fit(stats: Histories) -> Fit:
    """Fit r, alpha (in the unit of the times), a and b by maximum likelihood.

    Raises:
        DataError: too few customers bought again.
    """
    return beta_geometric.fit(stats, "mbg_nbd", _FIRST)


def likelihood(stats: Histories, unit: float = 1.0) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian."""
    return beta_geometric.likelihood(stats, _FIRST, unit)


def probability_alive(parameters: Array, customers: Histories) -> Array:
    """How probable is it that each customer is still active at the end of observation?"""
    return beta_geometric.probability_alive(parameters, customers, _FIRST)


def expected_purchases(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How many purchases will each customer make within the horizon?"""
    return beta_geometric.expected_purchases(parameters, customers, horizon, _FIRST)


def purchases_variance(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How much do purchases within the horizon scatter around their expectation (variance)?"""
    return beta_geometric.purchases_variance(parameters, customers, horizon, _FIRST)


def discounted_residual(
    parameters: Array, customers: Histories, discount: float, horizon: float | None = None
) -> Array:
    """How many purchases is each customer's future worth, discounted to the end of observation?

    Args:
        parameters: r, alpha, a, b.
        customers: their histories.
        discount: continuous rate per unit of time, ln(1 + rate); positive without a horizon.
        horizon: in the same unit; None for ever.
    """
    return beta_geometric.discounted_residual(parameters, customers, discount, horizon, _FIRST)
