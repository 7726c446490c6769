"""Metered usage: api calls above the quota, billed in arrears."""

from __future__ import annotations

from .behaviour import usage
from .catalog import OVERAGE_BLOCK, SHORT, overage_price
from .clock import END, days, month_index, month_start
from .model import Account, Invoice, Item, Line


def bill_usage(account: Account) -> None:
    """Bill api calls above the quota in arrears, with the next monthly invoice or on their own."""
    customer = account.customer
    for item in account.items:
        if item.product != "api":
            continue
        for month in range(month_index(item.started), 42):
            quantity, quota = usage(customer, item, month)
            blocks = max(quantity - quota, 0) // OVERAGE_BLOCK
            if blocks:
                _add_usage(account, item, month, blocks)


def _add_usage(account: Account, item: Item, month: int, blocks: int) -> None:
    """Put one month's overage on an invoice of the following month."""
    customer, start, end = account.customer, month_start(month), month_start(month + 1)
    price = overage_price(customer.segment, customer.currency)
    line = Line(
        item,
        price * blocks,
        start,
        end,
        "api",
        metered=True,
        interval="month",
        quantity=blocks,
        unit=price,
    )
    line.plan = f"api-{SHORT[customer.segment]}-x{customer.currency[0]}"
    host = next(
        (
            invoice
            for invoice in account.invoices
            if invoice.kind == "term"
            and end <= invoice.day < month_start(month + 2)
            and invoice.lines[0].interval == "month"
        ),
        None,
    )
    if host is not None and host.status == "paid":
        host.lines.append(line)
    elif end + days(1) <= END:
        account.invoices.append(Invoice(customer, end + days(1), "usage", [line]))
    else:
        # The month after the data: the billing system has only drafted it yet.
        account.invoices.append(Invoice(customer, END, "usage", [line], status="draft"))
