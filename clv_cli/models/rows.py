"""Equal rows counted once: the compressed sufficient statistics that fits work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.models.arrays import Array, Index


# Odd 64-bit constants; each column is mixed by its own.
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows that are equal, found.

    Args:
        first: where each distinct row stands first in the input.
        member: for every row of the input, the number of its distinct row.
    """

    first: Index
    member: Index

    def count(self, weights: Array) -> Array:
        """The weights of each distinct row added up."""
        return sums(self.member, weights, len(self.first))


def sums(member: Index, weights: Array, size: int) -> Array:
    """The weights added up by group."""
    return np.bincount(member, weights, minlength=size).astype(np.float64, copy=False)


def once_each(function: Callable[[Array], Array], values: Array) -> Array:
    """A function of a column, computed once for each distinct value: gamma functions are dear."""
    some, member = np.unique(values, return_inverse=True)
    everywhere: Array = function(some)[member]
    return everywhere


def distinct(*columns: Array) -> Groups:
    """Which rows of these columns are equal?

    One sort of a hash with the row's place in its last bits, instead of one sort a column: numbers sort
    five times as fast as their places do. A group ends wherever neighbours differ in any column, so
    different rows are never merged; two rows with the same hash could at worst leave a third counted
    in two places, which changes no sum.
    """
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column, factor in zip(columns, _MIX, strict=False):
        bits = np.ascontiguousarray(column + 0.0).view(np.uint64)
        key = (key ^ bits ^ (bits >> np.uint64(29))) * np.uint64(factor)
        key ^= key >> np.uint64(32)
    places = np.uint64(2 ** max(len(key) - 1, 1).bit_length() - 1)
    packed = (key & ~places) | np.arange(len(key), dtype=np.uint64)
    packed.sort()
    order = (packed & places).astype(np.intp)
    starts = np.zeros(len(key), dtype=bool)
    starts[:1] = True
    for column in columns:
        ordered = column[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    member = np.empty(len(key), dtype=np.intp)
    member[order] = np.cumsum(starts) - 1
    return Groups(order[starts], member)
