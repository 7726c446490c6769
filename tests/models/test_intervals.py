"""Intervals: the algebra by hand, and a small run of the coverage recipe."""

from __future__ import annotations

import numpy as np
import pytest

from clv_cli.models import gamma_gamma, sbg
from clv_cli.models.beta_geometric import bg_nbd
from clv_cli.models.intervals import Estimate, Scale, delta
from clv_cli.models.renewals import from_survivors
from tests.models import cdnow
from tests.recipes import coverage


def test_the_delta_method_by_hand() -> None:
    fit = sbg.fit(from_survivors([1000, 869, 743, 653, 593]))
    # ln(alpha / (alpha + beta)) has gradient (1 - m, -(1 - m)) in log parameters.
    share = delta(lambda p: np.array([p[0] / p.sum()]), fit)
    mean = fit.values[0] / fit.values.sum()
    gradient = mean * (1 - mean) * np.array([1.0, -1.0])
    error = np.sqrt(gradient @ fit.search_covariance @ gradient)
    assert share.standard_error == pytest.approx([error], rel=1e-4)
    low, high = share.interval(0.95, "plain")
    assert (high - low) / 2 == pytest.approx([1.959964 * error], rel=1e-4)
    scales: tuple[Scale, ...] = ("log", "logit")
    for scale in scales:
        low, high = share.interval(0.8, scale)
        assert 0 < low[0] < mean < high[0] < 1


def test_errors_of_customers_are_one_error_in_their_total() -> None:
    stats = cdnow.rounded()
    fit = bg_nbd.fit(stats)
    each = delta(lambda p: bg_nbd.expected_purchases(p, stats, 39.0), fit)
    total = each.total()
    summed = delta(lambda p: np.array([bg_nbd.expected_purchases(p, stats, 39.0).sum()]), fit)
    assert total.value == pytest.approx(summed.value)
    assert total.standard_error == pytest.approx(summed.standard_error)
    # One error for all: not the root of the sum of squares.
    assert total.standard_error[0] > 3 * np.sqrt((each.standard_error**2).sum())
    draws = fit.draws(100, seed=1)
    drawn = [bg_nbd.expected_purchases(p, stats, 39.0).sum() for p in draws]
    assert np.std(drawn) == pytest.approx(total.standard_error[0], rel=0.25)


def test_a_product_of_independent_fits_adds_relative_errors() -> None:
    stats = cdnow.rounded()
    known = cdnow.summary()
    spent = gamma_gamma.spending(known["x"], known["zbar"])
    buying, spending = bg_nbd.fit(stats), gamma_gamma.fit(spent)
    future = delta(lambda p: bg_nbd.discounted_residual(p, stats, 0.002, 52.0), buying)
    spend = delta(lambda p: gamma_gamma.expected_spend(p, spent), spending)
    both = delta(
        lambda p, q: (
            bg_nbd.discounted_residual(p, stats, 0.002, 52.0) * gamma_gamma.expected_spend(q, spent)
        ),
        buying,
        spending,
    )
    product = future.times(spend)
    assert product.value == pytest.approx(both.value)
    assert product.standard_error == pytest.approx(both.standard_error, rel=1e-3)
    relative = (future.standard_error / future.value) ** 2 + (
        spend.standard_error / spend.value
    ) ** 2
    assert product.standard_error / product.value == pytest.approx(np.sqrt(relative))
    grouped, groups = stats.grouped()
    shared = delta(lambda p: bg_nbd.discounted_residual(p, grouped, 0.002, 52.0), buying)
    assert shared.of(groups.member).value == pytest.approx(future.value)


def test_noise_widens_and_a_weight_of_nothing_leaves_out() -> None:
    one = Estimate(np.array([4.0, 9.0]), np.array([[0.5, 1.0]]), np.eye(1))
    assert one.total(np.array([1.0, 0.0])).standard_error == pytest.approx([0.5])
    narrow, wide = (np.diff(one.total().interval(noise=v), axis=0)[0, 0] for v in (0.0, 9.0))
    assert wide > 2 * narrow
    assert Estimate(np.zeros(1), np.zeros((1, 1)), np.eye(1)).interval()[1] == pytest.approx([0.0])


@pytest.mark.parametrize("name", ["bg_nbd", "gamma_gamma", "sbg"])
def test_a_few_simulated_bases_are_covered(name: str) -> None:
    # The recipe counts 200 bases of 4,000 customers; here 12 of 1,500 show that nothing is off by much.
    found = [coverage.BASES[name](seed, 1_500) for seed in range(12)]
    held = np.concatenate([[*o.parameters, o.total, o.customer] for o in found])
    assert held.mean() > 0.8
    assert sum(o.total for o in found) >= 9
