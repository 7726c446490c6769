"""The things that the simulation passes around."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from .draws import Draws


@dataclass
class Customer:
    """A customer and the numbers that decide its fate."""

    id: str
    name: str
    contact: str
    email: str
    domain: str
    segment: str
    channel: str
    country: str
    currency: str
    interval: str
    products: list[tuple[str, int]]
    first_bill: date
    kind: str = "paying"  # paying, trial_only, test
    trial: bool = False
    coupon: bool = False
    by_invoice: bool = False
    prior_supplier: str = ""
    monthly_p: float = 0.0  # chance of leaving at each monthly renewal
    annual_p: float = 0.0  # chance of leaving at each annual renewal
    switch_at: int = -1  # the monthly renewal at which it moves to an annual plan
    referrer: str = ""
    draws: Draws = field(default_factory=lambda: Draws("nobody"))
    dips: list[tuple[int, float]] = field(default_factory=list)  # usage dips before a risk flag
    extra_tickets: list[date] = field(default_factory=list)
    decline: tuple[int, float] | None = None  # month from which usage falls, and how fast

    @property
    def created(self) -> date:
        """The day on which the billing system first knew the customer."""
        return date.fromordinal(self.first_bill.toordinal() - (14 if self.trial else 0))


@dataclass
class Term:
    """One paid service period of a spell."""

    index: int
    start: date
    end: date
    interval: str


@dataclass
class Spell:
    """An unbroken stay (pauses apart): its terms and how it ends."""

    number: int
    terms: list[Term] = field(default_factory=list)
    pauses: list[tuple[date, date]] = field(default_factory=list)
    ended: date | None = None
    early: bool = False  # left before the end of an annual term, with a credit note
    reason: str = ""
    renewals: list[tuple[int, bool]] = field(default_factory=list)


@dataclass
class Item:
    """One product within a spell; in billing it is a subscription of its own."""

    product: str
    quantity: int
    spell: Spell
    started: date
    ended: date | None = None
    history: list[tuple[date, int]] = field(default_factory=list)
    interval: str = "month"
    term: Term | None = None
    id: str = ""

    def change(self, day: date, quantity: int) -> None:
        """Set a new quantity from a day on."""
        self.quantity = quantity
        self.history.append((day, quantity))

    def quantity_at(self, day: date) -> int:
        """Return the quantity in force on a day, 0 before the start and after the end."""
        if day < self.started or (self.ended is not None and day >= self.ended):
            return 0
        return [quantity for since, quantity in self.history if since <= day][-1]


@dataclass(eq=False)
class Line:
    """One invoice line; `amount` is ex tax and before discount, in minor units."""

    item: Item | None
    amount: int
    start: date | None = None
    end: date | None = None
    product: str = ""
    plan: str = ""
    metered: bool = False
    interval: str = ""
    proration: bool = False
    quantity: int = 1
    unit: int = 0
    discount: int = 0
    touchpoint: str = ""
    deal: str = ""
    id: str = ""
    credited: Line | None = None

    @property
    def net(self) -> int:
        """Amount after discount."""
        return self.amount - self.discount


@dataclass(eq=False)
class Invoice:
    """An invoice with its lines."""

    customer: Customer
    day: date
    kind: str  # term, upgrade, usage, one_off, trial
    lines: list[Line] = field(default_factory=list)
    coupon: str = ""
    status: str = "paid"
    first: bool = False
    minute: int = 0
    due: date | None = None
    paid_on: date | None = None
    id: str = ""

    @property
    def net(self) -> int:
        """Sum of the lines after discount, ex tax."""
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        """German VAT for EUR customers, rounded half up; never below zero."""
        return (max(self.net, 0) * 19 + 50) // 100 if self.customer.currency == "eur" else 0


@dataclass(eq=False)
class Credit:
    """A credit note on one line; `monthly` is the part of the MRR that it ends."""

    invoice: Invoice
    line: Line
    day: date
    amount: int
    reason: str
    start: date | None = None
    end: date | None = None
    monthly: float = 0.0
    id: str = ""


@dataclass(eq=False)
class Refund:
    """Cash paid back; without a credit it lowers revenue by itself."""

    invoice: Invoice
    line: Line
    day: date
    amount: int
    credit: Credit | None = None
    id: str = ""


@dataclass
class Account:
    """Everything that billing knows of one customer in one world."""

    customer: Customer
    spells: list[Spell] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def active_at(self, day: date) -> bool:
        """Say whether a spell covers the day (pauses count as active)."""
        return any(
            s.terms[0].start <= day and (s.ended is None or day < s.ended) for s in self.spells
        )


@dataclass
class Episode:
    """A risk flag, what was observable then, and whether somebody helped."""

    customer: Customer
    number: int
    flagged: date
    reason: str
    tickets: int
    decline: float
    mrr: float
    propensity: float
    treated: bool
    saved: bool
    id: str = ""
    y: float = 0.0
    y0: float = 0.0
    eligible: bool = False
