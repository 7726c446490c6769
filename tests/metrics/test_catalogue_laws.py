"""Laws that every metric of the catalogue keeps, on companies with every table."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli import metrics
from clv_cli.errors import DataError
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.cohorts import cohort_months
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.dimensions import DIMENSIONS
from clv_cli.measures.formulas import evaluate, keys
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.metrics import METRICS
from clv_cli.metrics.tables.parts import values_of
from clv_cli.metrics.tables.spans import WHOLE, figure_over, sums
from clv_cli.periods import Period
from clv_cli.pipeline import Collected, Over
from clv_cli.results import Frames, behind, collect, collect_frames
from tests.books import book, monthly, rate, scope
from tests.companies import Company
from tests.once import Once

if TYPE_CHECKING:
    from clv_cli.pipeline import Figure, Measure

SEEDS = (1,)
BEHIND = (mrr_spans, revenue_facts, customer_revenue)


@pytest.fixture(scope="module", params=SEEDS)
def once(request: pytest.FixtureRequest) -> Once:
    return Once(Company(request.param).scope())


@pytest.fixture(scope="module")
def company(once: Once) -> tuple[Any, Frames]:
    return once.scope, once.frames(_needs())


def _figures(company: tuple[Any, Frames]) -> list[tuple[str, Figure]]:
    asked, frames = company
    spans = ([asked.closing], [asked.closing - 5], range(asked.closing - 5, asked.closing - 2))
    return [(n, figure_over(m, frames, span)) for n, m in METRICS.items() for span in spans]


def test_the_inputs_of_every_formula_recompute_the_value(company: tuple[Any, Frames]) -> None:
    valued = set()
    for name, figure in _figures(company):
        if figure.value is None:
            assert figure.reason, name
            continue
        value = evaluate(GLOSSARY[name].calc, values_of(figure))
        assert figure.value == (round(value) if GLOSSARY[name].kind in WHOLE else value), name
        valued.add(name)
    assert len(valued) > len(METRICS) * 0.8


def test_the_ledger_rows_of_every_part_sum_to_it(company: tuple[Any, Frames]) -> None:
    summed = 0
    for name, figure in _figures(company):
        for put in figure.inputs:
            if put.rows is None or put.key not in keys(GLOSSARY[name].calc):
                continue
            rows = put.rows()
            assert set(rows.columns) == {"customer_id", "note", "units"}
            total = Fraction(int(rows["units"].cast(pl.Int128).sum()), put.unit)
            # Foreign levels are rounded once a customer here, once a currency in the total.
            slack = Fraction(2 * rows.height, put.unit) if put.unit > 1 else 0
            assert abs(total - Fraction(put.value or 0)) <= slack, (name, put.key)
            summed += 1
    assert summed > len(METRICS)


class Read(Collected):
    """Frames that remember which measures were asked for."""

    def __init__(self, frames: Frames) -> None:
        self.scope, self.frames = frames.scope, frames
        self.names: set[str] = set()

    def __getitem__(self, measure: Measure) -> pl.DataFrame:
        self.names.add(measure.name)
        return self.frames[measure]


def test_figures_need_rows_by_customer_only_where_they_read_them(
    company: tuple[Any, Frames],
) -> None:
    """The largest frames: what only ledger rows read stands `behind`, or every report would hold it."""
    asked, frames = company
    large = {measure.name for measure in behind(_needs()) if measure.by_customer}
    for name, metric in METRICS.items():
        read = Read(frames)
        metric.figures(read, range(asked.closing - 5, asked.closing + 1))
        needed = {need.name for need in metric.needs if need.by_customer}
        assert needed == read.names & large, name


def test_every_part_that_is_a_sum_has_rows(company: tuple[Any, Frames]) -> None:
    settings = {"cap", "months", "days", "per_year", "age", "squares", "prior_period_adjustment"}
    for name, figure in _figures(company):
        for put in figure.inputs:
            if put.key in keys(GLOSSARY[name].calc) and put.key not in settings:
                assert put.rows is not None, (name, put.key)


@pytest.fixture(scope="module")
def last_quarter(once: Once) -> Once:
    closing = once.scope.closing
    return Once(replace(once.scope, period=Period(closing - 3, closing + 1)))


@pytest.mark.parametrize("by", DIMENSIONS)
def test_parts_sum_to_the_whole(last_quarter: Once, by: str) -> None:
    names = [n for n, m in METRICS.items() if sums(m) and not m.whole]
    wide, _figures_table = last_quarter.collect(metrics.metrics_tables(names, "quarter", by))
    rows = wide.rows.frame
    for name in names:
        parts = rows.filter(pl.col(by) != "total").group_by("quarter").agg(pl.col(name).sum())
        whole = rows.filter(pl.col(by) == "total").select("quarter", pl.col(name).fill_null(0))
        assert dict(parts.iter_rows()) == dict(whole.iter_rows()), name


@pytest.mark.parametrize("by", DIMENSIONS)
def test_the_parts_of_every_formula_sum_to_its_inputs(once: Once, by: str) -> None:
    from clv_cli.measures.slices import slice_needs, slices

    asked, frames = once.scope, once.frames([*_needs(), *slice_needs(by)])
    cut = [part for _, part in slices(frames, by)]
    for name in ("clv", "cac", "customer_net_worth", "nrr", "logo_churn", "recovery_rate"):
        whole = values_of(figure_over(METRICS[name], frames, [asked.closing]))
        each = [values_of(figure_over(METRICS[name], part, [asked.closing])) for part in cut]
        for key in set(whole) - {"cap"}:
            total = sum(Fraction(values.get(key, 0)) for values in each)
            assert abs(total - Fraction(whole[key])) < Fraction(1, 100), (name, key)


def _needs() -> list[Any]:
    return [*(need for m in METRICS.values() for need in (*m.needs, *m.behind)), *BEHIND]


def test_a_metric_that_cannot_be_cut_says_why() -> None:
    asked = Company(1).scope()
    wide, _ = collect(metrics.metrics_tables(["win_rate", "mrr"], "year", "segment"), asked)
    why = {reason for _, column, reason in wide.rows.reasons if column == "win_rate"}
    assert "deals name CRM accounts, not all of which are customers" in why


def test_a_quarters_movements_are_the_sum_of_its_months(company: tuple[Any, Frames]) -> None:
    asked, frames = company
    months = range(asked.closing - 2, asked.closing + 1)
    flows = 0
    for name, metric in METRICS.items():
        each = [figure_over(metric, frames, [month]) for month in months]
        over = {put.over for f in each for put in f.inputs if put.key in keys(GLOSSARY[name].calc)}
        if not sums(metric) or over != {Over.SUM}:
            continue
        quarter = figure_over(metric, frames, months)
        exact = sum(evaluate(GLOSSARY[name].calc, values_of(figure)) for figure in each)
        assert quarter.value == round(exact), name
        flows += 1
    assert flows > 12


def test_a_quarters_stock_is_that_of_its_last_month_and_its_rate_is_no_average() -> None:
    lines = [*monthly("A", "2025-01-01", [100] * 6), *monthly("B", "2025-01-01", [100] * 4)]
    lines += monthly("C", "2025-05-01", [50, 50])
    of = scope(book(lines), "2025-06", ("2025-04", "2025-06"))
    wide, full = collect(
        metrics.metrics_tables(["mrr", "logo_churn", "quick_ratio"], "quarter"), of
    )
    row = wide.records()[0]
    assert (row["quarter"], row["mrr"], row["logo_churn"]) == ("2025Q2", 150_00, 0.5)
    assert row["quick_ratio"] == 0.5
    figure = full.records()[1]
    assert (figure["numerator"], figure["denominator"], figure["n"]) == ("1", "2", 2)
    assert figure["method"] == "Wilson score"
    assert figure["convention"] == "clv"


@pytest.mark.parametrize("of", ["customers", "revenue", "margin"])
@pytest.mark.parametrize("by", ["month", "quarter", "segment"])
def test_each_customer_is_in_one_cohort(
    once: Once, company: tuple[Any, Frames], of: str, by: str
) -> None:
    asked, frames = company
    wide = once.collect(metrics.cohort_tables(asked, of, by))[0].rows.frame
    first = frames[mrr_movements].filter(pl.col("new") != 0).group_by("code")
    started = first.agg(pl.col("month").min()).filter(pl.col("month") >= asked.period.first)
    sizes = wide.filter(pl.col("cohort") != "average")["customers"].sum()
    assert sizes == started.height
    if wide.height:
        assert wide.filter(pl.col("cohort") == "average")["customers"].item() == sizes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("of", ["customers", "revenue", "margin"])
def test_a_later_month_changes_no_closed_cell(seed: int, of: str) -> None:
    earlier, later = (_cells(Company(seed), of, as_of) for as_of in ("2025-03", "2025-06"))
    assert earlier
    assert all(later[key] == value for key, value in earlier.items())


def _cells(company: Company, of: str, as_of: str) -> dict[Any, Any]:
    asked = company.scope(as_of, **{"churn.bridge_gap_days": 0})
    rows = collect(metrics.cohort_tables(asked, of), asked)[1].records()
    return {(row["cohort"], row["age"]): row["value"] for row in rows}


def test_cohorts_worked_by_hand() -> None:
    lines = [*monthly("A", "2025-01-01", [100, 150, 150]), *monthly("B", "2025-01-01", [100])]
    lines += monthly("C", "2025-02-01", [40, 40])
    of = scope(book(lines), "2025-03", ("2025-01", "2025-03"))
    rows = {
        kind: collect(metrics.cohort_tables(of, kind), of)[0].records()
        for kind in ("customers", "revenue")
    }
    assert [tuple(row.values()) for row in rows["customers"]] == [
        ("2025-01", 2, 1.0, 0.5, 0.5),
        ("2025-02", 1, 1.0, 1.0, None),
        ("average", 3, 1.0, round(2 / 3, 6), 0.5),
    ]
    assert [row["m1"] for row in rows["revenue"]] == [0.75, 1.0, round(190 / 240, 6)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("as_of", ["2025-06", "2025-02-14"])
def test_the_bridge_from_invoices_meets_the_ledger(seed: int, as_of: str) -> None:
    asked = Company(seed).scope(as_of)
    result = collect([metrics.bridge_table(asked)], asked)[0]
    for row in result.records():
        parts = [row[name] for name in row if name not in {"month", "mrr", "residual"}]
        assert sum(parts) == row["mrr"]
        assert row["residual"] == 0


def test_a_bridge_worked_by_hand() -> None:
    lines = [
        *monthly("A", "2025-01-01", [100, 100], tax=1900),
        {**monthly("B", "2025-01-10", [1200])[0], "interval": "year", "period_end": None},
    ]
    lines[2]["period_end"] = lines[2]["period_start"].replace(year=2026)
    of = scope(book(lines), "2025-02", ("2025-01", "2025-02"))
    january, february = collect([metrics.bridge_table(of)], of)[0].records()
    assert (january["gross"], january["tax"]) == (1319_00, -19_00)
    assert (january["normalisation"], january["mrr"]) == (-1100_00, 200_00)
    assert (february["gross"], february["other_months"]) == (119_00, 100_00)


def test_a_residual_stops_the_run_and_names_the_lines() -> None:
    lines = [*monthly("A", "2025-01-01", [100] * 3), *monthly("B", "2025-01-01", [70] * 3)]
    of = scope(book(lines), "2025-03", ("2025-03", "2025-03"))
    table = metrics.bridge_table(of)
    honest = collect_frames(table.needs, of)
    doubled = honest[mrr_spans].with_columns(
        pl.when(pl.col("code") == 1).then(2 * pl.col("mrr")).otherwise("mrr").alias("mrr")
    )
    tampered = Frames(of, honest._reductions, {"mrr_spans": lambda: doubled})
    with pytest.raises(DataError, match=r"70\.00 USD are left over") as caught:
        table.finish(tampered)
    assert caught.value.where == "billing_lines.csv:7"


def test_the_books_tie_or_name_the_line_that_is_missing() -> None:
    lines = monthly("A", "2025-01-01", [100, 120])
    books = [
        {"month": lines[0]["issued_on"], "account": "4000", "currency": "USD", "amount": 100_00},
        {"month": lines[1]["issued_on"], "account": "4000", "currency": "USD", "amount": 120_00},
    ]
    tied = scope(book(lines, general_ledger=books), "2025-02", ("2025-01", "2025-02"))
    rows = collect([metrics.books_table(tied)], tied)[0].records()
    assert [row["difference"] for row in rows] == [0, 0]
    short = scope(book(lines, general_ledger=books[:1]), "2025-02", ("2025-01", "2025-02"))
    with pytest.raises(DataError, match=r"of 2025-02 differ by 120\.00 USD") as caught:
        collect([metrics.books_table(short)], short)
    assert caught.value.where == "billing_lines.csv:3 amounts to it"


def test_a_mix_that_hides_its_parts_is_told() -> None:
    # Each segment keeps more at the end (A 96 % after 95, B 55 % after 50), all together far less
    # (59 % after 91), because by then nearly all of the base is in the one that keeps little.
    lines = [
        *monthly("A", "2025-01-01", [1000, 950, 100, 96]),
        *monthly("B", "2025-01-01", [100, 50, 1000, 550]),
    ]
    segments = [{"customer_id": name, "segment": name.lower()} for name in "AB"]
    of = scope(
        book(lines, customers=segments), "2025-04", ("2025-02", "2025-04"), **{"nrr.months": 1}
    )
    result = collect([metrics.segments_table()], of)[0]
    assert [f.code for f in result.rows.findings] == ["mix_reversal"]


def test_foreign_levels_do_not_break_the_bridge() -> None:
    rates = [
        rate("EUR", f"2025-0{m}-{d}", "1.1")
        for m, d in ((1, "01"), (1, "31"), (2, "01"), (2, "28"))
    ]
    lines = monthly("A", "2025-01-01", ["33.33", "33.33"], currency="EUR")
    of = scope(book(lines, rates=rates), "2025-02", ("2025-01", "2025-02"))
    row = collect([metrics.bridge_table(of)], of)[0].records()[1]
    assert (row["gross"], row["mrr"], row["residual"]) == (36_66, 36_66, 0)


def test_cohort_months_begin_with_every_customer_alive(company: tuple[Any, Frames]) -> None:
    asked, _ = company
    rows = collect_frames([cohort_months], asked)[cohort_months].filter(pl.col("age") == 0)
    assert rows["alive"].to_list() == [1] * rows.height
    assert rows["mrr"].to_list() == rows["base"].to_list()


def test_every_kind_of_value_is_known_to_the_contract() -> None:
    assert {term.kind for term in GLOSSARY.values()} <= set(Kind)
