"""Charts follow Vega-Lite's schema, use the palette alone, and can be read in light and in dark."""

from __future__ import annotations

import re
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.render import charts
from clv_cli.render.charts import CHARTS, GALLERY, Gallery, forecast, values
from clv_cli.render.charts.drawing import compact, month_ticks, short
from clv_cli.render.charts.theme import FIRST_DARK, HEAT, ON_DARK, ON_LIGHT, PALETTE
from clv_cli.results import Column, Kind
from tests.render.pages import company_report
from tests.render.reports import result

if TYPE_CHECKING:
    from clv_cli.results import Report, Result

PARTS = {"bars", "drawing", "engine", "spec", "svg", "theme"}  # what charts are made of


@pytest.fixture(scope="module")
def report() -> Report:
    return company_report()


def test_every_chart_module_is_registered() -> None:
    folder = Path(str(charts.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    assert modules - PARTS == set(CHARTS.values())


def worth(values: list[int]) -> Result:
    """A list of customers with these values in cents."""
    columns = (Column("customer_id", Kind.TEXT, "Customer"), Column("value", Kind.MONEY, "Value"))
    names = [f"c{at}" for at in range(len(values))]
    return result("customers", columns, pl.DataFrame({"customer_id": names, "value": values}))


def test_values_of_customers_are_counted_between_round_edges() -> None:
    drawing = values.draw(worth([-150, 0, 1, 99, 100, 199, 200, 250, 300, 300, 950]), "USD")
    assert drawing is not None
    assert drawing.sheet is not None
    bins = [tuple(cell.text for cell in row) for row in drawing.sheet.rows]
    assert bins == [("-1.50", "1", "4"), ("1", "2", "2"), ("2", "5", "4"), ("5", "10", "1")]
    assert drawing.sentence == (
        "11 customers are worth -1.50 to 9.50 USD; half of them at most 1.99; the tallest bar is 4 "
        "of them, from -1.50 USD up."
    )


def ahead(months: int) -> Result:
    """A forecast of MRR that grows by a tenth a month, and of customers, which nobody draws."""
    columns = tuple(
        Column(
            name,
            {"series": Kind.TEXT, "kind": Kind.TEXT, "month": Kind.MONTH}.get(name, Kind.BY_ROW),
            name,
        )
        for name in ("series", "kind", "month", *forecast.DRAWN)
    )
    rows = [
        (series, kind, 24300 + at, *(str(100 * 1.1**at * part) for part in (1, 0.8, 1.2, 0.9, 1.1)))
        for series, kind in (("mrr", "money"), ("customers", "count"))
        for at in range(months)
    ]
    frame = pl.DataFrame(rows, schema=[column.name for column in columns], orient="row")
    return result("forecast", columns, frame)


def test_a_forecast_is_told_by_its_last_month_and_both_bands() -> None:
    drawing = forecast.draw(ahead(3), "USD")
    assert drawing is not None
    told = ("121.00", "108.90", "133.10", "96.80", "145.20")
    assert all(number in drawing.sentence for number in told)


def test_one_month_ahead_is_a_number_and_no_chart() -> None:
    assert forecast.draw(ahead(1), "USD") is None


def test_a_handful_of_customers_is_a_list() -> None:
    assert values.draw(worth([1] * 9), "USD") is None


@given(st.lists(st.integers(-(10**14), 10**14), min_size=10, max_size=40))
def test_every_customer_is_in_exactly_one_bin(cents: list[int]) -> None:
    drawing = values.draw(worth(cents), "USD")
    assert drawing is not None
    assert drawing.sheet is not None
    assert sum(int(row[2].text.replace(",", "")) for row in drawing.sheet.rows) == len(cents)
    assert len(drawing.sheet.rows) <= values.BINS


def test_every_chart_follows_the_schema_of_vega_lite(report: Report) -> None:
    drawn = 0
    for held in (*report.results, worth([5, 7, 9, 100] * 5), ahead(3)):
        if held.table.name in CHARTS:
            module = import_module(f"clv_cli.render.charts.{CHARTS[held.table.name]}")
            drawing = module.draw(held, report.currency)
            assert drawing is not None, held.table.name
            alt.Chart.from_dict(dict(drawing.spec))
            drawn += 1
    assert drawn == len(CHARTS)


def test_marks_have_colours_that_the_page_can_turn_dark(report: Report) -> None:
    known = {light for light, _ in (*PALETTE.values(), *HEAT, ON_LIGHT, ON_DARK)}
    for held in report.results:
        drawn = GALLERY.figure(held, report.currency)
        if drawn is not None:
            used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn.svg)) - {"none"}
            assert used <= known, held.table.name
            # What a browser would have to resolve, or what differs from one process to the next.
            assert "clip" not in drawn.svg
            assert not re.search(r"\d\.\d{3}", drawn.svg)


def test_a_chart_that_was_begun_early_is_the_chart_that_is_asked_for(report: Report) -> None:
    early = Gallery()
    for held in report.results:
        early.begin(held, report.currency)
    held = next(held for held in report.results if held.table.name == "retention")
    begun, anew = (gallery.figure(held, report.currency) for gallery in (early, Gallery()))
    assert begun is not None
    assert anew is not None
    assert begun.svg == anew.svg
    # It is not kept: asked again, it is drawn again.
    assert id(held) not in early._begun


def test_no_two_meanings_share_a_drawn_colour() -> None:
    drawn = [light for light, _ in (*PALETTE.values(), *HEAT, ON_LIGHT, ON_DARK)]
    assert len(drawn) == len(set(drawn))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_black_on_white_at_most() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_texts_and_marks_can_be_told_from_what_is_behind_them(mode: int) -> None:
    for name in ("ink", "muted", "link", "good", "bad"):
        for behind in ("card", "page"):
            assert contrast(PALETTE[name][mode], PALETTE[behind][mode]) >= 4.5, (name, behind)
    marks = set(PALETTE) - {"page", "card", "line", "band"}
    for name in marks:
        assert contrast(PALETTE[name][mode], PALETTE["card"][mode]) >= 3, name
    for step, shades in enumerate(HEAT):
        ink = ON_DARK if step >= FIRST_DARK else ON_LIGHT
        assert contrast(ink[mode], shades[mode]) >= 4.5, step


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12440.10", "+12k"),
        ("-3049", "-3.0k"),
        ("999", "+999"),
        ("-1250000", "-1.2M"),
        ("25000000000", "+25bn"),
        ("0", "+0"),
    ],
)
def test_numbers_on_marks_are_short_and_signed(value: str, text: str) -> None:
    assert compact(Decimal(value)) == text


def test_a_name_too_long_for_its_room_is_cut_between_letters() -> None:
    assert short("forty letters", 13) == "forty letters"
    assert short("forty letters", 8) == "forty l…"
    assert short("漢字漢字", 7) == "漢字漢…"
    assert short("🤷🤷🤷🤷", 5) == "🤷🤷…"


def test_months_name_their_year_at_first_and_in_january() -> None:
    november = 2025 * 12 + 10
    assert month_ticks([november, november + 1, november + 2]) == ["Nov\n2025", "Dec", "Jan\n2026"]
    assert month_ticks([november]) == ["Nov\n2025"]


def test_names_of_many_months_leave_room_for_each_other() -> None:
    ticks = month_ticks(list(range(2024 * 12, 2026 * 12)))
    assert [text for text in ticks if text] == [
        "Jan\n2024", "Apr", "Jul", "Oct", "Jan\n2025", "Apr", "Jul", "Oct",
    ]  # fmt: skip
