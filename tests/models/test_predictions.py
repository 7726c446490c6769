"""Predictions against simulation, direct integration, and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from clv_cli.models import bdw, hazard, mbg_cnbd_k, pareto_nbd, sbg
from clv_cli.models.beta_geometric import bg_nbd, mbg_nbd
from clv_cli.models.histories import histories
from clv_cli.models.intervals import delta
from tests.models import simulate

if TYPE_CHECKING:
    from types import ModuleType

    from clv_cli.models.arrays import Array
    from clv_cli.models.beta_geometric import BetaGeometric

BG = np.array([0.6, 4.0, 0.8, 2.4])
PARETO = np.array([0.6, 10.0, 0.6, 12.0])
SOME = histories([0, 1, 2, 9, 30], [0, 3, 30, 20, 38], [39, 38, 38.86, 39, 39])


def horizons(model: BetaGeometric | ModuleType, parameters: Array) -> None:
    undiscounted = model.discounted_residual(parameters, SOME, 0.0, 52.0)
    assert undiscounted == pytest.approx(model.expected_purchases(parameters, SOME, 52.0), rel=1e-8)
    # By parts: e^(-d H) E[Y(H)] + d int_0^H e^(-d t) E[Y(t)] dt.
    rate, end = 0.003, 400.0
    nodes, weights = np.polynomial.legendre.leggauss(60)
    times = end * ((nodes + 1) / 2) ** 2
    slopes = end * (nodes + 1) / 2
    bought = np.array([model.expected_purchases(parameters, SOME, t) for t in times])
    inside = (weights * slopes * rate * np.exp(-rate * times)) @ bought
    direct = inside + np.exp(-rate * end) * model.expected_purchases(parameters, SOME, end)
    found = model.discounted_residual(parameters, SOME, rate, end)
    assert found == pytest.approx(direct, rel=1e-8)
    endless = model.discounted_residual(parameters, SOME, rate)
    assert endless == pytest.approx(
        model.discounted_residual(parameters, SOME, rate, 50 / rate), rel=1e-8
    )


@pytest.mark.parametrize("model", [bg_nbd, mbg_nbd])
def test_discounted_flow_of_the_beta_geometric_models(model: BetaGeometric | ModuleType) -> None:
    horizons(model, BG)


def test_discounted_flow_of_pareto() -> None:
    horizons(pareto_nbd, PARETO)


@pytest.mark.parametrize("first", [0, 1])
def test_beta_geometric_predictions_against_a_simulation(first: int) -> None:
    draw = np.random.default_rng(11 + first)
    age = np.full(200_000, 30.0)
    stats, later = simulate.observed(
        *simulate.beta_geometric(draw, BG, age, 20.0, first=first), age
    )
    model = (bg_nbd, mbg_nbd)[first]
    expected = model.expected_purchases(BG, stats, 20.0)
    variance = model.purchases_variance(BG, stats, 20.0)
    for x in (0, 1, 2, 5):
        some = stats.frequency == x
        error = np.sqrt(variance[some].sum()) / some.sum()
        assert abs(later[some].mean() - expected[some].mean()) < 4 * error
    # Given the history, outcomes scatter as much as the variance says.
    assert np.mean((later - expected) ** 2 / variance.mean()) == pytest.approx(1.0, abs=0.05)


def test_pareto_predictions_against_a_simulation() -> None:
    draw = np.random.default_rng(5)
    age = np.full(100_000, 30.0)
    stats, later = simulate.observed(*simulate.pareto(draw, PARETO, age, 20.0), age)
    expected = pareto_nbd.expected_purchases(PARETO, stats, 20.0)
    variance = pareto_nbd.purchases_variance(PARETO, stats, 20.0)
    for x in (0, 1, 2, 5):
        some = stats.frequency == x
        error = np.sqrt(variance[some].sum()) / some.sum()
        assert abs(later[some].mean() - expected[some].mean()) < 4 * error
    assert np.mean((later - expected) ** 2 / variance.mean()) == pytest.approx(1.0, abs=0.05)


def test_regular_purchases_are_recognised_and_predicted() -> None:
    draw = np.random.default_rng(3)
    truth = np.array([1.3, 2.8, 0.45, 0.8])
    age = np.full(8_000, 40.0)
    times, who = simulate.beta_geometric(draw, truth, age, 20.0, first=1, k=3)
    stats, later = simulate.observed(times, who, age)
    fit, k = mbg_cnbd_k.most_likely(stats, simulate.log_gaps(times, who, age), largest=4)
    assert k == 3
    assert np.all(np.abs(np.log(fit.values / truth)) < 4 * np.sqrt(np.diag(fit.search_covariance)))
    estimate = delta(lambda p: mbg_cnbd_k.expected_purchases(p, stats, 20.0, k), fit)
    low, high = estimate.total().interval(0.999, noise=float(later.var() * len(later)))
    assert low[0] < later.sum() < high[0]
    # What the Poisson model would have said is far off.
    plain = mbg_nbd.expected_purchases(mbg_nbd.fit(stats).values, stats, 20.0)
    ours = mbg_cnbd_k.expected_purchases(fit.values, stats, 20.0, k)
    assert np.mean(np.abs(ours - later)) < np.mean(np.abs(plain - later))
    alive = mbg_cnbd_k.probability_alive(fit.values, stats, k)
    for low_end in (0.1, 0.4, 0.7):
        some = (alive > low_end) & (alive <= low_end + 0.2)
        bought = later[some] > 0
        assert bought.mean() < low_end + 0.25


def test_with_k_one_regularity_changes_nothing() -> None:
    for found, expected in (
        (
            mbg_cnbd_k.expected_purchases(BG, SOME, 39.0, 1),
            mbg_nbd.expected_purchases(BG, SOME, 39.0),
        ),
        (mbg_cnbd_k.probability_alive(BG, SOME, 1), mbg_nbd.probability_alive(BG, SOME)),
        (
            mbg_cnbd_k.discounted_residual(BG, SOME, 0.01, 39.0, 1),
            mbg_nbd.discounted_residual(BG, SOME, 0.01, 39.0),
        ),
    ):
        assert found == pytest.approx(expected, rel=1e-6)
    value, gradient, hessian = mbg_nbd.likelihood(SOME)(np.log(BG))
    same = mbg_cnbd_k.likelihood(SOME, 1)(np.log(BG))
    # The constants differ by nothing that depends on the parameters.
    assert same[1] == pytest.approx(gradient)
    assert same[2] == pytest.approx(hessian)
    assert same[0] == pytest.approx(value)


def test_bdw_with_c_one_is_sbg_and_horizons_add_up() -> None:
    made = np.array([0.0, 1.0, 5.0])
    plain, one = np.array([0.7, 3.8]), np.array([0.7, 3.8, 1.0])
    for horizon in (None, 7):
        found = bdw.discounted_residual(one, made, 0.1, horizon)
        assert found == pytest.approx(sbg.discounted_residual(plain, made, 0.1, horizon), rel=1e-9)
    assert bdw.retention(one, made + 1) == pytest.approx(sbg.retention(plain, made + 1))


def test_a_hazard_of_the_number_alone_is_a_logistic_curve() -> None:
    parameters = np.array([-2.0, -0.5, 0.3])
    traits = np.array([[1.0], [-1.0]])
    chain = hazard.survival(parameters, traits, 3, np.array([2.0, 2.0]))
    steps = [hazard.retention(parameters, np.full(2, k), traits) for k in (3.0, 4.0, 5.0)]
    assert chain == pytest.approx(np.cumprod(np.stack(steps, axis=1), axis=1))
    total = hazard.discounted_residual(parameters, traits, np.array([2.0, 2.0]), 0.1, 3)
    assert total == pytest.approx(chain @ 1.1 ** -np.arange(3.0))


def test_hazard_gives_the_figures_of_statsmodels() -> None:
    # statsmodels 0.15.0, Logit(lost, [1, ln number, mrr, flag]).fit(tol=1e-14) on the same draws.
    draw = np.random.default_rng(1)
    number = draw.integers(1, 12, 3_000)
    traits = np.column_stack([draw.normal(300, 100, 3_000), draw.integers(0, 2, 3_000)])
    score = -2 - 0.5 * np.log(number) + 0.004 * (traits[:, 0] - 300) - 0.8 * traits[:, 1]
    lost = draw.random(3_000) < 1 / (1 + np.exp(-score))
    fit = hazard.fit(hazard.periods(number, traits, lost, np.ones(3_000), ["mrr", "flag"]))
    assert fit.converged
    assert not fit.warnings
    assert fit.values == pytest.approx(
        [-2.583167, -0.55289168, 0.0021554162, -0.87548984], rel=1e-6
    )
    errors = list(fit.standard_errors.values())
    assert errors == pytest.approx([0.3439768, 0.1132355, 0.0009074091, 0.1931001], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(-512.9195779, abs=1e-6)
