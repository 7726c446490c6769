"""Marketing spend, and the customers whom it brings."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from . import planted
from .catalog import ANNUAL_SHARE, PRODUCTS, SEGMENT_SHARE, SEGMENT_SIZE, SEGMENTS, unit_price
from .clock import MONTHS, START, days, month_start
from .draws import Draws, stream
from .model import Customer
from .words import SUPPLIERS, Names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

EUR_COUNTRIES = (
    "Germany",
    "France",
    "Netherlands",
    "Spain",
    "Austria",
    "Finland",
    "Ireland",
    "Italy",
)
USD_COUNTRIES = (
    "United States",
    "United States",
    "United States",
    "United Kingdom",
    "Canada",
    "Japan",
)
OWN_DOMAIN = "harbour-analytics.example"
SHARED_MAIL = "postbox.example"  # a mail provider: says nothing about the company


@dataclass(frozen=True)
class Spend:
    """Spend of one channel in one month and the customers it should bring on average."""

    month: int
    channel: str
    amount: int
    expected: float


def spend_plan() -> list[Spend]:
    """Draw each channel's monthly budget, log-uniform over its spread."""
    plan = []
    for channel, (k, alpha, typical) in planted.CHANNELS.items():
        source = stream("spend", channel)
        for month in range(MONTHS):
            factor = exp((source.random() - 0.5) * log(planted.SPEND_SPREAD))
            amount = round(typical * factor / 10) * 10
            plan.append(Spend(month, channel, amount, k * amount**alpha))
    return plan


def decks(source: Random) -> Iterator[str]:
    """Deal first products from shuffled decks: units stay in proportion even in small segments."""
    while True:
        deck = [name for name, product in PRODUCTS.items() for _ in range(product.share)]
        source.shuffle(deck)
        yield from deck


class Recruiter:
    """Makes customers one after the other."""

    def __init__(self) -> None:
        self._names = Names(stream("names"))
        self._decks = {segment: decks(stream("deck", segment)) for segment in SEGMENTS}
        self._number = 0

    def recruit(self, month: int, channel: str) -> Customer:
        """Make a paying customer whose first bill falls in the month."""
        self._number += 1
        number = 1000 + self._number
        draws = Draws("customer", number)
        segment = _segment(draws)
        currency = "eur" if draws.u("currency") < 0.3 else "usd"
        interval = "year" if draws.u("interval") < ANNUAL_SHARE[segment] else "month"
        first = month_start(month)
        day = 1 + int(draws.u("day") * monthrange(first.year, first.month)[1])
        name, domain = self._names.company(currency, number)
        contact = self._names.person()
        host = SHARED_MAIL if draws.u("mail") < 0.05 else domain
        suffix = f".{number}" if host == SHARED_MAIL else ""  # a mail provider has many of one name
        customer = Customer(
            id=f"c{number}",
            name=name,
            contact=contact,
            email=f"{contact.split()[0].lower()}{suffix}@{host}",
            domain=domain,
            segment=segment,
            channel=channel,
            country=draws.pick(EUR_COUNTRIES if currency == "eur" else USD_COUNTRIES, "country"),
            currency=currency,
            interval=interval,
            products=self._basket(draws, segment, currency),
            first_bill=first.replace(day=day),
            draws=draws,
        )
        _habits(customer)
        return customer

    def _basket(self, draws: Draws, segment: str, currency: str) -> list[tuple[str, int]]:
        """Choose one to three products and how many units of each."""
        count = 1 + (draws.u("second") < 0.28) + (draws.u("third") < 0.03)
        chosen: list[str] = []
        while len(chosen) < count:
            product = next(self._decks[segment])
            if product not in chosen:
                chosen.append(product)
        return [(product, first_quantity(draws, product, segment, currency)) for product in chosen]


def first_quantity(draws: Draws, product: str, segment: str, currency: str) -> int:
    """Return how many units a customer starts with."""
    wish = (
        SEGMENT_SIZE[segment] * PRODUCTS[product].size * exp(0.45 * draws.normal(f"size:{product}"))
    )
    return max(1, round(wish / unit_price(product, segment, currency, "month", 1)))


def _segment(draws: Draws) -> str:
    """Draw a segment by its share."""
    left = draws.u("segment")
    for segment, share in SEGMENT_SHARE.items():
        left -= share
        if left < 0:
            return segment
    return SEGMENTS[0]


def _habits(customer: Customer) -> None:
    """Draw how a customer pays, whether it tries first, and how likely it is to leave."""
    draws = customer.draws
    monthly = customer.interval == "month"
    # A trial of the first fortnight would begin before the data do.
    customer.trial = monthly and customer.first_bill >= START + days(14) and draws.u("trial") < 0.22
    customer.coupon = monthly and draws.u("coupon") < 0.15
    large = customer.segment in ("midmarket", "enterprise")
    customer.by_invoice = not monthly and draws.u("by_invoice") < (0.8 if large else 0.25)
    if draws.u("switcher") < 0.3:
        customer.prior_supplier = draws.pick(SUPPLIERS, "supplier")
    luck = stream("p", customer.id)
    customer.monthly_p = luck.betavariate(*planted.MONTHLY_BETA)
    customer.annual_p = luck.betavariate(*planted.ANNUAL_BETA)
    if monthly and draws.u("switch") < 0.08:
        customer.switch_at = 6 + int(draws.u("switch", 1) * 14)
    if draws.u("decliner") < 0.16:
        customer.decline = (
            36 + int(3 * draws.u("decliner", 1)),
            0.08 + 0.05 * draws.u("decliner", 2),
        )


def acquire(plan: list[Spend]) -> list[Customer]:
    """Make all customers: by channel, by referral, trials that never paid, and our own tests."""
    recruiter, luck, people = Recruiter(), stream("arrivals"), []
    for month in range(MONTHS):
        for spend in (s for s in plan if s.month == month):
            noisy = spend.expected * exp(planted.CHANNEL_SIGMA * luck.gauss(0.0, 1.0))
            people += [
                recruiter.recruit(month, spend.channel) for _ in range(int(noisy + luck.random()))
            ]
        referred = int(planted.REFERRALS_A_MONTH * (0.3 if month < 6 else 1.0) + luck.random())
        people += [recruiter.recruit(month, "referral") for _ in range(referred)]
        for _ in range(int(1.9 + luck.random()) if month else 0):
            tried = recruiter.recruit(month, luck.choice(list(planted.CHANNELS)))
            tried.kind, tried.trial = "trial_only", True
            people.append(tried)
    return people + [_test_customer(recruiter, number) for number in range(6)]


def _test_customer(recruiter: Recruiter, number: int) -> Customer:
    """Make one of our own accounts; it is billed like a customer and must not count."""
    customer = recruiter.recruit(4 + 6 * number, "")
    customer.kind, customer.name = "test", f"Harbour QA {number + 1}"
    customer.email = f"qa{number + 1}@{OWN_DOMAIN}"
    customer.domain, customer.interval, customer.segment = OWN_DOMAIN, "month", "startup"
    customer.prior_supplier, customer.switch_at, customer.by_invoice = "", -1, False
    customer.trial = customer.coupon = False
    customer.monthly_p = 0.15
    customer.products = customer.products[:1]
    return customer
