"""Effects on the treated: known answers, hand-made cases, and a gate that refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clv_cli.models.aipw import aipw, difference_of_means, ipw, odds
from clv_cli.models.covariates import Covariate, Scale, design
from clv_cli.models.effect import Study, cross_checks, effect_on_treated, hidden_cause
from clv_cli.models.entropy_balancing import entropy_balanced
from clv_cli.models.gate import Rules
from clv_cli.models.matching import matched
from clv_cli.models.ridge import fit_linear, fit_logistic, with_intercept
from clv_cli.models.sensitivity import as_strong_as, hidden_bias, robustness_value
from clv_cli.models.strata import stratified
from tests.models.published import job_training


def toy(n: int = 300, seed: int = 1, pull: float = 0.5, gain: float = 2.0) -> Study:
    rng = np.random.default_rng(seed)
    x, u = rng.normal(size=(2, n))
    treated = rng.random(n) < 1 / (1 + np.exp(-pull * x))
    outcome = 10 + x + gain * treated + rng.normal(size=n)
    before = x + rng.normal(size=n)
    return Study(outcome, treated, [Covariate("x", x), Covariate("u", u)], {"before": before})


def test_the_job_training_experiment_passes_the_gate_and_its_interval_holds_1794() -> None:
    effect = effect_on_treated(job_training("experiment"))
    assert effect is not None
    assert effect.naive.value == pytest.approx(1794.34, abs=0.01)  # Dehejia and Wahba 1999, table 3
    assert effect.passed, effect.failures
    assert effect.estimate.low < 1794 < effect.estimate.high
    assert effect.placebos[0].estimate.z == pytest.approx(0.7, abs=0.3)


def test_survey_controls_for_the_job_training_are_refused_in_plain_words() -> None:
    effect = effect_on_treated(job_training("survey"))
    assert effect is not None
    assert effect.naive.value == pytest.approx(-8497.5, abs=0.1)
    assert not effect.passed
    assert "24 % of the treated have no comparable untreated case" in effect.failures
    failed = {check.name for check in effect.checks if not check.passed}
    assert failed == {"support", "weights", "placebo"}


def test_other_methods_agree_with_ours_on_the_experiment() -> None:
    study = job_training("experiment")
    effect = effect_on_treated(study)
    assert effect is not None
    others = cross_checks(study)
    assert set(others) == {"weighting", "strata", "matching", "entropy_balancing"}
    for other in others.values():
        assert abs(other.value - effect.estimate.value) < effect.estimate.error / 2


def test_without_covariates_the_estimate_is_the_difference_of_means() -> None:
    outcome = np.array([1.0, 2, 6, 3, 4, 5, 9, 9])
    treated = np.array([1, 0, 1, 0, 0, 1, 0, 1], dtype=bool)
    nothing, half = np.empty((8, 0)), np.full(8, 0.5)
    means = outcome[treated].mean() - outcome[~treated].mean()
    assert aipw(outcome, treated, nothing, half).estimate.value == pytest.approx(means)
    assert ipw(outcome, treated, half).value == pytest.approx(means)
    naive = difference_of_means(outcome, treated)
    assert naive.value == pytest.approx(means)
    # Welch's standard error by hand: variances 10.9167 and 9.6667 over 4 each.
    assert naive.error == pytest.approx(np.sqrt(10.9166667 / 4 + 9.6666667 / 4))


def test_weights_are_capped_at_the_top_only() -> None:
    assert odds(np.array([1e-9, 0.5, 0.999999])) == pytest.approx([1e-9, 1.0, 99.0])


def test_a_gain_of_every_treated_unit_is_found_one_to_one() -> None:
    study = toy()
    plain, more = effect_on_treated(study), None
    shifted = replace(study, outcome=study.outcome + 3.0 * study.treated)
    more = effect_on_treated(shifted)
    assert plain is not None
    assert more is not None
    assert more.estimate.value == pytest.approx(plain.estimate.value + 3.0)
    assert more.estimate.error == pytest.approx(plain.estimate.error)


def test_the_order_of_rows_does_not_matter() -> None:
    study = toy()
    order = np.random.default_rng(0).permutation(len(study.outcome))
    turned = Study(
        study.outcome[order],
        study.treated[order],
        [Covariate(c.name, c.values[order], c.scale) for c in study.covariates],
        {name: values[order] for name, values in study.placebos.items()},
    )
    one, other = effect_on_treated(study), effect_on_treated(turned)
    assert one is not None
    assert other is not None
    assert other.estimate.value == pytest.approx(one.estimate.value, rel=1e-9)
    assert [c.passed for c in one.checks] == [c.passed for c in other.checks]


def test_the_gains_of_the_treated_average_to_the_estimate() -> None:
    effect = effect_on_treated(toy())
    assert effect is not None
    assert effect.gains.mean() == pytest.approx(effect.estimate.value)
    assert len(effect.gains) == effect.overlap.treated


def test_units_too_certain_of_treatment_are_left_out_and_counted() -> None:
    study = toy(n=1500, pull=2.5)
    trimmed = effect_on_treated(study)
    assert trimmed is not None
    assert trimmed.overlap.treated < trimmed.treated
    whole = effect_on_treated(study, Rules(trim_above=1.0))
    assert whole is not None
    assert whole.kept.all()
    assert trimmed.overlap.imbalance < whole.overlap.imbalance


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        (Rules(group=200), "size"),
        (Rules(effective=500), "effective_sample"),
        (Rules(imbalance=1e-6), "balance"),
        (Rules(heaviest=0.001), "weights"),
        (Rules(off_support=-0.1), "support"),
        (Rules(false_alarm=0.999999), "placebo"),
    ],
)
def test_every_rule_of_the_gate_can_fail_alone(rules: Rules, name: str) -> None:
    effect = effect_on_treated(toy(), rules)
    assert effect is not None
    failed = [check.name for check in effect.checks if not check.passed]
    assert failed == [name]
    assert len(effect.failures) == 1


def test_without_a_placebo_nothing_is_called_an_effect() -> None:
    effect = effect_on_treated(replace(toy(), placebos={}))
    assert effect is not None
    assert not effect.passed
    assert effect.failures == ["no placebo test could be run, so a hidden cause would go unnoticed"]


def test_an_interval_wider_than_all_that_the_treated_brought_says_nothing() -> None:
    study = toy(gain=0.0)
    effect = effect_on_treated(replace(study, outcome=(study.outcome - 10) * 100))
    assert effect is not None
    assert "width" in {check.name for check in effect.checks if not check.passed}


def test_placebos_share_one_false_alarm_among_them() -> None:
    study = toy()
    noise = np.random.default_rng(3).normal(size=(5, len(study.outcome)))
    many = replace(study, placebos={f"p{i}": row for i, row in enumerate(noise)})
    effect = effect_on_treated(many)
    assert effect is not None
    check = effect.checks[-1]
    assert check.limit == pytest.approx(
        2.5758, abs=1e-3
    )  # two-sided 1 %, five tests at 5 % together


def test_fewer_than_ten_of_a_kind_are_not_compared_at_all() -> None:
    study = toy(n=30)
    few = replace(study, treated=np.arange(30) < 9)
    assert effect_on_treated(few) is None
    assert cross_checks(few) == {}


def test_a_logistic_fit_converges_where_the_groups_are_separated() -> None:
    x = np.linspace(-2, 2, 60)[:, None]
    fit = fit_logistic(x, x[:, 0] > 0)
    assert fit.converged
    assert 0 < fit.probability.min() < fit.probability.max() < 1


def test_regressions_agree_with_statsmodels() -> None:
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.regression.linear_model import WLS

    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 3))
    d = rng.random(400) < 1 / (1 + np.exp(-x @ [0.5, -0.3, 0.0] - 0.2))
    ours = fit_logistic(x, d, penalty=1e-10)
    theirs = Logit(d.astype(float), with_intercept(x)).fit(disp=0)
    assert ours.coefficients == pytest.approx(np.asarray(theirs.params), abs=1e-6)
    y, w = x @ [1.0, 2.0, 3.0] + rng.normal(size=400), rng.random(400) * 1e9
    line = np.asarray(WLS(y, with_intercept(x), weights=w).fit().params)
    assert fit_linear(x, y, w) == pytest.approx(line, abs=1e-6)


def test_entropy_balancing_gives_the_untreated_the_means_of_the_treated() -> None:
    study = toy(n=500, pull=1.0)
    matrix = design(study.covariates).matrix
    found = entropy_balanced(study.outcome, study.treated, matrix)
    assert found.converged
    assert found.weights.sum() == pytest.approx(1)
    gap = found.weights @ matrix[~study.treated] - matrix[study.treated].mean(axis=0)
    assert np.abs(gap).max() < 1e-6
    assert abs(found.estimate.value - 2.0) < 3 * found.estimate.error


def test_entropy_balancing_says_when_no_weights_can_do_it() -> None:
    x = np.concatenate([np.linspace(5, 6, 20), np.linspace(0, 1, 20)])[:, None]
    treated = np.arange(40) < 20
    assert not entropy_balanced(x[:, 0], treated, x).converged


def test_a_match_is_the_nearest_untreated_row() -> None:
    # A curve and a gain of 7: neighbours a hundredth apart, where a line through all would be wrong.
    x = np.concatenate([np.linspace(-1, 1, 200), [-0.5, 0.005, 0.7]])
    treated = np.arange(203) >= 200
    found = matched(10 * x**2 + 7.0 * treated, treated, x[:, None])
    assert found.value == pytest.approx(7.0, abs=0.05)


def test_strata_weigh_their_differences_by_the_treated() -> None:
    # Two levels of the chance of help; gains of 1 (4 treated) and 5 (6 treated): (4 + 30) / 10.
    probability = np.concatenate([np.full(24, 0.2), np.full(36, 0.6)])
    treated = np.concatenate([np.arange(24) < 4, np.arange(36) < 6])
    outcome = np.concatenate([np.full(24, 2.0), np.full(36, 3.0)])
    outcome[:4] += 1.0
    outcome[24:30] += 5.0
    found = stratified(outcome, treated, probability)
    assert found is not None
    assert found.estimate.value == pytest.approx(3.4)
    assert found.kept == 1.0


def test_strata_without_untreated_rows_are_left_out() -> None:
    treated = np.arange(20) < 15
    assert stratified(np.ones(20), treated, np.linspace(0, 1, 20)) is None


def test_robustness_values_are_those_of_the_published_example() -> None:
    # Cinelli and Hazlett 2020, Darfur: estimate 0.097, error 0.023, 783 degrees of freedom; RV 13.9 %;
    # a confounder as strong as `female` leaves 0.075.
    assert robustness_value(0.0973 / 0.0233, 783) == pytest.approx(0.139, abs=0.001)
    assert 0.0973 - hidden_bias(0.0233, 783, 0.1246, 0.0092) == pytest.approx(0.0752, abs=2e-4)
    outcome, arm = as_strong_as(0.1097, 0.0091)
    assert (outcome, arm) == pytest.approx((0.1246, 0.0092), abs=2e-3)


def test_the_strongest_observed_cause_is_named() -> None:
    study = toy(n=800, pull=1.0)
    effect = effect_on_treated(study)
    assert effect is not None
    hidden = hidden_cause(study, effect)
    assert hidden.benchmark == "x"
    assert 0 < hidden.robustness < 1


def test_money_is_tamed_and_what_says_nothing_is_left_out() -> None:
    values = np.concatenate([np.zeros(50), np.full(50, 1e6)])
    flag = (values > 0).astype(float)
    made = design(
        [
            Covariate("money", np.linspace(0, 1e9, 100), Scale.MONEY),
            Covariate("constant", np.ones(100)),
            Covariate("flag", flag, Scale.FLAG),
            Covariate("same flag", flag, Scale.FLAG),
        ]
    )
    assert made.names == ("money", "money²", "flag")
    assert np.abs(made.matrix.mean(axis=0)).max() < 1e-9
    assert made.matrix.std(axis=0) == pytest.approx(1)
