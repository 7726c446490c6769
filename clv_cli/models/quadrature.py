"""Expectations over beta-distributed chances and integrals over time, without 2F1.

Hypergeometric functions lose all digits where customers buy often or live long; a few dozen nodes in
the right variable lose none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.special import log_beta, logistic

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


_TAIL = 40.0  # exp(-40) is below the rounding of any sum it could join
_STEP = 0.5


@cache
def legendre(count: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def beta_nodes(a: float, b: Array, count: int) -> tuple[Array, Array]:
    """Gauss nodes and weights for the expectation over p ~ Beta(a, b), for several b at once.

    Golub and Welsch (1969) on the Jacobi recurrence: exact for polynomials of degree 2 count - 1.

    Returns:
        Nodes and weights, each of shape (len(b), count); the weights of a row sum to 1.
    """
    left, right = a - 1, np.asarray(b, dtype=np.float64)[:, None] - 1
    index = np.arange(1, count, dtype=np.float64)[None, :]
    total = 2 * index + left + right
    diagonal = np.empty((len(right), count))
    diagonal[:, :1] = (left - right) / (left + right + 2)
    diagonal[:, 1:] = (left - right) * (left + right) / (total * (total + 2))
    product = 4 * index * (index + right) * (index + left) * (index + left + right)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = product / (total**2 * (total + 1) * (total - 1))
    # The general term is 0 / 0 here when a + b = 1.
    first = (1 + left) * (1 + right) * 4 / ((2 + left + right) ** 2 * (3 + left + right))
    squares[:, :1] = first
    matrices = np.zeros((len(right), count, count))
    at = np.arange(count)
    matrices[:, at, at] = (diagonal + 1) / 2
    matrices[:, at[1:], at[:-1]] = np.sqrt(squares) / 2
    nodes, vectors = np.linalg.eigh(matrices)  # reads the lower triangle
    return np.clip(nodes, 1e-300, 1.0), vectors[:, 0, :] ** 2


def beta_grid(a: float, b: float) -> tuple[Array, Array]:
    """Nodes and weights for expectations over p ~ Beta(a, b) of functions with a pole near 0.

    The trapezoidal rule in u = ln(p / (1 - p)): 1 / (k + p) has its poles at distance pi from the
    real line whatever k is, so the error falls like exp(-2 pi^2 / step) however small k.
    """
    step = min(_STEP, 0.25 * float(np.sqrt(1 / a + 1 / b)))
    mode = float(np.log(a / b))
    u = np.arange(mode - _span(a, b), mode + _span(b, a), step)
    log_weight = -a * np.logaddexp(0, -u) - b * np.logaddexp(0, u) - log_beta(a, b)
    weight = np.exp(log_weight)
    return logistic(u), weight / weight.sum()


def _span(a: float, b: float) -> float:
    """How far below its mode, in log-odds, the density is still worth a node."""
    return _TAIL / a + 10 * float(np.sqrt(1 / a + 1 / b))


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
