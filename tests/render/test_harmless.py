"""Nothing that a customer is called becomes a command: not to a terminal, a spreadsheet or a browser."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clv_cli import render as renderers
from clv_cli.errors import DataError
from clv_cli.harmless import is_hidden, json_safe, markdown, safe_text, spreadsheet
from clv_cli.render import as_csv, render
from clv_cli.render.layout import View
from clv_cli.run.proposing import propose_config
from tests.render.hostile import OWN, hostile_report, published

PACKAGE = Path(renderers.__file__).parents[1]
PAYLOADS = [
    pytest.param(OWN, id="own"),
    pytest.param(
        published(),
        id="published",
        marks=pytest.mark.skipif(not published(), reason="needs ../shared/data/csv-torture"),
    ),
]
LEADS = "=+-@\uff1d\uff0b\uff0d\uff20"
SGR = re.compile(r"\x1b\[[0-9;]*m")
INLINE = {"text", "softbreak", "text_special"}
BLOCKS = {
    *(f"{name}_{end}" for name in ("heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td")
      for end in ("open", "close")),
    *(f"{name}_{end}" for name in ("bullet_list", "list_item") for end in ("open", "close")),
    "inline",
}  # fmt: skip


def text_of(texts: list[str], name: str, view: View | None = None) -> str:
    rendered = render(hostile_report(texts), name, view or View())
    assert isinstance(rendered, str)
    return rendered


@pytest.mark.parametrize("texts", PAYLOADS)
@pytest.mark.parametrize("name", ["plain", "table"])
def test_a_terminal_gets_no_escape_and_no_hidden_character(texts: list[str], name: str) -> None:
    if name == "table":
        texts = texts[:: 1 + len(texts) // 100]  # rich is slow, and each text takes the same way
    shown = text_of(texts, name, View(width=4000, color=name == "table"))
    bare = SGR.sub("", shown)
    assert not is_hidden(bare.replace("\n", ""))
    assert len([line for line in bare.split("\n") if line.strip()]) <= 5 * len(texts) + 20
    for text in texts:
        assert safe_text(text).strip() in bare, text


@pytest.mark.parametrize("texts", PAYLOADS)
def test_a_spreadsheet_gets_no_formula_and_every_number(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(text_of(texts, "csv"))))[1:]
    assert [row[2] for row in rows] == [f"{(100 * at - 5) / 100:.2f}" for at in range(len(texts))]
    for cell in (cell for row in rows for cell in row[:2]):
        for part in cell.split(";"):
            live = part.lstrip(" \"'\u00a0").startswith(tuple(LEADS))
            number = re.fullmatch(r"[+-]?[\d.,/]+([eE][+-]?\d+)?( ?%)?", cell)
            assert not live or number or part.lstrip(' "\u00a0').startswith("'"), cell
        assert not is_hidden(cell), cell
    assert [row[0] for row in rows] == [spreadsheet(text) for text in texts]


@pytest.mark.parametrize("texts", PAYLOADS)
def test_raw_csv_keeps_every_text(texts: list[str]) -> None:
    rows = csv.reader(io.StringIO(text_of(texts, "csv", View(raw=True)), newline=""))
    assert [row[0] for row in rows][1:] == texts


@pytest.mark.parametrize("texts", PAYLOADS)
def test_json_and_jsonl_keep_every_text_and_escape_what_is_hidden(texts: list[str]) -> None:
    whole, lines = text_of(texts, "json"), text_of(texts, "jsonl")
    assert [row["name"] for row in json.loads(whole)["tables"][0]["rows"]] == texts
    assert [json.loads(line)["name"] for line in lines.splitlines()] == texts
    assert not is_hidden(whole.replace("\n", ""))
    assert not is_hidden(lines.replace("\n", ""))


@pytest.mark.parametrize("texts", PAYLOADS)
def test_markdown_is_text_in_tables_and_lists_and_nothing_else(texts: list[str]) -> None:
    source = text_of(texts, "md")
    tokens = (
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(source)
    )
    assert {token.type for token in tokens} <= BLOCKS
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= INLINE
    shown = {token.content for token in tokens if token.type == "inline"}
    # Nested lists would be items that begin like one.
    assert max(token.level for token in tokens if token.type == "bullet_list_open") == 0
    assert len([token for token in tokens if token.type == "tr_open"]) == len(texts) + 1
    assert shown
    assert not re.search(r"(?<!\\)(https?|javascript|mailto):|(?<!\\)@|\bwww\.", source)


@pytest.mark.parametrize("texts", PAYLOADS)
def test_parquet_keeps_every_text(texts: list[str]) -> None:
    stored = render(hostile_report(texts), "parquet", View())
    assert isinstance(stored, bytes)
    assert pl.read_parquet(io.BytesIO(stored))["name"].to_list() == texts


def test_hidden_is_what_unicode_calls_control_format_or_separator() -> None:
    classes = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    unseen = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in classes]
    assert not [char for char in unseen if not is_hidden(char)]
    assert not [char for char in map(chr, range(0x20, 0x7F)) if is_hidden(char)]
    assert safe_text("Zoë 漢字 🙂 a\u0301") == "Zoë 漢字 🙂 a\u0301"


@given(st.text())
def test_what_markdown_shows_is_the_text(text: str) -> None:
    shown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    inline = [token for token in shown.parse(markdown(text)) if token.type == "inline"]
    seen = "".join(child.content for token in inline for child in token.children or ())
    assert seen == safe_text(text).strip()


@given(st.text(st.sampled_from("=+-@ \t\"';x1\uff1d"), max_size=8))
def test_the_apostrophe_is_set_once(text: str) -> None:
    assert spreadsheet(spreadsheet(text)) == spreadsheet(text)


@pytest.mark.parametrize("number", ["-5", "+3.20", "-1/3", "-5e-7", "-12.5 %", "1,234.50", "-0.00"])
def test_a_number_in_a_text_column_is_left_alone(number: str) -> None:
    assert spreadsheet(number) == number


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-5\n", "'-5\\x0a"),
        ("Foo;=1+1", "Foo;'=1+1"),
        ("\t=1", "\\x09=1"),
        ("A-B", "A-B"),
        ("\uff1d1", "'\uff1d1"),
    ],
)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str, safe: str) -> None:
    assert spreadsheet(text) == safe


@given(st.text())
def test_json_stays_the_same_value(text: str) -> None:
    document = json_safe(json.dumps({"x": text}, ensure_ascii=False))
    assert json.loads(document) == {"x": text}
    assert not is_hidden(document)


def test_the_columns_that_were_changed_are_named() -> None:
    note = as_csv.altered(hostile_report(OWN), View())
    assert note is not None
    assert "name, evidence" in note
    assert "--raw" in note
    assert as_csv.altered(hostile_report(OWN), View(raw=True)) is None
    assert as_csv.altered(hostile_report(["a", "b", "c", "d", "-5"]), View()) is None


def test_an_error_quotes_a_file_without_its_escapes() -> None:
    error = DataError('"\x1b[2J" is no currency', where="a.csv:7\n  hint: forged", hint="\u202e")
    assert str(error) == (
        'error: "\\x1b[2J" is no currency\n  where: a.csv:7\\x0a  hint: forged\n  hint:  \\u202e'
    )


def calls(path: Path) -> list[tuple[str, ast.Call, str]]:
    """Every call in a module: the name called, the call, the function it stands in."""
    return [
        (ast.unparse(node.func), node, function.name)
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    ]


def test_rich_gets_text_objects_from_one_function_and_never_a_string() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "rich" not in path.read_text():
            continue
        for name, call, function in calls(path):
            if name == "Text":
                assert function == "_text", f"{path.name}:{call.lineno} makes rich text itself"
            if name.endswith(("console.print", ".add_column")):
                assert not any(isinstance(a, ast.Constant | ast.JoinedStr) for a in call.args)
            if name == "Console":
                words = {word.arg: ast.unparse(word.value) for word in call.keywords}
                assert (words["markup"], words["emoji"], words["highlight"]) == ("False",) * 3
            if name.endswith(".add_row"):
                assert "_styled" in ast.unparse(call), f"{path.name}:{call.lineno}"


def test_every_json_and_csv_goes_through_its_choke_point() -> None:
    """`json.dumps` and `write_csv` of what customers are called stand in one place each."""
    for path in (PACKAGE / "render").rglob("as_*.py"):
        for name, call, function in calls(path):
            if name == "json.dumps":
                assert "json_safe" in path.read_text(), path
            if name.endswith("write_csv"):
                assert (path.stem, function) == ("as_csv", "render"), f"{path}:{call.lineno}"


def test_a_proposed_config_holds_no_line_or_escape_of_a_files_name(tmp_path: Path) -> None:
    header = "customer_id,period_start,amount,currency,cha\x1b[2Jnnel\n"
    name = "x\nperiod: ytd # \x1b[31m\u202e.csv"
    (tmp_path / name).write_text(header + "C1,2025-01-01,5.00,EUR,a\n")
    text = propose_config(tmp_path, force=False).text
    assert not is_hidden(text.replace("\n", ""))
    assert not [line for line in text.split("\n") if line.startswith("period:")]
