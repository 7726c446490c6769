"""Which of several related causes matters most? Shares of R2, with honest ranks.

Up to 15 drivers: LMG, the mean over all orders of what a driver adds to R2 (Lindeman, Merenda and
Gold 1980; the Shapley value of R2). Beyond: relative weights (Johnson 2000), which differ by at most
two points where both can be computed. Neither finds causes: of correlated drivers one without any
effect of its own can get 8 % of R2, which is why ranks have intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.bootstrap import SEED

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats, Ints

MOST_EXACT = 15
ROWS_A_DRIVER = 10
REPLICATES = 1000
BUDGET = 2**23  # subsets times replicates, so that 15 drivers take seconds, not minutes
RIDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Importance:
    """How much each driver matters, in the order of the columns given.

    Args:
        explained: R2 of all drivers together.
        share: of R2, summing to 1.
        low: lower end of each share.
        high: upper end.
        rank: 1 for the largest share.
        first: best rank that resampling gives, at the level asked.
        last: worst rank.
        tier: drivers of one tier cannot be told apart from its first; 1 is the most important.
        exact: LMG, not relative weights.
    """

    explained: float
    share: Floats
    low: Floats
    high: Floats
    rank: Ints
    first: Ints
    last: Ints
    tier: Ints
    exact: bool


def relative_importance(drivers: Floats, outcome: Floats, level: float = 0.95) -> Importance | None:
    """Which share of what the drivers explain belongs to each?

    Args:
        drivers: one row an answer, one column a driver.
        outcome: one an answer.
        level: of the intervals, by resampling answers (percentiles).

    Returns:
        None with fewer than 10 answers a driver, or where something does not vary.
    """
    n, p = drivers.shape
    values = np.column_stack([drivers, outcome])
    if n < ROWS_A_DRIVER * p or p == 0 or (np.ptp(values, axis=0) == 0).any():
        return None
    # Resampling draws by place: in a fixed order, the rows' own order cannot matter.
    values = values[np.lexsort(values.T)]
    exact = p <= MOST_EXACT
    correlation = np.atleast_2d(np.corrcoef(values, rowvar=False))
    found = _decomposed(correlation[None], exact=exact)[0]
    again = _resampled(values, exact=exact)
    shares = again / again.sum(axis=1, keepdims=True)
    ranks = 1 + (again[:, None, :] > again[:, :, None]).sum(axis=2)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(shares, tails, axis=0)
    first, last = np.quantile(ranks, tails, axis=0, method="nearest").astype(np.int64)
    share = found / found.sum()
    order = np.argsort(-share, kind="stable")
    rank = np.empty(p, dtype=np.int64)
    rank[order] = np.arange(1, p + 1)
    tier = _tiers(shares, order, tails[0])
    return Importance(float(found.sum()), share, low, high, rank, first, last, tier, exact)


def lmg(correlation: Floats) -> Floats:
    """What each driver adds to R2, averaged over all orders in which drivers can enter.

    Args:
        correlation: of several samples at once: [sample, variable, variable], the outcome last.

    Returns:
        [sample, driver]; each row sums to R2.
    """
    samples, p = len(correlation), correlation.shape[-1] - 1
    rest = correlation + RIDGE * np.eye(p + 1)
    rest = rest[:, None]
    # Decide about one driver after the other, leave it out or sweep it out of the others, and drop
    # it: after p steps what is left of the outcome stands there for every subset of drivers.
    for _ in range(p):
        pivot, column, below = rest[..., :1, :1], rest[..., 1:, :1], rest[..., 1:, 1:]
        swept = below - column * np.swapaxes(column, -1, -2) / pivot
        rest = np.stack([below, swept], axis=2).reshape(samples, -1, *below.shape[-2:])
    explained = 1 + RIDGE - rest[..., 0, 0]
    subsets = np.arange(2**p)
    size = np.array([int(s).bit_count() for s in subsets])
    shares = np.empty((samples, p))
    for driver in range(p):
        bit = 1 << (p - 1 - driver)
        without = subsets[(subsets & bit) == 0]
        weight = np.array([1 / (p * comb(p - 1, int(k))) for k in size[without]])
        shares[:, driver] = (explained[:, without | bit] - explained[:, without]) @ weight
    return shares


def relative_weights(correlation: Floats) -> Floats:
    """Johnson's relative weights; arguments and result as for `lmg`."""
    inner, outer = correlation[:, :-1, :-1], correlation[:, :-1, -1]
    values, vectors = np.linalg.eigh(inner)
    roots = np.sqrt(np.clip(values, 1e-12, None))
    loading = (vectors * roots[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    slopes = np.linalg.solve(loading, outer[..., None])[..., 0]
    weights: Floats = (loading**2 @ (slopes**2)[..., None])[..., 0]
    return weights


def _decomposed(correlation: Floats, *, exact: bool) -> Floats:
    """Shares of R2 that are never negative: rounding may leave one at -1e-17."""
    found = lmg(correlation) if exact else relative_weights(correlation)
    return np.maximum(found, 0.0)


def _resampled(values: Floats, *, exact: bool) -> Floats:
    """The decomposition of resampled answers; samples in which something does not vary are left out."""
    n, p = len(values), values.shape[1] - 1
    subsets = 2**p if exact else 1
    replicates = int(min(REPLICATES, max(200, BUDGET // subsets)))
    rng = np.random.default_rng(SEED)
    chunk = max(1, min(replicates, 2**20 // subsets))
    found = []
    for start in range(0, replicates, chunk):
        count = min(chunk, replicates - start)
        times = rng.multinomial(n, np.full(n, 1 / n), size=count).astype(np.float64) / n
        means = times @ values
        moments = np.einsum("sn,ni,nj->sij", times, values, values, optimize=True)
        covariance = moments - means[:, :, None] * means[:, None, :]
        spread = np.sqrt(np.einsum("sii->si", covariance).clip(0))
        usable = (spread > 1e-9).all(axis=1)
        scale = spread[usable][:, :, None] * spread[usable][:, None, :]
        found.append(_decomposed(covariance[usable] / scale, exact=exact))
    return np.concatenate(found)


def _tiers(shares: Floats, order: Ints, tail: float) -> Ints:
    """A new tier begins where a driver is surely less important than the first of the tier before."""
    tier = np.empty(len(order), dtype=np.int64)
    leader, current = order[0], 1
    for driver in order:
        apart = np.quantile(shares[:, leader] - shares[:, driver], tail) > 0
        if apart:
            leader, current = driver, current + 1
        tier[driver] = current
    return tier
