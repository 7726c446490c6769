"""Expectations over beta-distributed chances and integrals over time, without 2F1.

Hypergeometric functions lose all digits where customers buy often or live long; a few dozen nodes in
the right variable lose none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.special import log_beta, log_gamma, logistic

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


_TAIL = 40.0  # exp(-40) is below the rounding of any sum it could join
_STEP = 0.25
_LOWEST, _HIGHEST = -120.0, 40.0  # log-odds; beyond, p and 1 - p change no sum any more


@cache
def legendre(count: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def beta_grid(a: float, b: float) -> tuple[Array, Array]:
    """Nodes and weights for expectations over p ~ Beta(a, b) of functions with a pole near 0."""
    chance, likely = beta_grids(a, np.array([b]))
    return chance, likely[0]


def beta_grids(a: float, b: Array) -> tuple[Array, Array]:
    """The same for several b at once, on nodes common to all: what is expensive is computed once.

    The trapezoidal rule in u = ln(p / (1 - p)): 1 / (k + p) has its poles at distance pi from the
    real line whatever k is, so the error falls like exp(-2 pi^2 / step) however small k. Where a and b
    are tiny, nearly all customers have a chance of 0 or 1 and the tails are endless: they are one
    node each.

    Returns:
        Nodes, and weights of shape (b, nodes).
    """
    width, mode = np.sqrt(1 / a + 1 / b), np.log(a / b)
    step = min(_STEP, 0.25 * float(width.min()))
    below, above = mode - _TAIL / a - 10 * width, mode + _TAIL / b + 10 * width
    lowest = min(max(float(below.min()), _LOWEST), _HIGHEST)
    highest = min(max(float(above.max()), lowest), _HIGHEST)
    u, b = np.arange(lowest, highest + step, step), b[:, None]
    log_density = -a * np.logaddexp(0, -u) - b * np.logaddexp(0, u) - log_beta(a, b)
    weight = step * np.exp(log_density)
    # Beyond the last node the density falls by e^-b a unit: the nodes left out are a geometric series.
    weight[:, -1:] += weight[:, -1:] * np.exp(-b * step) / -np.expm1(-b * step)
    # Below the lowest node functions are constant; all that is left of the chance is there.
    weight[:, 0] += 1 - weight.sum(axis=1)
    return logistic(u), weight


def gamma_grid(shapes: Array, rates: Array, power: float) -> tuple[Array, Array]:
    """Nodes and weights for expectations over x ~ Gamma(shape, rate), for several of them at once.

    The trapezoidal rule in v = ln x, on nodes common to all: what is expensive in a function of
    x is computed once. The error falls like exp(-pi^2 / step) for functions that are smooth in v.

    Args:
        shapes: of the gamma distributions; not more than some times apart, or the nodes are many.
        rates: their rates.
        power: functions fall at least like x to this power near 0.

    Returns:
        Nodes, and weights of shape (rates, nodes).
    """
    width, centre = 1 / np.sqrt(shapes + power), np.log((shapes + power) / rates)
    step = min(_STEP, 0.6 * float(width.min()))
    tail = np.where(shapes > _TAIL, 0.0, np.log1p(_TAIL / shapes)) + 10 * width
    lowest = (centre - _TAIL / (shapes + power) - 10 * width).min()
    v = np.arange(lowest, (centre + np.minimum(tail, 6.0)).max(), step)
    x = np.exp(v)
    constant = shapes * np.log(rates) - log_gamma(shapes) + np.log(step)
    # One product for ln(step density), and its exponential in place: nothing else is as large.
    weights = np.stack([shapes, -rates, constant], axis=1) @ np.stack([v, x, np.ones_like(v)])
    np.exp(weights, out=weights)
    return x, weights


def alike(counts: Array) -> list[Array]:
    """Counts in groups within four times each other: their common nodes are hardly more than one's own."""
    groups = np.floor(np.log2(counts + 1) / 2)
    return [counts[groups == group] for group in np.unique(groups)]


def annuity(a: float, b: float, discount: float, horizon: int | None) -> float:
    """What periods are worth to one who leaves with the same chance at the start of each.

        E[sum over j < H of (1 - theta)^(j+1) / (1 + d)^j],  theta ~ Beta(a, b)

    Args:
        a: of the beta distribution.
        b: of the beta distribution.
        discount: d, the rate per period; positive without a horizon.
        horizon: H, the periods counted; None for ever.
    """
    theta, weight = beta_grid(a, b)
    left = np.ones_like(theta)
    if horizon is not None:
        # Nearer to 1 than a float can be, theta is 1, and one period is all that could be lost.
        with np.errstate(divide="ignore"):
            left = -np.expm1(horizon * (np.log1p(-theta) - np.log1p(discount)))
    return float(weight @ ((1 - theta) * left * (1 + discount) / (discount + theta)))
