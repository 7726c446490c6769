"""Where should money go? The allocation that makes customers worth most, within bounds.

    worth = (customers + customers won) x CLV,  CLV proportional to 1 / churn

Customers won follow each channel's curve; churn falls with CS effort. For every share of CS the rest
is spread over the channels until one more unit brings the same everywhere (Lagrange); the share of CS
is searched. Channels are concave, so the spread is the best one; nothing is said about what lies
beyond the bounds, where nobody has been.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.arrays import Array

GRID = 201
STEPS = 80
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that money is spent on.

    Args:
        name: a channel, or `cs`.
        spend: today's, over the horizon, in minor units.
        power: per cent of result for one per cent of money.
        result: customers won over the horizon; nothing for CS.
        low: least that may be spent.
        high: most.
    """

    name: str
    spend: float
    power: float
    result: float
    low: float
    high: float

    def won(self, spend: float) -> float:
        """Customers won with so much money."""
        return self.result * (spend / self.spend) ** self.power if spend > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Customers:
    """Who is there, and what one is worth.

    Args:
        number: customers of today.
        worth: CLV of one, in minor units.
        longest: factor on CLV beyond which no lifetime is believed.
    """

    number: float
    worth: float
    longest: float = np.inf


def worth_of(
    spends: Sequence[float], channels: Sequence[Line], retention: Line | None, base: Customers
) -> float:
    """What all customers are worth under an allocation.

    Args:
        spends: of the channels, in order; then of CS where there is a line for it.
        channels: the channels.
        retention: the line of CS.
        base: customers of today.
    """
    won = sum(line.won(spend) for line, spend in zip(channels, spends, strict=False))
    factor = 1.0
    if retention is not None:
        factor = min((spends[-1] / retention.spend) ** retention.power, base.longest)
    return (base.number + won) * base.worth * factor


def allocate_budget(
    total: float, channels: Sequence[Line], retention: Line | None, base: Customers
) -> list[float]:
    """The best allocation of all the money there is.

    Args:
        total: to spend, over the horizon; cut to what the bounds allow.
        channels: the channels.
        retention: the line of CS.
        base: customers of today.

    Returns:
        What each channel gets, in order; then CS where there is a line for it. They sum to the total.
    """
    lows, highs = sum(line.low for line in channels), sum(line.high for line in channels)
    if retention is None:
        alone = _spread(np.array([min(max(total, lows), highs)]), channels)[0]
        return [float(money) for money in alone]
    total = min(max(total, lows + retention.low), highs + retention.high)
    least = max(retention.low, total - highs)
    most = min(retention.high, total - lows)
    best: list[float] = []
    for _ in range(2):
        shares = np.linspace(least, most, GRID)
        tried = np.column_stack([_spread(total - shares, channels), shares]).tolist()
        best = max(tried, key=lambda spends: worth_of(spends, channels, retention, base))
        width = (most - least) / (GRID - 1)
        least, most = max(least, best[-1] - width), min(most, best[-1] + width)
    return best


def _spread(totals: Array, channels: Sequence[Line]) -> Array:
    """Money over channels so that one more unit wins as many customers everywhere it may go.

    Args:
        totals: amounts to spread, each by itself.
        channels: over which.

    Returns:
        One row an amount, one column a channel.
    """
    if not channels:
        return np.zeros((len(totals), 0))
    low, high, spend, power, result = (
        np.array([getattr(line, name) for line in channels])
        for name in ("low", "high", "spend", "power", "result")
    )
    scale = result * power / spend

    # Where power is 0 nothing is won by more: such a line gets its least.
    worth = np.log(np.maximum(scale, TINY))

    def at(prices: Array) -> Array:
        # Prices are logarithms: powers near 1 make amounts that no float holds.
        reach = np.clip((worth - prices[:, None]) / (1 - power), -100.0, 100.0)
        bounded: Array = np.clip(spend * np.exp(reach), low, high)
        return bounded

    least = np.full(len(totals), float(worth.min()) - 200.0)
    most = np.full(len(totals), float(worth.max()) + 200.0)
    for _ in range(STEPS):
        middle = (least + most) / 2
        above = at(middle).sum(axis=1) > totals
        least, most = np.where(above, middle, least), np.where(above, most, middle)
    found = at(most)
    # Bounds and the last digits: what is left goes where there is room.
    left = totals - found.sum(axis=1)
    room = np.where(left[:, None] > 0, np.maximum(high - found, 0.0), np.maximum(found - low, 0.0))
    whole = room.sum(axis=1)
    share: Array = np.divide(left, whole, out=np.zeros(len(totals)), where=whole > 0)
    spread: Array = found + share[:, None] * room
    return spread


def break_even(channels: Sequence[Line], retention: Line, base: Customers) -> float:
    """The response of churn to CS at which one more unit is worth as much there as in the channels.

        e* = r x sum(result x power / spend weighted by spend) / (customers + won)

    Returns:
        Per cent that churn must fall by for one per cent more CS effort.
    """
    spent = sum(line.spend for line in channels)
    # One more unit over all channels, as today's money is spread.
    marginal = sum(line.result * line.power for line in channels) / spent if spent else 0.0
    served = base.number + sum(line.result for line in channels)
    return retention.spend * marginal / served if served else 0.0
