"""Kaplan-Meier: the share of customers left after each renewal, without any model.

Kaplan and Meier (1958), Journal of the American Statistical Association 53; variance by Greenwood
(1926); the band on the log(-log) scale, so that it stays between 0 and 1 (Kalbfleisch and Prentice
1980).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models.special import normal_quantile

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.models.renewals import Renewals


@dataclass(frozen=True, slots=True)
class Curve:
    """A survival curve at the renewals that were seen.

    Args:
        number: the renewal.
        at_risk: customers asked at it.
        lost: customers who left at it.
        survival: share left after it.
        standard_error: Greenwood's.
        low: lower end of the pointwise band.
        high: upper end of the pointwise band.
        level: of the band.
    """

    number: Array
    at_risk: Array
    lost: Array
    survival: Array
    standard_error: Array
    low: Array
    high: Array
    level: float


def estimate(stats: Renewals, level: float = 0.95) -> Curve:
    """Which share of customers is left after each renewal?

        S(k) = product over j <= k of (1 - lost_j / at_risk_j)

    It ends with the last renewal seen without a gap, and says nothing beyond. Where nobody has left
    yet the band is a point, and where nobody is left it is unknown (0 to the last upper end).

    Raises:
        DataError: no customer's first renewal was seen.
    """
    number, asked, lost = stats.number, stats.at_risk, stats.lost
    if not len(number) or number[0] != 1:
        raise DataError(
            "no survival curve: no customer's first renewal was seen",
            hint="customers known only from a later renewal on tell nothing about the earlier ones",
        )
    whole = int(np.argmax(np.append(np.diff(number), 2) > 1)) + 1
    number, asked, lost = number[:whole], asked[:whole], lost[:whole]
    left = np.cumprod(1 - lost / asked).astype(np.float64)
    stayed = asked - lost
    terms = np.divide(lost, asked * stayed, out=np.zeros_like(lost), where=stayed > 0)
    variance = np.cumsum(terms)
    low, high = _band(left, np.sqrt(variance), level)
    return Curve(number, asked, lost, left, left * np.sqrt(variance), low, high, level)


def _band(left: Array, relative: Array, level: float) -> tuple[Array, Array]:
    """The band around ln(-ln S); `relative` is the standard error of ln S."""
    low, high = left.copy(), left.copy()
    inside = (left > 0) & (left < 1)
    log_left = np.log(left[inside])
    reach = np.exp(normal_quantile(0.5 + level / 2) * relative[inside] / -log_left)
    low[inside], high[inside] = np.exp(log_left * reach), np.exp(log_left / reach)
    empty = left <= 0
    if empty.any():
        before = int(np.argmax(empty))
        high[empty] = high[before - 1] if before else 1.0
    return low, high
