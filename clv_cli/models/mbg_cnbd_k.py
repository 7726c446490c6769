"""MBG/CNBD-k: as MBG/NBD, but purchases come at regular intervals: every k-th event of the process.

k = 1 is the MBG/NBD; the larger k, the more regular. Platzer and Reutterer (2016), Ticking away the
moments: timing regularity helps to better predict customer activity, Marketing Science 35(5); Reutterer,
Platzer and Schroeder (2021), Leveraging purchase regularity, International Journal of Research in
Marketing 38(1). Predictions are exact expectations where theirs are approximations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.fitting import maximise, neighbourhood, on_log_scale, symmetric
from clv_cli.models.histories import MANY, require_repeats
from clv_cli.models.mixtures import blend, inner, scores
from clv_cli.models.quadrature import alike, beta_grids, gamma_grid
from clv_cli.models.rows import distinct, once_each
from clv_cli.models.special import (
    digamma,
    incomplete_beta,
    log_beta,
    log_gamma,
    trigamma,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.histories import Histories
    from clv_cli.models.newton import Objective

NAMES = ("r", "alpha", "a", "b")
START = (0.5, 0.2, 1.0, 2.0)
_BLOCK = 10_000  # rows at a time, so that what is computed of them stays in the cache
_NOTHING = 1e-12  # probability of one more purchase that is no longer summed
_FAINT = 1e-14  # weight of a node that no sum feels


def fit(stats: Histories, log_gaps: float, k: int) -> Fit:
    """Fit r, alpha, a and b for a given regularity k.

    Args:
        stats: purchase histories.
        log_gaps: sum of the logarithms of all times between purchases, of all customers; it decides
            between values of k, so log-likelihoods compare across k.
        k: events of the process for one purchase.

    Raises:
        DataError: too few customers bought again.
    """
    require_repeats(stats, f"mbg_cnbd_{k}", len(NAMES))
    unit = float(stats.age.max())
    purchases = float(stats.counts @ stats.frequency)
    constant = (k - 1) * log_gaps - purchases * (k * np.log(unit) + float(log_gamma(k)))
    rows = stats.grouped()[0]
    start: Sequence[float] = (START[0], START[1] / k, *START[2:])
    if len(rows) > MANY:
        start = neighbourhood(likelihood(rows.sample(), k, unit), start)
    return maximise(
        f"mbg_cnbd_{k}",
        likelihood(rows, k, unit),
        start=start,
        names=NAMES,
        n=stats.customers,
        units=(1.0, unit, 1.0, 1.0),
        constant=constant,
        shapes=("r", "a", "b"),
    )


def most_likely(
    stats: Histories, log_gaps: float, largest: int = 6, smallest: int = 1
) -> tuple[Fit, int]:
    """The fit with the regularity k that makes the data most likely, and that k.

    k grows from `smallest` until the likelihood falls; other arguments as in `fit`.
    """
    best = replace(fit(stats, log_gaps, smallest), on_grid=1)
    for k in range(smallest + 1, largest + 1):
        next_one = replace(fit(stats, log_gaps, k), on_grid=1)
        if next_one.log_likelihood <= best.log_likelihood:
            return best, k - 1
        best = next_one
    return best, largest


def likelihood(stats: Histories, k: int, unit: float = 1.0) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

    A sum over k + 1 states: still active after 0, 1 ... k - 1 events since the last purchase, or gone
    with it.
    """
    x, member = np.unique(stats.frequency, return_inverse=True)
    blocks = [
        (stats.rows(at, unit), member[at])
        for at in (slice(i, i + _BLOCK) for i in range(0, len(stats), _BLOCK))
    ]

    def objective(point: Array) -> tuple[float, Array, Array]:
        values = np.exp(point)
        first, second = _derivatives_by_frequency(values, x, k)
        value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
        for rows, which in blocks:
            more = _block(values, rows, k, (first[:, which], second[:, which]))
            value, gradient, hessian = value + more[0], gradient + more[1], hessian + more[2]
        scaled, its_hessian = on_log_scale(values, gradient, hessian)
        return -value, -scaled, -its_hessian

    return objective


def _derivatives_by_frequency(values: Array, x: Array, k: int) -> tuple[Array, Array]:
    """What the frequency decides of the derivatives of each state's logarithm by r, alpha, a and b.

    Returns:
        The first by r, a, b, and the second by r, a, b and by a and b: each frequencies x states.
    """
    r, _, a, b = values
    passed, gone = np.arange(k + 1) % k, np.arange(k + 1) == k
    rate, tests = r + k * x[:, None] + passed, x[:, None] + 1
    whole = np.broadcast_to(a + b + tests, rate.shape)
    both = digamma(a + b) - digamma(whole)
    first = [
        digamma(rate) - digamma(r),
        digamma(a + gone) - digamma(a) + both,
        digamma(b + tests - gone) - digamma(b) + both,
    ]
    curve = trigamma(a + b) - trigamma(whole)
    second = [
        trigamma(rate) - trigamma(r),
        trigamma(a + gone) - trigamma(a) + curve,
        trigamma(b + tests - gone) - trigamma(b) + curve,
        curve,
    ]
    return np.stack(first), np.stack(second)


def _block(
    values: Array, rows: Histories, k: int, by_frequency: tuple[Array, Array]
) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian of some rows, from what their frequencies decide."""
    r, alpha = values[:2]
    (by_r, by_a, by_b), second = by_frequency
    counts = rows.counts
    logs, rate, reach = _states(values, rows.frequency, rows.recency, rows.age, k)
    value, shares = blend(logs)
    derivatives = np.stack(
        [by_r - np.log(reach) + np.log(alpha), r / alpha - rate / reach, by_a, by_b]
    )
    gradient, spread = scores(shares, derivatives, counts)
    weight, total = shares * counts[:, None], counts.sum()
    own = np.zeros((4, 4))
    own[0, 0], own[2, 2], own[3, 3], own[2, 3] = (inner(weight, each) for each in second)
    own[0, 1] = total / alpha - inner(weight, 1 / reach)
    own[1, 1] = inner(weight, rate / reach**2) - total * r / alpha**2
    return float(counts @ value), gradient, symmetric(own) + spread


def _states(values: Array, x: Array, t_x: Array, age: Array, k: int) -> tuple[Array, Array, Array]:
    """Log-probability of each state, and the gamma posterior of the rate in it (shape, rate)."""
    r, alpha, a, b = values
    passed, gone = np.arange(k + 1) % k, np.arange(k + 1) == k
    shape = r + k * x[:, None] + passed
    reach = alpha + np.where(gone, t_x[:, None], age[:, None])
    with np.errstate(divide="ignore"):  # no time, no events
        waited = np.log(age - t_x)[:, None]
    events = np.where(passed > 0, np.maximum(passed, 1) * waited - log_gamma(passed + 1), 0.0)

    def by_frequency(x: Array) -> Array:
        tests = x[:, None] + 1
        chosen = log_beta(a + gone, b + tests - gone) - log_beta(a, b)
        return log_gamma(r + k * x[:, None] + passed) - log_gamma(r) + chosen

    logs = once_each(by_frequency, x) + r * np.log(alpha) - shape * np.log(reach) + events
    return logs, shape, reach


def probability_alive(parameters: Array, customers: Histories, k: int) -> Array:
    """How probable is it that each customer is still active at the end of observation?"""
    x, t_x, age = customers.frequency, customers.recency, customers.age
    shares = blend(_states(parameters, x, t_x, age, k)[0])[1]
    active: Array = 1 - shares[:, k]
    return active


def expected_purchases(parameters: Array, customers: Histories, horizon: float, k: int) -> Array:
    """How many purchases will each customer make within the horizon?"""
    return discounted_residual(parameters, customers, 0.0, horizon, k)


def discounted_residual(
    parameters: Array, customers: Histories, discount: float, horizon: float, k: int
) -> Array:
    """How many purchases within the horizon, discounted to the end of observation?

    Args:
        parameters: r, alpha, a, b.
        customers: their histories.
        discount: continuous rate per unit of time, ln(1 + rate).
        horizon: in the same unit.
        k: events of the process for one purchase.
    """
    r, alpha, a, b = parameters
    x, t_x, age = customers.frequency, customers.recency, customers.age
    shares = blend(_states(parameters, x, t_x, age, k)[0])[1][:, :k]
    pairs = distinct(x, age)
    some, ages = x[pairs.first], age[pairs.first]
    ahead = np.empty((len(some), k))
    for counts in alike(np.unique(some)):
        rows = np.flatnonzero(np.isin(some, counts))
        chances = _felt(*beta_grids(a, b + counts + 1))
        shape, reach = r + k * some[rows], alpha + ages[rows]
        rate, weights = _felt(*gamma_grid(shape, reach, 1.0))
        bought = _while_active(rate, chances, discount, horizon, k)
        # The posterior in state j has j events more: its density is that of state 0, tilted.
        place, scaled = np.searchsorted(counts, some[rows]), np.outer(reach, rate)
        for state in range(k):
            tilt = np.exp(log_gamma(shape) - log_gamma(shape + state))
            ahead[rows, state] = np.einsum("nr,nr->n", weights, bought[state][place]) * tilt
            weights *= scaled
    expected: Array = np.einsum("nj,nj->n", shares, ahead[pairs.member])
    return expected


def _felt(nodes: Array, weights: Array) -> tuple[Array, Array]:
    """Without the nodes that no sum feels."""
    near = (weights > _FAINT * weights.max(axis=1, keepdims=True)).any(axis=0)
    return nodes[near], weights[:, near]


def _while_active(
    rate: Array, chances: tuple[Array, Array], discount: float, horizon: float, k: int
) -> Array:
    """Discounted purchases by an active customer of known rate: state x tests x rate.

    With q = 1 - p, a purchase i comes with event i k - j and weight q^(i-1). The k-th roots z of q take
    every k-th term out of the exponential series:

        sum over z of  z^(j+1-k) / k  lambda (1 - e^-((d + lambda (1 - z)) H)) / (d + lambda (1 - z))

    Args:
        rate: lambda, at several nodes.
        chances: nodes of p, and how likely each is after so many tests: tests x nodes.
        discount: d.
        horizon: H.
        k: events of the process for one purchase.
    """
    chance, likely = chances
    log_q = np.log1p(-np.minimum(chance, 1 - 1e-16)) / k
    powers = np.arange(1.0 - k, 1.0)[:, None, None]
    found = np.zeros((len(rate), k * len(likely)))
    for number in range(k // 2 + 1):
        away, turn = _root(log_q, number, k)
        # Roots come in pairs of one sum; 1 and -1 stand alone.
        twice = 1 if 2 * number in {0, k} else 2
        # Tables of rates x chances are large: what can be is written over them.
        speed = rate[:, None] * away
        speed += discount
        rest = speed * -horizon
        if number == 0:
            np.expm1(rest, out=rest)
        else:  # a complex root is far from 1: nothing cancels, and its expm1 would cost two exps
            np.exp(rest, out=rest)
            rest -= 1
        rest *= rate[:, None]
        rest /= speed
        weight = np.exp(powers * log_q) * turn**powers * (twice / k) * likely
        found -= (rest @ weight.reshape(-1, len(chance)).T).real
    return found.T.reshape(k, len(likely), len(rate))


def _root(log_q: Array, number: int, k: int) -> tuple[NDArray[np.inexact], complex]:
    """1 - z for a k-th root z of q, and the root of unity in it; both real where z is, at half the cost."""
    if number == 0:  # 1 - z is small
        return -np.expm1(log_q), 1.0
    turn = -1.0 if 2 * number == k else complex(np.exp(2j * np.pi * number / k))
    return 1 - turn * np.exp(log_q), turn


def purchases_variance(parameters: Array, customers: Histories, horizon: float, k: int) -> Array:
    """How much do purchases within the horizon scatter around their expectation (variance)?

    E[Y (Y + 1) / 2] = sum over i of i P(Y >= i): see `summed_purchases`.
    """
    expected, pairs = summed_purchases(parameters, customers, horizon, k)
    return np.maximum(2 * pairs - expected - expected**2, 0.0)


def summed_purchases(
    parameters: Array, customers: Histories, horizon: float, k: int
) -> tuple[Array, Array]:
    """E[Y] and E[Y (Y + 1) / 2] of each customer, purchase by purchase.

        E[Y] = sum over states j, purchases i of  P(j) E[(1-p)^(i-1)] P(N_j >= i k - j)

    where N_j, the events within the horizon, is negative binomial and p ~ Beta(a, b + x + 1): the
    i-th purchase happens if its event does and i - 1 tests before it were passed. Exact, and slow where
    the horizon is long.
    """
    x, t_x, age = customers.frequency, customers.recency, customers.age
    shares = blend(_states(parameters, x, t_x, age, k)[0])[1][:, :k]
    pairs = distinct(x, age)
    ahead = _ahead(parameters, x[pairs.first], age[pairs.first], horizon, k)
    first, second = (np.einsum("nj,nj->n", shares, each[pairs.member]) for each in ahead)
    return first, second


def _ahead(parameters: Array, x: Array, age: Array, horizon: float, k: int) -> tuple[Array, Array]:
    """The same of an active customer in each state: (x, T) x states."""
    r, alpha, a, b = parameters
    state, tests = np.arange(k), b + x + 1
    shape = r + k * x[:, None] + state
    share = (horizon / (alpha + age + horizon))[:, None]
    expected, pairs = np.zeros((2, len(x), k))
    number, going = 0, np.arange(len(x))
    while len(going):
        number += 1
        asked = tests[going]
        passed = np.exp(log_beta(a, asked + number - 1) - log_beta(a, asked))
        more = passed[:, None] * incomplete_beta(number * k - state, shape[going], share[going])
        expected[going] += more
        pairs[going] += number * more
        going = going[number * more.max(axis=1) > _NOTHING]
    return expected, pairs


@dataclass(frozen=True, slots=True)
class Regular:
    """MBG/CNBD-k of one k, as the other models of purchases are asked.

    Args:
        k: events of the process for one purchase.
    """

    k: int

    def fit(self, stats: Histories) -> Fit:
        """The parameters, which do not need the gaps; the log-likelihood compares with no other k."""
        return fit(stats, 0.0, self.k)

    def probability_alive(self, parameters: Array, customers: Histories) -> Array:
        """See the function of the module."""
        return probability_alive(parameters, customers, self.k)

    def expected_purchases(self, parameters: Array, customers: Histories, horizon: float) -> Array:
        """See the function of the module."""
        return expected_purchases(parameters, customers, horizon, self.k)

    def purchases_variance(self, parameters: Array, customers: Histories, horizon: float) -> Array:
        """See the function of the module."""
        return purchases_variance(parameters, customers, horizon, self.k)

    def discounted_residual(
        self, parameters: Array, customers: Histories, discount: float, horizon: float
    ) -> Array:
        """See the function of the module."""
        return discounted_residual(parameters, customers, discount, horizon, self.k)
