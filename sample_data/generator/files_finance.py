"""Finance's own records: spend, service costs, the general ledger and exchange rates."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from .clock import END, MONTHS, START, month_index, month_start
from .draws import stream
from .reckon import rates, usd
from .write import major, table

if TYPE_CHECKING:
    from pathlib import Path

    from .company import Company
    from .model import Credit, Line, Refund

SHARES = {  # of revenue: (share, driver)
    "cogs": (0.045, "revenue"),
    "hosting": (0.085, "revenue"),
    "payment_fees": (0.024, "revenue"),
    "support": (0.07, "ticket"),
    "success": (0.06, "minutes"),
}
Ledger = dict[tuple[str, str, str], int]


def write_finance(root: Path, company: Company) -> None:
    """Write everything below finance/."""
    books = ledger(company)
    table(
        root, "finance/spend.csv", "period_start,category,channel,amount,currency", _spend(company)
    )
    table(
        root,
        "finance/service_costs.csv",
        "period_start,category,driver,amount,currency",
        _service(books),
    )
    rows = (
        [month, account, currency.upper(), major(amount)]
        for (month, account, currency), amount in sorted(books.items())
    )
    table(root, "finance/general_ledger.csv", "month,account,currency,amount", rows)
    daily = ([day, "EUR", f"{rate:.4f}"] for day, rate in rates().items() if START <= day <= END)
    table(root, "finance/fx_rates.csv", "day,currency,rate", daily)


def _account(line: Line) -> str:
    """Return the revenue account of a line."""
    if line.metered:
        return "4100 Usage revenue"
    return "4000 Subscription revenue" if line.plan else "4200 Services revenue"


def ledger(company: Company) -> Ledger:
    """Add up billed revenue by month, account and currency; our own test customers are left out."""
    books: Ledger = defaultdict(int)
    for invoice in company.invoices:
        if invoice.customer.kind == "test" or invoice.status in ("draft", "void"):
            continue
        for line in invoice.lines:
            books[invoice.day.isoformat()[:7], _account(line), invoice.customer.currency] += (
                line.net
            )
    uncovered = [refund for refund in company.refunds if refund.credit is None]
    papers: list[Credit | Refund] = [*company.credits, *uncovered]
    for paper in papers:
        if paper.invoice.customer.kind != "test":
            key = (
                paper.day.isoformat()[:7],
                "4900 Credits and refunds",
                paper.invoice.customer.currency,
            )
            books[key] -= paper.amount
    return {key: amount for key, amount in books.items() if amount}


def _spend(company: Company) -> list[list[object]]:
    """List marketing by channel, and the other costs of winning customers."""
    source, rows = stream("costs"), []
    for month in range(MONTHS):
        first = month_start(month)
        rows += [
            [first, "marketing", s.channel, f"{s.amount}.00", "USD"]
            for s in company.spend
            if s.month == month
        ]
        plan = {
            "sales": 52_000 + 900 * month,
            "onboarding": 14_000 + 200 * month,
            "tools": 5_500 + 60 * month,
        }
        for category, typical in plan.items():
            amount = round(typical * (0.94 + 0.12 * source.random()), 2)
            rows.append([first, category, "", f"{amount:.2f}", "USD"])
    return rows


def _service(books: Ledger) -> list[list[object]]:
    """List the costs of serving customers; they follow the last twelve months' revenue, plus a base."""
    source, rows = stream("service"), []
    revenue = [0.0] * MONTHS
    for (month, _, currency), amount in sorted(books.items()):
        first = START.replace(year=int(month[:4]), month=int(month[5:]))
        revenue[month_index(first)] += usd(amount, currency, first)
    for index in range(MONTHS):
        recent = revenue[max(0, index - 11) : index + 1]
        for category, (share, driver) in SHARES.items():
            cost = share * sum(recent) / len(recent) * (0.95 + 0.1 * source.random())
            cost += 0 if category == "payment_fees" else 1_500
            rows.append([month_start(index), category, driver, f"{cost:.2f}", "USD"])
    return rows
