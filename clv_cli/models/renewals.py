"""Renewal counts as the contractual models read them: who was asked to renew, and who did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv_cli.models.arrays import Array


@dataclass(frozen=True, slots=True)
class Renewals:
    """Opportunities to renew, by which one it was for the customer.

    Each count conditions on having got there, so late entries (known from their k-th renewal on) and
    customers not yet due are counted exactly where they were seen, and nowhere else.

    Args:
        number: 1 for a customer's first renewal, 2 for the second ...; increasing.
        lost: customers who left at it.
        renewed: customers who stayed.
    """

    number: Array
    lost: Array
    renewed: Array

    @property
    def at_risk(self) -> Array:
        """Customers who were asked."""
        return self.lost + self.renewed


def renewals(number: ArrayLike, lost: ArrayLike, renewed: ArrayLike) -> Renewals:
    """Check and gather renewal counts; numbers that nobody was asked at are left out.

    Raises:
        DataError: counts that are negative or not whole, or renewal numbers below 1 or twice.
    """
    k, gone, stayed = (
        np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (number, lost, renewed)
    )
    wrong = (k < 1) | (k != np.floor(k)) | (gone < 0) | (stayed < 0) | ~np.isfinite(gone + stayed)
    order = np.argsort(k)
    # Not np.unique, which without options brings numpy.ma along.
    if wrong.any() or (np.diff(k[order]) == 0).any():
        raise DataError(
            "renewal counts need each renewal number 1, 2, 3 ... once, and counts that are not "
            "negative"
        )
    seen = order[(gone + stayed)[order] > 0]
    return Renewals(k[seen], gone[seen], stayed[seen])


def from_survivors(survivors: ArrayLike) -> Renewals:
    """Renewal counts of one cohort from the customers left after 0, 1, 2 ... renewals."""
    left = np.asarray(survivors, dtype=np.float64)
    return renewals(np.arange(1, len(left)), -np.diff(left), left[1:])


def require_both(stats: Renewals, model: str, ages: int) -> None:
    """Refuse counts that cannot tell how customers differ.

    Raises:
        DataError: nobody left, nobody stayed, or fewer renewal numbers than the model needs.
    """
    lost, stayed = stats.lost.sum(), stats.renewed.sum()
    what = None
    if not lost:
        what = f"none of {stayed:,.0f} renewals was lost"
    elif not stayed:
        what = f"none of {lost:,.0f} customers renewed"
    elif len(stats.number) < ages:
        what = f"only {len(stats.number)} renewal of each customer was seen; it takes {ages}"
    if what:
        raise DataError(
            f"{model} cannot be fitted: {what}",
            hint="use the Kaplan-Meier curve, or wait for more renewals",
        )
