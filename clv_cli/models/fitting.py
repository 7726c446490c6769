"""What every fit returns, and how a maximum on the log scale becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models import newton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.arrays import Array
    from clv_cli.models.newton import Objective


_NEAR = 1e-3  # decrement, in log-likelihood, at which a search among a few rows is near enough
LARGEST = 1e3  # a shape beyond this says that customers hardly differ: the edge of the model


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model.

    Args:
        model: its name, such as `bg_nbd`.
        names: the parameters' names.
        values: their estimates, in the order of `names`.
        search_covariance: covariance of the estimates on the scale of the search: of their
            logarithms where `positive`, else of themselves.
        log_likelihood: at the maximum, with all constants, in the units of the data.
        decrement: what a last Newton step would still gain in log-likelihood.
        converged: whether the decrement is below 1e-8 and the information matrix positive definite.
        iterations: Newton steps taken.
        n: customers (or opportunities) behind it.
        warnings: what a reader must know before using it, in plain words.
        positive: whether the parameters were searched on the log scale.
        on_grid: further parameters, tried one by one (the k of MBG/CNBD-k); they count in the BIC.
    """

    model: str
    names: tuple[str, ...]
    values: Array
    search_covariance: Array
    log_likelihood: float
    decrement: float
    converged: bool
    iterations: int
    n: float
    warnings: tuple[str, ...] = ()
    positive: bool = True
    on_grid: int = 0

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by name."""
        return dict(zip(self.names, self.values.tolist(), strict=True))

    @property
    def covariance(self) -> Array:
        """Covariance of the estimates: the inverse of the observed information."""
        scale = self.values if self.positive else np.ones_like(self.values)
        return self.search_covariance * np.outer(scale, scale)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of the estimates by name."""
        errors = np.sqrt(np.diag(self.covariance))
        return dict(zip(self.names, errors.tolist(), strict=True))

    @property
    def bic(self) -> float:
        """Bayesian information criterion; smaller is better (Schwarz 1978)."""
        parameters = len(self.names) + self.on_grid
        return float(parameters * np.log(self.n) - 2 * self.log_likelihood)

    def draws(self, count: int, seed: int) -> Array:
        """Parameter vectors from the estimates' sampling distribution, one a row.

        Normal on the scale of the search, so that positive parameters stay positive.
        """
        generator = np.random.default_rng(seed)
        centre = np.log(self.values) if self.positive else self.values
        drawn = generator.multivariate_normal(centre, self.search_covariance, count, method="eigh")
        return np.exp(drawn) if self.positive else drawn


def maximise(  # noqa: PLR0913 - one call a model, every argument by name
    model: str,
    objective: Objective,
    *,
    start: Sequence[float],
    names: Sequence[str],
    n: float,
    units: Sequence[float] | None = None,
    constant: float = 0.0,
    shapes: Sequence[str] = (),
) -> Fit:
    """Fit positive parameters by Newton steps on their logarithms.

    Args:
        model: its name.
        objective: the negative log-likelihood of the log parameters, with gradient and Hessian.
        start: parameters to begin at.
        names: the parameters' names.
        n: customers (or opportunities) behind it.
        units: what a parameter of 1 in the search is worth in the units of the data.
        constant: what the search's log-likelihood lacks to that of the data.
        shapes: parameters that at the edge of their range mean that the model does not fit.
    """
    found = newton.minimise(objective, np.log(np.asarray(start, dtype=np.float64)))
    return from_optimum(
        model, found, names=names, n=n, units=units, constant=constant, shapes=shapes
    )


def neighbourhood(few: Objective, start: Sequence[float]) -> Sequence[float]:
    """Where to begin with all rows: near the optimum of a few, which costs next to nothing.

    Newton steps on all of them, of which each doubles the digits, are then two or three.

    Args:
        few: the objective of a sample of the rows, such as `Histories.sample`.
        start: parameters to begin at.
    """
    found = newton.minimise(few, np.log(np.asarray(start, dtype=np.float64)), tolerance=_NEAR)
    return tuple(np.exp(found.point).tolist())


def from_optimum(  # noqa: PLR0913 - as above
    model: str,
    found: newton.Optimum,
    *,
    names: Sequence[str],
    n: float,
    units: Sequence[float] | None = None,
    constant: float = 0.0,
    shapes: Sequence[str] = (),
) -> Fit:
    """The fit at an optimum on the log scale; arguments as in `maximise`."""
    values = np.exp(found.point) * (1.0 if units is None else np.asarray(units))
    warnings = [] if found.converged else [_not_converged(found)]
    warnings += [
        f"{name} = {value:.4g} lies at the edge of its range: customers hardly differ in it, or too "
        "few tell how they do"
        for name, value in zip(names, values, strict=True)
        if name in shapes and not 1 / LARGEST <= value <= LARGEST
    ]
    return Fit(
        model=model,
        names=tuple(names),
        values=values,
        search_covariance=newton.inverse(found.hessian),
        log_likelihood=constant - found.value,
        decrement=found.decrement,
        converged=found.converged,
        iterations=found.iterations,
        n=float(n),
        warnings=tuple(warnings),
    )


def on_log_scale(values: Array, gradient: Array, hessian: Array) -> tuple[Array, Array]:
    """Derivatives by the parameters as derivatives by their logarithms."""
    scaled = gradient * values
    return scaled, hessian * np.outer(values, values) + np.diag(scaled)


def symmetric(upper: Array) -> Array:
    """A matrix from its upper triangle."""
    return upper + np.triu(upper, 1).T


def _not_converged(found: newton.Optimum) -> str:
    return (
        f"the fit did not converge: after {found.iterations} steps another would still gain "
        f"{found.decrement:.2g} in log-likelihood; the data may not determine the parameters"
    )
