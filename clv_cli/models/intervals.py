"""How sure is a prediction? The delta method on exact covariances, for customers and for totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from clv_cli.models.special import logistic, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.models.arrays import Array, Index
    from clv_cli.models.fitting import Fit


_SHIFT = 1e-5  # forward differences: relative error 1e-5 of a standard error, one pass a parameter
Scale = Literal["plain", "log", "logit"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Predictions with what is known about their error.

    Args:
        value: one a customer (or a single total).
        gradient: their derivatives by the searched parameters, one row a parameter.
        covariance: of those parameters.
    """

    value: Array
    gradient: Array
    covariance: Array

    @property
    def standard_error(self) -> Array:
        """From not knowing the parameters exactly."""
        roots, axes = np.linalg.eigh(self.covariance)
        apart = (axes * np.sqrt(np.maximum(roots, 0.0))).T @ self.gradient
        error: Array = np.sqrt(np.einsum("in,in->n", apart, apart))
        return error

    def interval(
        self, level: float = 0.95, scale: Scale = "log", noise: Array | float = 0.0
    ) -> tuple[Array, Array]:
        """Between which values does the truth lie, with this much confidence?

        Args:
            level: such as 0.8 or 0.95.
            scale: on which scale errors are normal: `log` for what is positive, `logit` for shares.
            noise: variance of the outcome around its expectation. Without it the interval is about
                the expectation; with it, about what will be seen.
        """
        error = np.sqrt(self.standard_error**2 + noise)
        reach = normal_quantile(0.5 + level / 2) * error
        if scale == "plain":
            return self.value - reach, self.value + reach
        if scale == "log":
            factor = np.exp(_ratio(reach, self.value))
            return self.value / factor, self.value * factor
        centre = np.clip(self.value, 1e-12, 1 - 1e-12)
        odds, width = np.log(centre / (1 - centre)), reach / (centre * (1 - centre))
        return logistic(odds - width), logistic(odds + width)

    def of(self, member: Index) -> Estimate:
        """The predictions of customers whose rows were grouped."""
        return Estimate(self.value[member], self.gradient.take(member, axis=1), self.covariance)

    def times(self, other: Estimate) -> Estimate:
        """The product with the predictions of an independent fit, such as purchases times spend."""
        mine = len(self.gradient)
        gradient = np.empty((mine + len(other.gradient), len(self.value)))
        np.multiply(self.gradient, other.value, out=gradient[:mine])
        np.multiply(other.gradient, self.value, out=gradient[mine:])
        covariance = _block_diagonal([self.covariance, other.covariance])
        return Estimate(self.value * other.value, gradient, covariance)

    def total(self, weights: Array | None = None) -> Estimate:
        """The sum over customers: their errors are one error, that of the parameters."""
        w = np.ones_like(self.value) if weights is None else weights
        summed = np.array([self.value @ w])
        return Estimate(summed, (self.gradient @ w)[:, None], self.covariance)


def delta(predict: Callable[..., Array], *fits: Fit) -> Estimate:
    """Predictions at the fitted parameters, with their gradient.

    Args:
        predict: one parameter vector a fit, in the same order, to one value a customer.
        fits: independent fits, such as BG/NBD and Gamma-Gamma.
    """
    vectors = [fit.values for fit in fits]
    value = np.atleast_1d(predict(*vectors))
    rows = []
    for number, fit in enumerate(fits):
        for index, parameter in enumerate(fit.values):
            # On the log scale a step is a share of the parameter.
            step = parameter * np.expm1(_SHIFT) if fit.positive else _SHIFT
            moved = fit.values.copy()
            moved[index] += step
            shifted = [*vectors[:number], moved, *vectors[number + 1 :]]
            rows.append((np.atleast_1d(predict(*shifted)) - value) / _SHIFT)
    return Estimate(value, np.array(rows), _block_diagonal([f.search_covariance for f in fits]))


def _ratio(reach: Array, value: Array) -> Array:
    return np.divide(reach, value, out=np.zeros_like(reach), where=value > 0)


def _block_diagonal(blocks: list[Array]) -> Array:
    size = sum(len(block) for block in blocks)
    whole, at = np.zeros((size, size)), 0
    for block in blocks:
        whole[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return whole
