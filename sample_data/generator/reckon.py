"""Exchange rates, and the few sums that the simulation itself needs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .clock import END, START, days
from .draws import stream

if TYPE_CHECKING:
    from datetime import date

    from .model import Account, Line


@cache
def rates() -> dict[date, float]:
    """Return the USD price of one EUR for every day: a slow walk within 1.03 and 1.15."""
    source, rate, day, table = stream("fx"), 1.09, START - days(20), {}
    while day <= END:
        rate += 0.0016 * source.gauss(0.0, 1.0) + 0.002 * (1.09 - rate)
        rate = min(max(rate, 1.03), 1.15)
        table[day] = round(rate, 4)
        day += days(1)
    return table


def usd(minor: float, currency: str, day: date) -> float:
    """Convert minor units to US dollars at the rate of a day."""
    return minor / 100 * (rates()[day] if currency == "eur" else 1.0)


def monthly(line: Line) -> float:
    """Return what a line adds to the MRR, in minor units."""
    if line.item is None or line.metered or line.item.spell.number == 0:
        return 0.0
    if line.proration:
        amount: float = line.unit * line.quantity * (1 if line.amount >= 0 else -1)
    else:
        amount = line.net
    return amount / (12 if line.interval == "year" else 1)


def mrr_usd(account: Account, day: date, product: str = "") -> float:
    """Return the MRR of an account at the end of a day: lines whose period covers it, less credited parts."""
    total = 0.0
    for invoice in account.invoices:
        if invoice.status in ("void", "draft") or invoice.day > day:
            continue
        for line in invoice.lines:
            if (
                line.start
                and line.end
                and line.start <= day < line.end
                and product in ("", line.product)
            ):
                total += monthly(line)
    for credit in account.credits:
        if (
            credit.start
            and credit.end
            and credit.start <= day < credit.end
            and product in ("", credit.line.product)
        ):
            total -= credit.monthly
    return usd(total, account.customer.currency, day)


def net_revenue_usd(account: Account, start: date, end: date) -> float:
    """Return billed revenue of a window: issued lines less credits and uncovered refunds, ex tax."""
    currency, total = account.customer.currency, 0.0
    for invoice in account.invoices:
        if start <= invoice.day < end and invoice.status not in ("void", "draft"):
            total += usd(invoice.net, currency, invoice.day)
    for credit in account.credits:
        if start <= credit.day < end:
            total -= usd(credit.amount, currency, credit.day)
    for refund in account.refunds:
        if refund.credit is None and start <= refund.day < end:
            total -= usd(refund.amount, currency, refund.day)
    return total
