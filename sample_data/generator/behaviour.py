"""What customers do between bills: product usage and support tickets."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

from .catalog import PRODUCTS
from .clock import END, days, month_index, month_start

if TYPE_CHECKING:
    from datetime import date

    from .model import Account, Customer, Item

TICKET_RATE = {"startup": 0.022, "smb": 0.035, "midmarket": 0.06, "enterprise": 0.10}
CEILING = 1.5  # usage over quota never grows beyond this


def usage(customer: Customer, item: Item, month: int) -> tuple[int, int]:
    """Return (quantity, quota) of a metered item in a month; (0, 0) when it is not held."""
    middle = days_into(month, 15)
    units = item.quantity_at(middle)
    if units == 0 or any(start <= middle < end for start, end in item.spell.pauses):
        return 0, 0
    product, draws = PRODUCTS[item.product], customer.draws
    age = month - month_index(item.started)
    growth = 0.03 if draws.u("grower") < 0.12 else 0.004 + 0.008 * draws.normal("growth")
    share = min(
        CEILING, draws.between(0.5, 0.9, f"share:{item.product}") * exp(age * log(1 + growth))
    )
    level = share * (item.history[0][1] + units) / 2 * product.quota
    level *= exp(0.05 * draws.normal(f"usage:{item.product}", month)) * _dip(customer, month)
    return max(round(level), 1), units * product.quota


def _dip(customer: Customer, month: int) -> float:
    """Return the factor by which risk and planted declines lower usage in a month."""
    factor = 1.0
    for flagged, depth in customer.dips:
        # Down over the three complete months before the flag, back by two months after it.
        weight = {-3: 0.6, -2: 1.1, -1: 1.3, 0: 1.0, 1: 0.5}.get(month - flagged, 0.0)
        factor *= 1 - depth * weight
    if customer.decline and month >= customer.decline[0]:
        factor *= (1 - customer.decline[1]) ** (month - customer.decline[0] + 1)
    return max(factor, 0.05)


def days_into(month: int, count: int) -> date:
    """Return the day `count` days after the first of a month."""
    return month_start(month) + days(count)


def usage_decline(account: Account, flagged: date) -> float:
    """Return 1 - (last three complete months / the three before); 0 without six months of usage."""
    month, declines = month_index(flagged), []
    for item in account.items:
        if not PRODUCTS[item.product].metric or month_index(item.started) > month - 6:
            continue
        values = [usage(account.customer, item, m)[0] for m in range(month - 6, month)]
        if all(values):
            declines.append(1 - sum(values[3:]) / sum(values[:3]))
    return max(declines, default=0.0)


def tickets(customer: Customer, until: date) -> list[date]:
    """List the days of a customer's tickets up to a day (exclusive), oldest first."""
    draws, rate = customer.draws, TICKET_RATE[customer.segment]
    found = [
        days_into(month, int(draws.u(f"ticket_day{turn}", month) * 28))
        for month in range(month_index(customer.first_bill), month_index(min(until, END)) + 1)
        for turn in range(draws.poisson(rate, "tickets", month))
    ]
    found += customer.extra_tickets
    return sorted(day for day in found if customer.first_bill <= day < until)
