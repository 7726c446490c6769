"""Newton's method with exact gradients and Hessians, kept on a leash.

Maximum-likelihood problems of three to ten parameters are solved in some six steps, where
quasi-Newton methods with numeric gradients take hundreds of evaluations, and the Hessian that gives
the standard errors is there already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


Objective = Callable[["Array"], "tuple[float, Array, Array]"]

LONGEST_STEP = 2.0  # in any one parameter: on the log scale, a factor of seven
FARTHEST = (
    9.0  # from the start, a factor of 8,100; there the likelihood has no maximum worth the name
)
_STEEPNESS = 1e-4  # of the slope promised by the gradient, the share that a step must deliver
_ROUNDING = 1e-12  # relative; differences of log-likelihoods below it are noise
_STALLED = 3  # steps in a row that gain no more than rounding: there is nothing left to find
_SHORTEST = 1e-4  # share of a step below which another direction would be needed
_FLAT = 1e-10  # eigenvalues below this share of the largest are treated as none


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the search ended.

    Args:
        point: the parameters.
        value: the objective there.
        gradient: its gradient.
        hessian: its Hessian.
        decrement: half g' H^-1 g: how much a last full step would still gain, in the objective's units.
        converged: whether the decrement is below the tolerance and the Hessian positive definite.
        iterations: steps taken.
    """

    point: Array
    value: float
    gradient: Array
    hessian: Array
    decrement: float
    converged: bool
    iterations: int


def minimise(
    objective: Objective, start: Array, *, tolerance: float = 1e-8, most: int = 100
) -> Optimum:
    """Where is the objective smallest?

    Each step solves the quadratic model, with the eigenvalues of the Hessian made positive, and is
    cut to a longest length and then halved until it delivers. It stops on the Newton decrement,
    which for a log-likelihood is in units of log-likelihood whatever the parameters' scale: 1e-8
    puts every parameter within about 1e-4 standard errors of the maximum before the last step.

    Args:
        objective: value, gradient and Hessian at a point; a value that is not finite is refused.
        start: where to begin; the objective must be finite there.
        tolerance: the decrement that is small enough.
        most: the longest search.
    """
    point = np.asarray(start, dtype=np.float64)
    value, gradient, hessian = objective(point)
    steps = stalled = 0
    while steps < most and stalled < _STALLED:
        step, decrement = _newton_step(gradient, hessian)
        if decrement < tolerance:
            break
        bounded = np.clip(point + step, start - FARTHEST, start + FARTHEST) - point
        found = _search(objective, point, value, gradient, bounded)
        if found is None:
            break
        stalled = stalled + 1 if found[1] >= value - _ROUNDING * abs(value) else 0
        point, value, gradient, hessian = found
        steps += 1
    decrement = _newton_step(gradient, hessian)[1]
    definite = bool(np.linalg.eigvalsh(hessian)[0] > 0)
    return Optimum(
        point, value, gradient, hessian, decrement, definite and decrement < tolerance, steps
    )


def inverse(hessian: Array) -> Array:
    """The inverse of a Hessian; a direction in which nothing is known gets a large variance."""
    roots, axes = _spectrum(hessian)
    inverted: Array = (axes / roots) @ axes.T
    return inverted


def _newton_step(gradient: Array, hessian: Array) -> tuple[Array, float]:
    roots, axes = _spectrum(hessian)
    along = axes.T @ gradient
    step = -axes @ (along / roots)
    longest = float(np.abs(step).max())
    decrement = 0.5 * float(along @ (along / roots))
    return step * min(1.0, LONGEST_STEP / max(longest, LONGEST_STEP)), decrement


def _spectrum(hessian: Array) -> tuple[Array, Array]:
    """Eigenvalues made positive, and eigenvectors."""
    roots, axes = np.linalg.eigh(hessian)
    size = np.abs(roots)
    return np.maximum(size, max(float(size.max()) * _FLAT, 1e-300)), axes


def _search(
    objective: Objective, point: Array, value: float, gradient: Array, step: Array
) -> tuple[Array, float, Array, Array] | None:
    """The first of the step's halves that delivers; None when none does."""
    slope = float(gradient @ step)
    noise = _ROUNDING * abs(value)
    length = 1.0
    while length > _SHORTEST:
        reached = point + length * step
        # Far out powers overflow: such a point is refused like any other that is not finite.
        with np.errstate(over="ignore", invalid="ignore"):
            found, its_gradient, its_hessian = objective(reached)
        parts = (found, its_gradient, its_hessian)
        finite = all(np.isfinite(part).all() for part in parts)
        # Where less is promised than rounding hides, a comparison of values would refuse good steps.
        if finite and found <= value + _STEEPNESS * length * slope + noise:
            return reached, found, its_gradient, its_hessian
        length /= 2
    return None
