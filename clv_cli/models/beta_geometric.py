"""BG/NBD and MBG/NBD: buy till you die, with a chance of leaving after a purchase.

While active, a customer buys at rate lambda ~ Gamma(r, alpha); with chance p ~ Beta(a, b) each
purchase is the last. In the BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers" the easy
way, Marketing Science 24(2)) the first purchase cannot be, so without a repeat everybody is active;
in the MBG/NBD (Batislam, Denizel and Filiztekin 2007, International Journal of Research in
Marketing 24(3)) it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.fitting import maximise, neighbourhood, on_log_scale, symmetric
from clv_cli.models.histories import MANY, require_repeats
from clv_cli.models.quadrature import alike, beta_grids, gamma_grid
from clv_cli.models.rows import sums
from clv_cli.models.special import digamma, log_beta, log_gamma, logistic, trigamma

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.models.arrays import Array, Index
    from clv_cli.models.fitting import Fit
    from clv_cli.models.histories import Histories
    from clv_cli.models.newton import Objective

    Integrand = Callable[[Array, Array], Array]  # of the rate and the chance

NAMES = ("r", "alpha", "a", "b")
SHAPES = ("r", "a", "b")
START = (0.5, 0.2, 1.0, 2.0)  # with time in units of the longest age
_SMALL = 1e-3  # arguments below which a series has more digits than the formula
_BLOCK = 20_000  # rows at a time, so that what is computed of them stays in the cache


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """One model of the family.

    Args:
        name: of the model.
        first: purchases beside the repeats that put a customer to the test: 0 or 1.
    """

    name: str
    first: int

    def fit(self, stats: Histories) -> Fit:
        """Fit r, alpha (in the unit of the times), a and b by Newton steps on their logarithms.

        Raises:
            DataError: too few customers bought again.
        """
        require_repeats(stats, self.name, len(NAMES))
        rows = stats.grouped()[0]
        unit = float(stats.age.max())
        start: Sequence[float] = START
        if len(rows) > MANY:
            start = neighbourhood(self.likelihood(rows.sample(), unit), START)
        # A rate in other units multiplies the density of every purchase.
        constant = -float(stats.counts @ stats.frequency) * float(np.log(unit))
        return maximise(
            self.name,
            self.likelihood(rows, unit),
            start=start,
            names=NAMES,
            n=stats.customers,
            units=(1.0, unit, 1.0, 1.0),
            constant=constant,
            shapes=SHAPES,
        )

    def likelihood(self, stats: Histories, unit: float = 1.0) -> Objective:
        """The negative log-likelihood of histories by log parameters, with gradient and Hessian.

            L = K(x) [(alpha + T)^-(r+x) + odds(x) (alpha + t_x)^-(r+x)]

        Gamma and beta functions depend on the frequency only and are computed once for each distinct
        one. With w = P(alive), the Hessian is w A'' + (1-w) B'' + w (1-w) (A'-B')(A'-B')'.

        Args:
            stats: histories, best compressed by `grouped`.
            unit: what times are divided by.
        """
        first = self.first
        x, member = np.unique(stats.frequency, return_inverse=True)
        n = sums(member, stats.counts, len(x))
        blocks = [
            (stats.rows(at, unit), member[at])
            for at in (slice(i, i + _BLOCK) for i in range(0, len(stats), _BLOCK))
        ]

        def objective(point: Array) -> tuple[float, Array, Array]:
            values = np.exp(point)
            value, gradient, hessian = _by_frequency(values, x, n, first)
            for rows, which in blocks:
                more = _mixture(values, x, rows, which, first)
                value, gradient, hessian = value + more[0], gradient + more[1], hessian + more[2]
            scaled, its_hessian = on_log_scale(values, gradient, symmetric(hessian))
            return -value, -scaled, -its_hessian

        return objective

    def probability_alive(self, parameters: Array, customers: Histories) -> Array:
        """How probable is it that each customer is still active at the end of observation?"""
        r, alpha, a, b = parameters
        x, t_x, age = customers.frequency, customers.recency, customers.age
        odds = _log_odds(a, x, _last_test(b, x, self.first), self.first)
        return logistic(-(odds + (r + x) * (np.log(alpha + age) - np.log(alpha + t_x))))

    def expected_purchases(self, parameters: Array, customers: Histories, horizon: float) -> Array:
        """How many purchases will each customer make within the horizon?

            E[Y] = P(alive) E[(1 - e^(-lambda p t)) / p | active]

        The closed form's 2F1 has no value at a = 1 and no digits for large x; the expectation has both.
        """
        return self.discounted_residual(parameters, customers, 0.0, horizon)

    def purchases_variance(self, parameters: Array, customers: Histories, horizon: float) -> Array:
        """How much do purchases within the horizon scatter around their expectation (variance)?

        With m = lambda t, E[Y (Y+1) / 2 | active] = E[(1 - e^(-m p) (1 + m p (1 - p))) / p^2].
        """

        def pairs(rate: Array, p: Array) -> Array:
            mp = rate * horizon * p
            # 1 - e^-z (1 + z) has no digits for small z; there it is z^2/2 - z^3/3.
            small = mp < _SMALL
            z = np.where(small, _SMALL, mp)
            bend = np.where(small, mp**2 * (0.5 - mp / 3), -np.expm1(-z) - z * np.exp(-z))
            return (bend / p + mp * np.exp(-mp)) / p

        expected = self.expected_purchases(parameters, customers, horizon)
        active = _while_active(parameters, customers, self.first, pairs)
        second = 2 * self.probability_alive(parameters, customers) * active - expected
        return np.maximum(second - expected**2, 0.0)

    def discounted_residual(
        self,
        parameters: Array,
        customers: Histories,
        discount: float,
        horizon: float | None = None,
    ) -> Array:
        """How many purchases is each customer's future worth, discounted to the end of observation?

            DERT = P(alive) E[lambda (1 - e^-((d + lambda p) H)) / (d + lambda p) | active]

        Args:
            parameters: r, alpha, a, b.
            customers: their histories.
            discount: d, the continuous rate per unit of time, ln(1 + rate); positive without a horizon.
            horizon: H, in the same unit; None for ever.
        """

        def worth(rate: Array, p: Array) -> Array:
            speed = discount + rate * p
            left = 1.0 if horizon is None else -np.expm1(-speed * horizon)
            return rate * left / speed

        active = _while_active(parameters, customers, self.first, worth)
        return self.probability_alive(parameters, customers) * active


bg_nbd = BetaGeometric("bg_nbd", first=0)
mbg_nbd = BetaGeometric("mbg_nbd", first=1)


def _by_frequency(values: Array, x: Array, n: Array, first: int) -> tuple[float, Array, Array]:
    """The part of the log-likelihood that the frequency alone decides; the Hessian's upper half."""
    r, alpha, a, b = values
    total, tests = n.sum(), x + first
    log_alpha = np.log(alpha)
    value = n @ (log_gamma(r + x) + log_beta(a, b + tests))
    value += total * (r * log_alpha - log_gamma(r) - log_beta(a, b))
    psi_ab = total * digamma(a + b) - n @ digamma(a + b + tests)
    gradient = np.array(
        [
            n @ digamma(r + x) + total * (log_alpha - digamma(r)),
            total * r / alpha,
            psi_ab,
            psi_ab - total * digamma(b) + n @ digamma(b + tests),
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 0] = n @ trigamma(r + x) - total * trigamma(r)
    hessian[0, 1] = total / alpha
    hessian[1, 1] = -total * r / alpha**2
    hessian[2:, 2:] = total * trigamma(a + b) - n @ trigamma(a + b + tests)
    hessian[3, 3] += n @ trigamma(b + tests) - total * trigamma(b)
    return float(value), gradient, np.triu(hessian)


def _mixture(
    values: Array, frequencies: Array, rows: Histories, member: Index, first: int
) -> tuple[float, Array, Array]:
    """The part in which active and dropped-out customers mix; the Hessian's upper half.

    Args:
        values: r, alpha, a, b.
        frequencies: the distinct frequencies of all rows.
        rows: some of the rows.
        member: which of the frequencies each of them has.
        first: see the class.
    """
    r, alpha, a, b = values
    rate, n, chances = r + rows.frequency, rows.counts, _last_test(b, frequencies, first)
    at_end, at_last = 1 / (alpha + rows.age), 1 / (alpha + rows.recency)
    log_end, log_last = -np.log(at_end), -np.log(at_last)
    odds = _log_odds(a, frequencies, chances, first)[member] + rate * (log_end - log_last)
    # One exponential is both the logistic function and the logarithm of 1 + e^odds.
    smaller = np.exp(-np.abs(odds))
    alive = np.where(odds > 0, smaller, 1.0) / (1 + smaller)
    gone = 1 - alive
    value = n @ (np.maximum(odds, 0) + np.log1p(smaller) - rate * log_end)
    n_alive, n_gone = n * alive, n * gone
    by_x = sums(member, n_gone, len(frequencies)) / chances
    gradient = np.array(
        [
            -(n_alive @ log_end + n_gone @ log_last),
            -(n_alive @ (rate * at_end) + n_gone @ (rate * at_last)),
            n_gone.sum() / a,
            -by_x.sum(),
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 1] = -(n_alive @ at_end + n_gone @ at_last)
    hessian[1, 1] = n_alive @ (rate * at_end**2) + n_gone @ (rate * at_last**2)
    hessian[2, 2] = -n_gone.sum() / a**2
    hessian[3, 3] = (by_x / chances).sum()
    # What tells the two states apart: the difference of their scores.
    apart = np.empty((4, len(n)))
    apart[0] = log_last - log_end
    apart[1] = rate * (at_last - at_end)
    apart[2] = -1 / a
    apart[3] = (1 / chances)[member]
    return float(value), gradient, hessian + np.triu((apart * (n_alive * gone)) @ apart.T)


def _last_test(b: float, x: Array, first: int) -> Array:
    """The weight b of staying, with all tests but the last one; at least b where there was none."""
    result: Array = b + np.maximum(x + first, 1) - 1
    return result


def _log_odds(a: float, x: Array, chances: Array, first: int) -> Array:
    """Log-odds, by the chances alone, that the last test was not passed: ln a / (b + tests - 1)."""
    return np.where(x + first > 0, np.log(a) - np.log(chances), -np.inf)


def _while_active(
    parameters: Array, customers: Histories, first: int, function: Integrand
) -> Array:
    """The expectation of a function of an active customer's rate and chance, given the history.

    Given that one is active, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + tests), apart: the
    chance is integrated once for each frequency, the rate for each distinct (x, T).
    """
    r, alpha, a, b = parameters
    pairs = customers.by_age
    x, age = customers.frequency[pairs.first], customers.age[pairs.first]
    found: Array = np.empty(len(x), dtype=np.float64)
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    for counts in alike(np.unique(x)):
        start, end = np.searchsorted(ordered, [counts[0], counts[-1] + 0.5])
        rows = order[start:end]
        chance, likely = beta_grids(a, b + counts + first)
        rate, weights = gamma_grid(r + x[rows], alpha + age[rows], 1.0)
        by_count = likely @ function(rate[:, None], chance).T
        ends = np.searchsorted(ordered[start:end], counts, side="right")
        for values, at, to in zip(by_count, [0, *ends], ends, strict=False):
            found[rows[at:to]] = weights[at:to] @ values
    everyone: Array = found[pairs.member]
    return everyone
