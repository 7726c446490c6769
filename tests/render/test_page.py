"""The page stands alone, says what the JSON says, and runs nothing that an export brought along."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from clv_cli.frames import Finding, Severity
from clv_cli.render import format_of_suffix, render
from clv_cli.render.charts import CHARTS
from clv_cli.render.charts.bars import Bar, bars
from clv_cli.render.charts.svg import begin
from clv_cli.render.html.tiles import spark_of
from clv_cli.render.layout import View
from clv_cli.results import Check, Column, Kind, Report
from tests.books import book, line, scope
from tests.render.pages import (
    LONG,
    RIGHT_TO_LEFT,
    Element,
    company_report,
    parsed,
    whole_report,
)
from tests.render.reports import KPIS, NASTY, result, sample_report

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[3] / "shared" / "data" / "csv-torture" / "blns.json"
# Names from the Big List of Naughty Strings and of our own, one a way in.
NAUGHTY = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "<!-- -->]]>",
    "{{ 7 * 7 }}{% raw %}",
    "\U0001f937" * 60,
    "datum.constructor && url(http://evil.example/x)",
    "\x00\x1b[31m\u202e\ufffe\uffff",
    "&lt;b&gt;&amp;",
)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div",
    "h1", "h2", "h3", "p", "span", "b", "i", "a", "ul", "li", "dl", "dt", "dd", "code", "bdi", "br",
    "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th",
    "td", "svg", "g", "path", "rect", "line", "text", "circle", "desc", "tspan",
}  # fmt: skip


def page_of(report: Report, *tables: str) -> str:
    text = render(report, "html", View(tables=tables))
    assert isinstance(text, str)
    return text


@pytest.fixture(scope="module")
def report() -> Report:
    return company_report()


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return page_of(report)


@pytest.fixture(scope="module")
def tree(page: str) -> Element:
    return parsed(page)


def document(report: Report) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(render(report, "json", View()))
    return loaded


def test_a_file_that_ends_in_html_is_a_page() -> None:
    assert format_of_suffix(".html") == "html"


def test_the_page_asks_for_nothing_and_runs_nothing(page: str, tree: Element) -> None:
    (policy,) = tree.all("meta", **{"http-equiv": "Content-Security-Policy"})
    wanted = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert policy.attributes["content"] == wanted
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert "@import" not in page
    assert_harmless(tree)


def assert_harmless(tree: Element) -> None:
    """Only our own elements, no handler, no link but within the page."""
    for element in tree.children[0].every():
        assert element.tag in TAGS, element.tag
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (element.tag, name)
            assert name not in {"src", "srcset", "xlink:href"}
            assert name != "href" or value.startswith("#")


def assert_charts_are_xml(page: str) -> None:
    for drawn in page.split('<svg class="chart"')[1:]:
        chart = '<svg class="chart"' + drawn.partition("</svg>")[0] + "</svg>"
        ET.fromstring(chart)  # noqa: S314 - our own page


def test_ids_are_unique_and_every_reference_finds_one(tree: Element) -> None:
    ids = [e.attributes["id"] for e in tree.every() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in tree.every():
        named = element.attributes.get("aria-labelledby", "").split()
        linked = [element.attributes["href"][1:]] if "href" in element.attributes else []
        assert {*named, *linked} <= set(ids)


def test_every_figure_has_a_title_a_sentence_and_its_numbers(page: str, tree: Element) -> None:
    charts = tree.all("svg", class_="chart")
    assert len(charts) == len(set(CHARTS) - {"customers", "forecast"})
    for chart in charts:
        assert chart.attributes["role"] == "img"
        title, sentence = chart.all("title"), chart.all("desc")
        assert len(title) == len(sentence) == 1
        assert any(letter.isdigit() for letter in sentence[0].text), sentence[0].text
        assert sentence[0].text.endswith(".")
    for section in tree.all("section"):
        if section.all("svg", class_="chart"):
            assert section.all("details")[0].all("table"), section.attributes["id"]
    assert_charts_are_xml(page)


def test_numbers_on_the_page_are_those_of_the_json(report: Report, tree: Element) -> None:
    compared = 0
    for table in document(report)["tables"]:
        if table["name"] == "kpis":
            continue
        (section,) = tree.all("section", id=table["name"])
        heads = [cell.text for cell in section.all("th")]
        shown = next(c for c in report.results if c.table.name == table["name"]).table.columns
        names = {column.heading: column for column in shown}
        body = section.all("tbody")[0].all("tr")
        assert len(body) == len(table["rows"])
        for row, cells in zip(table["rows"], body, strict=True):
            for head, cell in zip(heads, cells.all("td"), strict=True):
                compared += same(names[head], row[names[head].name], cell.text)
    assert compared > 150


def same(column: Column, value: Any, text: str) -> int:  # noqa: ANN401 - any JSON value
    """Whether a cell says what the JSON says; 1 when it is a number."""
    if value is None:
        assert text in {"", "-"}
        return 0
    if column.kind is Kind.MONEY:
        assert Decimal(text.replace(",", "")) == Decimal(value)
    elif column.kind is Kind.RATIO:
        assert abs(float(text.removesuffix(" %")) - value * 100) <= 0.05001
    elif column.kind is Kind.COUNT:
        assert int(text.replace(",", "")) == value
    else:
        return 0
    return 1


def test_key_figures_stand_on_tiles_with_their_changes(report: Report, tree: Element) -> None:
    (kpis,) = [table for table in document(report)["tables"] if table["name"] == "kpis"]
    reasons = {reason["row"]: reason["reason"] for reason in kpis["reasons"]}
    for at, row in enumerate(kpis["rows"]):
        (tile,) = tree.all("div", id=f"figure-{row['metric']}")
        value = tile.all("p", class_="value")[0].text
        if row["value"] is None:
            assert value == "-"
            assert tile.all("p", class_="reason")[0].text == reasons[at]
        elif row["kind"] == "money":
            assert abs(Decimal(value.replace(",", "")) - Decimal(row["value"])) <= Decimal("0.5")
        if row["change"] is not None:
            (change,) = tile.all("p", class_="change")
            assert ("▼" in change.text) == (row["change"] < -0.0005)
    assert reasons, "the small company has figures that are refused"


def test_what_moved_the_wrong_way_says_so_in_words() -> None:
    tree = parsed(page_of(sample_report()))
    churn = tree.all("div", id="figure-logo_churn")[0].all("p", class_="change")[0]
    assert churn.attributes["class"] == "change bad"
    assert "▲" in churn.text
    assert "worse" in churn.text
    assert tree.all("div", id="figure-mrr")[0].all("p", class_="good")
    assert "Worse than before: Customer churn, customers (2 of 3 that moved)." in tree.text


def test_the_same_report_is_the_same_bytes(report: Report, page: str) -> None:
    assert page_of(report) == page


def test_long_and_right_to_left_names_are_whole(tree: Element) -> None:
    (channels,) = tree.all("section", id="cac_by_channel")
    cells = [cell.text for cell in channels.all("td")]
    assert LONG in cells
    assert RIGHT_TO_LEFT in cells
    drawn = [text.text for text in channels.all("text")]
    assert LONG in drawn
    assert RIGHT_TO_LEFT in drawn


def named(names: tuple[str, ...]) -> Report:
    """A report whose every text is one of these names; also where charts write them."""
    count = len(names)
    texts = (
        Column("channel", Kind.TEXT, "Channel"),
        Column("spend", Kind.MONEY, names[0]),
        Column("new_customers", Kind.COUNT, "New"),
        Column("cac", Kind.MONEY, "CAC"),
    )
    channels = pl.DataFrame(
        {"channel": names, "spend": 1, "new_customers": 1, "cac": range(1, count + 1)}
    )
    cohorts = pl.DataFrame({"cohort": names, "customers": 1, "m0": 0.5})
    ages = (
        Column("cohort", Kind.TEXT, "Cohort"),
        Column("customers", Kind.COUNT, "n"),
        Column("m0", Kind.RATIO, names[2]),
    )
    plain = (Column("name", Kind.TEXT, names[3]), Column("note", Kind.TEXT, "Note"))
    reasons = [(0, "cac", names[4])]
    return Report(
        command="report",
        as_of=None,
        period=None,
        currency="USD",
        company=names[0],
        results=(
            result("cac_by_channel", texts, channels, *reasons),
            result("cohorts", ages, cohorts),
            result("names", plain, pl.DataFrame({"name": names, "note": names})),
        ),
        checks=(Check(names[0], 1, 1, f"{names[1]} = {names[2]}"),),
        findings=tuple(
            Finding(Severity.WARNING, "code", name, name, 1, name, name) for name in names
        ),
        conventions=dict(zip(names, names, strict=True)),
        notes=names,
    )


def assert_shows_names_only_as_text(names: tuple[str, ...]) -> None:
    page = page_of(named(names))
    tree = parsed(page)
    assert_harmless(tree)
    assert "<script" not in page.lower()
    visible = "".join(page.split())
    assert not set(visible) & {"\x00", "\x1b", "\u202e", "\u2028"}
    assert_charts_are_xml(page)


def test_names_that_would_be_markup_are_text_everywhere() -> None:
    assert_shows_names_only_as_text((*NAUGHTY, NASTY))


def test_the_whole_list_of_naughty_strings_is_text_everywhere() -> None:
    if not SHARED.exists():
        pytest.skip("needs ../shared/data/csv-torture/blns.json")
    names = [name for name in json.loads(SHARED.read_text("utf-8")) if name.strip()]
    # As a file's reader would hand them over: lone surrogates are no text.
    names = [name.encode("utf-8", "replace").decode() for name in names]
    assert_shows_names_only_as_text(tuple(dict.fromkeys(names)))
    spec = bars([Bar(name, 1, "1", "new") for name in names])
    drawn = begin(spec, name="x", title="", sentence="")()
    assert_harmless(parsed(f"<div>{drawn}</div>"))


@pytest.mark.parametrize(
    ("values", "path", "place"),
    [
        (["1", "2"], "M3.0,25.0L117.0,3.0", "the highest of 2"),
        (["1", None, "2", "1"], "M3.0,25.0M79.0,3.0L117.0,25.0", "the lowest of 3"),
        (["-5", "-5"], "M3.0,14.0L117.0,14.0", "the lowest of 2"),
    ],
)
def test_a_sparkline_is_broken_where_a_value_is_missing(
    values: list[str | None], path: str, place: str
) -> None:
    spark = spark_of(values, "3 months")
    assert spark is not None
    assert spark.path == path
    assert spark.sentence == f"3 months: the last value is {place}"


def test_one_value_makes_no_line() -> None:
    assert spark_of(["1"], "1 month") is None
    assert spark_of([None, None], "2 months") is None
    assert spark_of(None, "") is None


def first_month() -> Report:
    lines = [line("A", "2025-03-01", 10, "month")]
    return whole_report(scope(book(lines=lines), "2025-03", ("2025-03", "2025-03")))


def only_credits() -> Report:
    lines = [line("A", "2025-01-01", 10, "month"), line("A", "2025-03-01", -25, kind="credit")]
    return whole_report(scope(book(lines=lines), "2025-03", ("2025-03", "2025-03")))


def without_rows() -> Report:
    empty = pl.DataFrame(schema={column.name: pl.String for column in KPIS})
    results = [result(name, KPIS, empty) for name in ("kpis", *CHARTS)]
    return Report("report", None, None, "USD", "", tuple(results))


@pytest.mark.parametrize("made", [first_month, only_credits, without_rows])
def test_a_page_of_little_or_nothing_is_a_page(made: Callable[[], Report]) -> None:
    tree = parsed(page_of(made()))
    assert_harmless(tree)
    for section in tree.all("section", class_="card"):
        told = section.all("table") or section.all("p", class_="none") or section.all("li")
        assert told or section.all("dl"), section.attributes


def test_revenue_below_zero_is_drawn_to_the_left_and_written_with_its_sign() -> None:
    tree = parsed(page_of(only_credits(), "split_buckets"))
    (chart,) = tree.all("svg", class_="chart")
    assert "-25.00" in chart.all("desc")[0].text
    assert chart.all("line"), "the line at zero"


def test_a_named_table_stands_alone(report: Report) -> None:
    tree = parsed(page_of(report, "retention"))
    cards = [s.attributes.get("id") for s in tree.all("section", class_="card")]
    assert cards == ["retention", "checks", "findings", "conventions"]


def test_figures_that_do_not_tie_are_told_before_anything_else() -> None:
    torn = Report(
        "report", None, None, "USD", "A", (), checks=(Check("split", 1, 2, "split = billed"),)
    )
    tree = parsed(page_of(torn))
    assert "DOES NOT RECONCILE: 1 of 1 checks" in tree.all("header")[0].text


def test_only_a_page_loads_what_draws_it() -> None:
    code = (
        "import sys\n"
        "from clv_cli.render import render\n"
        "from clv_cli.render.layout import View\n"
        "from tests.render.reports import sample_report\n"
        "render(sample_report(), 'plain', View()); render(sample_report(), 'json', View())\n"
        "assert not {'altair', 'vl_convert', 'jinja2'} & set(sys.modules)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
