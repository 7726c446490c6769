"""Worlds in which the effect of help is known: the gate's honesty, measured.

    python -m tests.recipes.rescue_worlds [RUNS]          (default 2,000 a world; CI runs 1/50)

Each run draws at-risk customers, helps some of them, and asks `effect_on_treated` what help brought.
The truth of a world is the mean, over all runs, of the true gain of the treated that were compared.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from clv_cli.models.covariates import Covariate, Scale
from clv_cli.models.effect import Study, effect_on_treated
from clv_cli.models.gate import Rules

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats

SEED = 20261122
RUNS = 2000


@dataclass(frozen=True, slots=True)
class World:
    """How help is given and what it does.

    Args:
        name: as printed.
        size: customers flagged.
        spread: sd of the logarithm of revenue.
        base: log-odds of help of the average customer.
        pull: how strongly help follows the facts.
        curve: how strongly help and leaving follow the square of health.
        saves: share of departures that help prevents.
        hidden: how strongly something unseen moves help, leaving and last year's change.
        trim: see `Rules.trim_above`.
        sound: whether an estimate ought to pass.
    """

    name: str
    size: int = 1500
    spread: float = 0.9
    base: float = 0.0
    pull: float = 0.6
    curve: float = 0.0
    saves: float = 0.6
    hidden: float = 0.0
    trim: float = 0.85
    sound: bool = True


SOUND = World("sound")
WORLDS = (
    SOUND,
    replace(SOUND, name="sound, n = 400", size=400),
    replace(SOUND, name="sound, n = 5,000", size=5000),
    replace(SOUND, name="help does nothing", saves=0.0),
    replace(SOUND, name="large customers dominate", spread=1.4),
    replace(SOUND, name="curved", curve=0.5),
    replace(SOUND, name="help is rare", base=-1.5),
    replace(SOUND, name="poor overlap, trimmed", pull=2.0),
    replace(SOUND, name="poor overlap, not trimmed", pull=2.0, trim=1.0, sound=False),
    replace(SOUND, name="hidden confounder", hidden=1.2, sound=False),
    replace(SOUND, name="hidden confounder, n = 400", size=400, hidden=1.2, sound=False),
    replace(SOUND, name="too few, n = 120", size=120, sound=False),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    passed: bool
    low: float
    high: float
    value: float
    truth: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of all runs of a world.

    Args:
        world: which.
        runs: how many gave an estimate at all.
        passed: share that passed the gate.
        covered: share of those whose interval holds the truth.
        covered_all: the same over all runs, gate or not.
        bias: mean error of what passed, in truths (in mean outcomes when help does nothing).
    """

    world: World
    runs: int
    passed: float
    covered: float
    covered_all: float
    bias: float


def one_run(world: World, rng: np.random.Generator) -> Outcome | None:
    """Draw customers, help some, estimate; None when nothing can be compared."""
    n = world.size
    size, health, hidden = rng.normal(size=(3, n))
    health = 0.3 * size + np.sqrt(1 - 0.09) * health
    tickets = np.minimum(rng.poisson(np.exp(0.2 - 0.4 * health)), 8).astype(np.float64)
    tenure = rng.gamma(2.0, 8.0, n)
    large = rng.random(n) < special.expit(size)
    bent = world.curve * (health**2 - 1)
    wish = 0.5 * size - 0.8 * health + 0.3 * (tickets - 1.3) + bent + world.hidden * hidden
    treated = rng.random(n) < special.expit(world.base + world.pull * wish)
    leave = special.expit(
        -0.5 - 0.8 * health + 0.25 * tickets - 0.02 * tenure + bent + 1.2 * world.hidden * hidden
    )
    revenue = np.exp(8 + world.spread * size + 0.3 * large)
    leaves = rng.random(n) < leave
    until = np.where(leaves, rng.random(n) * 0.7, 1.0)
    saved = treated & leaves & (rng.random(n) < world.saves)
    grown = revenue * np.exp(0.15 * rng.normal(size=n))
    without, outcome = grown * until, grown * np.where(saved, 1.0, until)
    change = revenue * (0.1 * health - 0.3 * world.hidden * hidden + 0.4 * rng.normal(size=n))
    study = Study(
        outcome=outcome,
        treated=treated,
        covariates=_covariates(revenue, health, tickets, tenure, large),
        placebos={"last year's change": change},
    )
    effect = effect_on_treated(study, Rules(trim_above=world.trim))
    if effect is None:
        return None
    truth = float((outcome - without)[effect.kept & treated].mean())
    found = effect.estimate
    return Outcome(effect.passed, found.low, found.high, found.value, truth)


def _covariates(
    revenue: Floats, health: Floats, tickets: Floats, tenure: Floats, large: np.ndarray
) -> list[Covariate]:
    return [
        Covariate("revenue", revenue, Scale.MONEY),
        Covariate("health", health),
        Covariate("tickets", tickets),
        Covariate("tenure", tenure),
        Covariate("large", large.astype(np.float64), Scale.FLAG),
    ]


def simulate(world: World, runs: int, seed: int = SEED) -> Tally:
    """Many runs of one world."""
    rng = np.random.default_rng([seed, WORLDS.index(world)])
    found = [outcome for _ in range(runs) if (outcome := one_run(world, rng)) is not None]
    truth = float(np.mean([o.truth for o in found]))
    covers = np.array([o.low <= truth <= o.high for o in found])
    passed = np.array([o.passed for o in found])
    values = np.array([o.value for o in found])
    return Tally(
        world,
        len(found),
        float(passed.mean()),
        float(covers[passed].mean()) if passed.any() else np.nan,
        float(covers.mean()),
        float((values[passed].mean() - truth) / (truth or values.std()))
        if passed.any()
        else np.nan,
    )


def table(tallies: list[Tally]) -> str:
    """The result as it stands in ARCHITECTURE."""
    lines = [
        "| world (n = 1,500 unless named) | runs | pass the gate | coverage of what passes | coverage without the gate | bias of what passes |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {t.world.name} | {t.runs:,} | {t.passed:.1%} | {_share(t.covered)} | {t.covered_all:.1%} | {_share(t.bias, '+.1%')} |"
        for t in tallies
    ]
    return "\n".join(lines)


def _share(value: float, form: str = ".1%") -> str:
    return "-" if np.isnan(value) else format(value, form)


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    print(table([simulate(world, asked) for world in WORLDS]))
