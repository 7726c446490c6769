"""The sheets around the tables: summary, reconciliation, findings, conventions.

Every sum and difference is a formula with its value beside it, so that a viewer without a calculator
shows what a spreadsheet recalculates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.money import NO_CURRENCY, exponent, to_decimal
from clv_cli.render.workbook.cells import write_number, write_text
from clv_cli.render.workbook.styles import ALARM, HEAD, NUMBER_HEAD, TITLE, TOTAL, for_print

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.worksheet import Worksheet

    from clv_cli.render.workbook.sheets import Sheet
    from clv_cli.render.workbook.styles import Styles
    from clv_cli.results import Check, Report

# The finest first: whichever is on a sheet, the summary sums it.
LEDGERS = ("split_by_line", "split_by_rule", "split")
CONTROL = "split_total"
BUCKET_ROWS = "split_buckets"


def write_summary(
    sheet: Worksheet, report: Report, sheets: Sequence[Sheet], styles: Styles
) -> None:
    """What the workbook is about, revenue by bucket with live sums, and what stands where."""
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 18)
    for_print(sheet, headed=False)
    write_text(sheet, 0, 0, f"clv {report.command}", styles.of(TITLE))
    line = 1
    if report.as_of is not None:
        write_text(sheet, line, 0, "As of")
        day = styles.number(Kind.DATE, {"align": "left"})
        sheet.write_datetime(line, 1, report.as_of, day)
        line += 1
    facts = {
        "Period": report.period_text,
        "Company": report.company,
        "Currency": "" if report.currency == NO_CURRENCY else report.currency,
    }
    for name, value in facts.items():
        if value:
            write_text(sheet, line, 0, name)
            write_text(sheet, line, 1, value)
            line += 1
    line = _write_buckets(sheet, line + 1, report, sheets, styles)
    _write_contents(sheet, line, sheets, styles)


def _ledger(sheets: Sequence[Sheet]) -> Sheet | None:
    here = {sheet.result.table.name: sheet for sheet in sheets if sheet.rows}
    return next((here[name] for name in LEDGERS if name in here), None)


def _write_buckets(
    sheet: Worksheet, line: int, report: Report, sheets: Sequence[Sheet], styles: Styles
) -> int:
    """Revenue by bucket as sums of the finest sheet, held against what was billed."""
    ledger = _ledger(sheets)
    buckets = [r for r in report.results if r.table.name == BUCKET_ROWS]
    if ledger is None or not buckets:
        return line
    column = buckets[0].table.columns[0]
    written = next(c for c in ledger.result.table.columns if c.name == "bucket")
    money = styles.number(Kind.MONEY)
    for at, head in enumerate(("Revenue by bucket", "Amount", "Share")):
        write_text(sheet, line, at, head, styles.of(NUMBER_HEAD if at else HEAD))
    first = line + 1
    rows = [row for row in buckets[0].records() if row["bucket"] != "total"]
    total_line = first + len(rows)
    for at, row in enumerate(rows, start=first):
        bucket = str(row["bucket"])
        write_text(sheet, at, 0, column.labels.get(bucket, bucket))
        key = written.labels.get(bucket, bucket)
        formula = f'=SUMIF({ledger.range_of("bucket")},"{key}",{ledger.range_of("amount")})'
        sheet.write_formula(at, 1, formula, money, to_decimal(row["amount"], report.currency))
        share = f"=IF(B${total_line + 1}=0,0,B{at + 1}/B${total_line + 1})"
        sheet.write_formula(at, 2, share, styles.number(Kind.RATIO), row["share"] or 0)
    total = sum(row["amount"] for row in rows)
    write_text(sheet, total_line, 0, "Total", styles.of(TOTAL))
    value = to_decimal(total, report.currency)
    bold = styles.number(Kind.MONEY, TOTAL)
    sheet.write_formula(total_line, 1, f"=SUM(B{first + 1}:B{total_line})", bold, value)
    shares = styles.number(Kind.RATIO, TOTAL)
    whole = 1 if total else 0
    sheet.write_formula(total_line, 2, f"=SUM(C{first + 1}:C{total_line})", shares, whole)
    return _write_control(sheet, total_line + 1, report, styles)


def _write_control(sheet: Worksheet, line: int, report: Report, styles: Styles) -> int:
    """What was billed, and what the sums above differ from it."""
    check = next((c for c in report.checks if c.name == CONTROL), None)
    if check is None:
        return line + 1
    write_text(sheet, line, 0, "Billed in the period")
    billed = to_decimal(check.right, report.currency)
    write_number(sheet, line, 1, billed, styles.number(Kind.MONEY))
    write_text(sheet, line + 1, 0, "Difference")
    _write_difference(sheet, (line + 1, 1), (f"B{line}", f"B{line + 1}"), check, styles)
    return line + 3


def _write_difference(
    sheet: Worksheet, place: tuple[int, int], terms: tuple[str, str], check: Check, styles: Styles
) -> None:
    """One figure less another, in white on red when anything is left."""
    # Doubles leave dust behind the last digit; the digits of the currency are exact.
    formula = f"=ROUND({terms[0]}-{terms[1]},{exponent(styles.currency)})"
    value = to_decimal(check.difference, styles.currency)
    sheet.write_formula(*place, formula, styles.number(Kind.MONEY), value)
    alarm = {"type": "cell", "criteria": "!=", "value": 0, "format": styles.of(ALARM)}
    sheet.conditional_format(*place, *place, alarm)


def _write_contents(sheet: Worksheet, line: int, sheets: Sequence[Sheet], styles: Styles) -> None:
    for at, head in enumerate(("Sheet", "Rows", "What")):
        write_text(sheet, line, at, head, styles.of(NUMBER_HEAD if head == "Rows" else HEAD))
    for row, written in enumerate(sheets, start=line + 1):
        write_text(sheet, row, 0, written.name)
        height = written.result.rows.frame.height
        sheet.write_number(row, 1, height, styles.number(Kind.COUNT))
        write_text(sheet, row, 2, written.result.table.title)


def write_reconciliation(
    sheet: Worksheet, report: Report, sheets: Sequence[Sheet], styles: Styles
) -> None:
    """Every check as two figures and a difference; the sheets' own sums among them."""
    for at, width in enumerate((44, 18, 44, 18, 14)):
        sheet.set_column(at, at, width)
    heads = ("This", "Amount", "must equal", "Amount", "Difference")
    for at, head in enumerate(heads):
        number = head in {"Amount", "Difference"}
        write_text(sheet, 0, at, head, styles.of(NUMBER_HEAD if number else HEAD))
    for_print(sheet)
    line = 1
    for check in report.checks:
        _write_check(sheet, line, check, styles)
        line += 1
    control = next((c for c in report.checks if c.name == CONTROL), None)
    for written in sheets:
        if control is None or not written.rows or written.result.table.name not in LEDGERS:
            continue
        other = control.text.partition(" = ")[2]
        summed = replace(control, text=f"sum of the sheet {written.name} = {other}")
        _write_check(sheet, line, summed, styles, written.range_of("amount"))
        line += 1


def _write_check(
    sheet: Worksheet, line: int, check: Check, styles: Styles, cells: str | None = None
) -> None:
    """A check's row; where cells are named, its first figure is their live sum."""
    money = styles.number(Kind.MONEY)
    name, _, other = check.text.partition(" = ")
    write_text(sheet, line, 0, name)
    left = to_decimal(check.left, styles.currency)
    if cells is None:
        write_number(sheet, line, 1, left, money)
    else:
        sheet.write_formula(line, 1, f"=SUM({cells})", money, left)
    write_text(sheet, line, 2, other)
    write_number(sheet, line, 3, to_decimal(check.right, styles.currency), money)
    terms = (f"B{line + 1}", f"D{line + 1}")
    _write_difference(sheet, (line, 4), terms, check, styles)


def write_findings(sheet: Worksheet, report: Report, styles: Styles) -> None:
    """All findings, the most serious first, then what a reader must know."""
    heads = ("Severity", "File", "Row", "Column", "Finding", "What to do", "Code")
    for at, (head, width) in enumerate(zip(heads, (10, 24, 9, 18, 80, 48, 22), strict=True)):
        sheet.set_column(at, at, width)
        write_text(sheet, 0, at, head, styles.of(HEAD))
    for_print(sheet)
    for line, found in enumerate(report.findings, start=1):
        texts = {0: found.severity.value, 1: found.source, 3: found.column, 4: found.message}
        for at, text in {**texts, 5: found.remedy, 6: found.code}.items():
            if text is not None:
                write_text(sheet, line, at, text)
        if found.row is not None:
            sheet.write_number(line, 2, found.row, styles.number(Kind.COUNT))
    below = len(report.findings) + 2
    for line, note in enumerate(report.notes, start=below):
        write_text(sheet, line, 4, note)


def write_conventions(sheet: Worksheet, report: Report, styles: Styles) -> None:
    """Every setting that shapes a figure."""
    sheet.set_column(0, 1, 40)
    write_text(sheet, 0, 0, "Setting", styles.of(HEAD))
    write_text(sheet, 0, 1, "Value", styles.of(HEAD))
    for_print(sheet)
    for line, (name, value) in enumerate(report.conventions.items(), start=1):
        write_text(sheet, line, 0, name)
        write_text(sheet, line, 1, value)
