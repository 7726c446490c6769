"""Random numbers addressed by name, so that two simulated worlds share them.

Each (entity, purpose) has its own `random.Random`. Asking for draw number 7 gives the same number
whatever was asked before: a customer who is saved in one world and lost in the other still meets
the same luck in every other respect (common random numbers).
"""

from __future__ import annotations

from math import exp
from random import Random
from statistics import NormalDist
from typing import TypeVar

SEED = 20_261_001
T = TypeVar("T")
_NORMAL = NormalDist()


def stream(*key: object) -> Random:
    """Return the random stream that belongs to a key."""
    return Random(":".join(str(part) for part in (SEED, *key)))


class Draws:
    """Tables of uniform numbers of one entity, one table a purpose, filled on demand."""

    def __init__(self, *key: object) -> None:
        self._key = key
        self._streams: dict[str, Random] = {}
        self._tables: dict[str, list[float]] = {}

    def u(self, purpose: str, index: int = 0) -> float:
        """Return uniform number `index` of a purpose."""
        table = self._tables.setdefault(purpose, [])
        if index >= len(table):
            source = self._streams.setdefault(purpose, stream(*self._key, purpose))
            table.extend(source.random() for _ in range(index + 8 - len(table)))
        return table[index]

    def between(self, low: float, high: float, purpose: str, index: int = 0) -> float:
        """Return a uniform number in [low, high)."""
        return low + (high - low) * self.u(purpose, index)

    def normal(self, purpose: str, index: int = 0) -> float:
        """Return a standard normal number."""
        return _NORMAL.inv_cdf(min(max(self.u(purpose, index), 1e-9), 1 - 1e-9))

    def poisson(self, mean: float, purpose: str, index: int = 0) -> int:
        """Return a Poisson number by inversion (small means only)."""
        left, count, term = self.u(purpose, index), 0, exp(-mean)
        while left > term and count < 50:
            left -= term
            count += 1
            term *= mean / count
        return count

    def pick(self, items: list[T] | tuple[T, ...], purpose: str, index: int = 0) -> T:
        """Return one of the items."""
        return items[int(self.u(purpose, index) * len(items))]
