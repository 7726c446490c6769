"""Did units change more once something began there than others did meanwhile?

    effect = mean over adopters of (change of the adopter - mean change of units not yet adopting)

    change of a unit = its mean over periods from the adopter's start - its mean over periods before

Each adopter is compared only with units that have not adopted; a later adopter serves as a control
until its own start. Inference is by permutation: who adopted when is dealt anew among the units.
With 1 of 20 units treated, cluster-robust standard errors call 66 % of nothing significant; this
test at most 5 %. Source: Fisher (1935); Conley and Taber (2011); Callaway and Sant'Anna (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.bootstrap import SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.models.estimate import Floats, Ints

NEVER = 2**31
EXACT = 20_000  # dealings that are enumerated; of more, so many less one are drawn
DRAWS = 4_999


@dataclass(frozen=True, slots=True)
class DifferenceInDifferences:
    """The effect of adopting, and how often chance alone does as much.

    Args:
        effect: in the units of the panel.
        p_value: share of all dealings with an effect at least as large, either sign.
        least_p: the smallest p-value these units can give at all.
        low: lower end of the interval: effects that the permutation test does not reject.
        high: upper end; both infinite where the units are too few for the level.
        adopters: units.
        controls: units never adopting.
    """

    effect: float
    p_value: float
    least_p: float
    low: float
    high: float
    adopters: int
    controls: int


def difference_in_differences(
    panel: Floats, starts: Ints, level: float = 0.95
) -> DifferenceInDifferences | None:
    """Did adopting change anything?

    Args:
        panel: one row a unit, one column a period, no gaps.
        starts: for every unit the first period in which it had adopted, or `NEVER`.
        level: coverage of the interval, which inverts the test under a constant effect.

    Returns:
        None where no adopter has a period before and after its start and a control beside it.
    """
    dates = [int(start) for start in np.unique(starts) if start < NEVER]
    if not dates or not all(0 < start < panel.shape[1] for start in dates):
        return None
    changes = _changes(panel, dates)
    # A unit's place in `changes`: the date it adopts, in order, and last "never".
    place = np.searchsorted(dates, starts)
    effect = float(_effects(changes, place[None])[0])
    if not np.isfinite(effect):
        return None
    dealt = _dealings(place, len(dates))
    others = _effects(changes, dealt)
    others = others[np.isfinite(others)]
    tiny = 1e-9 * (1 + abs(effect))
    p_value = float((np.abs(others) >= abs(effect) - tiny).mean())
    low, high = _inverted(panel, starts, dealt, level)
    adopters = int((starts < NEVER).sum())
    return DifferenceInDifferences(
        effect, p_value, 1 / len(others), low, high, adopters, len(starts) - adopters
    )


def placebo_dates(
    panel: Floats, starts: Ints, count: int = 3, least: int = 6
) -> list[DifferenceInDifferences]:
    """The same test at dates before anything began: it should find nothing.

    Only periods before the first adoption are read. Every fake date has at least `least` periods
    before and after it, since shorter histories reject at random.

    Args:
        panel: see `difference_in_differences`.
        starts: see there.
        count: how many fake dates, evenly spread.
        least: periods on either side.
    """
    first = int(starts.min())
    room = range(least, min(first, panel.shape[1]) - least + 1)
    if not room:
        return []
    dates = sorted({int(d) for d in np.linspace(room[0], room[-1], min(count, len(room)))})
    found = []
    for date in dates:
        fake = np.where(starts < NEVER, date, NEVER)
        tested = difference_in_differences(panel[:, :first], fake)
        if tested is not None:
            found.append(tested)
    return found


def _changes(panel: Floats, dates: Sequence[int]) -> Floats:
    """[date of the adopter, end, unit]: mean from the date until the end less the mean before it.

    The end is the start of a later adopter, or of nobody; NaN where nothing lies between.
    """
    ends = [*dates, panel.shape[1]]
    found = np.full((len(dates), len(ends), len(panel)), np.nan)
    for row, start in enumerate(dates):
        before = panel[:, :start].mean(axis=1)
        for column, end in enumerate(ends):
            if end > start:
                found[row, column] = panel[:, start:end].mean(axis=1) - before
    return found


def _effects(changes: Floats, places: Ints) -> Floats:
    """The effect under each dealing (rows of `places`)."""
    dates, never = changes.shape[0], changes.shape[1] - 1
    total, count = np.zeros(len(places)), np.zeros(len(places))
    for date in range(dates):
        ours = places == date
        own = changes[date, never]
        # Other units by how long they can serve: until their own later start, or to the end.
        theirs, number = np.zeros(len(places)), np.zeros(len(places))
        for end in range(date + 1, never + 1):
            serving = places == end
            theirs += np.where(serving, changes[date, end], 0).sum(axis=1)
            number += serving.sum(axis=1)
        base = np.divide(theirs, number, out=np.full(len(places), np.nan), where=number > 0)
        adopters = ours.sum(axis=1)
        total += np.where(ours, own, 0).sum(axis=1) - np.where(adopters > 0, adopters * base, 0)
        count += adopters
    effects: Floats = total / count
    return effects


def _dealings(place: Ints, dates: int) -> Ints:
    """All ways to deal the starts among the units, or seeded draws of them and the true one."""
    n = len(place)
    groups = [int((place == date).sum()) for date in range(dates)]
    ways = factorial(n) // factorial(n - sum(groups))
    for size in groups:
        ways //= factorial(size)
    if dates == 1 and comb(n, groups[0]) <= EXACT:
        chosen = np.array(list(combinations(range(n), groups[0])))
        dealt = np.ones((len(chosen), n), dtype=np.int64)
        np.put_along_axis(dealt, chosen, 0, axis=1)
        return dealt
    rng = np.random.default_rng(SEED)
    # Sorted first, so that the order of the units decides nothing but which draw is which.
    drawn = rng.permuted(np.tile(place, (min(DRAWS, ways), 1)), axis=1)
    return np.concatenate([place[None], drawn])


def _inverted(panel: Floats, starts: Ints, dealt: Ints, level: float) -> tuple[float, float]:
    """The effects that the test does not reject, by bisection outwards from the estimate.

    The statistic is linear in the assumed effect, so that each dealing is two numbers: its effect
    on the panel, and its effect on the adopters' own periods.
    """
    dates = [int(start) for start in np.unique(starts) if start < NEVER]
    place = np.searchsorted(dates, starts)
    after = np.arange(panel.shape[1])[None] >= starts[:, None]
    observed = _effects(_changes(panel, dates), dealt)
    moved = _effects(_changes(after.astype(np.float64), dates), dealt)
    own = float(_effects(_changes(panel, dates), place[None])[0])
    usable = np.isfinite(observed)
    observed, moved = observed[usable], moved[usable]

    def kept(assumed: float) -> bool:
        rest = abs(own - assumed)
        others = np.abs(observed - assumed * moved)
        return bool((others >= rest - 1e-9 * (1 + abs(own))).mean() > 1 - level)

    scale = float(np.abs(observed).max()) + 1e-12
    return _edge(kept, own, -scale), _edge(kept, own, scale)


def _edge(kept: Callable[[float], bool], inside: float, step: float) -> float:
    reach = step
    for _ in range(12):
        if not kept(inside + reach):
            break
        reach *= 2
    else:
        return float(np.copysign(np.inf, step))
    near, far = 0.0, reach
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (middle, far) if kept(inside + middle) else (near, middle)
    return inside + far
