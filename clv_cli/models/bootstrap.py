"""Resampling, seeded: the same rows give the same interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats, Ints

SEED = 20261121
CHUNK = 250  # replicates drawn at once


def studentised_quantiles(
    scaled: Floats, said: Floats, group: Ints, level: float, *, replicates: int
) -> tuple[float, float]:
    """The lower and upper quantile of the t-statistic of a ratio of sums, resampled by stratum.

        t* = (p* - p) / se*     interval of p: [p - t*_high se, p - t*_low se]

    A skewed few large answers make t asymmetric, which a normal interval does not see.
    Source: Efron (1981); Hall (1992).

    Args:
        scaled: weighted money of each answer.
        said: the share that each answer gives.
        group: its stratum.
        level: coverage.
        replicates: how many samples are drawn.
    """
    rng = np.random.default_rng(SEED)
    share = float(scaled @ said / scaled.sum())
    members = [np.flatnonzero(group == stratum) for stratum in np.unique(group)]
    found = []
    for start in range(0, replicates, CHUNK):
        count = min(CHUNK, replicates - start)
        money = np.zeros(count)
        given = np.zeros(count)
        draws = [rng.choice(own, size=(count, len(own))) for own in members]
        for drawn in draws:
            money += scaled[drawn].sum(axis=1)
            given += (scaled[drawn] * said[drawn]).sum(axis=1)
        again = given / money
        variance = np.zeros(count)
        for drawn in draws:
            size = drawn.shape[1]
            residual = scaled[drawn] * (said[drawn] - again[:, None])
            spread = residual.var(axis=1, ddof=1) if size > 1 else residual[:, 0] ** 2
            variance += size * spread
        error = np.sqrt(variance) / money
        # A sample of equal answers has no spread of its own: it tells nothing of t.
        usable = error > 0
        found.append((again[usable] - share) / error[usable])
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(found), [tail, 1 - tail])
    return float(low), float(high)
