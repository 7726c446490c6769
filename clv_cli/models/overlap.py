"""Are there comparable untreated units at all? What must hold before an effect may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.covariates import Design
    from clv_cli.models.estimate import Flags, Floats

HIGH_CONTROL = 0.999  # quantile of the untreated above which a treated unit has no counterpart
HEAVIEST = 0.01  # share of the untreated whose part of all weight is looked at


@dataclass(frozen=True, slots=True)
class Overlap:
    """How alike the groups are once the untreated are weighted.

    Args:
        treated: units.
        untreated: units.
        effective: how many equally weighted untreated units would know as much: (sum w)^2 / sum w^2.
        heaviest: share of all weight that the heaviest 1 % of the untreated carry.
        off_support: share of the treated more certain of treatment than 99.9 % of the untreated.
        imbalance: largest standardised difference of means after weighting.
        before: the same before weighting.
        worst: the covariate of `imbalance`.
    """

    treated: int
    untreated: int
    effective: float
    heaviest: float
    off_support: float
    imbalance: float
    before: float
    worst: str


def overlap(treated: Flags, design: Design, probability: Floats, weights: Floats) -> Overlap:
    """Can the untreated, weighted, stand for the treated?

    Args:
        treated: whether each unit was treated.
        design: the covariates.
        probability: of treatment.
        weights: of all units; those of the treated are not read.
    """
    heavy = np.sort(weights[~treated] / weights[~treated].sum())[::-1]
    top = max(1, int(len(heavy) * HEAVIEST))
    ceiling = np.quantile(probability[~treated], HIGH_CONTROL)
    before = _differences(treated, design, np.ones(len(treated)))
    after = _differences(treated, design, weights)
    worst = int(after.argmax()) if len(after) else -1
    return Overlap(
        treated=int(treated.sum()),
        untreated=int((~treated).sum()),
        effective=float(1 / (heavy**2).sum()),
        heaviest=float(heavy[:top].sum()),
        off_support=float((probability[treated] > ceiling).mean()),
        imbalance=float(after.max(initial=0.0)),
        before=float(before.max(initial=0.0)),
        worst=design.names[design.first_order[worst]] if worst >= 0 else "",
    )


def _differences(treated: Flags, design: Design, weights: Floats) -> Floats:
    """Absolute differences of means in pooled standard deviations (Austin 2009)."""
    matrix = design.matrix[:, design.first_order]
    ours, theirs = matrix[treated], matrix[~treated]
    pooled = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / 2) + 1e-12
    mean = weights[~treated] @ theirs / weights[~treated].sum()
    gaps: Floats = np.abs(ours.mean(axis=0) - mean) / pooled
    return gaps
