"""The billing system's exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .catalog import plan_id, plan_rows, unit_price, version
from .clock import END, add_months, days, epoch, stamp
from .write import major, table, yes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from .company import Company
    from .crm_keys import Keys
    from .model import Account, Credit, Invoice, Item, Line, Refund

INVOICES = (
    "id,Amount Due,Billing,Closed,Currency,Customer,Date (UTC),Due Date (UTC),Number,Paid,Subscription,Subtotal,"
    "Total Discount Amount,Applied Coupons,Tax,Tax Percent,Total,Amount Paid,Status"
)
LINES = (
    "id,invoice_id,subscription_id,type,amount,currency,discount_amount,period_start,period_end,plan_id,product_id,"
    "plan_usage_type,plan_interval,plan_interval_count,proration,proration_credited_line,quantity,unit_amount,"
    "metadata_touchpoint,metadata_deal_id"
)
CUSTOMERS = (
    "id,Description,Email,Name,Created (UTC),Delinquent,Currency,Total Spend,Payment Count,account_id (metadata),"
    "segment (metadata),channel (metadata),country (metadata),prior_supplier (metadata)"
)
SUBSCRIPTIONS = (
    "id,Customer ID,Plan,Product,Quantity,Currency,Interval,Amount,Status,Cancellation Reason,Created (UTC),"
    "Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Trial End (UTC),Canceled At (UTC),"
    "Ended At (UTC),pauses (metadata)"
)


def write_billing(root: Path, company: Company, keys: Keys) -> None:
    """Write everything below billing/."""
    table(root, "billing/stripe_invoices.csv", INVOICES, map(_invoice, company.invoices))
    table(root, "billing/stripe_invoice_lines.csv", LINES, _lines(company))
    table(
        root,
        "billing/stripe_customers.csv",
        CUSTOMERS,
        (_customer(a, keys) for a in company.accounts),
    )
    table(root, "billing/stripe_subscriptions.csv", SUBSCRIPTIONS, _subscriptions(company))
    table(
        root,
        "billing/plans.csv",
        "plan_id,product_id,segment,price,currency,interval,quota_metric,quota,next_plan_id",
        plan_rows(),
    )
    _write_money_back(root, company)
    header = (
        "payment_id,invoice_id,customer_id,attempted_on,outcome,amount,currency,card_expires_on"
    )
    numbered = ([f"p{10_001 + n}", *row] for n, row in enumerate(_payments(company)))
    table(root, "billing/payments.csv", header, numbered)


def _invoice(invoice: Invoice) -> list[object]:
    """Write one invoice as the dashboard does: major units, lower-case currency."""
    customer, status = invoice.customer, invoice.status
    discount = sum(line.discount for line in invoice.lines)
    total = invoice.net + invoice.tax
    paid = status == "paid"
    subscription = next((line.item.id for line in invoice.lines if line.item), "")
    return [
        invoice.id,
        major(total),
        "send_invoice" if customer.by_invoice else "charge_automatically",
        yes(status in ("paid", "uncollectible", "void")),
        customer.currency,
        customer.id,
        stamp(invoice.day, invoice.minute),
        stamp(invoice.due, invoice.minute) if invoice.due else "",
        "" if status == "draft" else f"HA{invoice.id[1:]}",
        yes(paid),
        subscription,
        major(invoice.net + discount),
        major(discount),
        invoice.coupon,
        major(invoice.tax),
        "19" if customer.currency == "eur" else "",
        major(total),
        major(total if paid else 0),
        status,
    ]


def _lines(company: Company) -> Iterator[list[object]]:
    """Write the lines as the API does: cents, epoch seconds, snake case."""
    for invoice in company.invoices:
        for line in invoice.lines:
            yield _line(invoice, line)


def _line(invoice: Invoice, line: Line) -> list[object]:
    """Write one line; customer, date and status are only on its invoice."""
    recurring = bool(line.plan)
    return [
        line.id,
        invoice.id,
        line.item.id if line.item else "",
        "subscription" if recurring else "invoiceitem",
        line.amount,
        invoice.customer.currency,
        line.discount,
        epoch(line.start) if line.start else "",
        epoch(line.end) if line.end else "",
        line.plan,
        line.product,
        ("metered" if line.metered else "licensed") if recurring else "",
        line.interval,
        1 if line.interval else "",
        "true" if line.proration else "false",
        line.credited.id if line.credited else "",
        line.quantity,
        line.unit,
        line.touchpoint,
        line.deal,
    ]


def _customer(account: Account, keys: Keys) -> list[object]:
    """Write one customer with what it has paid so far."""
    customer = account.customer
    paid = [i for i in account.invoices if i.status == "paid" and i.net > 0]
    late = any(
        i.status == "uncollectible" or (i.status == "open" and not i.due) for i in account.invoices
    )
    return [
        customer.id,
        customer.contact,
        customer.email,
        customer.name,
        stamp(customer.created, int(customer.id[1:]) * 53 % 1440),
        yes(late),
        customer.currency,
        major(sum(i.net + i.tax for i in paid)),
        len(paid),
        keys.in_billing.get(customer.id, ""),
        customer.segment,
        customer.channel,
        customer.country,
        customer.prior_supplier,
    ]


def _subscriptions(company: Company) -> Iterator[list[object]]:
    """Write one row an item; all items of a customer stand on common invoices."""
    owner = {id(item): account for account in company.accounts for item in account.items}
    for item in company.items:
        yield _subscription(owner[id(item)], item)


def _subscription(account: Account, item: Item) -> list[object]:
    """Write one subscription with its present (or last) quantity and price."""
    customer, term = account.customer, item.term
    if term is None:
        raise ValueError(f"{item.id} was never billed")
    tried = customer.trial and item.started == customer.first_bill and item is account.items[0]
    created = customer.created if tried or item.spell.number == 0 else item.started
    edition = version(term.start)
    price = unit_price(item.product, customer.segment, customer.currency, item.interval, edition)
    ended = item.ended
    asked = max(ended - days(3 + int(customer.id[1:]) % 23), created) if ended else None
    paused = any(start <= END < end for start, end in item.spell.pauses)
    status = "canceled" if ended else "paused" if paused else "active"
    reason = (item.spell.reason or "cancellation_requested") if ended else ""
    trial_end = customer.first_bill if tried or item.spell.number == 0 else None
    pauses = [
        f"{a}/{b}"
        for a, b in item.spell.pauses
        if a <= END and (not ended or a < ended) and a > item.started
    ]
    return [
        item.id,
        customer.id,
        plan_id(item.product, customer.segment, customer.currency, item.interval, edition),
        item.product,
        item.quantity,
        customer.currency,
        item.interval,
        major(price * item.quantity),
        status,
        reason,
        stamp(created),
        stamp(created),
        stamp(term.start),
        stamp(term.end),
        stamp(trial_end) if trial_end else "",
        stamp(asked) if asked else "",
        stamp(ended) if ended else "",
        ";".join(pauses),
    ]


def _write_money_back(root: Path, company: Company) -> None:
    """Write credit notes and refunds, both as positive amounts without tax."""
    header = (
        "credit_note_id,line_id,original_line_id,invoice_id,customer_id,issued_on,amount,currency,"
        "period_start,period_end,product_id,reason"
    )
    rows: list[list[object]] = [
        [
            c.id,
            f"{c.id}-1",
            c.line.id,
            *_back(c),
            c.start or "",
            c.end or "",
            c.line.product,
            c.reason,
        ]
        for c in company.credits
    ]
    table(root, "billing/credit_notes.csv", header, rows)
    header = "refund_id,invoice_id,original_line_id,customer_id,refunded_on,amount,currency,credit_note_id"
    rows = [
        [r.id, r.invoice.id, r.line.id, *_back(r)[1:], r.credit.id if r.credit else ""]
        for r in company.refunds
    ]
    table(root, "billing/refunds.csv", header, rows)


def _back(paper: Credit | Refund) -> list[object]:
    """Write what credits and refunds share."""
    customer = paper.invoice.customer
    return [paper.invoice.id, customer.id, paper.day, major(paper.amount), customer.currency]


def _payments(company: Company) -> list[list[object]]:
    """List payment attempts of the last 18 months: this export is a window."""
    window = add_months(END.replace(day=1), -17)
    rows: list[list[object]] = []
    for invoice in company.invoices:
        total, customer = invoice.net + invoice.tax, invoice.customer
        if total == 0 or invoice.status in ("draft", "void") or invoice.day < window - days(60):
            continue
        card_end = add_months(
            customer.first_bill.replace(day=1), 20 + int(customer.id[1:]) * 7 % 40
        )
        while card_end <= invoice.day:
            card_end = add_months(card_end, 36)
        card = "" if invoice.due else card_end - days(1)
        attempts = [(day, "failed") for day in _failures(invoice)]
        if invoice.paid_on:
            attempts.append((invoice.paid_on, "succeeded"))
        rows += [
            [invoice.id, customer.id, day, outcome, major(total), customer.currency, card]
            for day, outcome in attempts
            if window <= day <= END
        ]
    return sorted(rows, key=lambda row: (str(row[2]), str(row[0])))


def _failures(invoice: Invoice) -> list[date]:
    """List the days on which charging the card failed."""
    if invoice.due:
        return []
    if invoice.status == "uncollectible":
        return [invoice.day + days(n) for n in (0, 3, 7)]
    if invoice.paid_on is None or invoice.paid_on > invoice.day:
        return [invoice.day]
    return []
