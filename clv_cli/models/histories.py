"""Purchase histories as the buy-till-you-die models read them: frequency, recency, age."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models.rows import Groups, distinct

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv_cli.models.arrays import Array, Index


MANY = 50_000  # rows above which a sample finds where to begin
_ONE_IN = 16


@dataclass(frozen=True)
class Histories:
    """One row a customer, or a group of customers with the same history.

    Args:
        frequency: repeat purchases x: days with a purchase after the first.
        recency: time from the first to the last purchase, t_x; 0 without a repeat.
        age: time from the first purchase to the end of observation, T.
        counts: customers in each row.
    """

    frequency: Array
    recency: Array
    age: Array
    counts: Array

    def __len__(self) -> int:
        """Rows."""
        return len(self.frequency)

    @property
    def customers(self) -> float:
        """Customers in all rows."""
        return float(self.counts.sum())

    @cached_property
    def by_age(self) -> Groups:
        """Which rows are alike in frequency and age; found once, since predictions ask again and again."""
        return distinct(self.frequency, self.age)

    def rows(self, at: Index | slice, unit: float = 1.0) -> Histories:
        """Some of the rows, their times divided by a unit."""
        columns = (self.frequency[at], self.recency[at] / unit, self.age[at] / unit)
        return Histories(*columns, self.counts[at])

    def sample(self) -> Histories:
        """All rows of many customers, and one in sixteen of the others, sixteen times as heavy.

        Grouped rows stand in no order that has to do with what they hold.
        """
        many = self.counts >= _ONE_IN
        some = np.flatnonzero(~many)[::_ONE_IN]
        kept = self.rows(np.concatenate([np.flatnonzero(many), some]))
        heavy = np.where(kept.counts >= _ONE_IN, 1.0, float(_ONE_IN))
        return Histories(kept.frequency, kept.recency, kept.age, kept.counts * heavy)

    def grouped(self) -> tuple[Histories, Groups]:
        """The distinct rows with their counts, and which row each customer is in."""
        groups = distinct(self.frequency, self.recency, self.age)
        some = self.rows(groups.first)
        counts = groups.count(self.counts)
        return Histories(some.frequency, some.recency, some.age, counts), groups


def histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, counts: ArrayLike | None = None
) -> Histories:
    """Check and gather purchase histories; all times in one unit, which becomes the model's.

    Raises:
        DataError: a history that cannot be: a frequency that is no whole number, a last purchase
            after the end of observation, repeat purchases on the first day (same-day purchases are
            one), or none and yet a recency.
    """
    x, t_x, end = (
        np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (frequency, recency, age)
    )
    n = np.ones_like(x) if counts is None else np.asarray(counts, dtype=np.float64)
    faults = {
        "is not finite": ~(np.isfinite(x) & np.isfinite(t_x) & np.isfinite(end)),
        "has a frequency that is no count": (x < 0) | (x != np.floor(x)),
        "has a negative time": (t_x < 0) | (end < 0),
        "was last seen after the end of observation": t_x > end,
        "has repeat purchases but no time between them: merge purchases of one day": (x > 0)
        & (t_x <= 0),
        "has a recency without a repeat purchase": (x == 0) & (t_x > 0),
    }
    for what, found in faults.items():
        if found.any():
            at = int(np.argmax(found))
            raise DataError(
                f"a purchase history {what}",
                where=f"customer {at + 1}: frequency {x[at]:g}, recency {t_x[at]:g}, age {end[at]:g}",
                hint=f"{int(found.sum()):,} of {len(x):,} histories are like this",
            )
    return Histories(x, t_x, end, n)


def new_customer() -> Histories:
    """A customer on the day of the first purchase."""
    return histories([0], [0], [0])


def require_repeats(stats: Histories, model: str, parameters: int) -> None:
    """Refuse data in which nothing tells how often customers come back.

    Raises:
        DataError: fewer repeat buyers than parameters.
    """
    repeaters = float(stats.counts[stats.frequency > 0].sum())
    if repeaters < parameters or float(stats.age.max(initial=0.0)) <= 0:
        raise DataError(
            f"{model} cannot be fitted: {repeaters:,.0f} of {stats.customers:,.0f} customers bought "
            f"again, and {parameters} parameters need at least as many",
            hint="wait for more history, or use the historical mean",
        )
