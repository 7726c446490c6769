"""How cells of a workbook look: number formats by kind and by the currency's digits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clv_cli.glossary import Kind
from clv_cli.money import exponent

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEAD = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "bg_color": "#EDEFF2"}
NUMBER_HEAD = {**HEAD, "align": "right"}
TITLE = {"bold": True, "font_size": 14}
TOTAL = {"bold": True, "top": 1}
# Of a ratio the change is in points: from 91.7 % to 91.4 % are -0.3 points, not -0.3 %.
POINTS = {"num_format": '+0.0%" pts";-0.0%" pts";0.0%" pts"'}
NOTE = {"italic": True, "font_color": "#555555"}
ALARM = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#C00000"}
NUMBER_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.RATIO: "0.0%",
    Kind.FACTOR: "0.00",
    Kind.MONTHS: "0.0",
    Kind.DAYS: "0.0",
    Kind.SCORE: "+0.0;-0.0;0.0",
    Kind.CHANGE: "+0.0%;-0.0%;0.0%",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONTH: "yyyy-mm",
}


def money_format(currency: str) -> str:
    """`#,##0.00;[Red]-#,##0.00`, with the digits of the currency: JPY none, KWD three."""
    digits = exponent(currency)
    shape = "#,##0" + ("." + "0" * digits if digits else "")
    return f"{shape};[Red]-{shape}"


A4 = 9


def for_print(sheet: Worksheet, *, headed: bool = True) -> None:
    """On paper: A4 across, as wide as the page, the headings on every page."""
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    if headed:
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 1)


@dataclass(slots=True)
class Styles:
    """The formats of one workbook, each made once.

    Args:
        book: the workbook.
        currency: of amounts that name none.
    """

    book: Workbook
    currency: str
    _made: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)
    _plain: dict[tuple[Kind, str], Format] = field(default_factory=dict)

    def of(self, *parts: dict[str, Any]) -> Format:
        """The format with all properties of the parts."""
        properties = {name: value for part in parts for name, value in part.items()}
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format(properties)
        return self._made[key]

    def number(self, kind: Kind, *parts: dict[str, Any], currency: str | None = None) -> Format:
        """The format of a number of a kind; of money, with its currency's digits."""
        code = currency or self.currency
        # Nearly all cells of a workbook ask for one of few plain formats.
        if not parts and (kind, code) in self._plain:
            return self._plain[kind, code]
        shape = money_format(code) if kind is Kind.MONEY else NUMBER_FORMATS.get(kind, "General")
        style = self.of({"num_format": shape}, *parts)
        if not parts:
            self._plain[kind, code] = style
        return style
