"""Ridge-penalised linear and logistic regression: the nuisance models of the causal estimators.

The penalty keeps both defined where covariates are collinear or separate the groups; the intercept
is not penalised. Source: Hoerl and Kennard (1970); le Cessie and van Houwelingen (1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from clv_cli.models.estimate import Flags, Floats

MAX_STEPS = 100
MAX_HALVINGS = 30
TOLERANCE = 1e-8  # of the gradient, a row


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic regression.

    Args:
        coefficients: intercept first.
        probability: fitted, one a row.
        converged: whether the gradient vanished.
    """

    coefficients: Floats
    probability: Floats
    converged: bool


def with_intercept(matrix: Floats) -> Floats:
    """The matrix with a first column of ones."""
    return np.column_stack([np.ones(len(matrix)), matrix])


def fit_logistic(matrix: Floats, treated: Flags, penalty: float = 1.0) -> Logistic:
    """How likely is each row to be treated, given its covariates?

        maximise  sum log p(d_i | x_i) - penalty / 2 * |b|^2

    by damped Newton steps. Undamped steps diverge silently where the groups hardly overlap, so the
    objective must fall in every step and convergence is reported, never assumed.

    Args:
        matrix: standardised covariates, one row a unit.
        treated: whether each unit was treated; both groups must be there.
        penalty: of the squared coefficients.
    """
    rows, y = with_intercept(matrix), treated.astype(np.float64)
    ridge = np.full(rows.shape[1], penalty)
    ridge[0] = 0.0
    b = np.zeros(rows.shape[1])
    b[0] = special.logit(y.mean())

    def loss(at: Floats) -> float:
        score = rows @ at
        return float(np.logaddexp(0, score).sum() - y @ score + 0.5 * ridge @ at**2)

    current, converged = loss(b), False
    for _ in range(MAX_STEPS):
        p = special.expit(rows @ b)
        gradient = rows.T @ (y - p) - ridge * b
        if np.abs(gradient).max() < TOLERANCE * len(y):
            converged = True
            break
        weight = p * (1 - p) + 1e-12
        step = np.linalg.solve((rows * weight[:, None]).T @ rows + np.diag(ridge), gradient)
        size = 1.0
        for _ in range(MAX_HALVINGS):
            if loss(b + size * step) <= current - 1e-4 * size * float(gradient @ step):
                break
            size /= 2
        b = b + size * step
        current = loss(b)
    return Logistic(b, special.expit(rows @ b), converged)


def fit_linear(matrix: Floats, y: Floats, weights: Floats | None = None) -> Floats:
    """Least squares with a trace of ridge (1 a coefficient): coefficients, intercept first.

    Args:
        matrix: standardised covariates, one row a unit.
        y: what is explained; a matrix explains several at once.
        weights: of the rows; none: all alike.
    """
    rows = with_intercept(matrix)
    scaled: Floats = rows if weights is None else rows * weights[:, None]
    ridge = np.eye(rows.shape[1])
    ridge[0, 0] = 0.0
    gram: Floats = scaled.T @ rows + ridge
    return np.asarray(np.linalg.solve(gram, scaled.T @ y), dtype=np.float64)
