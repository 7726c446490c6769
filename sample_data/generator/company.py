"""The whole company: simulates every customer, then numbers and dates the documents."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .acquisition import Spend, acquire, spend_plan
from .catalog import PRODUCTS
from .clock import END, days, month_index
from .draws import stream
from .model import Account, Credit, Episode, Invoice, Item, Line, Refund
from .risk import live_through

ORDER = ("trial", "term", "upgrade", "usage", "one_off")


@dataclass
class Company:
    """Everything that happened, in the order in which it is written."""

    spend: list[Spend]
    accounts: list[Account]
    episodes: list[Episode]
    invoices: list[Invoice]
    items: list[Item]
    credits: list[Credit]
    refunds: list[Refund]

    @property
    def paying(self) -> list[Account]:
        """Accounts of real customers who were billed."""
        return [account for account in self.accounts if account.customer.kind == "paying"]


def found() -> Company:
    """Run the simulation."""
    spend = spend_plan()
    accounts, episodes = [], []
    for customer in acquire(spend):
        account, own = live_through(customer)
        accounts.append(account)
        episodes += own
    accounts.sort(key=lambda account: account.customer.id)
    _draft_orders(accounts)
    for account in accounts:
        account.invoices += _voided(account)
        for invoice in account.invoices:
            _collect(invoice)
    invoices = [invoice for account in accounts for invoice in account.invoices]
    invoices.sort(key=lambda i: (i.day, i.customer.id, ORDER.index(i.kind), i.status))
    items = sorted((i for a in accounts for i in a.items), key=lambda i: i.started)
    notes = sorted((c for a in accounts for c in a.credits), key=lambda c: c.day)
    refunds = sorted((r for a in accounts for r in a.refunds), key=lambda r: r.day)
    company = Company(spend, accounts, episodes, invoices, items, notes, refunds)
    _number(company)
    return company


def _draft_orders(accounts: list[Account]) -> None:
    """Leave a few orders of the last day in draft."""
    active = [a for a in accounts if a.customer.kind == "paying" and a.active_at(END)]
    for account in stream("drafts").sample(active, 4):
        line = Line(None, 60_000, product="training", unit=60_000)
        account.invoices.append(Invoice(account.customer, END, "one_off", [line], status="draft"))


def _voided(account: Account) -> list[Invoice]:
    """Copy a few bills that were made twice by mistake and voided."""
    draws = account.customer.draws
    return [
        replace(invoice, lines=[replace(line) for line in invoice.lines], status="void")
        for invoice in account.invoices
        if invoice.kind == "term" and draws.u("void", month_index(invoice.day)) < 0.0035
    ]


def _collect(invoice: Invoice) -> None:
    """Decide when an invoice is paid, or that it is not."""
    customer, place = invoice.customer, invoice.day.toordinal() - 738_000
    # Stable, but spread over the day: real invoices do not all fall on midnight.
    invoice.minute = (place * 37 + int(customer.id[1:]) * 101) % 1380 + 30
    if customer.by_invoice and invoice.kind != "trial":
        invoice.due = invoice.day + days(30)
    if invoice.status != "paid":
        return
    luck = customer.draws.u("pay", place)
    if invoice.kind == "one_off" and luck < 0.12:
        invoice.status = "uncollectible" if luck < 0.04 else "open"
        return
    if invoice.due:
        invoice.paid_on = invoice.day + days(6 + luck * luck * 36)
    else:
        invoice.paid_on = invoice.day + days(0 if luck > 0.06 else 2 + luck * 100)
    if invoice.paid_on > END:
        invoice.status, invoice.paid_on = "open", None


def _number(company: Company) -> None:
    """Hand out ids in the order of the dates."""
    count = 10_000
    for place, invoice in enumerate(company.invoices):
        invoice.id = f"i{10_001 + place}"
        for line in invoice.lines:
            count += 1
            line.id = f"l{count}"
    for place, item in enumerate(company.items):
        item.id = f"s{1001 + place}"
    for place, credit in enumerate(company.credits):
        credit.id = f"cn{101 + place}"
    for place, refund in enumerate(company.refunds):
        refund.id = f"re{101 + place}"
    company.episodes.sort(key=lambda e: (e.flagged, e.customer.id))
    for place, episode in enumerate(company.episodes):
        episode.id = f"f{1001 + place}"


def holds_metered(account: Account) -> list[Item]:
    """List the items whose usage is counted."""
    return [
        item for item in account.items if PRODUCTS[item.product].metric and item.spell.number > 0
    ]
