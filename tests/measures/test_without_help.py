"""How customers would stay without help: weights, covariance, and a world with a known truth."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from clv_cli.measures.episode_covariates import FACTS, KNOWN
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.measures.without_help import help_facts, renewals_without_help
from clv_cli.metrics import models_tables
from clv_cli.models import censoring, sbg
from clv_cli.models.covariates import Covariate, Scale
from clv_cli.models.renewals import Renewals, renewals
from clv_cli.results import collect_frames
from tests.books import book, monthly, scope

FLAGGED = date(2025, 3, 10)


def weighed(helped: int, unhelped: int) -> pl.DataFrame:
    """Customers of three renewals each, all flagged alike between the first and the second."""
    lines = [
        row for n in range(helped + unhelped) for row in monthly(f"c{n:02}", "2025-03-01", [9] * 4)
    ]
    asked = collect_frames([renewal_opportunities], scope(book(lines)))
    codes = pl.Series("code", range(helped + unhelped), pl.Int32)
    flags = pl.format("f{}", codes).alias("flag_id")
    episodes = pl.DataFrame([codes]).with_columns(
        flags,
        flagged_on=FLAGGED,
        landmark=FLAGGED + timedelta(days=30),
        helped=codes < helped,
        state=pl.lit("open"),
    )
    names = [*FACTS, *KNOWN]
    facts = episodes.select(
        "flag_id", "code", pl.lit("smb").alias("segment"), *(pl.lit(1.0).alias(n) for n in names)
    )
    return renewals_without_help.derive(asked.scope, asked[renewal_opportunities], episodes, facts)


def test_an_unhelped_episode_stands_for_the_helped_ones_like_it() -> None:
    # 10 of 40 were helped: each of the 30 others counts 40 / 30 from the landmark on.
    found = weighed(10, 30)
    before = found.filter(pl.col("number") == 1)
    after = found.filter(pl.col("number") > 1)
    assert before["weight"].unique().to_list() == [1.0]
    assert after.filter(pl.col("code") < 10)["weight"].unique().to_list() == [0.0]
    assert after.filter(pl.col("code") >= 10)["weight"].to_numpy() == pytest.approx(4 / 3, rel=1e-6)
    # Nobody is lost by weighting: the weights of a renewal sum to the customers who faced it.
    assert after.filter(pl.col("number") == 2)["weight"].sum() == pytest.approx(40, rel=1e-6)


def test_too_few_episodes_to_compare_say_nothing() -> None:
    assert weighed(9, 30).height == 0


def test_without_risk_flags_only_what_happened_is_shown() -> None:
    asked = scope(book(monthly("A", "2025-01-01", [9] * 4)))
    tables = {table.name: table for table in models_tables(asked)}
    assert "without_help" not in [column.name for column in tables["survival"].columns]
    assert help_facts not in tables["parameters"].needs
    assert risk_episodes not in tables["survival"].needs


def test_customers_counted_once_have_the_errors_of_the_information() -> None:
    # The sandwich of a right model is the inverse information, but for chance.
    draw = np.random.default_rng(3)
    number, lost, customer = lives(draw, draw.beta(0.9, 3.4, 6_000), 6)
    fit = sbg.fit(counted(number, lost, np.ones(len(number))))
    found = censoring.robust(fit, sbg.retention, number, lost, np.ones(len(number)), customer)
    plain, sandwich = np.diag(fit.search_covariance), np.diag(found.search_covariance)
    assert sandwich == pytest.approx(plain, rel=0.1)
    # Everybody seen twice over adds nothing: the customers are no more.
    again, gone, ones = (np.tile(column, 2) for column in (number, lost, np.ones(len(number))))
    double = sbg.fit(counted(again, gone, ones))
    same = censoring.robust(double, sbg.retention, again, gone, ones, np.tile(customer, 2))
    assert np.diag(same.search_covariance) == pytest.approx(sandwich, rel=1e-6)


def test_a_world_without_help_is_recovered_from_one_with_it() -> None:
    # Those in trouble are helped more often, and help keeps 60 % of those who would leave.
    draw = np.random.default_rng(5)
    customers, truth = 20_000, np.array([1.3, 4.0])
    chance = draw.beta(truth[0], truth[1], customers)
    trouble = draw.random(customers) < np.where(chance > 0.3, 0.7, 0.3)
    helped = draw.random(customers) < np.where(trouble, 0.6, 0.2)
    saved = helped & (draw.random(customers) < 0.6)
    number, lost, customer = lives(draw, np.where(saved, 0.0, chance), 6)
    traits = [Covariate("trouble", trouble.astype(float), Scale.FLAG)]
    weight = censoring.weights(traits, helped)[customer]
    naive = sbg.fit(counted(number, lost, np.ones(len(number))))
    fit = sbg.fit(counted(number, lost, weight))
    found = censoring.robust(fit, sbg.retention, number, lost, weight, customer)
    away = np.abs(np.log(found.values / truth)) / np.sqrt(np.diag(found.search_covariance))
    assert (away < 2.6).all()
    assert (np.abs(np.log(naive.values / truth)) > 0.15).any()


def lives(
    draw: np.random.Generator, chance: np.ndarray, asked: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Renewal number, whether lost, and customer, of everyone asked up to so many times."""
    stays = np.minimum(draw.geometric(np.maximum(chance, 1e-12)), asked + 1)
    customer = np.repeat(np.arange(len(chance)), np.minimum(stays, asked))
    number = np.concatenate([np.arange(1.0, min(n, asked) + 1) for n in stays])
    return number, (number == stays[customer]).astype(float), customer


def counted(number: np.ndarray, lost: np.ndarray, weight: np.ndarray) -> Renewals:
    """Weighted renewal counts."""
    k = np.arange(1, int(number.max()) + 1)
    gone, stayed = (np.bincount(number.astype(int), weight * side)[1:] for side in (lost, 1 - lost))
    return renewals(k, gone, stayed)
