"""The effect on the treated by nearest neighbours, bias-corrected (Abadie and Imbens 2006, 2011)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.estimate import Estimate, Floats, Ints, student_interval
from clv_cli.models.ridge import fit_linear, with_intercept

if TYPE_CHECKING:
    from clv_cli.models.estimate import Flags

CHUNK = 256  # rows whose distances to all others are held at once


def matched(outcome: Floats, treated: Flags, matrix: Floats, level: float = 0.95) -> Estimate:
    """Each treated row against its nearest untreated one, with replacement.

    Distance is Mahalanobis' over the untreated. What a match differs by in the covariates is taken
    off by a line fitted to the untreated. The standard error is Abadie and Imbens', with the
    variance of each used control from its own nearest neighbour; a bootstrap would be wrong here.

    Args:
        outcome: one a unit.
        treated: whether each unit was treated.
        matrix: standardised covariates.
        level: coverage of the interval.
    """
    ours, theirs = np.flatnonzero(treated), np.flatnonzero(~treated)
    where = _whitened(matrix, theirs)
    expected = with_intercept(where) @ fit_linear(where[theirs], outcome[theirs])
    nearest = theirs[_nearest(where[ours], where[theirs])]
    gain = outcome[ours] - outcome[nearest] - (expected[ours] - expected[nearest])
    value = float(gain.mean())
    used, times = np.unique(nearest, return_counts=True)
    places = np.searchsorted(theirs, used)
    twins = theirs[_nearest(where[used], where[theirs], places)]
    noise = (outcome[used] - outcome[twins]) ** 2 / 2
    variance = float(((gain - value) ** 2).sum() + ((times**2 - times) * noise).sum())
    return student_interval(value, np.sqrt(variance) / len(ours), max(len(ours) - 1, 1), level)


def _whitened(matrix: Floats, theirs: Ints) -> Floats:
    """Covariates in which Mahalanobis' distance is the ordinary one."""
    spread = np.atleast_2d(np.cov(matrix[theirs], rowvar=False)) + 1e-6 * np.eye(matrix.shape[1])
    turned: Floats = matrix @ np.linalg.cholesky(np.linalg.inv(spread))
    return turned


def _nearest(points: Floats, others: Floats, own: Ints | None = None) -> Ints:
    """The place of the nearest of the others to each point; never its own place, when given."""
    norms = (others**2).sum(axis=1)
    found = np.empty(len(points), dtype=np.int64)
    for start in range(0, len(points), CHUNK):
        part = points[start : start + CHUNK]
        distance = norms - 2 * part @ others.T
        if own is not None:
            distance[np.arange(len(part)), own[start : start + CHUNK]] = np.inf
        found[start : start + CHUNK] = distance.argmin(axis=1)
    return found
