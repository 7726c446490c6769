"""MBG/CNBD-k: the closed form in roots of q against the sum over purchases, and its place in the choice."""

from __future__ import annotations

import numpy as np
import pytest

from clv_cli.models import mbg_cnbd_k
from clv_cli.models.beta_geometric import mbg_nbd
from clv_cli.models.histories import Histories, histories

TRUTH = np.array([0.8, 1.5, 0.6, 1.9])


def customers() -> Histories:
    draw = np.random.default_rng(7)
    x = draw.poisson(3, 80) * (draw.random(80) < 0.6)
    age = draw.integers(0, 150, 80) + 1.0
    return histories(x, np.where(x > 0, 0.8 * age, 0), age)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("horizon", [2.0, 40.0])
def test_the_closed_form_is_the_sum_over_purchases(k: int, horizon: float) -> None:
    found = mbg_cnbd_k.expected_purchases(TRUTH, customers(), horizon, k)
    summed = mbg_cnbd_k.summed_purchases(TRUTH, customers(), horizon, k)[0]
    assert found == pytest.approx(summed, rel=1e-6)


def test_without_regularity_it_is_the_mbg_nbd() -> None:
    found = mbg_cnbd_k.discounted_residual(TRUTH, customers(), 0.002, 260.0, 1)
    other = mbg_nbd.discounted_residual(TRUTH, customers(), 0.002, 260.0)
    assert found == pytest.approx(other, rel=1e-12)
    scatter = mbg_cnbd_k.purchases_variance(TRUTH, customers(), 30.0, 1)
    assert scatter == pytest.approx(mbg_nbd.purchases_variance(TRUTH, customers(), 30.0), rel=1e-7)


def test_discounting_takes_off_what_comes_late() -> None:
    # Against the definition: what is bought in each of 100 short steps, discounted to their middle.
    one = histories([4], [30.0], [39.0])
    edges = np.linspace(0, 52, 101)
    until = [float(mbg_cnbd_k.expected_purchases(TRUTH, one, t, 2)[0]) for t in edges]
    middle = (edges[1:] + edges[:-1]) / 2
    direct = np.exp(-0.01 * middle) @ np.diff(until)
    assert mbg_cnbd_k.discounted_residual(TRUTH, one, 0.01, 52.0, 2) == pytest.approx(
        direct, rel=2e-5
    )


def test_the_regularity_counts_as_a_parameter() -> None:
    fit = mbg_cnbd_k.most_likely(customers(), 100.0, smallest=2)[0]
    assert fit.bic == pytest.approx(5 * np.log(80) - 2 * fit.log_likelihood)
    assert fit.model.startswith("mbg_cnbd_")
