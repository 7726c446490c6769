"""Survey shares, differences in differences, broken series, key drivers: published and hand-made."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.models.difference_in_differences import (
    NEVER,
    difference_in_differences,
    placebo_dates,
)
from clv_cli.models.interrupted_series import interrupted_series, placebo_breaks
from clv_cli.models.relative_importance import lmg, relative_importance, relative_weights
from clv_cli.models.survey_share import Answers, SurveyRules, survey_share
from tests.models.published import SWISS


def starts(*values: int | None) -> np.ndarray:
    return np.array([NEVER if value is None else value for value in values], dtype=np.int64)


def test_a_survey_share_is_weighted_by_money_not_by_heads() -> None:
    found = survey_share(Answers(np.array([1000.0, 10, 10]), np.array([1.0, 0, 0])), 0.5)
    assert found.share == pytest.approx(1000 / 1020)
    assert found.method == "none"
    assert found.low is None
    # By hand: residuals 1000 x 20/1020, -10 x 1000/1020 twice; n/(n-1) = 1.5.
    residual = np.array([1000 * 20, -10 * 1000, -10 * 1000]) / 1020
    assert found.error == pytest.approx(np.sqrt(1.5 * (residual**2).sum()) / 1020)
    assert found.effective == pytest.approx(1020**2 / (1000**2 + 2 * 10**2))


def test_bounds_assume_nothing_about_those_who_did_not_answer() -> None:
    found = survey_share(Answers(np.array([1.0, 1.0]), np.array([1.0, 0.0])), 0.4)
    assert (found.least, found.most) == pytest.approx((0.2, 0.8))


def test_few_large_answers_have_no_interval_however_many_small_ones_there_are() -> None:
    money = np.concatenate([[1e6], np.ones(400)])
    found = survey_share(Answers(money, np.tile([0.0, 1.0], 201)[:401]), 1.0)
    assert (found.method, found.low) == ("none", None)


def test_strata_count_as_they_weigh() -> None:
    money, said = np.ones(4), np.array([1.0, 1.0, 0.0, 0.0])
    weights, strata = np.array([3.0, 3.0, 1.0, 1.0]), np.array([0, 0, 1, 1])
    found = survey_share(Answers(money, said, weights, strata), 1.0)
    assert found.share == pytest.approx(6 / 8)
    assert found.error == 0.0  # within each stratum everybody says the same


@settings(max_examples=5)
@given(st.permutations(range(150)))
def test_the_order_of_answers_does_not_change_a_digit(order: list[int]) -> None:
    rng = np.random.default_rng(2)
    money, said = np.exp(rng.normal(size=150) * 0.7), (rng.random(150) < 0.4).astype(float)
    one = survey_share(Answers(money, said), 0.7)
    assert one == survey_share(Answers(money[order], said[order]), 0.7)
    assert one.low is not None
    assert one.high is not None
    assert 0 <= one.low <= one.share <= one.high <= 1


def test_many_answers_get_the_linearised_interval() -> None:
    rng = np.random.default_rng(2)
    money, said = rng.random(300) + 1, (rng.random(300) < 0.4).astype(float)
    found = survey_share(Answers(money, said), 1.0, SurveyRules(linear=300))
    assert found.method == "linearised"
    assert found.error is not None
    assert found.low == pytest.approx(found.share - 1.96793 * found.error, abs=1e-5)  # t(299)


def test_californias_organ_donations_are_not_told_from_chance() -> None:
    """Kessler and Roth 2014: -0.0225, "significant" with clustered errors; 27 states say p = 0.185."""
    from causaldata import organ_donations

    data = organ_donations.load_pandas().data
    quarters = ["Q42010", "Q12011", "Q22011", "Q32011", "Q42011", "Q12012"]
    panel = data.pivot_table(index="State", columns="Quarter", values="Rate")[quarters]
    adopted = np.where(panel.index == "California", 3, NEVER)
    found = difference_in_differences(panel.to_numpy(), adopted)
    assert found is not None
    assert found.effect == pytest.approx(-0.02246, abs=1e-5)
    assert found.p_value == pytest.approx(5 / 27)
    assert found.least_p == pytest.approx(1 / 27)
    assert found.low < 0 < found.high


def test_one_adopter_is_compared_with_the_mean_of_the_others() -> None:
    panel = np.array([[1.0, 1, 5, 5], [2, 2, 3, 3], [4, 4, 7, 7]])
    found = difference_in_differences(panel, starts(2, None, None))
    assert found is not None
    assert found.effect == pytest.approx(4 - (1 + 3) / 2)
    # Dealt to each unit: 4 - 2, 1 - 3.5, 3 - 2.5: one more of three is as large.
    assert found.p_value == pytest.approx(2 / 3)
    assert (found.low, found.high) == (-np.inf, np.inf)  # three units can reject nothing at 5 %


def test_a_later_adopter_is_a_control_until_its_start() -> None:
    panel = np.array([[0.0, 6, 6, 6], [0, 1, 9, 9], [0, 2, 2, 2]])
    found = difference_in_differences(panel, starts(1, 2, None))
    assert found is not None
    # First: 6 - mean(1, 2); the second from its start: 9 - 0.5, less the third: 2 - 1.
    assert found.effect == pytest.approx(((6 - 1.5) + (8.5 - 1.0)) / 2)


def test_with_twenty_units_one_adopter_can_just_be_significant() -> None:
    panel = np.random.default_rng(0).normal(size=(20, 24))
    panel[7, 12:] += 50
    adopted = np.where(np.arange(20) == 7, 12, NEVER)
    found = difference_in_differences(panel, adopted)
    assert found is not None
    assert found.p_value == pytest.approx(0.05)
    assert found.low > 0


def test_the_order_of_units_does_not_matter_when_all_dealings_are_counted() -> None:
    panel = np.random.default_rng(4).normal(size=(9, 10))
    adopted = starts(5, 5, *[None] * 7)
    order = np.array([3, 0, 8, 1, 2, 7, 4, 6, 5])
    one = difference_in_differences(panel, adopted)
    other = difference_in_differences(panel[order], adopted[order])
    assert one is not None
    assert other is not None
    assert other.p_value == one.p_value
    assert other.effect == pytest.approx(one.effect)
    assert (other.low, other.high) == pytest.approx((one.low, one.high))


def test_nobody_before_or_beside_an_adopter_gives_no_answer() -> None:
    panel = np.ones((3, 4))
    assert difference_in_differences(panel, starts(0, None, None)) is None
    assert difference_in_differences(panel, starts(2, 2, 2)) is None
    assert difference_in_differences(panel, starts(None, None, None)) is None


def test_a_trend_that_began_before_shows_at_placebo_dates() -> None:
    panel = 0.1 * np.random.default_rng(6).normal(size=(24, 30))
    panel[:3] += 0.3 * np.arange(30)
    adopted = np.where(np.arange(24) < 3, 18, NEVER)
    placebos = placebo_dates(panel, adopted)
    assert len(placebos) == 3
    assert max(placebo.p_value for placebo in placebos) < 0.01
    assert placebo_dates(panel[:, :10], np.where(np.arange(24) < 3, 8, NEVER)) == []


def test_a_broken_series_is_fitted_as_generalised_least_squares_would() -> None:
    from scipy.linalg import toeplitz
    from statsmodels.regression.linear_model import GLS

    rng = np.random.default_rng(9)
    n, start = 48, 30
    noise = np.zeros(n)
    for t in range(1, n):
        noise[t] = 0.5 * noise[t - 1] + rng.normal()
    time = np.arange(n)
    after = (time >= start) * 1.0
    series = 10 + 0.1 * time + 2 * after + noise
    found = interrupted_series(series, start)
    assert found is not None
    columns = np.column_stack([np.ones(n), time, after, after * (time - start)])
    theirs = GLS(series, columns, sigma=toeplitz(found.rho ** np.arange(n))).fit()
    asked = np.array([0, 0, 1, (n - start - 1) / 2])
    test = theirs.t_test(asked)
    assert found.effect.value == pytest.approx(float(np.squeeze(test.effect)))
    assert found.effect.error == pytest.approx(float(np.squeeze(test.sd)))
    assert found.enough


def test_the_correlation_of_a_broken_series_maximises_the_restricted_likelihood() -> None:
    rng = np.random.default_rng(10)
    n, start = 40, 26
    series = np.cumsum(rng.normal(size=n)) * 0.5
    found = interrupted_series(series, start)
    assert found is not None
    time = np.arange(n)
    after = (time >= start) * 1.0
    columns = np.column_stack([np.ones(n), time, after, after * (time - start)])

    def restricted(rho: float) -> float:
        v = rho ** np.abs(np.subtract.outer(time, time)).astype(float)
        inverse = np.linalg.inv(v)
        gram = columns.T @ inverse @ columns
        rest = series - columns @ np.linalg.solve(gram, columns.T @ inverse @ series)
        scale = rest @ inverse @ rest / (n - 4)
        dets = np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1]
        return float(-0.5 * ((n - 4) * np.log(scale) + dets))

    grid = np.linspace(-0.25, 0.95, 61)
    assert restricted(found.rho) >= max(restricted(float(rho)) for rho in grid) - 0.02


def test_a_short_series_is_described_but_not_judged() -> None:
    found = interrupted_series(np.arange(20.0) + (np.arange(20) >= 12), 12)
    assert found is not None
    assert found.effect.value == pytest.approx(1.0)
    assert not found.enough
    assert interrupted_series(np.arange(6.0), 3) is None


def test_placebo_breaks_read_nothing_after_the_true_one() -> None:
    rng = np.random.default_rng(11)
    calm = rng.normal(size=40)
    loud = calm.copy()
    loud[24:] += 1000
    assert placebo_breaks(calm, 24) == placebo_breaks(loud, 24)
    assert len(placebo_breaks(calm, 24)) == 5
    assert placebo_breaks(calm, 10) == []


def test_importance_of_swiss_fertility_is_as_published() -> None:
    """Groemping 2006, R package relaimpo: LMG of `swiss`; the R² is 70.67 %."""
    correlation = np.corrcoef(np.roll(SWISS, -1, axis=1), rowvar=False)[None]
    published = [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]
    assert lmg(correlation)[0] == pytest.approx(published, abs=1e-7)


def correlations(p: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(60, p + 1)) @ rng.normal(size=(p + 1, p + 1))
    return np.asarray(np.corrcoef(values, rowvar=False))


@given(st.integers(1, 4), st.integers(0, 10_000))
def test_importance_is_the_mean_over_all_orders_of_entry(p: int, seed: int) -> None:
    correlation = correlations(p, seed)

    def explained(some: tuple[int, ...]) -> float:
        inner, outer = correlation[np.ix_(some, some)], correlation[list(some), -1]
        return float(outer @ np.linalg.solve(inner, outer)) if some else 0.0

    gains = np.zeros(p)
    orders = list(permutations(range(p)))
    for order in orders:
        for place, driver in enumerate(order):
            gains[driver] += explained(order[: place + 1]) - explained(order[:place])
    assert lmg(correlation[None])[0] == pytest.approx(gains / len(orders), abs=1e-5)


@given(st.integers(2, 9), st.integers(0, 10_000))
def test_both_decompositions_sum_to_what_all_drivers_explain(p: int, seed: int) -> None:
    correlation = correlations(p, seed)[None]
    total = 1 - 1 / np.linalg.inv(correlation[0])[-1, -1]
    assert lmg(correlation).sum() == pytest.approx(total, abs=1e-5)
    assert relative_weights(correlation).sum() == pytest.approx(total, abs=1e-5)
    if p == 2:
        assert relative_weights(correlation) == pytest.approx(lmg(correlation), abs=1e-5)


def test_drivers_of_equal_strength_are_not_told_apart_and_a_weak_one_is() -> None:
    rng = np.random.default_rng(12)
    x = rng.normal(size=(400, 3))
    found = relative_importance(x, x @ [1.0, 1.0, 0.1] + rng.normal(size=400))
    assert found is not None
    assert found.tier.tolist() == [1, 1, 2]
    assert found.first[:2].tolist() == [1, 1]
    assert found.last.tolist() == [2, 2, 3]
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()


def test_the_order_of_answers_and_drivers_changes_no_share() -> None:
    rng = np.random.default_rng(13)
    x = rng.normal(size=(100, 3))
    y = x @ [1.0, 0.5, 0.2] + rng.normal(size=100)
    one = relative_importance(x, y)
    rows = rng.permutation(100)
    other = relative_importance(x[rows], y[rows])
    assert one is not None
    assert other is not None
    assert (one.low == other.low).all()
    swapped = relative_importance(x[:, ::-1], y)
    assert swapped is not None
    assert swapped.share[::-1] == pytest.approx(one.share)


def test_more_than_fifteen_drivers_get_relative_weights() -> None:
    rng = np.random.default_rng(14)
    x = rng.normal(size=(300, 16))
    found = relative_importance(x, x[:, 0] + rng.normal(size=300))
    assert found is not None
    assert not found.exact
    assert found.rank[0] == 1


def test_too_few_answers_or_none_that_vary_give_no_importance() -> None:
    rng = np.random.default_rng(15)
    x, y = rng.normal(size=(29, 3)), rng.normal(size=29)
    assert relative_importance(x, y) is None
    assert relative_importance(np.ones((50, 2)), rng.normal(size=50)) is None
