"""Discrete-time hazard: what customers' traits have to do with leaving at a renewal.

A logistic regression of leaving on the traits and on the logarithm of the renewal's number, over every
renewal of every customer. Late entries and customers not yet due need no special care: a renewal that
was not seen is no row. Cox (1972), Regression models and life-tables, section 6; Singer and Willett
(1993), It's about time, Journal of Educational Statistics 18(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models import newton
from clv_cli.models.fitting import Fit
from clv_cli.models.special import logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from clv_cli.models.arrays import Array
    from clv_cli.models.newton import Objective

_SEPARATED = 8.0  # on the scale of a standard deviation: odds that differ three-thousandfold
_LONGEST = 100_000
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Periods:
    """Renewals with the traits of those who were asked; equal rows may be one with counts.

    Args:
        number: which renewal it was, from 1.
        traits: one column a trait.
        lost: customers who left.
        asked: customers in the row.
        names: of the traits.
    """

    number: Array
    traits: Array
    lost: Array
    asked: Array
    names: tuple[str, ...]


def periods(
    number: ArrayLike, traits: ArrayLike, lost: ArrayLike, asked: ArrayLike, names: Sequence[str]
) -> Periods:
    """Check and gather renewals with traits.

    Raises:
        DataError: counts that cannot be, a trait that is not finite, or a name missing.
    """
    k, gone, n = (np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (number, lost, asked))
    columns = np.asarray(traits, dtype=np.float64).reshape(len(k), -1)
    counts = (k >= 1) & (gone >= 0) & (gone <= n)
    if not (counts.all() and np.isfinite(columns).all() and columns.shape[1] == len(names)):
        raise DataError(
            "renewals with traits need a number from 1, at most as many lost as asked, and a finite "
            "value of every named trait"
        )
    return Periods(k, columns, gone, n, tuple(names))


def fit(stats: Periods) -> Fit:
    """Fit an intercept, the slope by ln(number) and one slope a trait, by maximum likelihood.

    A trait that does not vary is refused; one that tells leavers from stayers without fail has no
    finite slope, and a warning says so.

    Raises:
        DataError: nobody left, nobody stayed, or traits that do not vary apart.
    """
    design = _design(stats.number, stats.traits)
    lost, asked = float(stats.lost.sum()), float(stats.asked.sum())
    if not 0 < lost < asked:
        raise DataError(f"no hazard can be fitted: {lost:,.0f} of {asked:,.0f} renewals were lost")
    centre, spread = _standard(design, stats.asked)
    names = ("intercept", "log_number", *stats.names)
    _require_apart((design[:, 1:] - centre[1:]) / spread[1:], stats.asked, names[1:])
    start = np.zeros(len(names))
    start[0] = np.log(lost / (asked - lost))
    found = newton.minimise(_objective((design - centre) / spread, stats), start)
    # Back from standardised traits: slopes over the spread, and the intercept takes the centres.
    back = np.diag(1 / spread)
    back[0, 1:] = -(centre / spread)[1:]
    warnings = [] if found.converged else ["the fit did not converge"]
    warnings += [
        f"{name} tells leavers from stayers almost without fail: its slope has no finite estimate"
        for name, slope in zip(names[1:], found.point[1:], strict=True)
        if abs(slope) > _SEPARATED
    ]
    return Fit(
        model="hazard",
        names=names,
        values=back @ found.point,
        search_covariance=back @ newton.inverse(found.hessian) @ back.T,
        log_likelihood=-found.value,
        decrement=found.decrement,
        converged=found.converged,
        iterations=found.iterations,
        n=asked,
        warnings=tuple(warnings),
        positive=False,
    )


def likelihood(stats: Periods) -> Objective:
    """The negative log-likelihood by intercept and slopes, with gradient and Hessian."""
    return _objective(_design(stats.number, stats.traits), stats)


def _objective(design: Array, stats: Periods) -> Objective:
    def objective(point: Array) -> tuple[float, Array, Array]:
        score = design @ point
        chance = logistic(score)
        value = stats.asked @ np.logaddexp(0, score) - stats.lost @ score
        gradient = design.T @ (stats.asked * chance - stats.lost)
        weight = stats.asked * chance * (1 - chance)
        return float(value), gradient, (design.T * weight) @ design

    return objective


def _design(number: Array, traits: Array) -> Array:
    return np.column_stack([np.ones(len(number)), np.log(number), traits])


def _standard(design: Array, weights: Array) -> tuple[Array, Array]:
    """Centre and spread of each column; the intercept stays as it is."""
    centre = np.average(design, axis=0, weights=weights)
    spread = np.sqrt(np.average((design - centre) ** 2, axis=0, weights=weights))
    centre[0], spread[0] = 0.0, 1.0
    return centre, np.where(spread > 0, spread, 1.0)


def _require_apart(columns: Array, weights: Array, names: Sequence[str]) -> None:
    """Refuse columns of which one is made of the others, naming it."""
    for at in range(columns.shape[1]):
        known = (columns * np.sqrt(weights)[:, None])[:, : at + 1]
        if np.linalg.matrix_rank(known, tol=1e-8 * max(float(weights.sum()) ** 0.5, 1.0)) <= at:
            raise DataError(
                f"{names[at]} does not vary apart from the others, so its slope is unknown",
                hint="leave it out",
            )


def retention(parameters: Array, number: Array, traits: Array) -> Array:
    """Which chance has each customer to make its k-th renewal?"""
    return logistic(-(_design(np.asarray(number, dtype=np.float64), traits) @ parameters))


def survival(parameters: Array, traits: Array, renewals: int, made: Array | float = 0.0) -> Array:
    """Which chance has each customer to be there after each of the next renewals?

    Returns:
        Customers x renewals.
    """
    level = traits @ parameters[2:] + parameters[0]
    first = np.broadcast_to(np.asarray(made, dtype=np.float64), level.shape)[:, None]
    score = level[:, None] + parameters[1] * np.log(first + np.arange(1, renewals + 1))
    chances: Array = np.exp(-np.cumsum(np.logaddexp(0, score), axis=1))
    return chances


def discounted_residual(
    parameters: Array, traits: Array, made: Array, discount: float, horizon: int | None = None
) -> Array:
    """How many future renewals can be expected of each customer, discounted as in `sbg`?

    Without a horizon the discount must be positive; terms below 1e-12 are not summed.
    """
    endless = min(_LONGEST, int(np.ceil(-np.log(_NOTHING) / np.log1p(max(discount, 1e-12)))) + 1)
    terms = endless if horizon is None else horizon
    worth = (1 + discount) ** -np.arange(terms, dtype=np.float64)
    total: Array = survival(parameters, traits, terms, made) @ worth
    return total


def expected_purchases(parameters: Array, traits: Array, made: Array, horizon: int) -> Array:
    """How many of the next `horizon` renewals will each customer make, undiscounted?"""
    return discounted_residual(parameters, traits, made, 0.0, horizon)
