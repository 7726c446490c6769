"""An estimate with its standard error and interval: what every estimator here returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that was estimated, and how sure it is.

    Args:
        value: the point estimate.
        error: its standard error.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float
    error: float
    low: float
    high: float

    @property
    def z(self) -> float:
        """The estimate in standard errors; 0 where the error is nothing."""
        return self.value / self.error if self.error > 0 else 0.0


def student_interval(value: float, error: float, degrees: float, level: float) -> Estimate:
    """A symmetric interval with Student's t.

    Args:
        value: the point estimate.
        error: its standard error.
        degrees: degrees of freedom.
        level: coverage, such as 0.95.
    """
    reach = float(special.stdtrit(degrees, 0.5 + level / 2)) * error
    return Estimate(value, error, value - reach, value + reach)


def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided normal interval of a level reaches: 1.96 for 0.95."""
    return float(special.ndtri(0.5 + level / 2))
