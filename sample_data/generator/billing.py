"""Invoices of one customer in one world: terms, upgrades, downgrades, fees and metered usage."""

from __future__ import annotations

from datetime import date

from . import planted
from .catalog import PRODUCTS, plan_id, unit_price, version
from .clock import END, add_months, days, month_index
from .fate import Window, comeback, live
from .metered import bill_usage
from .model import Account, Credit, Customer, Invoice, Item, Line, Spell, Term

GROW = {"month": 0.043, "year": 0.48}  # chance of more seats at a renewal
SHRINK = {"month": 0.011, "year": 0.10}
DROP = {"month": 0.004, "year": 0.05}
UPGRADE = 0.03  # chance a month of more seats within an annual term
CROSS_SELL = 0.006  # chance a month of a further product
STEP = 0.22
GUIDED_SINCE = date(2024, 9, 1)
DESK_SINCE = date(2025, 1, 1)
CUT_SEATS = 0.03  # chance an annual term of a credited seat reduction


def bill(customer: Customer, rescued: list[Window], *, initiative: bool = True) -> Account:
    """Simulate a customer's billing. Same customer, same luck; only the arguments make worlds differ."""
    account = Account(customer)
    if customer.trial:
        _trial(account)
    if customer.kind == "trial_only":
        return account
    biller = Biller(account, initiative=initiative)
    first = live(customer, 1, customer.first_bill, rescued)
    biller.spell(first)
    if customer.trial:
        account.invoices[0].lines[0].item = account.items[0]
    back = comeback(customer, first)
    if back is not None and back <= END and customer.kind == "paying":
        biller.spell(live(customer, 2, back, rescued))
    bill_usage(account)
    return account


def _trial(account: Account) -> None:
    """Write the zero-amount invoice of a 14-day trial."""
    customer = account.customer
    product = customer.products[0][0]
    spell = Spell(
        0, [Term(0, customer.created, customer.first_bill, "month")], ended=customer.first_bill
    )
    line = Line(None, 0, customer.created, customer.first_bill, product, interval="month")
    line.plan = plan_id(
        product, customer.segment, customer.currency, "month", version(customer.created)
    )
    line.quantity = customer.products[0][1]
    if customer.kind == "trial_only":
        item = Item(product, line.quantity, spell, customer.created, customer.first_bill)
        item.history.append((customer.created, line.quantity))
        item.term = spell.terms[0]
        account.items.append(item)
        line.item = item
    account.invoices.append(Invoice(customer, customer.created, "trial", [line]))


class Biller:
    """Walks through the terms of a customer's spells and writes the invoices."""

    def __init__(self, account: Account, *, initiative: bool) -> None:
        self.account = account
        self.customer = account.customer
        self.draws = account.customer.draws
        self.initiative = initiative
        self.items: list[Item] = []
        self.stay = Spell(1)

    def spell(self, spell: Spell) -> None:
        """Bill one spell, as far as the data go."""
        if spell.terms[0].start > END:
            return
        held = [(item.product, item.quantity) for item in self.items] or self.customer.products
        self.account.spells.append(spell)
        self.stay, self.items = spell, []
        for term in spell.terms:
            if term.start > END:
                break
            if term.index == 0:
                for product, quantity in held:
                    self._open(product, quantity, term.start)
            else:
                self._renew(term)
            self._invoice_term(term)
            self._within(term)
        for item in self.items:
            item.ended = spell.ended if spell.ended and spell.ended <= END else None

    def _open(self, product: str, quantity: int, day: date) -> Item:
        """Start a product."""
        item = Item(product, quantity, self.stay, day, history=[(day, quantity)])
        self.items.append(item)
        self.account.items.append(item)
        return item

    def _renew(self, term: Term) -> None:
        """Change quantities at a renewal."""
        month, rhythm = month_index(term.start), term.interval
        for item in self.items:
            luck = self.draws.u(f"grow:{item.product}", month)
            if luck < GROW[rhythm]:
                item.change(term.start, item.quantity + max(1, round(item.quantity * STEP)))
            elif luck > 1 - SHRINK[rhythm] and item.quantity > 1:
                item.change(term.start, item.quantity - max(1, round(item.quantity * 0.2)))
            if rhythm == "month" and self._moved(item, term.start):
                item.change(term.start, item.quantity + _moved_units(item))
        if len(self.items) > 1 and self.draws.u("drop", month) < DROP[rhythm]:
            self.items.pop().ended = term.start
        if rhythm == "month" and self.draws.u("cross", month) < CROSS_SELL:
            self._add_product(term.start)

    def _moved(self, item: Item, day: date) -> bool:
        """Say whether the planted initiative makes this customer add units this month."""
        scope = (
            item.product == planted.INITIATIVE_PRODUCT
            and self.customer.segment in planted.INITIATIVE_SEGMENTS
        )
        scope = scope and self.initiative and day >= planted.INITIATIVE_START
        return scope and self.draws.u("initiative", month_index(day)) < planted.INITIATIVE_CHANCE

    def _add_product(self, day: date) -> Item | None:
        """Open a product that the customer does not hold yet."""
        missing = [name for name in PRODUCTS if name not in {item.product for item in self.items}]
        if len(missing) < 3:
            return None
        product = self.draws.pick(missing, "cross_product", month_index(day))
        price = unit_price(product, self.customer.segment, self.customer.currency, "month", 1)
        biggest = max(item.quantity * self._unit(item, "month", day) for item in self.items)
        return self._open(product, max(1, round(0.4 * biggest / price)), day)

    def _unit(self, item: Item, interval: str, day: date) -> int:
        """Return the price of one unit in the price list of the day."""
        customer = self.customer
        return unit_price(item.product, customer.segment, customer.currency, interval, version(day))

    def _line(self, item: Item, term: Term, start: date) -> Line:
        """Make the full-term line of an item, without an amount."""
        customer = self.customer
        line = Line(
            item, 0, start, term.end, item.product, interval=term.interval, quantity=item.quantity
        )
        line.plan = plan_id(
            item.product, customer.segment, customer.currency, term.interval, version(term.start)
        )
        line.unit = self._unit(item, term.interval, term.start)
        item.term, item.interval = term, term.interval
        return line

    def _invoice_term(self, term: Term) -> None:
        """Invoice a term: one line an item, fees with the first one, coupon in the first three months."""
        invoice = Invoice(
            self.customer, term.start, "term", first=term.index == 0 and self.stay.number == 1
        )
        for item in self.items:
            line = self._line(item, term, term.start)
            line.amount = line.unit * line.quantity
            line.touchpoint = self._touchpoint(invoice, term)
            if self.customer.coupon and self.stay.number == 1 and term.index < 3:
                line.discount = (line.amount * 20 + 50) // 100
                invoice.coupon = "WELCOME20"
            invoice.lines.append(line)
        if invoice.first:
            self._setup_fee(invoice)
        invoice.status = "uncollectible" if self._unpaid(term) else "paid"
        self.account.invoices.append(invoice)

    def _touchpoint(self, invoice: Invoice, term: Term) -> str:
        """Return where a first purchase or a large renewal was made; other terms renew by themselves."""
        large = self.customer.segment in ("midmarket", "enterprise")
        if invoice.first:
            if term.start >= GUIDED_SINCE and self.draws.u("guided") < 0.45:
                return "guided_setup"
            return "sales_call" if large else "website"
        return (
            "renewal_desk" if large and term.interval == "year" and term.start >= DESK_SINCE else ""
        )

    def _unpaid(self, term: Term) -> bool:
        """Say whether this is the last bill of a customer whose card failed."""
        return self.stay.reason == "payment_failed" and term is self.stay.terms[-1]

    def _setup_fee(self, invoice: Invoice) -> None:
        """Add a one-off setup fee to most larger first invoices."""
        likely = {"startup": 0.05, "smb": 0.25, "midmarket": 0.6, "enterprise": 0.85}[
            self.customer.segment
        ]
        if self.customer.kind == "paying" and self.draws.u("setup") < likely:
            fee = {"startup": 15_000, "smb": 40_000, "midmarket": 120_000, "enterprise": 350_000}[
                self.customer.segment
            ]
            invoice.lines.append(Line(None, fee, product="setup", unit=fee))

    def _within(self, term: Term) -> None:
        """Let things happen between two renewals."""
        if term.interval == "month":
            day = term.start + days(self.draws.between(4, 22, "mid_day", month_index(term.start)))
            if self.draws.u("mid", month_index(term.start)) < 0.008:
                self._upgrade(term, max(self.items, key=lambda item: item.quantity), day, 0)
            return
        cut = 3 + int(self.draws.u("cut_month", term.index) * 6)
        for step in range(1, 11):
            day = add_months(term.start, step)
            month = month_index(day)
            day += days(self.draws.between(0, 27, "event_day", month))
            if not self._open_on(term, day):
                break
            if step == cut and self.draws.u("cut", term.index) < CUT_SEATS:
                self._cut_seats(term, day)
            for item in self.items:
                extra = round(item.quantity * 0.18) or 1
                units = extra if self.draws.u(f"upgrade:{item.product}", month) < UPGRADE else 0
                units += _moved_units(item) if self._moved(item, day) else 0
                self._upgrade(term, item, day, units)
            if self.draws.u("cross", month) < CROSS_SELL and (added := self._add_product(day)):
                self._prorate(term, added, added.quantity, (day, "in_app"), pair=False)

    def _open_on(self, term: Term, day: date) -> bool:
        """Say whether the term can still be changed on a day."""
        left = self.stay.ended if self.stay.early and term is self.stay.terms[-1] else None
        return day <= END and day < term.end - days(12) and (left is None or day < left)

    def _upgrade(self, term: Term, item: Item, day: date, units: int) -> None:
        """Add units within a term; 0 units means a monthly customer's own step."""
        if term.interval == "month":
            units = max(1, round(item.quantity * STEP))
            if not self._open_on_month(term, day):
                return
        if units == 0:
            return
        old = item.quantity
        early = self.stay.early and term is self.stay.terms[-1]
        # Stripe writes the unused time of the old quantity as a negative line; credits of a leaver need single lines.
        pair = self.draws.u("pair", month_index(day)) < 0.4 and not early
        touchpoint = "account_review" if self.customer.by_invoice else "in_app"
        self._prorate(term, item, units, (day, touchpoint), pair=pair)
        item.change(day, old + units)

    def _open_on_month(self, term: Term, day: date) -> bool:
        """Say whether a monthly term can still be changed on a day."""
        return day <= END and day < term.end - days(2)

    def _prorate(
        self, term: Term, item: Item, units: int, when: tuple[date, str], *, pair: bool
    ) -> None:
        """Invoice added units up to the end of the term, as one line or as Stripe's pair."""
        day, touchpoint = when
        held = item.quantity
        quantities = [held, held + units] if pair else [units]
        invoice = Invoice(self.customer, day, "upgrade")
        for sign, quantity in zip((-1, 1) if pair else (1,), quantities, strict=True):
            line = self._line(item, term, day)
            line.quantity, line.proration, line.touchpoint = quantity, True, touchpoint
            line.amount = sign * _share(line.unit * quantity, day, term)
            line.credited = self._billed(item, term) if sign < 0 else None
            invoice.lines.append(line)
        if invoice.net > 0:
            self.account.invoices.append(invoice)

    def _billed(self, item: Item, term: Term) -> Line | None:
        """Return the line that charged most of an item's running term: the one a pair takes back."""
        lines = [
            line
            for invoice in self.account.invoices
            for line in invoice.lines
            if line.item is item and line.end == term.end and line.amount > 0
        ]
        return max(lines, key=lambda line: line.amount, default=None)

    def _cut_seats(self, term: Term, day: date) -> None:
        """Give seats back within an annual term, against a credit note."""
        item = max(self.items, key=lambda held: held.quantity)
        bills = [i for i in self.account.invoices if i.kind == "term" and i.day == term.start]
        line = next((one for one in bills[-1].lines if one.item is item), None)
        units = round(item.quantity * 0.25)
        leaver = self.stay.early and term is self.stay.terms[-1]
        if line is None or units < 1 or leaver or units >= line.quantity:
            return
        amount = _share(line.unit * units, day, term)
        credit = Credit(
            bills[-1], line, day, amount, "seats reduced", day, term.end, line.unit * units / 12
        )
        self.account.credits.append(credit)
        item.change(day, item.quantity - units)


def _moved_units(item: Item) -> int:
    """Return the units that the planted initiative adds."""
    return max(1, round(item.quantity * planted.INITIATIVE_STEP))


def _share(amount: int, day: date, term: Term) -> int:
    """Return the part of a full-term amount from a day to the term's end, rounded half up."""
    total, rest = (term.end - term.start).days, (term.end - day).days
    return (amount * rest * 2 + total) // (2 * total)
