"""Survey answers: recommendation with its drivers, satisfaction, and what influenced a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import planted
from .clock import END, days
from .draws import stream
from .files_care import csat_days
from .write import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path
    from random import Random

    from .company import Company
    from .model import Account, Invoice

Row = list[object]


def write_surveys(root: Path, company: Company) -> None:
    """Write surveys/responses.csv; questions that nobody answered stay in."""
    rows = [*_recommend(company), *_satisfied(company), *_influence(company)]
    rows.sort(key=lambda row: (str(row[1]), str(row[0]), str(row[3])))
    header = (
        "response_id,customer_id,asked_on,answered_on,kind,item,score,scale_max,choices,line_id"
    )
    table(
        root,
        "surveys/responses.csv",
        header,
        ([f"v{1001 + n}", *row] for n, row in enumerate(rows)),
    )


def _whole(value: float) -> int:
    """Round a score into 0..10."""
    return min(max(round(value), 0), 10)


def _recommend(company: Company) -> Iterator[Row]:
    """Ask customers once or twice how likely they are to recommend us, and score the drivers."""
    for account in company.paying:
        for turn in range(2):
            source = stream("nps", account.customer.id, turn)
            day = account.customer.first_bill + days(90 + source.random() * 600)
            if (
                source.random() < (0.49 if turn == 0 else 0.12)
                and day <= END - days(10)
                and account.active_at(day)
            ):
                yield from _answers(account.customer.id, day, source)


def _answers(customer: str, day: date, source: Random) -> Iterator[Row]:
    """Answer one recommendation survey; the score is the planted mix of the items plus noise."""
    if source.random() > 0.7:
        yield [customer, day, "", "nps", "", "", 10, "", ""]
        return
    answered = day + days(source.random() * 9)
    mood = source.gauss(7.1, 1.2)
    items = {item: _whole(mood + source.gauss(0.0, 1.5)) for item in planted.DRIVER_WEIGHTS}
    score = sum(weight * items[item] for item, weight in planted.DRIVER_WEIGHTS.items())
    yield [customer, day, answered, "nps", "", _whole(score + source.gauss(0.3, 0.6)), 10, "", ""]
    for item, value in items.items():
        yield [customer, day, answered, "driver", item, value, 10, "", ""]


def _satisfied(company: Company) -> Iterator[Row]:
    """Ask for satisfaction after a ticket."""
    for place, (day, account) in enumerate(csat_days(company)):
        source = stream("csat", place)
        answered = source.random() < 0.55 and day + days(2) <= END
        score = source.choices((5, 4, 3, 2, 1), (40, 30, 15, 9, 6))[0]
        yield [
            account.customer.id,
            day,
            day + days(2) if answered else "",
            "csat",
            "",
            score if answered else "",
            5,
            "",
            "",
        ]


def _influence(company: Company) -> Iterator[Row]:
    """Ask upon purchase what influenced it."""
    helped = {(e.customer.id, e.flagged.year) for e in company.episodes if e.treated}
    for account in company.paying:
        for place, invoice in enumerate(account.invoices):
            if invoice.status in ("void", "draft") or not (
                invoice.first or invoice.kind == "upgrade"
            ):
                continue
            source, day = stream("influence", account.customer.id, place), invoice.day
            if source.random() > (0.5 if invoice.first else 0.25):
                continue
            answered = source.random() < 0.48 and day + days(5) <= END
            choices = (
                _choices(account, invoice, source, helped=(account.customer.id, day.year) in helped)
                if answered
                else ""
            )
            line = invoice.lines[-1 if invoice.kind == "upgrade" else 0].id
            yield [
                account.customer.id,
                day,
                day + days(5) if answered else "",
                "influence",
                "",
                "",
                "",
                choices,
                line,
            ]


def _choices(account: Account, invoice: Invoice, source: Random, *, helped: bool) -> str:
    """Tick what plausibly mattered, in a fixed order."""
    customer = account.customer
    chance = {
        "product_fit": 0.6,
        "onboarding_team": 0.35 if invoice.kind == "upgrade" else 0.2,
        "support_help": 0.55 if helped else 0.12,
        "a_referral": 0.85 if customer.referrer else 0.04,
        "sales_rep": 0.45 if customer.segment in ("midmarket", "enterprise") else 0.15,
        "advert": 0.3 if customer.channel in ("search", "social") and invoice.first else 0.05,
    }
    ticked = [name for name, share in chance.items() if source.random() < share]
    return ";".join(ticked or ["product_fit"])
