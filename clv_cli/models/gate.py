"""The gate: what must hold before a difference may be called an effect. One failure is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.models.estimate import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.estimate import Estimate
    from clv_cli.models.overlap import Overlap

# A placebo finds a true bias of 2.8 standard errors in 80 % of cases (1.96 + 0.84).
POWER_80 = 2.8


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of the gate; each was settled by simulation, see ARCHITECTURE.

    Args:
        level: coverage of the interval.
        trim_above: units likelier than this to be treated have no counterpart and are left out.
        group: fewest units in either group.
        effective: fewest effective untreated units.
        imbalance: largest standardised difference that may remain.
        off_support: largest share of the treated beyond the untreated.
        heaviest: largest share of all weight on the heaviest 1 % of the untreated.
        false_alarm: chance that sound data fail any of the placebo tests.
        ours: what readers call the treated.
        theirs: what they call the untreated.
    """

    level: float = 0.95
    trim_above: float = 0.85
    group: int = 50
    effective: float = 50.0
    imbalance: float = 0.25
    off_support: float = 0.05
    heaviest: float = 0.25
    false_alarm: float = 0.05
    ours: str = "treated"
    theirs: str = "untreated"


@dataclass(frozen=True, slots=True)
class Placebo:
    """An "effect" on something that was over before treatment: it should be nothing.

    Args:
        name: what was looked at.
        estimate: the spurious effect.
    """

    name: str
    estimate: Estimate

    @property
    def noticeable(self) -> float:
        """The bias that this test would notice with 80 % chance."""
        return POWER_80 * self.estimate.error


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One condition of the gate.

    Args:
        name: stable name.
        found: what was measured.
        limit: what it is held against.
        passed: whether it holds.
        failure: a clause that says in plain words what is wrong; readers see it if not passed.
    """

    name: str
    found: float
    limit: float
    passed: bool
    failure: str


def gate_checks(
    rules: Rules, seen: Overlap, *, converged: bool, width: float, placebos: Sequence[Placebo]
) -> list[GateCheck]:
    """May the estimate be called an effect?

    Args:
        rules: the thresholds.
        seen: of the units that are compared.
        converged: whether the chance of treatment could be fitted.
        width: of the interval, as a share of what the treated brought; more says nothing.
        placebos: none: no test was possible, so nothing shows that no cause is hidden.
    """
    smallest, ours, theirs = min(seen.treated, seen.untreated), rules.ours, rules.theirs
    return [
        GateCheck(
            "size",
            smallest,
            rules.group,
            smallest >= rules.group,
            f"only {seen.treated:,} {ours} and {seen.untreated:,} {theirs} cases can be compared"
            f" (each must be {rules.group:,} or more)",
        ),
        GateCheck(
            "convergence",
            float(converged),
            1.0,
            converged,
            f"the chance of being {ours} could not be fitted",
        ),
        GateCheck(
            "support",
            seen.off_support,
            rules.off_support,
            seen.off_support <= rules.off_support,
            f"{100 * seen.off_support:.0f} % of the {ours} have no comparable {theirs} case",
        ),
        GateCheck(
            "effective_sample",
            seen.effective,
            rules.effective,
            seen.effective >= rules.effective,
            f"the {theirs} that resemble the {ours} are worth only {seen.effective:,.0f} cases",
        ),
        GateCheck(
            "weights",
            seen.heaviest,
            rules.heaviest,
            seen.heaviest <= rules.heaviest,
            f"1 % of the {theirs} carry {100 * seen.heaviest:.0f} % of the comparison",
        ),
        GateCheck(
            "balance",
            seen.imbalance,
            rules.imbalance,
            seen.imbalance <= rules.imbalance,
            f"the groups still differ in {seen.worst} by {seen.imbalance:.2f} standard deviations",
        ),
        GateCheck(
            "width",
            width,
            1.0,
            width <= 1.0,
            f"the interval is wider than everything the {ours} brought",
        ),
        _placebo_check(rules, placebos),
    ]


def _placebo_check(rules: Rules, placebos: Sequence[Placebo]) -> GateCheck:
    if not placebos:
        text = "no placebo test could be run, so a hidden cause would go unnoticed"
        return GateCheck("placebo", 0.0, 0.0, passed=False, failure=text)
    # All placebos together may raise a false alarm as rarely as one alone (Bonferroni).
    limit = normal_quantile(1 - rules.false_alarm / len(placebos))
    worst = max(placebos, key=lambda placebo: abs(placebo.estimate.z))
    found = abs(worst.estimate.z)
    text = f"the groups differed already before: {worst.name} by {found:.1f} standard errors"
    return GateCheck("placebo", found, limit, found <= limit, text)
