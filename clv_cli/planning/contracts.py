"""The customers under contract at any month's end, and how those before them renewed.

What a forecast made in the past could have known is cut out of the history by month, so that the
backtest runs the same model that forecasts today.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.errors import DataError
from clv_cli.models import sbg
from clv_cli.models.renewals import renewals

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array, Index
    from clv_cli.models.fitting import Fit

# A segment's churn counts for itself as far as this many expected losses carry it.
SHRINKAGE = 10.0
FEWEST_LOST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """Terms paid, one an opportunity to renew, and what MRR did, customer by customer.

    Args:
        code: whose term it is.
        interval: its plan interval, as an index into `months`.
        number: which renewal stands at its end.
        begins: month in which the term began.
        due: month in which it ends.
        lost: whether the customer left at its end.
        decided: whether that is known.
        months: length of every plan interval, in months.
        segment: every customer's segment, by code.
        moved_code: whose MRR moved.
        moved_month: when.
        moved: by how much, in minor units.
        segments: how many segments there are.
    """

    code: Index
    interval: Index
    number: Array
    begins: Index
    due: Index
    lost: Index
    decided: Index
    months: Array
    segment: Index
    moved_code: Index
    moved_month: Index
    moved: Array
    segments: int

    def levels(self, month: int) -> Array:
        """What each customer pays at the month's end, in minor units."""
        return np.maximum(_running(self, month), 0.0)

    def running(self, month: int) -> Index:
        """The terms that run at a month's end, by place."""
        by_due, due, longest = _by_due(self)
        first, last = np.searchsorted(due, [month + 1, month + longest + 1])
        near = by_due[first:last]
        return near[self.begins[near] <= month]

    def begun(self, first: int, last: int) -> Index:
        """The first terms of customers that began from one month to another, by place."""
        newest, begins = _newest(self)
        return newest[slice(*np.searchsorted(begins, [first, last + 1]))]


@dataclass(frozen=True, slots=True)
class Cells:
    """Customers alike in all that renewal depends on.

    Args:
        mrr: what they pay a month, in minor units.
        customers: how many they are.
        interval: index of the plan interval; the number of intervals for those without a known term.
        number: which renewal is next.
        wait: months until it is due, 1 for the next one.
        segment: index of the segment.
    """

    mrr: Array
    customers: Array
    interval: Index
    number: Array
    wait: Array
    segment: Index


@dataclass(frozen=True, slots=True)
class Renewing:
    """How likely customers are to stay, as known at a month's end.

    Args:
        fits: of each plan interval, an sBG; None where too few left, or all renewals are alike.
        rates: share lost at a renewal, used where there is no fit; the last is lost a month by
            customers without a known term.
        factors: how much likelier than all others each segment's customers are to leave.
    """

    fits: tuple[Fit | None, ...]
    rates: Array
    factors: Array

    def churn(self, interval: Index, number: Array, segment: Index) -> Array:
        """Chance of leaving at the next renewal."""
        chance = self.rates[interval]
        for index, fit in enumerate(self.fits):
            mine = interval == index
            if fit is not None and mine.any():
                chance[mine] = 1 - sbg.retention(fit.values, number[mine])
        return np.clip(chance * self.factors[segment], 0.0, 1.0)


def cells_at(contracts: Contracts, month: int, closing: float, customers: float) -> Cells:
    """Who is under contract at a month's end, and when is each asked to renew?

    What no known term explains (a bridged gap, a line without a period) is one cell of its own, so
    that the cells sum to the MRR and the customers of the roll-forward.
    """
    levels = contracts.levels(month)
    now = contracts.running(month)
    now = now[levels[contracts.code[now]] > 0]
    code, interval = contracts.code[now], contracts.interval[now]
    wait, segment = contracts.due[now] - month, contracts.segment[code]
    number = np.maximum(contracts.number[now], 1).astype(np.int64)
    longest, latest = int(wait.max(initial=1)) + 1, int(number.max(initial=1)) + 1
    key = ((interval * latest + number) * longest + wait) * contracts.segments + segment
    kinds = (int(interval.max(initial=0)) + 1) * latest * longest * contracts.segments
    count = np.bincount(key, minlength=kinds).astype(float)
    distinct = np.flatnonzero(count)
    count, mrr = count[distinct], np.bincount(key, levels[code], kinds)[distinct]
    rest, segment_of = np.divmod(distinct, contracts.segments)
    rest, wait_of = np.divmod(rest, longest)
    interval_of, number_of = np.divmod(rest, latest)
    other, size = len(contracts.months), np.ones(1)
    return Cells(
        np.append(mrr, closing - mrr.sum()),
        np.append(count, customers - count.sum()),
        np.append(interval_of, other).astype(np.intp),
        np.append(number_of.astype(float), size),
        np.append(wait_of.astype(float), size),
        np.append(segment_of, 0).astype(np.intp),
    )


def renewing_at(contracts: Contracts, month: int, monthly_churn: float) -> Renewing:
    """How did customers renew, as far as a month's end shows?

    Args:
        contracts: all terms.
        month: terms that end later are not seen.
        monthly_churn: of all customers, for those without a known term.
    """
    rows = _answers(contracts)
    rows = rows[:, rows[3] <= month]
    interval, segment = rows[0].astype(np.intp), rows[2].astype(np.intp)
    number, many, lost = rows[1], rows[4], rows[5]
    kinds = len(contracts.months)
    asked = np.bincount(interval, many, kinds)
    gone = np.bincount(interval, lost, kinds)
    # Half a loss in advance: no interval is believed to be without churn for ever.
    rates = np.append((gone + 0.5) / (asked + 1.0), monthly_churn)
    fits = tuple(_fit(rows[:, interval == index]) for index in range(kinds))
    plain = Renewing(fits, rates, np.ones(contracts.segments))
    expected = many * plain.churn(interval, np.maximum(number, 1.0), segment)
    seen_lost = np.bincount(segment, lost, contracts.segments)
    due = np.bincount(segment, expected, contracts.segments)
    return Renewing(fits, rates, (seen_lost + SHRINKAGE) / (due + SHRINKAGE))


@lru_cache(maxsize=2)
def _running(contracts: Contracts, month: int) -> Array:
    """The sum of all that moved up to a month: origins follow each other, so mostly one month more."""
    by_month, months = _moves(contracts)
    size = len(contracts.segment)
    first = int(months[0]) if len(months) else month + 1
    if month < first:
        return np.zeros(size)
    now = by_month[slice(*np.searchsorted(months, [month, month + 1]))]
    moved = np.bincount(contracts.moved_code[now], contracts.moved[now], size)
    found: Array = _running(contracts, month - 1) + moved
    return found


@lru_cache(maxsize=2)
def _moves(contracts: Contracts) -> tuple[Index, Index]:
    """Movements in the order of their months, and those months."""
    order = np.argsort(contracts.moved_month, kind="stable")
    return order, contracts.moved_month[order]


@lru_cache(maxsize=2)
def _by_due(contracts: Contracts) -> tuple[Index, Index, int]:
    """Terms in the order in which they end, those months, and the longest term."""
    order = np.argsort(contracts.due, kind="stable")
    longest = int((contracts.due - contracts.begins).max(initial=1))
    return order, contracts.due[order], longest


@lru_cache(maxsize=2)
def _newest(contracts: Contracts) -> tuple[Index, Index]:
    """First terms in the order in which they began, and those months."""
    first = np.flatnonzero(contracts.number == 1)
    order = first[np.argsort(contracts.begins[first], kind="stable")]
    return order, contracts.begins[order]


@lru_cache(maxsize=2)
def _answers(contracts: Contracts) -> Array:
    """Decided renewals alike in all that counts, once for all origins of a backtest.

    Returns:
        Rows `interval, number, segment, due, asked, lost`; one column a kind.
    """
    known = contracts.decided > 0
    parts = np.stack(
        [
            contracts.interval[known],
            contracts.number[known].astype(np.intp),
            contracts.segment[contracts.code[known]],
            contracts.due[known],
        ]
    )
    lows = parts.min(axis=1, initial=0)
    sizes = parts.max(axis=1, initial=0) - lows + 1
    key = np.ravel_multi_index(tuple(parts - lows[:, None]), tuple(sizes))
    distinct, member = np.unique(key, return_inverse=True)
    kinds = np.stack(np.unravel_index(distinct, tuple(sizes))) + lows[:, None]
    asked = np.bincount(member, minlength=len(distinct))
    lost = np.bincount(member, contracts.lost[known].astype(float), len(distinct))
    found: Array = np.vstack([kinds, asked, lost]).astype(np.float64)
    return found


def _fit(rows: Array) -> Fit | None:
    """The sBG of one interval; None where it has nothing to learn from."""
    rows = rows[:, rows[1] >= 1]
    if rows[5].sum() < FEWEST_LOST:
        return None
    at = rows[1].astype(np.intp)
    asked, left = np.bincount(at, rows[4]), np.bincount(at, rows[5])
    seen = np.flatnonzero(asked)
    try:
        found = sbg.fit(renewals(seen, left[seen], (asked - left)[seen]))
    except DataError:
        return None
    return found if found.converged and not found.warnings else None
