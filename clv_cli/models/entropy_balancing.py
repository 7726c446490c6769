"""The effect on the treated by entropy balancing (Hainmueller 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from clv_cli.models.estimate import Estimate, student_interval
from clv_cli.models.ridge import fit_linear, with_intercept

if TYPE_CHECKING:
    from clv_cli.models.estimate import Flags, Floats

MAX_STEPS = 200
BALANCED = 1e-6  # of a standard deviation


@dataclass(frozen=True, slots=True)
class Balanced:
    """The balanced effect.

    Args:
        estimate: outcome units a treated unit.
        weights: of the untreated rows; they sum to 1.
        converged: whether the means agree; they cannot when the treated lie outside the others.
    """

    estimate: Estimate
    weights: Floats
    converged: bool


def entropy_balanced(
    outcome: Floats, treated: Flags, matrix: Floats, level: float = 0.95
) -> Balanced:
    """Weigh the untreated as evenly as possible so that their means equal those of the treated.

        minimise  sum w log w   subject to   sum w x = mean of x over the treated, sum w = 1

    by damped Newton steps on the dual.

    Args:
        outcome: one a unit.
        treated: whether each unit was treated.
        matrix: standardised covariates.
        level: coverage of the interval.
    """
    target = matrix[treated].mean(axis=0)
    weights, converged = _weights(matrix[~treated] - target)
    y, base = outcome[treated], outcome[~treated]
    value = float(y.mean() - weights @ base)
    # Residuals of the weighted regression: what is left to chance once the covariates are balanced.
    line = fit_linear(matrix[~treated], base, weights * len(base))
    rest = outcome - with_intercept(matrix) @ line
    variance = float(rest[treated].var(ddof=1)) / len(y) + float(weights**2 @ rest[~treated] ** 2)
    degrees = max(len(outcome) - matrix.shape[1] - 1, 1)
    estimate = student_interval(value, np.sqrt(variance), degrees, level)
    return Balanced(estimate, weights, converged)


def _weights(centred: Floats) -> tuple[Floats, bool]:
    tilt = np.zeros(centred.shape[1])

    def potential(at: Floats) -> float:
        return float(special.logsumexp(centred @ at))

    for _ in range(MAX_STEPS):
        weights = special.softmax(centred @ tilt)
        gap = weights @ centred
        if np.abs(gap).max(initial=0.0) < BALANCED:
            return weights, True
        curve = (centred * weights[:, None]).T @ centred - np.outer(gap, gap)
        step = np.linalg.solve(curve + 1e-8 * np.eye(len(tilt)), gap)
        size, now = 1.0, potential(tilt)
        while potential(tilt - size * step) > now - 1e-4 * size * float(gap @ step):
            size /= 2
            if size < 1e-6:
                return weights, False
        tilt = tilt - size * step
    return special.softmax(centred @ tilt), False
