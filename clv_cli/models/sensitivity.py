"""How strong would a hidden cause have to be? (Cinelli and Hazlett 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.covariates import Design
    from clv_cli.models.estimate import Flags, Floats


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a hidden cause could do to an estimate.

    Args:
        robustness: share of what is left of both treatment and outcome that a hidden cause must
            explain to bring the estimate to 0.
        benchmark: the observed covariate that is strongest in this sense; empty when none is.
        removed: share of the estimate that a hidden cause as strong as it would remove.
    """

    robustness: float
    benchmark: str
    removed: float


def robustness_value(t: float, degrees: float) -> float:
    """The robustness value of a regression coefficient.

        RV = (sqrt(f^4 + 4 f^2) - f^2) / 2,   f = |t| / sqrt(degrees)

    Args:
        t: estimate in standard errors.
        degrees: degrees of freedom.
    """
    square = t * t / degrees
    return float(np.sqrt(square * square + 4 * square) - square) / 2


def hidden_bias(error: float, degrees: float, with_outcome: float, with_treatment: float) -> float:
    """By how much would a hidden cause of a given strength move an estimate?

        |bias| = error * sqrt(degrees * R2_outcome * R2_treatment / (1 - R2_treatment))

    Args:
        error: standard error of the estimate.
        degrees: degrees of freedom.
        with_outcome: partial R2 of the hidden cause with the outcome.
        with_treatment: partial R2 with treatment.
    """
    return float(error * np.sqrt(degrees * with_outcome * with_treatment / (1 - with_treatment)))


def as_strong_as(with_outcome: float, with_treatment: float) -> tuple[float, float]:
    """The strength, given all covariates, of a hidden cause as strong as an observed one.

    Args:
        with_outcome: partial R2 of the observed covariate with the outcome, given treatment.
        with_treatment: its partial R2 with treatment.

    Returns:
        Partial R2 of the hidden cause with the outcome and with treatment, both below 1 (their
        section 4.4, k = 1).
    """
    arm = min(with_treatment, 0.49)
    shared = arm**2 / (1 - arm) ** 2
    turned = (1 + np.sqrt(shared)) ** 2 / (1 - shared)
    outcome = min(float(turned * with_outcome / max(1 - with_outcome, 1e-9)), 1.0)
    return outcome, arm / (1 - arm)


def sensitivity(
    outcome: Floats, treated: Flags, design: Design, value: float, error: float
) -> Sensitivity:
    """How strong must a hidden cause be, measured against those that are observed?

    Strengths are partial R2 of least squares, those of a covariate together with its square.

    Args:
        outcome: one a unit.
        treated: whether each unit was treated.
        design: the covariates.
        value: the estimate.
        error: its standard error.
    """
    columns, n = design.matrix, len(outcome)
    degrees = max(n - columns.shape[1] - 2, 1)
    arm = treated.astype(np.float64)
    robust = robustness_value(value / error if error > 0 else 0.0, degrees)
    strongest, name = 0.0, ""
    for place in design.first_order:
        own = [
            i for i, other in enumerate(design.names) if other.rstrip("²") == design.names[place]
        ]
        others = np.delete(columns, own, axis=1)
        on_arm = _partial(arm, others, columns)
        on_outcome = _partial(
            outcome, np.column_stack([others, arm]), np.column_stack([columns, arm])
        )
        bias = hidden_bias(error, degrees, *as_strong_as(on_outcome, on_arm))
        if bias > strongest:
            strongest, name = bias, design.names[place]
    removed = strongest / abs(value) if value else 0.0
    return Sensitivity(float(robust), name, float(removed))


def _partial(y: Floats, without: Floats, with_them: Floats) -> float:
    """Share of what some columns leave of y that the added ones explain."""
    left = _unexplained(y, without)
    return max(0.0, 1 - _unexplained(y, with_them) / left) if left > 0 else 0.0


def _unexplained(y: Floats, columns: Floats) -> float:
    rows = np.column_stack([np.ones(len(y)), columns])
    rest = y - rows @ np.linalg.lstsq(rows, y, rcond=None)[0]
    return float(rest @ rest)
