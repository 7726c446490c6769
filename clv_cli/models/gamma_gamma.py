"""Gamma-Gamma: what customers spend on a purchase, from how few purchases they made.

Spend scatters around a customer's mean like a gamma of shape p; the customers' scales are themselves
gamma (q, gamma); spend does not depend on how often one buys. Fader, Hardie and Lee (2005), RFM and
CLV: using iso-value curves, Journal of Marketing Research 42(4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models.fitting import maximise, on_log_scale, symmetric
from clv_cli.models.special import digamma, log_gamma, trigamma

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.newton import Objective


NAMES = ("p", "q", "gamma")
START = (2.0, 2.0, 2.0)  # with spend in units of its median


@dataclass(frozen=True, slots=True)
class Spending:
    """Purchases with a known value and their mean, by customer.

    Args:
        purchases: how many purchases the mean is of; 0 where nothing is known.
        mean: mean spend a purchase; ignored where `purchases` is 0.
    """

    purchases: Array
    mean: Array


def spending(purchases: ArrayLike, mean: ArrayLike) -> Spending:
    """Check and gather spending.

    Raises:
        DataError: a mean spend that is not positive, or a number that is not finite.
    """
    x, m = (np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (purchases, mean))
    wrong = (x > 0) & ~(np.isfinite(m) & (m > 0)) | ~np.isfinite(x) | (x < 0)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(
            f"the mean spend of {int(wrong.sum()):,} of {len(x):,} customers is not positive",
            where=f"customer {at + 1}: {x[at]:g} purchases of {m[at]:g}",
            hint="the Gamma-Gamma model knows positive spend only: leave these customers out",
        )
    return Spending(x, np.where(x > 0, m, 0.0))


def fit(stats: Spending) -> Fit:
    """Fit p, q and gamma (in the unit of spend) by maximum likelihood.

    Raises:
        DataError: fewer customers with a known spend than parameters.
    """
    known = stats.purchases > 0
    x, m = stats.purchases[known], stats.mean[known]
    if len(x) < len(NAMES):
        raise DataError(
            f"the Gamma-Gamma model cannot be fitted: {len(x)} customers have a repeat purchase, "
            f"and {len(NAMES)} parameters need at least as many",
            hint="wait for more history, or use the mean spend",
        )
    unit = float(np.median(m))
    found = maximise(
        "gamma_gamma",
        likelihood(Spending(x, m), unit),
        start=START,
        names=NAMES,
        n=len(x),
        units=(1.0, 1.0, unit),
        constant=-len(x) * float(np.log(unit)),
        shapes=("p", "q"),
    )
    if found.parameters["q"] > 1:
        return found
    endless = "q <= 1: the mean spend of a new customer is infinite; use the observed mean"
    return replace(found, warnings=(*found.warnings, endless))


def likelihood(stats: Spending, unit: float = 1.0) -> Objective:
    """The negative log-likelihood by log parameters, with gradient and Hessian.

        L = Gamma(px+q) / (Gamma(px) Gamma(q)) gamma^q m^(px-1) x^(px) / (gamma + x m)^(px+q)

    Args:
        stats: customers with at least one purchase.
        unit: what spend is divided by.
    """
    x, m = stats.purchases, stats.mean / unit
    distinct_x, member = np.unique(x, return_inverse=True)
    n = np.bincount(member).astype(np.float64)
    spent = x * m
    logs, log_mean = float(x @ np.log(spent)), float(np.log(m).sum())

    def objective(point: Array) -> tuple[float, Array, Array]:
        p, q, gamma = values = np.exp(point)
        value, gradient, hessian = _by_count(values, distinct_x, n)
        whole = gamma + spent
        log_whole, shape = np.log(whole), p * x + q
        inverse = 1 / whole
        value += p * logs - log_mean - shape @ log_whole
        gradient += np.array([logs - x @ log_whole, -log_whole.sum(), -(shape @ inverse)])
        hessian[0, 2] -= x @ inverse
        hessian[1, 2] -= inverse.sum()
        hessian[2, 2] += shape @ inverse**2
        scaled, its_hessian = on_log_scale(values, gradient, symmetric(hessian))
        return -value, -scaled, -its_hessian

    return objective


def _by_count(values: Array, x: Array, n: Array) -> tuple[float, Array, Array]:
    """The part that the number of purchases alone decides; the Hessian's upper half."""
    p, q, gamma = values
    total, shape = n.sum(), p * x + q
    value = n @ (log_gamma(shape) - log_gamma(p * x)) + total * (q * np.log(gamma) - log_gamma(q))
    first, second = digamma(shape), trigamma(shape)
    gradient = np.array(
        [
            n @ (x * (first - digamma(p * x))),
            n @ first + total * (np.log(gamma) - digamma(q)),
            total * q / gamma,
        ]
    )
    hessian = np.zeros((3, 3))
    hessian[0, 0] = n @ (x**2 * (second - trigamma(p * x)))
    hessian[0, 1] = n @ (x * second)
    hessian[1, 1] = n @ second - total * trigamma(q)
    hessian[1, 2] = total / gamma
    hessian[2, 2] = -total * q / gamma**2
    return float(value), gradient, hessian


def expected_spend(parameters: Array, customers: Spending) -> Array:
    """What will each customer spend on a future purchase, on average?

        E[M] = p (gamma + x m) / (p x + q - 1)

    A mean of the customer's own mean and the population's, p gamma / (q - 1), which alone is left
    where nothing is known. Infinite where p x + q <= 1.
    """
    p, q, gamma = parameters
    x, m = customers.purchases, customers.mean
    divisor = p * x + q - 1
    safe = np.where(divisor > 0, divisor, 1.0)
    return np.where(divisor > 0, p * (gamma + x * m) / safe, np.inf)


def correlation(stats: Spending) -> float:
    """How strongly do frequency and mean spend go together? The model assumes: not at all.

    Pearson's correlation over customers with a known spend; 0 where either does not vary.
    """
    known = stats.purchases > 0
    x, m = stats.purchases[known], stats.mean[known]
    if len(x) < 2 or not x.std() or not m.std():
        return 0.0
    return float(np.corrcoef(x, m)[0, 1])
