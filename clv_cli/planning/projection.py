"""What becomes of the customers of today, and of those still to be won, month by month.

Existing customers face their renewals when due and leave at the rate of the fitted sBG; whoever stays
grows at the net expansion of the last year; new customers come by trend and season and renew like
those before them. Levers change the drivers, nothing else: without any, the path is the plain one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.baselines import damped_trend
from clv_cli.planning.contracts import Cells, cells_at, renewing_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv_cli.models.arrays import Array, Index
    from clv_cli.planning.contracts import Contracts, Renewing
    from clv_cli.planning.history import History

YEAR = 12
_CELL = ("mrr", "customers", "interval", "number", "wait", "segment")


@dataclass(frozen=True, slots=True)
class Drivers:
    """Everything that moves MRR from a month's end on.

    Args:
        cells: customers of today.
        renewing: how likely they are to leave when asked.
        months: length of every plan interval; the last is 1, for customers without a known term.
        growth: net expansion of those who stay, a month.
        new_customers: customers won (and won back) in each month ahead.
        new_mrr: what one of them pays, in minor units.
        mix: share of new MRR by interval and segment.
        customer_mix: share of new customers, likewise.
    """

    cells: Cells
    renewing: Renewing
    months: Array
    growth: float
    new_customers: Array
    new_mrr: float
    mix: Array
    customer_mix: Array


@dataclass(frozen=True, slots=True)
class Levers:
    """Changes of the drivers; all neutral by default.

    Args:
        churn: factor on each segment's chance to leave.
        price: factor on what customers pay from their next renewal on, and new ones at once.
        expansion: added to the net expansion a month.
        acquisition: factor on the customers won.
    """

    churn: Array
    price: float = 1.0
    expansion: float = 0.0
    acquisition: float = 1.0


@dataclass(frozen=True, slots=True)
class Path:
    """What comes of it at each month's end ahead, in minor units and customers.

    Args:
        mrr: of all customers.
        customers: all of them.
        contracted: MRR whose paid term still runs: what is left if nobody renews.
        due: MRR of today asked to renew in the month: the renewal wall.
        lost: MRR that leaves in the month.
    """

    mrr: Array
    customers: Array
    contracted: Array
    due: Array
    lost: Array


@dataclass(slots=True)
class _Base:
    """Cells while time passes; `asked` says whether a renewal has come since the beginning."""

    mrr: Array
    customers: Array
    interval: Index
    number: Array
    wait: Array
    segment: Index
    asked: NDArray[np.bool_]

    def add(self, other: Cells) -> None:
        for name in _CELL:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))
        # New customers pay the new price from the first day.
        self.asked = np.concatenate([self.asked, np.ones(len(other.mrr), dtype=np.bool_)])


def neutral(segments: int) -> Levers:
    """Levers that change nothing."""
    return Levers(np.ones(segments))


def drivers_at(history: History, contracts: Contracts, at: int, horizon: int) -> Drivers:
    """The drivers as a month's end shows them.

    Args:
        history: monthly series.
        contracts: all terms.
        at: how many months of the history are known.
        horizon: months ahead.
    """
    return drivers_with(history, contracts, at, damped_trend(history.customers_won[:at], horizon))


def drivers_with(history: History, contracts: Contracts, at: int, won: Array) -> Drivers:
    """The same, where it is known how many customers trend and season bring in the months ahead."""
    month = history.first + at - 1
    year = slice(max(at - YEAR, 0), at)
    opening = max(float(history.opening[year].sum()), 1.0)
    base = max(float(history.customers_opening[year].sum()), 1.0)
    growth = float((history.expansion + history.contraction)[year].sum()) / opening
    churn = float(history.customers_lost[year].sum()) / base
    before, paid = history.customers_won[year], (history.new + history.reactivation)[year].sum()
    mix, customer_mix = _mix(contracts, month)
    return Drivers(
        cells_at(contracts, month, float(history.mrr[at - 1]), float(history.customers[at - 1])),
        renewing_at(contracts, month, churn),
        np.append(contracts.months, 1.0),
        growth,
        np.maximum(won, 0.0),
        float(paid) / max(float(before.sum()), 1.0),
        mix,
        customer_mix,
    )


def project(drivers: Drivers, levers: Levers, horizon: int) -> Path:
    """Let the months pass.

        MRR_h = sum over cells due of MRR (1 - churn) + all others, x (1 + net expansion) + new MRR

    Args:
        drivers: what moves MRR.
        levers: what is changed.
        horizon: months ahead.
    """
    cells = drivers.cells
    nobody_asked = np.zeros(len(cells.mrr), dtype=np.bool_)
    base = _Base(
        cells.mrr,
        cells.customers,
        cells.interval,
        cells.number,
        cells.wait,
        cells.segment,
        asked=nobody_asked,
    )
    rows = []
    contracted = cells.mrr.copy()
    for ahead in range(horizon):
        wall, lost = _renew(base, drivers, levers, contracted)
        base.mrr = base.mrr * (1 + drivers.growth + levers.expansion)
        base.add(_won(drivers, levers, ahead))
        rows.append((base.mrr.sum(), base.customers.sum(), contracted.sum(), wall, lost))
    return Path(*np.array(rows, dtype=np.float64).reshape(horizon, 5).T)


def _renew(base: _Base, drivers: Drivers, levers: Levers, contracted: Array) -> tuple[float, float]:
    """One month: those whose term ends stay or go. Returns MRR of today asked, and MRR lost."""
    base.wait = base.wait - 1
    due = base.wait <= 0
    chance = drivers.renewing.churn(base.interval, base.number, base.segment)
    chance = np.clip(chance * levers.churn[base.segment], 0.0, 1.0)
    months = drivers.months[base.interval]
    # Terms shorter than a month are asked several times within it.
    chance = 1 - (1 - chance) ** np.maximum(1 / months, 1.0)
    stay = np.where(due, 1 - chance, 1.0)
    lost = float((base.mrr * (1 - stay)).sum())
    raised = np.where(due & ~base.asked, levers.price, 1.0)
    today = due[: len(contracted)]
    wall = float(contracted[today].sum())
    contracted[today] = 0.0
    base.mrr, base.customers = base.mrr * stay * raised, base.customers * stay
    base.number = base.number + due
    base.wait = np.where(due, np.maximum(np.round(months), 1.0), base.wait)
    base.asked = base.asked | due
    return wall, lost


def _won(drivers: Drivers, levers: Levers, ahead: int) -> Cells:
    """The customers won in one month."""
    customers = drivers.new_customers[ahead] * levers.acquisition
    intervals, segments = drivers.mix.shape
    interval, segment = np.divmod(np.arange(intervals * segments), segments)
    wait = np.maximum(np.round(drivers.months[interval]), 1.0)
    return Cells(
        customers * drivers.new_mrr * levers.price * drivers.mix.ravel(),
        customers * drivers.customer_mix.ravel(),
        interval,
        np.ones(len(interval)),
        wait,
        segment,
    )


def _mix(contracts: Contracts, month: int) -> tuple[Array, Array]:
    """Which plan intervals and segments did the customers of the last year come with?"""
    shape = (len(contracts.months) + 1, contracts.segments)
    fresh = contracts.begun(month - YEAR + 1, month)
    if not len(fresh):
        none = np.zeros(shape)
        none[-1, 0] = 1.0
        return none, none
    code = contracts.code[fresh]
    key = contracts.interval[fresh] * shape[1] + contracts.segment[code]
    # Half a unit each: who came and left again within the year still says how customers come.
    paid = contracts.levels(month)[code]
    paid = np.maximum(paid, float(paid.mean()) / 2 or 1.0)
    size = shape[0] * shape[1]
    by_mrr = np.bincount(key, paid, size).reshape(shape)
    by_count = np.bincount(key, minlength=size).astype(float).reshape(shape)
    return by_mrr / by_mrr.sum(), by_count / by_count.sum()
