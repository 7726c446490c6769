"""How often chance is mistaken for something: initiatives, broken series, survey shares.

python -m tests.recipes.chance_worlds [RUNS]          (default 2,000 a world; CI runs 1/50)
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from clv_cli.models.difference_in_differences import NEVER, difference_in_differences
from clv_cli.models.interrupted_series import interrupted_series
from clv_cli.models.survey_share import Answers, survey_share

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats

SEED = 20261123
RUNS = 2000


@dataclass(frozen=True, slots=True)
class Adoption:
    """Units over months, of which some adopt something that does nothing (or `effect`)."""

    name: str
    units: int
    starts: tuple[int, ...]
    effect: float = 0.0
    months: int = 24
    rho: float = 0.5


ADOPTIONS = (
    Adoption("1 of 20 units", 20, (12,)),
    Adoption("3 of 24 units", 24, (12, 12, 12)),
    Adoption("5 of 20 units", 20, (12,) * 5),
    Adoption("4 of 24 units at 3 dates", 24, (10, 12, 12, 15)),
    Adoption("3 of 24 units, effect of 1", 24, (12, 12, 12), effect=1.0),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of runs: nothing (or the true effect) rejected, and the truth inside the interval."""

    name: str
    rejected: float
    covered: float


def autocorrelated(rng: np.random.Generator, shape: tuple[int, int], rho: float) -> Floats:
    """Stationary AR(1) rows with unit innovations."""
    noise = rng.normal(size=shape)
    rows = np.empty(shape)
    rows[:, 0] = noise[:, 0] / np.sqrt(1 - rho**2)
    for period in range(1, shape[1]):
        rows[:, period] = rho * rows[:, period - 1] + noise[:, period]
    return rows


def adoption(world: Adoption, runs: int, seed: int = SEED) -> Found:
    """Share of runs with p <= 0.05, and share whose interval holds the true effect."""
    rng = np.random.default_rng([seed, ADOPTIONS.index(world)])
    starts = np.full(world.units, NEVER, dtype=np.int64)
    starts[: len(world.starts)] = world.starts
    rejected = covered = 0
    for _ in range(runs):
        panel = autocorrelated(rng, (world.units, world.months), world.rho)
        panel += 3 * rng.normal(size=(world.units, 1))
        panel += world.effect * (np.arange(world.months)[None] >= starts[:, None])
        found = difference_in_differences(panel, starts)
        assert found is not None
        rejected += found.p_value <= 0.05
        covered += found.low <= world.effect <= found.high
    return Found(world.name, rejected / runs, covered / runs)


BREAKS = ((36, 0.4), (60, 0.4), (60, 0.0))


def broken_series(months: int, rho: float, runs: int, seed: int = SEED) -> float:
    """Share of 95 % intervals that hold the true mean effect of 2 after two thirds of the months."""
    rng = np.random.default_rng([seed, months, round(10 * rho)])
    start = months * 2 // 3
    time = np.arange(months)
    covered = 0
    for row in autocorrelated(rng, (runs, months), rho):
        found = interrupted_series(10 + 0.1 * time + 2 * (time >= start) + row, start)
        assert found is not None
        covered += found.effect.low <= 2 <= found.effect.high
    return covered / runs


SURVEYS = ((100, 0.8), (200, 1.3), (500, 1.3), (1000, 1.3))


def survey(answers: int, spread: float, runs: int, seed: int = SEED) -> tuple[float, float]:
    """Share of samples that get an interval, and share of those intervals that hold the truth.

    Args:
        answers: drawn at random from 20,000 purchases.
        spread: sd of the logarithm of a purchase.
        runs: samples.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, answers, round(10 * spread)])
    size = rng.normal(size=20_000)
    money = np.exp(8 + spread * size)
    helped = rng.random(20_000) < special.expit(-1.6 + 0.65 * size)
    truth = float(money @ helped / money.sum())
    given = covered = 0
    for _ in range(runs):
        drawn = rng.choice(len(money), answers, replace=False)
        found = survey_share(Answers(money[drawn], helped[drawn].astype(np.float64)), 1.0)
        if found.low is not None and found.high is not None:
            given += 1
            covered += found.low <= truth <= found.high
    return given / runs, covered / given if given else np.nan


def main(runs: int) -> None:
    """Print the results as they stand in ARCHITECTURE."""
    print("| difference in differences | p <= 0.05 | interval holds the truth |\n|---|--:|--:|")
    for world in ADOPTIONS:
        found = adoption(world, runs)
        print(f"| {found.name} | {found.rejected:.1%} | {found.covered:.1%} |")
    print("\n| interrupted series | interval holds the truth |\n|---|--:|")
    for months, rho in BREAKS:
        share = broken_series(months, rho, runs)
        print(f"| {months} months, rho {rho} | {share:.1%} |")
    print("\n| survey share | gets an interval | interval holds the truth |\n|---|--:|--:|")
    for answers, spread in SURVEYS:
        given, covered = survey(answers, spread, runs)
        told = "-" if np.isnan(covered) else f"{covered:.1%}"
        print(f"| {answers} answers, log sd {spread} | {given:.1%} | {told} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
