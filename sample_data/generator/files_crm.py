"""The CRM's exports: companies, deals, the hand-kept account map, and referrals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .clock import END, START, days, stamp
from .draws import stream
from .words import SUPPLIERS, Names
from .write import major, table

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from .company import Company
    from .crm_keys import Keys
    from .model import Account, Invoice

OWNERS = ("Nia Okoro", "Tim Brandt", "Rea Costa", "Jo Kato", "Max Weber", "Uma Silva")
SOURCES = {
    "search": "Paid Search",
    "social": "Paid Social",
    "partner": "Partner",
    "events": "Offline Events",
    "content": "Organic Search",
    "referral": "Referrals",
}
SALES_LED = {"startup": 0.3, "smb": 0.6, "midmarket": 1.0, "enterprise": 1.0}
OPEN_STAGES = ("Discovery", "Qualified", "Proposal", "Negotiation")


@dataclass
class Deal:
    """A deal before it has an id."""

    name: str
    kind: str
    stage: str
    amount: int
    currency: str
    created: date
    closed: date | None
    company: str
    source: str = ""
    prior: str = ""
    referrer: str = ""
    invoice: Invoice | None = None


def write_crm(root: Path, company: Company, keys: Keys, referrals: list[list[object]]) -> None:
    """Write everything below crm/, and stamp the deals' ids on the invoice lines."""
    prospects = _prospects()
    rows = [_company_row(a, keys) for a in company.accounts if a.customer.id in keys.company_of] + [
        [record, name, domain, OWNERS[int(record) % 6], stamp(created, 600), "", ""]
        for record, name, domain, created in prospects
    ]
    header = "Record ID,Company name,Company Domain Name,Company owner,Create Date,Country/Region,stripe_customer_id"
    table(root, "crm/hubspot_companies.csv", header, rows)
    table(
        root,
        "crm/account_map.csv",
        "customer_id,account_id,method",
        ([c, a, "manual"] for c, a in keys.mapped.items()),
    )
    table(
        root,
        "crm/referrals.csv",
        "referral_id,referrer_id,referred_id,made_on,kind,weight",
        referrals,
    )
    header = (
        "Record ID,Deal Name,Pipeline,Deal Stage,Deal Type,Amount,Currency,Create Date,Close Date,Deal owner,"
        "Associated Company IDs,Original Source,Prior supplier,Referred by customer"
    )
    table(root, "crm/hubspot_deals.csv", header, _deal_rows(company, keys, prospects))


def _company_row(account: Account, keys: Keys) -> list[object]:
    """Write one company."""
    customer = account.customer
    record = keys.company_of[customer.id]
    created = stamp(
        customer.created - days(int(customer.id[1:]) * 7 % 50), 540 + int(customer.id[1:]) % 400
    )
    billing = customer.id if customer.id in keys.in_crm else ""
    return [
        record,
        customer.name,
        customer.domain,
        OWNERS[int(record) % 6],
        created,
        customer.country,
        billing,
    ]


def _prospects() -> list[tuple[str, str, str, date]]:
    """Make companies that never bought."""
    source = stream("prospects")
    names, made = Names(source), []
    for place in range(110):
        name, domain = names.company("usd", place * 2)
        created = START + days(source.random() * 1250)
        made.append((str(480_001 + place), name, f"get-{domain}", created))
    return made


def _deal_rows(
    company: Company, keys: Keys, prospects: list[tuple[str, str, str, date]]
) -> list[list[object]]:
    """Collect all deals, number them, and write the number on the lines that a deal brought."""
    deals = [deal for account in company.paying for deal in _account_deals(account, keys)]
    deals += _lost_and_open(prospects)
    deals.sort(key=lambda deal: (deal.created, deal.name))
    rows: list[list[object]] = []
    for place, deal in enumerate(deals):
        record = str(700_001 + place)
        for line in deal.invoice.lines if deal.invoice else ():
            line.deal = record
        minute = 540 + place * 17 % 480
        rows.append(
            [
                record,
                deal.name,
                "Renewals" if deal.kind == "renewal" else "Sales",
                deal.stage,
                deal.kind,
                major(deal.amount),
                deal.currency.upper(),
                stamp(deal.created, minute),
                stamp(deal.closed, minute) if deal.closed else "",
                OWNERS[place % 6],
                deal.company,
                deal.source,
                deal.prior,
                deal.referrer,
            ]
        )
    return rows


def _account_deals(account: Account, keys: Keys) -> list[Deal]:
    """List the deals of one customer: the first sale, expansions, and renewals of large accounts."""
    customer, draws = account.customer, account.customer.draws
    record = keys.company_of.get(customer.id) or keys.mapped.get(customer.id)
    if record is None:
        return []
    deals = []
    for invoice in account.invoices:
        kind = _deal_kind(account, invoice)
        if not kind or invoice.status in ("void", "draft"):
            continue
        lead = int(draws.between(8, 70, "deal_lead", (invoice.day - START).days // 31))
        deal = _deal(invoice, kind, record, lead)
        deal.invoice = invoice
        if kind == "newbusiness":
            deal.source, deal.prior = SOURCES.get(customer.channel, ""), customer.prior_supplier
            deal.referrer = customer.referrer
        deals.append(deal)
    spell = account.spells[0]
    if customer.by_invoice and spell.ended and spell.ended <= END:
        first_day = spell.terms[-1].start
        last = [i for i in account.invoices if i.kind == "term" and i.day == first_day][-1]
        lost = _deal(last, "renewal", record, 0)
        lost.stage, lost.closed = "Closed Lost", spell.ended - days(4)
        lost.created = lost.closed - days(45)
        deals.append(lost)
    return deals


def _deal(invoice: Invoice, kind: str, record: str, lead: int) -> Deal:
    """Make the won deal of an invoice, begun `lead` days before it."""
    name, currency, day = invoice.customer.name, invoice.customer.currency, invoice.day
    return Deal(name, kind, "Closed Won", invoice.net, currency, day - days(lead), day, record)


def _deal_kind(account: Account, invoice: Invoice) -> str:
    """Return the type of deal that an invoice stems from, or nothing when nobody sold it."""
    customer, draws = account.customer, account.customer.draws
    if invoice.first:
        return "newbusiness" if draws.u("sales_led") < SALES_LED[customer.segment] else ""
    if not customer.by_invoice:
        return ""
    if invoice.kind == "upgrade":
        return (
            "existingbusiness"
            if draws.u("sold_upgrade", (invoice.day - START).days // 31) < 0.6
            else ""
        )
    return "renewal" if invoice.kind == "term" and draws.u("sold_renewal") < 0.9 else ""


def _lost_and_open(prospects: list[tuple[str, str, str, date]]) -> list[Deal]:
    """Make deals that were lost, or are still open, with companies that never bought."""
    source, deals = stream("lost"), []
    for record, name, _, created in prospects:
        begun = [
            created + days(source.random() * 90) for _ in range(1 + int(source.random() * 2.6))
        ]
        if source.random() < 0.35:  # today's pipeline
            begun.append(max(END - days(source.random() * 70), created))
        for day in (day for day in begun if day <= END):
            ends = day + days(15 + source.random() * 80)
            stage = source.choice(OPEN_STAGES) if ends > END else "Closed Lost"
            amount = int(source.random() * 90) * 10_000 + 40_000
            deal = Deal(name, "newbusiness", stage, amount, "usd", day, ends, record)
            deal.source = source.choice(list(SOURCES.values()))
            deal.prior = source.choice(SUPPLIERS) if source.random() < 0.3 else ""
            deals.append(deal)
    return deals


def make_referrals(company: Company) -> list[list[object]]:
    """Decide who recommended us to whom; half of the time somebody whom we had helped before."""
    source = stream("referrals")
    found: list[tuple[date, list[object]]] = []
    helped = [(e.flagged + days(26), e.customer) for e in company.episodes if e.treated]
    by_id = {a.customer.id: a for a in company.paying}
    for account in company.paying:
        customer = account.customer
        made = customer.created - days(4 + source.random() * 30)
        silent = customer.channel != "referral" and source.random() < 0.05
        if customer.channel != "referral" and not silent:
            continue
        known = [c for day, c in helped if day < made and by_id[c.id].active_at(made)]
        other = [
            a.customer
            for a in company.paying
            if a.customer.first_bill < made - days(60) and a.active_at(made)
        ]
        pool = known if known and (silent or source.random() < 0.5) else other
        if not pool:
            continue
        kind = (
            "no_gripes"
            if silent
            else source.choice(("referral", "referral", "referral", "testimonial"))
        )
        customer.referrer = "" if silent else source.choice(pool).id
        referrer = customer.referrer or source.choice(pool).id
        weight = source.choice(("1", "1", "1", "0.5", "0.25"))
        found.append((made, [referrer, customer.id, made, kind, weight]))
    found.sort(key=lambda pair: (pair[0], str(pair[1][1])))
    return [[f"r{101 + place}", *row] for place, (_, row) in enumerate(found)]
