"""What looks at one customer at a time: derived some customers at a time, it comes to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli import reducing
from clv_cli.errors import DataError
from clv_cli.measures.cohorts import cohort_months
from clv_cli.measures.free_customers import free_months
from clv_cli.measures.mrr_balances import mrr_balances
from clv_cli.measures.mrr_events import mrr_events, mrr_passing
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.paying_now import paid_last_month, paying_now
from clv_cli.measures.retention import retention
from clv_cli.measures.suspect_customers import negative_customers, open_gaps, truncated_customers
from clv_cli.pipeline import Measure, Scope, derived, reduction
from clv_cli.ranges import NO_END
from clv_cli.reducing import ranges_of_codes
from clv_cli.results import Frames, Rows, Table, behind, collect
from tests.books import book, line, monthly, scope
from tests.laws import law
from tests.measures.test_oracle_switches import RATES, companies, switched
from tests.measures.test_switch_laws import OTHERS
from tests.strategies import as_of_days

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clv_cli.ranges import Passing

# Every measure by customer, and those of all customers that are made of them.
MEASURES = (
    *(free_months, mrr_spans, mrr_balances, mrr_events, mrr_passing, mrr_movements, cohort_months),
    *(mrr_months, retention, paying_now, paid_last_month),
    *(negative_customers, open_gaps, truncated_customers),
)
WITHIN = [measure for measure in behind(MEASURES) if measure.by_customer]
Company = tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]


def asked(company: Company, as_of: date, keys: dict[str, Any]) -> Scope:
    rows, known, parents = company
    tables: dict[str, Any] = {
        "subscriptions": list(known.values()),
        "customers": [{"customer_id": c, "parent_id": p} for c, p in parents.items()],
    }
    of = book(rows, rates=RATES, **tables)
    return scope(of, as_of.isoformat(), **{"nrr.months": 3, **keys})


def found(measures: Iterable[Measure], of: Scope, at_once: int | None) -> list[pl.DataFrame]:
    """The measures as a table gets them: of so many lines at once, or of all."""
    frames: list[pl.DataFrame] = []

    def finish(collected: Frames) -> Rows:
        frames.extend(collected[measure] for measure in measures)
        return Rows(pl.DataFrame())

    with pytest.MonkeyPatch.context() as patch:
        if at_once is not None:
            patch.setattr(reducing, "HELD", 0)
            patch.setattr(reducing, "AT_ONCE", at_once)
        collect([Table("read", "", (), tuple(measures), finish)], of)
    return frames


@law(6)
@given(companies(), as_of_days(), switched(), st.sampled_from(OTHERS), st.sampled_from([1, 3, 8]))
def test_some_customers_at_a_time_come_to_what_all_come_to(
    company: Company, as_of: date, keys: dict[str, Any], more: dict[str, Any], at_once: int
) -> None:
    of = asked(company, as_of, {**keys, **more})
    whole, apart = (found(MEASURES, of, most) for most in (None, at_once))
    for measure, all_, some in zip(MEASURES, whole, apart, strict=True):
        assert some.schema == all_.schema, measure.name
        assert some.equals(all_), measure.name


def three() -> Scope:
    """Three customers of two months each, and what is asked of them."""
    rows = [row for who in "ABC" for row in monthly(who, "2025-01-01", [100, 120])]
    return scope(book(rows), "2025-02")


def test_only_what_tables_read_is_held_of_all_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    derivations: list[tuple[str, int]] = []
    derive = Measure.derive

    def noted(self: Measure, of: Scope, *inputs: pl.DataFrame | Passing) -> pl.DataFrame:
        frame = derive(self, of, *inputs)
        if self.name in {"mrr_spans", "mrr_movements", "paying_now"}:
            derivations.append((self.name, frame["code"].n_unique()))
        return frame

    monkeypatch.setattr(Measure, "derive", noted)
    months, paying = found((mrr_months, paying_now), three(), 2)
    assert sorted(derivations) == [
        (name, 1) for name in ("mrr_movements", "mrr_spans", "paying_now") for _ in range(3)
    ]
    assert months["customers_closing"].to_list() == [3, 3]
    assert paying["code"].to_list() == [0, 1, 2]


def test_few_lines_are_one_range(monkeypatch: pytest.MonkeyPatch) -> None:
    of = three()
    monkeypatch.setattr(reducing, "AT_ONCE", 2)
    monkeypatch.setattr(reducing, "HELD", 6)
    assert ranges_of_codes(of) == [(0, NO_END)]
    monkeypatch.setattr(reducing, "HELD", 5)
    assert ranges_of_codes(of) == [(0, 1), (1, 2), (2, NO_END)]
    assert ranges_of_codes(scope(book([]), "2025-02")) == [(0, NO_END)]


def test_a_missing_rate_is_told_as_all_customers_tell_it() -> None:
    """Customer 0 lacks a rate of March, customer 1 one of January: the first of all is January's."""
    rows = [
        line("A", "2025-03-01", 5, "month", currency="EUR"),
        line("B", "2025-01-01", 5, "month", currency="EUR"),
    ]
    of = scope(book(rows, rates=[]), "2025-03")
    texts = []
    for at_once in (None, 1):
        with pytest.raises(DataError) as raised:
            found((mrr_months,), of, at_once)
        texts.append(str(raised.value))
    assert "2025-01-31" in texts[0]
    assert texts[0] == texts[1]


def test_what_a_drill_down_asks_for_later_is_made_of_all_customers() -> None:
    of = three()
    later: list[pl.DataFrame] = []

    def finish(frames: Frames) -> Rows:
        later.extend(frames[measure] for measure in (mrr_months, mrr_spans))
        return Rows(pl.DataFrame())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reducing, "HELD", 0)
        patch.setattr(reducing, "AT_ONCE", 1)
        collect([Table("read", "", (), (mrr_months,), finish)], of)
    (spans,) = found((mrr_spans,), of, None)
    assert later[1].equals(spans)


def test_what_names_no_customer_is_the_same_for_all_ranges() -> None:
    @reduction("lines of all")
    def lines_of_all(of: Scope) -> pl.LazyFrame:
        return of.book.table("billing_lines").join(of.book.codes.lazy(), on="customer_id")

    @derived("count of all", lines_of_all)
    def count_of_all(_: Scope, lines: pl.DataFrame) -> pl.DataFrame:
        return lines.select(count=pl.len())

    @derived("share", lines_of_all, count_of_all, by_customer=True)
    def share(_: Scope, lines: pl.DataFrame, count: pl.DataFrame) -> pl.DataFrame:
        return lines.group_by("code").agg(of=pl.lit(count.item())).sort("code")

    (frame,) = found((share,), three(), 1)
    assert frame.rows() == [(0, 6), (1, 6), (2, 6)]


def test_every_measure_by_customer_is_held_to_the_law() -> None:
    names = {measure.name for measure in WITHIN}
    assert names == {
        *("free_months", "mrr_spans", "mrr_balances", "mrr_events", "mrr_passing", "mrr_movements"),
        *("mrr_month_sums", "mrr_month_levels", "retention_sums", "cohort_months", "won_customers"),
        *("paying_now", "paid_last_month", "negative_customers", "open_gaps"),
    }
