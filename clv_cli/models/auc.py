"""How well a score tells two groups apart: the area under the ROC curve, with repeated subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


@dataclass(frozen=True, slots=True)
class Area:
    """The area under the ROC curve and its interval."""

    value: float
    low: float
    high: float


def area(score: Array, positive: Array, subject: Array, level: float = 0.95) -> Area | None:
    """How likely has one of the positives a higher score than one of the others, ties halved?

    The same subject may appear several times, in either group: its rows are one cluster, so that
    ten looks at one customer are not ten customers.

    Args:
        score: one a row.
        positive: 1 or 0 a row.
        subject: whose row it is.
        level: of the interval.

    Returns:
        The area and its normal interval within 0 and 1; None where a group is empty or there are
        fewer than two subjects.

    Source: DeLong, DeLong and Clarke-Pearson (1988); clusters: Obuchowski (1997).
    """
    up = positive > 0
    m, n = int(up.sum()), int((~up).sum())
    clusters, member = np.unique(subject, return_inverse=True)
    if not m or not n or len(clusters) < 2:
        return None
    ranks = _ranks(score)
    above = np.empty(len(score))
    above[up] = (ranks[up] - _ranks(score[up])) / n
    above[~up] = 1 - (ranks[~up] - _ranks(score[~up])) / m
    value = float(above[up].mean())
    # Each row's distance from the mean, weighted as the mean of its group weights it.
    influence = (above - value) / np.where(up, m, n)
    sums = np.bincount(member, weights=influence)
    error = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())
    reach = float(ndtri((1 + level) / 2) * error)
    return Area(value, max(value - reach, 0.0), min(value + reach, 1.0))


def _ranks(score: Array) -> Array:
    """Ranks from 1, equals sharing their mean: scipy.stats has it, and takes a second to import."""
    _, member, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2)[member]
    return ranks
