"""What did treatment change? The whole way: fit, trim, estimate, test, and other methods beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.models.aipw import aipw, difference_of_means, ipw, odds
from clv_cli.models.covariates import design
from clv_cli.models.entropy_balancing import entropy_balanced
from clv_cli.models.gate import GateCheck, Placebo, Rules, gate_checks
from clv_cli.models.matching import matched
from clv_cli.models.overlap import Overlap, overlap
from clv_cli.models.ridge import fit_logistic
from clv_cli.models.sensitivity import Sensitivity, sensitivity
from clv_cli.models.strata import stratified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.models.covariates import Covariate, Design
    from clv_cli.models.estimate import Estimate, Flags, Floats

# Below this no regression is worth reading, let alone an interval.
LEAST = 10


@dataclass(frozen=True, slots=True)
class Study:
    """Units, some treated, and what was known of them before.

    Args:
        outcome: one a unit, after treatment.
        treated: whether each unit was treated.
        covariates: known before treatment.
        placebos: outcomes that were over before treatment and are no covariates, by name.
    """

    outcome: Floats
    treated: Flags
    covariates: Sequence[Covariate]
    placebos: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate of the effect on the treated, with everything that speaks for and against it.

    Args:
        estimate: doubly robust, outcome units a treated unit.
        naive: the difference of means, over all units.
        checks: the conditions of the gate, in order.
        overlap: of the units compared.
        placebos: effects on what was over before treatment.
        kept: the units compared: those that are not too certain of treatment.
        gains: of the treated units compared, in row order; their mean is the estimate.
        treated: treated units before trimming.
        brought: mean outcome of the treated units compared.
    """

    estimate: Estimate
    naive: Estimate
    checks: tuple[GateCheck, ...]
    overlap: Overlap
    placebos: tuple[Placebo, ...]
    kept: Flags
    gains: Floats
    treated: int
    brought: float

    @property
    def passed(self) -> bool:
        """Whether the estimate may be called an effect."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> list[str]:
        """What is wrong, in plain words."""
        return [check.failure for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The units that are compared, and their chance of treatment."""

    kept: Flags
    treated: Flags
    columns: Design
    probability: Floats
    converged: bool


def can_be_compared(treated: Flags) -> bool:
    """Whether both groups have the few units without which nothing can be fitted."""
    return min(int(treated.sum()), int((~treated).sum())) >= LEAST


def effect_on_treated(study: Study, rules: Rules | None = None) -> Effect | None:
    """What did treatment change for the treated, and may we believe it?

    Units likelier than `rules.trim_above` to be treated have no counterpart: they are left out and
    everything is fitted again on the rest; the estimate is for those that remain.

    Args:
        study: the units.
        rules: thresholds of the gate.

    Returns:
        None when either group has fewer than 10 units, before or after trimming.
    """
    rules = rules or Rules()
    prepared = _prepared(study, rules)
    if prepared is None:
        return None
    kept, treated, matrix = prepared.kept, prepared.treated, prepared.columns.matrix
    outcome = study.outcome[kept]
    found = aipw(outcome, treated, matrix, prepared.probability, rules.level)
    placebos = tuple(
        Placebo(
            name, aipw(values[kept], treated, matrix, prepared.probability, rules.level).estimate
        )
        for name, values in study.placebos.items()
        if np.ptp(values[kept]) > 0
    )
    seen = overlap(treated, prepared.columns, prepared.probability, odds(prepared.probability))
    brought = float(outcome[treated].mean())
    reach = found.estimate.high - found.estimate.low
    checks = gate_checks(
        rules,
        seen,
        converged=prepared.converged,
        width=reach / brought if brought > 0 else np.inf,
        placebos=placebos,
    )
    naive = difference_of_means(study.outcome, study.treated, rules.level)
    count = int(study.treated.sum())
    return Effect(
        found.estimate, naive, tuple(checks), seen, placebos, kept, found.gains, count, brought
    )


def cross_checks(study: Study, rules: Rules | None = None) -> dict[str, Estimate]:
    """The same question put to other methods, on the same units; they should agree.

    Returns:
        Weighting, strata, matching and entropy balancing by name; one that cannot answer is absent.
    """
    rules = rules or Rules()
    prepared = _prepared(study, rules)
    if prepared is None:
        return {}
    treated, matrix, probability = prepared.treated, prepared.columns.matrix, prepared.probability
    outcome = study.outcome[prepared.kept]
    found = {"weighting": ipw(outcome, treated, probability, rules.level)}
    by_strata = stratified(outcome, treated, probability, rules.level)
    if by_strata is not None:
        found["strata"] = by_strata.estimate
    # Squares would count the same distance twice.
    plain = matrix[:, prepared.columns.first_order]
    found["matching"] = matched(outcome, treated, plain, rules.level)
    balanced = entropy_balanced(outcome, treated, matrix, rules.level)
    if balanced.converged:
        found["entropy_balancing"] = balanced.estimate
    return found


def hidden_cause(study: Study, effect: Effect) -> Sensitivity:
    """How strong must a hidden cause be to undo an effect? See `sensitivity`."""
    kept = effect.kept
    columns = design(study.covariates, kept)
    return sensitivity(
        study.outcome[kept],
        study.treated[kept],
        columns,
        effect.estimate.value,
        effect.estimate.error,
    )


def _prepared(study: Study, rules: Rules) -> _Prepared | None:
    kept = np.ones(len(study.treated), dtype=np.bool_)
    if not can_be_compared(study.treated):
        return None
    columns = design(study.covariates)
    fit = fit_logistic(columns.matrix, study.treated)
    if fit.converged and rules.trim_above < 1:
        kept = fit.probability < rules.trim_above
    if not kept.all():
        if not can_be_compared(study.treated[kept]):
            return None
        columns = design(study.covariates, kept)
        fit = fit_logistic(columns.matrix, study.treated[kept])
    return _Prepared(kept, study.treated[kept], columns, fit.probability, fit.converged)
