"""What customers are worth: laws, sums, and the truths planted in the sample."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from clv_cli.errors import UsageError
from clv_cli.glossary import Kind
from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.holdout_tracking import holdout_tracking
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.model_rows import Candidate, Holdout, judged
from clv_cli.measures.residual_value import summed
from clv_cli.measures.without_help import models_without_help
from clv_cli.metrics.tables.conditions import parse, where
from clv_cli.models import geometric
from clv_cli.models.renewals import renewals
from clv_cli.results import Frames, collect_frames
from clv_cli.run.opening import Request, opened
from tests.books import Row, book, monthly, scope, service_cost

SAMPLE = Path(__file__).parents[2] / "sample_data" / "clv.yaml"


def base(factor: int = 1) -> list[Row]:
    """Twelve customers by the month, a third of whom leave after 2, 5, 8 or 11 months."""
    rows = []
    for n in range(12):
        months = (2, 5, 8, 11)[n // 3] if n % 3 == 0 else 12
        rows += monthly(f"c{n:02}", "2025-01-01", [(100 + 10 * n) * factor] * months)
    return rows


def frames(rows: list[Row], **tables: Any) -> Frames:  # noqa: ANN401
    return collect_frames([customer_value], scope(book(rows, **tables)))


def test_row_order_does_not_change_values() -> None:
    assert frames(base())[customer_value].equals(frames(base()[::-1])[customer_value])


@pytest.mark.parametrize("factor", [3, 10])
def test_values_scale_with_money(factor: int) -> None:
    one, many = frames(base())[customer_value], frames(base(factor))[customer_value]
    assert many["realised"].to_list() == [factor * v for v in one["realised"]]
    pairs = zip(one["future"], many["future"], strict=True)
    assert all(abs(b - factor * a) <= factor for a, b in pairs)


def test_every_value_is_finite_and_inside_its_intervals() -> None:
    values = frames(base())[customer_value]
    ends = ["low_95", "low_80", "future", "high_80", "high_95"]
    assert all(list(row) == sorted(row) for row in values.select(ends).iter_rows())
    assert min(values.filter("active")["future"]) > 0
    assert values.filter(~pl.col("active"))["future"].sum() == 0


def test_realised_margins_foot_to_the_company() -> None:
    costs = [service_cost("2025-03", "333.33"), service_cost("2025-07", "100.01")]
    values = frames(base(), service_costs=costs)[customer_value]
    assert sum(values["billed"]) - sum(values["realised"]) == 33333 + 10001


def test_more_margin_is_more_value() -> None:
    cheap = frames(base(), service_costs=[service_cost("2025-03", 100)])[customer_value]
    dear = frames(base(), service_costs=[service_cost("2025-03", 5000)])[customer_value]
    assert (cheap["value"] > dear["value"]).all()


def test_the_interval_of_a_sum_is_not_narrower_than_shared_errors_allow() -> None:
    got = frames(base())
    values, models = got[customer_value], got[lifetime_models]
    total = summed(values, models)
    assert total["future"] == values["future"].sum()
    # One model: errors are one error, so relative widths are alike and do not average away.
    widths = np.log(values.filter("active")["high_95"] / values.filter("active")["low_95"])
    assert math.log(total["high_95"] / total["low_95"]) == pytest.approx(widths.mean(), rel=0.3)


def test_nobody_left_means_no_model_and_says_so() -> None:
    values = frames(monthly("A", "2025-01-01", [100] * 12))[customer_value]
    assert values["reason"].to_list() == ["no model of contracts by the month"]
    assert values["value"].to_list() == values["realised"].to_list()


def test_a_model_that_loses_to_the_naive_rate_on_the_holdout_is_not_used() -> None:
    fit = geometric.fit(renewals([1, 2], [10, 5], [90, 85]))
    seen = Holdout(n=10, actual=1, expected=1.0, low=0.0, high=3.0, loss=0.30)
    worse = Holdout(n=10, actual=1, expected=4.0, low=1.0, high=7.0, loss=0.31)
    both = [
        Candidate("geometric", naive=True, fit=fit, holdout=seen),
        Candidate("sbg", naive=False, fit=fit, holdout=worse),
    ]
    chosen, reasons = judged(both)
    assert chosen == 0
    assert reasons[1] == "not used: loses to the naive rate on the holdout"
    better = judged([both[0], Candidate("sbg", naive=False, fit=fit, holdout=seen)])
    assert better[0] == 1


def test_a_constant_rate_is_worth_the_sum_of_its_terms() -> None:
    parameters, made = np.array([0.2]), np.array([0.0, 3.0])
    by_hand = sum(0.8 ** (j + 1) / 1.1**j for j in range(5))
    assert geometric.discounted_residual(parameters, made, 0.1, 5) == pytest.approx([by_hand] * 2)


def test_conditions_are_read_with_and_before_or() -> None:
    kinds = {"segment": Kind.TEXT, "mrr": Kind.MONEY, "p": Kind.RATIO}
    table = pl.DataFrame({"segment": ["a", "b", "b"], "mrr": [100, 200, 900], "p": [1.0, 0.2, 0.9]})
    asked = parse('segment = a or segment = "b" and mrr >= 2.5', kinds)
    assert table.filter(where(asked, "USD"))["mrr"].to_list() == [100, 900]


@pytest.mark.parametrize(
    ("text", "at"), [("mr > 1", 1), ("mrr > 1 adn p > 1", 9), ("mrr > x", 7), ("mrr >", 6)]
)
def test_a_condition_that_cannot_be_read_says_where(text: str, at: int) -> None:
    with pytest.raises(UsageError, match=f"character {at} of") as caught:
        parse(text, {"mrr": Kind.MONEY, "p": Kind.RATIO})
    assert caught.value.hint


def test_the_planted_heterogeneity_of_the_sample_lies_in_its_interval() -> None:
    """`sample_data/README.md`: the betas planted show without help; with it, what happened does."""
    with opened(Request(SAMPLE)) as asked:
        got = collect_frames([customer_value, models_without_help, holdout_tracking], asked)
        happened = got[lifetime_models].filter("chosen")
        alone = got[models_without_help]
        for models, world in (
            (alone, {"month": (1.3, 19.0), "year": (0.9, 2.7)}),
            (happened, {"month": (0.665, 11.932), "year": (0.824, 3.412)}),
        ):
            for interval, truth in world.items():
                mine = pl.col("population") == f"contracts by the {interval}"
                row = models.filter(mine).row(0, named=True)
                errors = np.sqrt(np.diag(np.reshape(row["covariance"], (2, 2))))
                away = np.abs(np.log(np.array(row["parameters"]) / truth)) / errors
                assert (away < 1.96).all(), interval
        # Help kept customers: what happened by the month is farther from the betas than that.
        month = happened.filter(pl.col("interval") == "month").row(0, named=True)
        errors = np.sqrt(np.diag(np.reshape(month["covariance"], (2, 2))))
        assert (np.abs(np.log(np.array(month["parameters"]) / (1.3, 19.0))) / errors)[0] > 1.96
        # What is printed by month and by past is the holdout of the choice, taken apart.
        sums = got[holdout_tracking].group_by("population").agg(pl.col("seen", "expected").sum())
        assert sums.height == 2
        for row in sums.join(happened, on="population").to_dicts():
            assert row["seen"] == row["holdout_actual"]
            assert row["expected"] == pytest.approx(row["holdout_expected"], rel=1e-9)


def test_a_report_loads_no_model(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['clv', 'report', '-q', '-c', sys.argv[1]]\n"
        "from clv_cli.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "assert 'scipy' not in sys.modules and 'clv_cli.models' not in sys.modules\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(SAMPLE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
