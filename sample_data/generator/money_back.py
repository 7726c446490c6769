"""Credit notes, refunds, voided duplicates and other one-off documents of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import END, days, month_index
from .model import Account, Credit, Invoice, Line, Refund, Spell

if TYPE_CHECKING:
    from datetime import date

GOODWILL = 0.006  # chance an invoice
UNCOVERED = 0.0055  # chance an invoice of a refund without a credit note


def settle(account: Account) -> Account:
    """Add everything that follows from the invoices; call it once per simulated account."""
    for spell in account.spells:
        if spell.early and spell.ended and spell.ended <= END:
            _credit_unused(account, spell, spell.ended)
    _goodwill(account)
    _refunds(account)
    _training(account)
    account.credits = [credit for credit in account.credits if credit.day <= END]
    kept = set(map(id, account.credits))
    account.refunds = [
        refund
        for refund in account.refunds
        if refund.day <= END and (refund.credit is None or id(refund.credit) in kept)
    ]
    return account


def _credit_unused(account: Account, spell: Spell, left: date) -> None:
    """Credit the rest of the term of a customer who leaves early."""
    term = spell.terms[-1]
    for invoice in account.invoices:
        for line in invoice.lines:
            if (
                line.item is None
                or line.metered
                or line.end != term.end
                or line.start is None
                or line.start >= left
            ):
                continue
            if line.item.spell is not spell:
                continue
            unused = line.net * (term.end - left).days // (term.end - line.start).days
            monthly = line.unit * line.quantity / 12
            if unused > 0:
                credit = Credit(
                    invoice, line, left, unused, "cancelled early", left, term.end, monthly
                )
                account.credits.append(credit)


def _goodwill(account: Account) -> None:
    """Give a little back now and then; never on a line that already has a credit."""
    customer, taken = account.customer, {id(credit.line) for credit in account.credits}
    for invoice in _monthly(account):
        month = month_index(invoice.day)
        if customer.draws.u("goodwill", month) < GOODWILL and id(invoice.lines[0]) not in taken:
            line = invoice.lines[0]
            amount = int(line.net * customer.draws.between(0.1, 0.5, "goodwill_size", month))
            reason = customer.draws.pick(
                ("service outage", "goodwill", "billing error"), "goodwill_reason", month
            )
            if amount > 0:
                account.credits.append(Credit(invoice, line, invoice.day + days(9), amount, reason))


def _refunds(account: Account) -> None:
    """Pay some credits out in cash, and refund some lines without any credit note."""
    draws = account.customer.draws
    for place, credit in enumerate(account.credits):
        if draws.u("pay_out", place) < 0.55 and credit.invoice.status == "paid":
            refund = Refund(
                credit.invoice, credit.line, credit.day + days(3), credit.amount, credit
            )
            account.refunds.append(refund)
    taken = {id(credit.line) for credit in account.credits}
    for invoice in _monthly(account):
        month, line = month_index(invoice.day), invoice.lines[0]
        if draws.u("refund", month) < UNCOVERED and id(line) not in taken and line.net > 0:
            part = 1.0 if draws.u("refund_size", month) < 0.6 else 0.4
            account.refunds.append(
                Refund(invoice, line, invoice.day + days(6), int(line.net * part))
            )


def _monthly(account: Account) -> list[Invoice]:
    """List the paid invoices of monthly terms."""
    return [
        i
        for i in account.invoices
        if i.kind == "term" and i.status == "paid" and i.lines[0].interval == "month"
    ]


def _training(account: Account) -> None:
    """Sell a one-off training day now and then."""
    customer = account.customer
    fee = {"startup": 25_000, "smb": 45_000, "midmarket": 90_000, "enterprise": 180_000}[
        customer.segment
    ]
    for spell in account.spells:
        for term in spell.terms:
            month = month_index(term.start)
            chance = 0.005 if term.interval == "month" else 0.09
            day = term.start + days(customer.draws.between(5, 25, "training_day", month))
            gone = spell.ended is not None and day >= spell.ended
            if (
                term.start > END
                or day > END
                or gone
                or customer.draws.u("training", month) >= chance
            ):
                continue
            line = Line(None, fee, product="training", unit=fee)
            account.invoices.append(Invoice(customer, day, "one_off", [line]))
