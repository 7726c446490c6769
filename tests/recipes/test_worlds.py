"""The simulations of ARCHITECTURE at a fiftieth of their size, with binomial tolerances.

A share of few runs scatters; each check asks whether what was seen is plausible (above 1 in 10,000)
under the figure that the full size must show.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from tests.recipes.chance_worlds import ADOPTIONS, adoption, broken_series, survey
from tests.recipes.rescue_worlds import RUNS, WORLDS, Tally, World, simulate

SMALL = RUNS // 50
DOUBT = 1e-4


def plausible(hits: float, runs: int, low: float, high: float = 1.0) -> bool:
    """Whether so many hits may come from a rate between two bounds."""
    few = float(stats.binom.cdf(round(hits), runs, low))
    many = float(stats.binom.sf(round(hits) - 1, runs, high))
    return few > DOUBT and many > DOUBT


def world(name: str) -> World:
    return next(one for one in WORLDS if one.name == name)


def blocked(name: str) -> Tally:
    return simulate(world(name), SMALL)


def test_the_checks_of_this_file_can_fail() -> None:
    assert plausible(38, 40, 0.93, 0.97)
    assert not plausible(24, 40, 0.90)
    assert not plausible(6, 40, 0.0, 0.01)
    assert not plausible(400, 400, 0.93, 0.97)


def test_intervals_that_pass_the_gate_cover_as_they_say() -> None:
    sound = [one for one in WORLDS if one.sound and one.size == 1500]
    assert len(sound) >= 5
    tallies = [simulate(one, SMALL) for one in sound]
    passed = sum(t.passed * t.runs for t in tallies)
    covered = sum(t.covered * t.passed * t.runs for t in tallies)
    assert plausible(covered, round(passed), 0.93, 0.97)
    assert plausible(passed, sum(t.runs for t in tallies), 0.90)


def test_a_hidden_confounder_is_blocked() -> None:
    tally = blocked("hidden confounder")
    assert tally.covered_all < 0.6  # nothing but the placebo would have told
    assert plausible((1 - tally.passed) * tally.runs, tally.runs, 0.90)


def test_poor_overlap_without_trimming_is_blocked() -> None:
    tally = blocked("poor overlap, not trimmed")
    assert plausible((1 - tally.passed) * tally.runs, tally.runs, 0.95)


def test_one_initiative_among_twenty_units_is_mistaken_in_one_case_of_twenty() -> None:
    found = adoption(ADOPTIONS[0], 4 * SMALL)
    assert plausible(found.rejected * 4 * SMALL, 4 * SMALL, 0.0, 0.06)


def test_intervals_of_broken_series_and_survey_shares_cover() -> None:
    assert plausible(broken_series(36, 0.4, SMALL) * SMALL, SMALL, 0.91)
    given, covered = survey(200, 1.3, SMALL)
    assert 0 < given < 1  # some samples have too few large answers
    assert plausible(covered * given * SMALL, round(given * SMALL), 0.91)


def test_the_same_seed_gives_the_same_runs() -> None:
    one = simulate(world("help is rare"), 3)
    assert one == simulate(world("help is rare"), 3)
    assert not np.isnan(one.covered_all)
