"""Pareto/NBD: buy till you die, where leaving may happen at any time.

While active, a customer buys at rate lambda ~ Gamma(r, alpha); the time to leaving is exponential with
rate mu ~ Gamma(s, beta). Schmittlein, Morrison and Colombo (1987), Management Science 33(1); discounted
residual transactions: Fader, Hardie and Lee (2005), RFM and CLV, Journal of Marketing Research 42(4).

    L = K [ (alpha+T)^-(r+x) (beta+T)^-s + s int_{t_x}^{T} (alpha+t)^-(r+x) (beta+t)^-(s+1) dt ]

The integral is taken on Gauss-Legendre nodes in ln(c + t), c the smaller of alpha and beta, instead
of as a difference of two hypergeometric functions, which loses all digits for frequent buyers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from clv_cli.models.fitting import maximise, neighbourhood, on_log_scale, symmetric
from clv_cli.models.histories import MANY, require_repeats
from clv_cli.models.quadrature import legendre
from clv_cli.models.rows import distinct, sums
from clv_cli.models.special import (
    digamma,
    log_gamma,
    logistic,
    relative_exponential,
    trigamma,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.histories import Histories
    from clv_cli.models.newton import Objective

NAMES = ("r", "alpha", "s", "beta")
SHAPES = ("r", "s")
START = (0.5, 0.2, 0.5, 0.2)  # with time in units of the longest age
_NODES = 24  # against 50-digit arithmetic, errors of the logarithm below 2e-11
_FEWER = 16  # below 2e-10, for many rows
_ENOUGH = ((2.0, 6), (5.0, 8))  # where the integrand falls by e^-2, e^-5 at most; by more: _FEWER
_DECAY = 37.0  # lengths after which the integrand is below the rounding of its sum
_BEND = 3.0  # the longer the way, the nearer the pole of ln(beta + t), or of ln(alpha + t)
_BLOCK = 4_000  # rows at a time, so that the nodes stay in the cache
_GONE = 40.0  # discounted by exp(-40), nothing counts


class _Left(NamedTuple):
    """The integral over the time of leaving: its logarithm, and the posterior of that time.

    Tables are nodes x rows, so that what is known of a row runs along the cache.

    Args:
        log: ln of s times the integral, without K.
        share: the posterior at each node; columns sum to 1.
        near: c + t at the nodes, c the smaller of alpha and beta.
        far: the larger one + t.
        grown: ln of near, beyond its value at the last purchase.
        log_far: ln of far.
    """

    log: Array
    share: Array
    near: Array
    far: Array
    grown: Array
    log_far: Array


def fit(stats: Histories) -> Fit:
    """Fit r, alpha, s and beta (alpha and beta in the unit of the times) by maximum likelihood.

    Raises:
        DataError: too few customers bought again.
    """
    require_repeats(stats, "pareto_nbd", len(NAMES))
    rows = stats.grouped()[0]
    unit = float(stats.age.max())
    start: Sequence[float] = START
    if len(rows) > MANY:
        start = neighbourhood(likelihood(rows.sample(), unit), START)
    return maximise(
        "pareto_nbd",
        likelihood(rows, unit),
        start=start,
        names=NAMES,
        n=stats.customers,
        units=(1.0, unit, 1.0, unit),
        constant=-float(stats.counts @ stats.frequency) * float(np.log(unit)),
        shapes=SHAPES,
    )


def likelihood(stats: Histories, unit: float = 1.0) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

    Derivatives of the integral are moments of the posterior of the time of leaving, which the nodes
    already hold: its score is the mean score, its Hessian the mean Hessian plus the scores' covariance.
    """
    x, member = np.unique(stats.frequency, return_inverse=True)
    n = sums(member, stats.counts, len(x))
    many = len(stats) > MANY
    # Rows of one shape stand together, so that most blocks need few nodes.
    order = np.argsort(_steepness(np.array(START), stats.rows(slice(None), unit))) if many else None
    rows = stats if order is None else stats.rows(order)
    blocks = [rows.rows(slice(i, i + _BLOCK), unit) for i in range(0, len(rows), _BLOCK)]

    def objective(point: Array) -> tuple[float, Array, Array]:
        values = np.exp(point)
        value, gradient, hessian = _constant(values, x, n)
        for block in blocks:
            more = _block(values, block, _nodes_for(values, block) if many else _NODES)
            value, gradient, hessian = value + more[0], gradient + more[1], hessian + more[2]
        scaled, its_hessian = on_log_scale(values, gradient, symmetric(np.triu(hessian)))
        return -value, -scaled, -its_hessian

    return objective


def _constant(values: Array, x: Array, n: Array) -> tuple[float, Array, Array]:
    """What K contributes: Gamma(r + x) / Gamma(r) alpha^r beta^s."""
    r, alpha, s, beta = values
    total = n.sum()
    value = n @ log_gamma(r + x) + total * (r * np.log(alpha) + s * np.log(beta) - log_gamma(r))
    gradient = np.array(
        [
            n @ digamma(r + x) + total * (np.log(alpha) - digamma(r)),
            total * r / alpha,
            total * np.log(beta),
            total * s / beta,
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 0] = n @ trigamma(r + x) - total * trigamma(r)
    hessian[0, 1], hessian[1, 1] = total / alpha, -total * r / alpha**2
    hessian[2, 3], hessian[3, 3] = total / beta, -total * s / beta**2
    return float(value), gradient, hessian


def _reach(values: Array, rows: Histories) -> tuple[Array, Array, Array]:
    """Where the integral begins in c + t, how long it is in ln(c + t), how fast it falls at first."""
    r, alpha, s, beta = values
    nearer = min(alpha, beta)
    start = nearer + rows.recency
    rate = r + rows.frequency
    speed = start * (rate / (alpha + rows.recency) + (s + 1) / (beta + rows.recency)) - 1
    longest = np.minimum(np.log((nearer + rows.age) / start), _DECAY / np.maximum(speed, 1e-9))
    return start, longest, speed


def _steepness(values: Array, rows: Histories) -> Array:
    """By how many powers of e the integrand falls, or what its bend along the way is worth of them."""
    _, longest, speed = _reach(values, rows)
    fall: Array = np.maximum(np.abs(speed), _BEND) * longest
    return fall


def _nodes_for(values: Array, rows: Histories) -> int:
    """As many nodes as keep errors of the logarithm below 2e-10; Gauss' bound falls like fall^2m."""
    steepest = float(_steepness(values, rows).max())
    return next((count for most, count in _ENOUGH if steepest <= most), _FEWER)


def _left(values: Array, rows: Histories, count: int) -> _Left:
    """Integrate over the time of leaving, between the last purchase and the end of observation."""
    r, alpha, s, beta = values
    nodes, weights = legendre(count)
    start, longest, _ = _reach(values, rows)
    of_near, of_far = (r + rows.frequency, s + 1) if alpha <= beta else (s + 1, r + rows.frequency)
    grown = np.outer(nodes, longest)
    near = np.exp(grown)
    near *= start
    far = near + abs(beta - alpha)
    log_far = np.log(far)
    # The part of every node alike, -of_near ln(start), comes back at the end.
    log = grown * (1 - of_near)
    log -= of_far * log_far
    top = log.max(axis=0)
    log -= top
    share = np.exp(log, out=log)
    share *= weights[:, None]
    whole = share.sum(axis=0)
    share /= whole
    with np.errstate(divide="ignore"):  # nothing to integrate when the last purchase is the end
        summed = np.log(s * whole * longest) + top + (1 - of_near) * np.log(start)
    return _Left(summed, share, near, far, grown, log_far)


def _block(values: Array, rows: Histories, count: int) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian (upper half) of some rows, without K."""
    r, alpha, s, beta = values
    n, rate = rows.counts, r + rows.frequency
    left = _left(values, rows, count)
    at_alpha, at_beta = 1 / (alpha + rows.age), 1 / (beta + rows.age)
    active = rate * np.log(at_alpha) + s * np.log(at_beta)
    value = np.logaddexp(active, left.log)
    n_gone = n * np.exp(left.log - value)
    n_active = n - n_gone
    means, spread = _posterior(left, min(alpha, beta) + rows.recency, flipped=alpha > beta)
    # alpha and beta enter the integrand through ln(alpha + t) and ln(beta + t).
    scale = np.array([np.ones_like(rate), rate, np.ones_like(rate), np.full_like(rate, s + 1)])
    of_left = -means * scale
    of_left[2] += 1 / s
    of_active = np.array([np.log(at_alpha), -rate * at_alpha, np.log(at_beta), -s * at_beta])
    gradient = of_active @ n_active + of_left @ n_gone
    hessian = np.einsum("abn,an,bn->ab", spread, scale * n_gone, scale)
    hessian[0, 1] -= n_active @ at_alpha + n_gone @ means[1]
    squares = spread[[1, 3], [1, 3]] + means[[1, 3]] ** 2
    hessian[1, 1] += n_active @ (rate * at_alpha**2) + n_gone @ (rate * squares[0])
    hessian[2, 2] -= n_gone.sum() / s**2
    hessian[2, 3] -= n_active @ at_beta + n_gone @ means[3]
    hessian[3, 3] += n_active @ (s * at_beta**2) + (s + 1) * (n_gone @ squares[1])
    apart = of_active - of_left
    between = n_gone * np.exp(active - value)
    return float(n @ value), gradient, hessian + (apart * between) @ apart.T


def _posterior(left: _Left, start: Array, *, flipped: bool) -> tuple[Array, Array]:
    """Mean and covariance, by row, of ln(alpha + t), 1 / (alpha + t), ln(beta + t), 1 / (beta + t)."""
    tables = [left.grown, 1 / left.near, left.log_far, 1 / left.far]
    means = np.array([np.einsum("mn,mn->n", left.share, table) for table in tables])
    centred = [table - mean for table, mean in zip(tables, means, strict=True)]
    spread = np.empty((4, 4, len(start)))
    for i, one in enumerate(centred):
        weighted = left.share * one
        for j in range(i, 4):
            spread[i, j] = spread[j, i] = np.einsum("mn,mn->n", weighted, centred[j])
    means[0] += np.log(start)
    if flipped:  # near is beta's then
        means, spread = means[[2, 3, 0, 1]], spread[[2, 3, 0, 1]][:, [2, 3, 0, 1]]
    return means, spread


def probability_alive(parameters: Array, customers: Histories) -> Array:
    """How probable is it that each customer is still active at the end of observation?"""
    r, alpha, s, beta = parameters
    rows, groups = customers.grouped()
    odds = np.empty(len(rows))
    for at in range(0, len(rows), _BLOCK):
        some = rows.rows(slice(at, at + _BLOCK))
        active = -(r + some.frequency) * np.log(alpha + some.age) - s * np.log(beta + some.age)
        odds[at : at + _BLOCK] = active - _left(parameters, some, _NODES).log
    everyone: Array = logistic(odds)[groups.member]
    return everyone


def expected_purchases(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How many purchases will each customer make within the horizon?

        E[Y] = P(alive) (r+x)/(alpha+T) (beta+T)/(s-1) [1 - ((beta+T)/(beta+T+t))^(s-1)]

    written so that s = 1 is a point like any other.
    """
    s, beta = parameters[2], parameters[3]
    scale = beta + customers.age
    longer = np.log1p(horizon / scale)
    stay: Array = scale * longer * relative_exponential(-(s - 1) * longer)
    return _rate(parameters, customers) * stay


def purchases_variance(parameters: Array, customers: Histories, horizon: float) -> Array:
    """How much do purchases within the horizon scatter around their expectation (variance)?

    E[Y (Y-1) | active] = 2 E[lambda^2] int_0^t u E[e^(-mu u)] du.
    """
    r, alpha, s, beta = parameters
    scale = beta + customers.age
    time, weights = _flow(scale, horizon, _NODES)
    stay = np.exp(-s * np.log1p(time / scale[:, None]))
    pairs = np.einsum("ij,ij,ij->i", weights, time, stay)
    again = (r + customers.frequency + 1) / (alpha + customers.age)
    expected = expected_purchases(parameters, customers, horizon)
    second = 2 * _rate(parameters, customers) * again * pairs + expected
    return cast("Array", np.maximum(second - expected**2, 0.0))


def discounted_residual(
    parameters: Array, customers: Histories, discount: float, horizon: float | None = None
) -> Array:
    """How many purchases is each customer's future worth, discounted to the end of observation?

        DERT = P(alive) (r+x)/(alpha+T) int_0^H e^(-discount t) ((beta+T)/(beta+T+t))^s dt

    Args:
        parameters: r, alpha, s, beta.
        customers: their histories.
        discount: continuous rate per unit of time, ln(1 + rate); positive without a horizon.
        horizon: in the same unit; None for ever.
    """
    s, beta = parameters[2], parameters[3]
    ages = distinct(customers.age)
    scale = beta + customers.age[ages.first]
    end = _GONE / discount if horizon is None else horizon
    time, weights = _flow(scale, min(end, _GONE / discount) if discount > 0 else end, 64)
    worth = np.exp(-discount * time - s * np.log1p(time / scale[:, None]))
    stay: Array = np.einsum("ij,ij->i", weights, worth)[ages.member]
    return _rate(parameters, customers) * stay


def _rate(parameters: Array, customers: Histories) -> Array:
    """Purchases to be expected per unit of time, now."""
    r, alpha = parameters[0], parameters[1]
    now: Array = (r + customers.frequency) / (alpha + customers.age)
    return probability_alive(parameters, customers) * now


def _flow(scale: Array, end: float, count: int) -> tuple[Array, Array]:
    """Times from now to the end, even in ln(scale + t), and the weights of an integral over them."""
    nodes, weights = legendre(count)
    longest = np.log1p(end / scale)[:, None]
    time = scale[:, None] * np.expm1(longest * nodes)
    return time, weights * longest * (scale[:, None] + time)
