"""Every format shows the same figures, whole; and no text of a customer becomes a command."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.errors import UsageError
from clv_cli.harmless import safe_text, spreadsheet
from clv_cli.render import RENDERERS, format_of_suffix
from clv_cli.render import render as rendered
from clv_cli.render.formats import sparkline
from clv_cli.render.layout import View
from clv_cli.render.widths import display_width
from tests.render.reports import NASTY, sample_report

if TYPE_CHECKING:
    from clv_cli.results import Report

ALL = View()


def render(report: Report, name: str, view: View) -> str:
    text = rendered(report, name, view)
    assert isinstance(text, str)
    return text


def test_plain_text_is_aligned_whole_and_without_escapes() -> None:
    text = render(sample_report(), "plain", ALL)
    assert "612,480" in text
    assert "1,234,567" in text
    assert "7,412,903.18" in text
    assert "+3.1 %" in text
    assert "+0.2 pp !" in text
    assert "clv: only 3 customers lost in 12 months" in text
    assert "Reconciles: billed 7,412,903.18 = split 7,412,903.18 (difference 0.00)" in text
    assert "\x1b" not in text
    assert "…" not in text


def test_a_fall_of_what_should_grow_is_marked_without_colour() -> None:
    text = render(sample_report(), "plain", ALL)
    assert re.search(r"customers +1,204 +-50\.0 % !", text)


@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
@pytest.mark.parametrize("color", [True, False])
def test_no_number_is_ever_cut_in_a_terminal(width: int, *, color: bool) -> None:
    text = render(sample_report(), "table", View(width=width, color=color))
    for number in ("612,480", "1,234,567", "7,412,903.18", "1,234", "-1.234", "75.0 %", "18.2 mo"):
        assert number in text
    assert "…" not in text
    assert ("\x1b[" in text) is color


def test_a_narrow_table_gives_up_its_sparklines_first() -> None:
    assert "▁▄█" not in render(sample_report(), "table", View(width=40))
    assert "▁▅█" in render(sample_report(), "table", View(width=120))


def test_hostile_names_print_as_text_in_a_terminal() -> None:
    text = render(sample_report(), "table", View(width=200, color=False))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[/red]" in text


def test_json_follows_its_schema_and_keeps_every_digit() -> None:
    document = json.loads(render(sample_report(), "json", ALL))
    schema = json.loads(
        resources.files("clv_cli.render").joinpath("result.schema.json").read_text("utf-8")
    )
    jsonschema.validate(document, schema)
    kpis, split = document["tables"]
    assert [row["value"] for row in kpis["rows"]] == ["612480.00", 0.019, 1204, None]
    assert kpis["rows"][0]["series"] == ["1", "2", "3"]
    assert kpis["reasons"] == [
        {"row": 3, "column": "value", "reason": "only 3 customers lost in 12 months"}
    ]
    first, second = split["rows"]
    assert first["name"] == NASTY
    assert (first["month"], first["day"], second["month"]) == ("2026-10", "2026-10-31", None)
    assert (first["amount"], first["local"], second["local"]) == ("7412903.18", "1234", "-1.234")
    assert document["checks"][0]["difference"] == "0.00"


def test_csv_and_json_hold_equal_decimals() -> None:
    view = View(tables=("split",))
    rows = list(csv.DictReader(io.StringIO(render(sample_report(), "csv", view))))
    from_json = json.loads(render(sample_report(), "json", view))["tables"][0]["rows"]
    for left, right in zip(rows, from_json, strict=True):
        assert left["name"] == spreadsheet(right["name"])
        assert Decimal(left["amount"]) == Decimal(right["amount"])
        assert left["local"] == right["local"]
        assert left["month"] == (right["month"] or "")
        assert float(left["share"]) == right["share"]


def test_csv_of_several_named_tables_is_refused() -> None:
    with pytest.raises(UsageError, match="one table"):
        render(sample_report(), "csv", View(tables=("kpis", "split")))


def test_csv_without_a_named_table_is_the_first_one() -> None:
    assert render(sample_report(), "csv", ALL).startswith("metric,kind,value,change,window\n")


def test_markdown_neither_breaks_its_tables_nor_runs_html() -> None:
    text = render(sample_report(), "md", ALL)
    table = [line for line in text.splitlines() if line.startswith("|")]
    unescaped = re.compile(r"(?<!\\)\|")
    assert {len(unescaped.findall(line)) for line in table[:4]} == {6}
    assert "<b>" not in text.replace("\\<", "")


@pytest.mark.parametrize(("name", "hint"), [("tabel", "table"), ("pdf", "one of table")])
def test_an_unknown_format_names_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as stopped:
        render(sample_report(), name, ALL)
    assert hint in (stopped.value.hint or "")


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(UsageError) as stopped:
        render(sample_report(), "json", View(tables=("kpi",)))
    assert stopped.value.hint == "did you mean kpis?"


@pytest.mark.parametrize(("suffix", "name"), [(".json", "json"), (".CSV", "csv"), (".md", "md")])
def test_the_suffix_of_a_file_chooses_the_format(suffix: str, name: str) -> None:
    assert format_of_suffix(suffix) == name


def test_an_unknown_suffix_never_gets_a_wrong_format() -> None:
    with pytest.raises(UsageError, match="pdf"):
        format_of_suffix(".pdf")


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    view = View(tables=("split",), width=100)
    assert rendered(sample_report(), name, view) == rendered(sample_report(), name, view)


@given(st.text())
def test_safe_text_holds_no_control_character(text: str) -> None:
    safe = safe_text(text)
    assert safe_text(safe) == safe
    assert safe.isprintable() or all(
        char == " " or char.isprintable() or ord(char) > 127 for char in safe
    )
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", safe)


def test_a_sparkline_runs_from_lowest_to_highest() -> None:
    assert sparkline(["0", "7", None]) == "▁█·"
    assert sparkline(["5", "5"]) == "▄▄"
    assert sparkline([None]) == ""


def test_wide_letters_take_two_columns() -> None:
    assert display_width("ab") == 2
    assert display_width("漢字") == 4
    assert display_width("e\u0301") == 1
