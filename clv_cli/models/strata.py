"""The effect on the treated by strata of the chance of treatment (Rosenbaum and Rubin 1984)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.estimate import Estimate, student_interval

if TYPE_CHECKING:
    from clv_cli.models.estimate import Flags, Floats

STRATA = 5
LEAST = 10  # untreated rows without which a stratum says nothing


@dataclass(frozen=True, slots=True)
class Stratified:
    """The stratified effect, and the share of treated rows in strata that could be used."""

    estimate: Estimate
    kept: float


def stratified(
    outcome: Floats, treated: Flags, probability: Floats, level: float = 0.95
) -> Stratified | None:
    """Differences of means within fifths of the treated, weighted by the treated.

    Args:
        outcome: one a unit.
        treated: whether each unit was treated.
        probability: of treatment.
        level: coverage of the interval.

    Returns:
        None when no stratum has 2 treated and 10 untreated rows.
    """
    cuts = np.quantile(probability[treated], np.linspace(0, 1, STRATA + 1)[1:-1])
    place = np.searchsorted(cuts, probability)
    total = variance = 0.0
    kept = used = 0
    for stratum in range(STRATA):
        ours = outcome[(place == stratum) & treated]
        theirs = outcome[(place == stratum) & ~treated]
        if len(ours) < 2 or len(theirs) < LEAST:
            continue
        total += len(ours) * float(ours.mean() - theirs.mean())
        spread = float(ours.var(ddof=1)) / len(ours) + float(theirs.var(ddof=1)) / len(theirs)
        variance += len(ours) ** 2 * spread
        kept += len(ours)
        used += len(ours) + len(theirs)
    if not kept:
        return None
    degrees = max(used - 2 * STRATA, 1)
    estimate = student_interval(total / kept, np.sqrt(variance) / kept, degrees, level)
    return Stratified(estimate, kept / int(treated.sum()))
