"""Pages for tests: a small company's whole report, and the page taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from clv_cli import attribution, metrics
from clv_cli.run.finishing import finished
from tests.books import book, line, monthly, scope, spend

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Report

VOID = {"meta", "br", "link", "img", "input", "hr"}
LONG = "Extraordinarily Long Names Partnership Co"  # 41 letters
RIGHT_TO_LEFT = "שלום עליכם"


def company() -> Scope:
    """Four customers over fourteen months: won, grown, lost and won back; two channels with spend."""
    lines = [
        *monthly("A", "2024-11-01", [100] * 14),
        *monthly("B", "2025-02-01", [80] * 5 + [None] * 3 + [90] * 3),
        *monthly("C", "2025-03-01", [50] * 6 + [20]),
        *monthly("D", "2025-05-01", [70] * 8),
        line("D", "2025-12-05", -35, kind="credit"),
    ]
    customers = [
        {"customer_id": name, "channel": channel, "created_on": None}
        for name, channel in (("A", LONG), ("B", RIGHT_TO_LEFT), ("C", LONG), ("D", None))
    ]
    costs = [spend("2025-03", 400, channel=LONG), spend("2025-05", 90, channel=RIGHT_TO_LEFT)]
    return scope(book(lines=lines, customers=customers, spend=costs))


def whole_report(of: Scope) -> Report:
    """What `clv report` holds, without files."""
    tables = [
        metrics.kpi_table(of),
        metrics.mrr_movements_table(of),
        metrics.retention_table(),
        metrics.cohort_tables(of)[0],
        *([metrics.cac_by_channel_table(of)] if of.book.has("spend") else []),
        *attribution.split_tables(of),
        attribution.split_claims_table(of),
        attribution.split_by_table(of, "rule"),
        metrics.reconciliation_table(of),
    ]
    return finished("report", of, tables, [metrics.noticed(of)])


@cache
def company_report() -> Report:
    """The small company's report, made once."""
    return whole_report(company())


@dataclass
class Element:
    """One element of a page, with everything below it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every element below with this tag and these attributes; `class_` is one of the classes."""
        found = []
        for child in self.children:
            if child.tag == tag and child.has(attributes):
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def has(self, wanted: dict[str, str]) -> bool:
        """Whether it carries these attributes."""
        classes = self.attributes.get("class", "").split()
        return all(
            value in classes if name == "class_" else self.attributes.get(name) == value
            for name, value in wanted.items()
        )

    @property
    def text(self) -> str:
        """All text in it."""
        return " ".join([*self.texts, *(child.text for child in self.children)]).strip()

    def every(self) -> list[Element]:
        """It and all below it."""
        return [self, *(inner for child in self.children for inner in child.every())]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.stack = [Element("root", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.stack[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].texts.append(data)


def parsed(page: str) -> Element:
    """A page as elements; fails where a tag is closed by another or never."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert [element.tag for element in builder.stack] == ["root"]
    return builder.stack[0]
