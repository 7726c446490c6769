"""What support and customer success record: tickets, interventions, risk flags, usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviour import tickets, usage
from .catalog import PRODUCTS
from .clock import END, days, month_index, month_start, stamp
from .company import Company, holds_metered
from .draws import stream
from .risk import first_day, window
from .write import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from .model import Account, Episode

SUBJECTS = (
    ("Export is slow", "export"),
    ("Dashboard does not load", "reliability"),
    ("Question on invoice", "billing"),
    ("Cannot add a user", "access"),
    ("Numbers differ from last month", "data"),
    ("Connector stopped", "connector"),
    ("How do I filter by team?", "howto"),
    ("Login loop", "access"),
    ("Feature request", "feature"),
)
TICKETS = (
    "Id,Requester,Requester external id,Requester email,Subject,Tags,Status,Priority,Via,Created at,Updated at,"
    "Organization,Solved at,Satisfaction Score,Full resolution time in minutes"
)


def write_care(root: Path, company: Company) -> None:
    """Write everything below support/, success/ and usage/."""
    found = sorted(
        ((day, account) for account in company.paying for day in _ticket_days(account)),
        key=lambda pair: (pair[0], pair[1].customer.id),
    )
    table(
        root,
        "support/zendesk_tickets.csv",
        TICKETS,
        (_ticket(n, d, a) for n, (d, a) in enumerate(found)),
    )
    header = "touch_id,customer_id,started_on,ended_on,team,type,outcome,minutes,cost"
    table(root, "success/interventions.csv", header, _interventions(company))
    flags = ([e.id, e.customer.id, e.flagged, e.reason] for e in company.episodes)
    table(root, "success/risk_flags.csv", "flag_id,customer_id,flagged_on,reason", flags)
    table(
        root,
        "usage/usage.csv",
        "customer_id,period_start,metric,quantity,quota",
        usage_rows(company),
    )


def _ticket_days(account: Account) -> list[date]:
    """List the days of tickets that were sent while the customer was with us."""
    return [day for day in tickets(account.customer, END + days(1)) if account.active_at(day)]


def _ticket(number: int, day: date, account: Account) -> list[object]:
    """Write one ticket."""
    source, customer = stream("ticket", number), account.customer
    subject, tag = source.choice(SUBJECTS)
    minutes = int(40 + 4000 * source.random() ** 3)
    opened = 480 + int(source.random() * 600)
    closing = opened + minutes
    solved = day + days(closing // 1440)
    is_open = solved > END
    closed = "" if is_open else stamp(solved, closing % 1440)
    score = (
        "Unoffered"
        if is_open
        else source.choices(("Offered", "Good", "Bad", "Unoffered"), (5, 3, 1, 2))[0]
    )
    return [
        5001 + number,
        customer.contact,
        customer.id,
        customer.email,
        subject,
        tag,
        "Open" if is_open else "Closed",
        source.choices(("Normal", "High", "Low"), (7, 2, 1))[0],
        source.choices(("Mail", "Web", "Chat"), (5, 4, 2))[0],
        stamp(day, opened),
        closed or stamp(day, opened),
        customer.name,
        closed,
        score,
        "" if is_open else minutes,
    ]


def _interventions(company: Company) -> list[list[object]]:
    """List help in risk episodes, and routine contact that keeps clear of every episode."""
    by_id = {account.customer.id: account for account in company.paying}
    rows: list[list[object]] = []
    for episode in company.episodes:
        if episode.treated:
            rows += _help(episode, by_id[episode.customer.id])
    flags: dict[str, list[date]] = {}
    for episode in company.episodes:
        flags.setdefault(episode.customer.id, []).append(episode.flagged)
    for account in company.paying:
        rows += _routine(account, flags.get(account.customer.id, []))
    rows.sort(key=lambda row: (str(row[1]), str(row[0])))
    return [[f"t{1001 + place}", *row] for place, row in enumerate(rows)]


def _help(episode: Episode, account: Account) -> Iterator[list[object]]:
    """Write the save play of an episode and sometimes a call or a training after it."""
    source, customer = stream("help", episode.id), episode.customer
    begun = episode.flagged + days(1 + source.random() * 21)
    gone = account.spells[0].ended
    _, end = window(episode)
    lost = gone is not None and gone < min(end, END)
    late = first_day(episode) > END - days(20)
    team = "support" if episode.tickets > 2 and source.random() < 0.7 else "success"
    outcome = "open" if late else "lost" if lost else "saved"
    ended = "" if late else min(begun + days(3 + source.random() * 25), END)
    minutes = int(60 + source.random() * 420)
    yield [customer.id, begun, ended, team, "save_play", outcome, minutes, f"{minutes * 0.9:.2f}"]
    if source.random() < 0.35 and begun + days(4) <= END:
        minutes = int(20 + source.random() * 70)
        kind = source.choice(("call", "training"))
        yield [
            customer.id,
            begun + days(4),
            begun + days(4),
            team,
            kind,
            "",
            minutes,
            f"{minutes * 0.9:.2f}",
        ]


def _routine(account: Account, flags: list[date]) -> Iterator[list[object]]:
    """Write routine reviews, trainings and calls of customers who are not, and were not lately, at risk."""
    customer, draws = account.customer, account.customer.draws
    chance = {"startup": 0.004, "smb": 0.012, "midmarket": 0.035, "enterprise": 0.07}[
        customer.segment
    ]
    for month in range(month_index(customer.first_bill) + 1, 42):
        day = month_start(month) + days(draws.u("routine_day", month) * 27)
        # Near a flag a routine call would be taken for help: the untreated arm must stay untreated.
        near = any(-45 < (day - flagged).days < 400 for flagged in flags)
        if draws.u("routine", month) >= chance or near or not account.active_at(day):
            continue
        kind = draws.pick(("qbr", "qbr", "training", "call"), "routine_kind", month)
        minutes = 30 + int(draws.u("routine_minutes", month) * 90)
        yield [customer.id, day, day, "success", kind, "", minutes, f"{minutes * 0.9:.2f}"]


def usage_rows(company: Company) -> list[list[object]]:
    """List monthly usage of the metered products."""
    rows: list[list[object]] = []
    for account in company.paying:
        for item in holds_metered(account):
            for month in range(month_index(item.started), 42):
                quantity, quota = usage(account.customer, item, month)
                if quota:
                    metric = PRODUCTS[item.product].metric
                    rows.append([account.customer.id, month_start(month), metric, quantity, quota])
    return sorted(rows, key=lambda row: (str(row[1]), str(row[0]), str(row[2])))


def csat_days(company: Company) -> Iterator[tuple[date, Account]]:
    """List the tickets after which satisfaction was asked: one in four."""
    for account in company.paying:
        for place, day in enumerate(_ticket_days(account)):
            asked = day + days(4)
            if account.customer.draws.u("csat", place) < 0.25 and asked <= END:
                yield asked, account
