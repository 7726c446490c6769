"""What becomes of the customers of today, and of those still to be won, month by month.

Existing customers face their renewals when due and leave at the rate of the fitted sBG; whoever stays
grows at the net expansion of the last year; new customers come by trend and season and renew like
those before them. Levers change the drivers, nothing else: without any, the path is the plain one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.baselines import damped_trend
from clv_cli.planning.contracts import Cells, cells_at, renewing_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv_cli.models.arrays import Array, Index
    from clv_cli.planning.contracts import Contracts, Renewing
    from clv_cli.planning.history import History

YEAR = 12


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
    """Cells of several projections while time passes, end to end.

    Args:
        of: the projection each belongs to.
        kind: the place of its plan interval among those of all projections.
        mrr: what its customers pay a month.
        customers: how many they are.
        number: which renewal is next.
        wait: months until it is due.
        segment: index of the segment.
        asked: whether a renewal has come since the beginning.
    """

    of: Index
    kind: Index
    mrr: Array
    customers: Array
    number: Array
    wait: Array
    segment: Index
    asked: NDArray[np.bool_]

    def add(self, other: _Base) -> None:
        for name in self.__slots__:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))


@dataclass(frozen=True, slots=True)
class _Chances:
    """The chances to leave of all plan intervals of all projections, end to end.

    Args:
        fitted: where an sBG says it.
        alpha: its parameters.
        beta: likewise.
        rates: the share lost, where none does.
        factors: how much likelier a segment is to leave: projections x segments.
    """

    fitted: NDArray[np.bool_]
    alpha: Array
    beta: Array
    rates: Array
    factors: Array

    @classmethod
    def gathered(cls, drivers: Sequence[Drivers]) -> _Chances:
        kinds = len(drivers[0].months)
        fits = [fit for one in drivers for fit in (*one.renewing.fits, None)]
        fitted = np.array([fit is not None for fit in fits])
        alpha, beta = np.array([(1.0, 1.0) if fit is None else fit.values for fit in fits]).T
        renewing = [one.renewing for one in drivers]
        rates = np.concatenate([one.rates for one in renewing])
        assert len(fits) == len(rates) == kinds * len(drivers)  # noqa: S101 - of one business
        return cls(fitted, alpha, beta, rates, np.stack([one.factors for one in renewing]))

    def of(self, base: _Base) -> Array:
        """The chance of each cell to leave at its next renewal; as `Renewing.churn`."""
        kind, before = base.kind, base.number - 1
        alpha, beta = self.alpha[kind], self.beta[kind]
        fitted = 1 - (beta + before) / (alpha + beta + before)
        chance = np.where(self.fitted[kind], fitted, self.rates[kind])
        return np.clip(chance * self.factors[base.of, base.segment], 0.0, 1.0)


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
    return projected([drivers], levers, horizon)[0]


def projected(drivers: Sequence[Drivers], levers: Levers, horizon: int) -> list[Path]:
    """The same from several situations of one business, month by month for all of them at once."""
    base = _gathered(drivers, [one.cells for one in drivers], asked=False)
    chances = _Chances.gathered(drivers)
    months = np.concatenate([one.months for one in drivers])
    newcomers = _gathered(drivers, [_newcomers(one) for one in drivers], asked=True)
    growth = np.array([one.growth for one in drivers]) + levers.expansion
    won = np.array([one.new_customers for one in drivers]) * levers.acquisition
    paid = np.array([one.new_mrr for one in drivers])
    whose, contracted = base.of, base.mrr.copy()
    rows = np.empty((5, len(drivers), horizon))
    for ahead in range(horizon):
        due, lost = _renew(base, chances, levers, months)
        today = due[: len(contracted)]
        wall = _summed(whose, np.where(today, contracted, 0.0), len(drivers))
        contracted[today] = 0.0
        base.mrr = base.mrr * (1 + growth[base.of])
        came = won[newcomers.of, ahead]
        # New customers pay the new price from the first day.
        mrr = came * paid[newcomers.of] * levers.price * newcomers.mrr
        base.add(replace(newcomers, mrr=mrr, customers=came * newcomers.customers))
        sums = [(base.of, base.mrr), (base.of, base.customers), (whose, contracted)]
        rows[:3, :, ahead] = [_summed(*pair, len(drivers)) for pair in sums]
        rows[3:, :, ahead] = wall, _summed(base.of[: len(lost)], lost, len(drivers))
    return [Path(*rows[:, at]) for at in range(len(drivers))]


def _summed(of: Index, values: Array, size: int) -> Array:
    return np.bincount(of, values, size).astype(np.float64)


def _gathered(drivers: Sequence[Drivers], cells: Sequence[Cells], *, asked: bool) -> _Base:
    """Cells of several projections, one of each, end to end."""
    of = np.repeat(np.arange(len(cells)), [len(one.mrr) for one in cells])
    return _Base(
        of,
        of * len(drivers[0].months) + np.concatenate([one.interval for one in cells]),
        np.concatenate([one.mrr for one in cells]),
        np.concatenate([one.customers for one in cells]),
        np.concatenate([one.number for one in cells]),
        np.concatenate([one.wait for one in cells]),
        np.concatenate([one.segment for one in cells]),
        np.full(len(of), asked),
    )


def _renew(
    base: _Base, chances: _Chances, levers: Levers, months: Array
) -> tuple[NDArray[np.bool_], Array]:
    """One month: those whose term ends stay or go. Returns who was asked, and MRR lost."""
    base.wait = base.wait - 1
    due = base.wait <= 0
    chance = np.clip(chances.of(base) * levers.churn[base.segment], 0.0, 1.0)
    length = months[base.kind]
    # Terms shorter than a month are asked several times within it.
    chance = 1 - (1 - chance) ** np.maximum(1 / length, 1.0)
    stay = np.where(due, 1 - chance, 1.0)
    lost = base.mrr * (1 - stay)
    raised = np.where(due & ~base.asked, levers.price, 1.0)
    base.mrr, base.customers = base.mrr * stay * raised, base.customers * stay
    base.number = base.number + due
    base.wait = np.where(due, np.maximum(np.round(length), 1.0), base.wait)
    base.asked = base.asked | due
    return due, lost


def _newcomers(drivers: Drivers) -> Cells:
    """The customers won in a month, as shares of their MRR and of their number."""
    intervals, segments = drivers.mix.shape
    interval, segment = np.divmod(np.arange(intervals * segments), segments)
    return Cells(
        drivers.mix.ravel(),
        drivers.customer_mix.ravel(),
        interval,
        np.ones(len(interval)),
        np.maximum(np.round(drivers.months[interval]), 1.0),
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
