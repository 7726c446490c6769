"""Small random companies with every table filled: what the whole catalogue is tested on."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.books import add_months, book, scope
from tests.strategies import eur_rates

Row = dict[str, Any]
FIRST = date(2023, 11, 1)
AS_OF = date(2025, 6, 30)
DAY = timedelta(days=1)
SEGMENTS = ("smb", "enterprise", None)
CHANNELS = ("search", "partner", None)
REASONS = ("too dear", "payment_failed", None)
RATES = eur_rates()
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Company:
    """Lines and tables drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.customers = [f"C{n}" for n in range(self.draw.randint(4, 9))]
        self.lines: list[Row] = []
        self.taken_back: list[tuple[Row, Row]] = []
        self.subscriptions: list[Row] = []
        for customer in self.customers:
            for number in range(self.draw.choice([1, 1, 2])):
                self._subscribe(customer, f"{customer}-{number}")
        self.lines.sort(key=lambda row: (row["issued_on"], row["customer_id"]))
        for number, row in enumerate(self.lines, start=1):
            row["invoice_id"] = f"I{number}"
            row["line_id"] = f"I{number}:1"
        for credit, original in self.taken_back:
            credit["original_line_id"] = original["line_id"]
        self.tables: dict[str, Any] = {
            "customers": [self._customer(name) for name in self.customers],
            "subscriptions": self.subscriptions,
            "payments": self._payments(),
            "surveys": self._surveys(),
            "deals": self._deals(),
            "referrals": self._referrals(),
            "spend": self._costs(("marketing", "sales"), channel=True),
            "service_costs": self._costs(("cogs", "hosting", "support", "success")),
            "finance": self._finance(),
        }

    def day(self) -> date:
        return FIRST + timedelta(days=self.draw.randint(0, (AS_OF - FIRST).days))

    def _subscribe(self, customer: str, name: str) -> None:
        draw = self.draw
        interval = draw.choice(["month", "month", "month", "quarter", "year"])
        currency = draw.choice(["USD", "USD", "EUR"])
        plan = draw.choice(["basic", "pro"])
        start, amount = self.day(), draw.choice([1_000, 3_333, 9_999, 25_001])
        if draw.random() < 0.3:
            self._add(customer, "trial", 0, currency, start - 20 * DAY, start, None)
        for _ in range(draw.randint(1, 16)):
            if start > AS_OF:
                break
            end = add_months(start, MONTHS[interval])
            row = self._add(customer, "recurring", amount, currency, start, end, interval)
            row |= {"subscription_id": name, "plan_id": plan}
            if draw.random() < 0.2:
                row["discount"] = amount // 10
            row["tax"] = draw.choice([None, amount // 5])
            self._beside(customer, currency, start, end)
            if draw.random() < 0.05:
                self._cancel(row)
            start = end + draw.choice([0, 0, 0, 0, 5, 40]) * DAY
            amount = draw.choice([amount, amount, amount + 700, max(1, amount // 2)])
        self.subscriptions.append(
            {
                "subscription_id": name,
                "customer_id": customer,
                "plan_id": plan,
                "ended_on": start if start <= AS_OF else None,
                "cancel_reason": draw.choice(REASONS),
            }
        )

    def _beside(self, customer: str, currency: str, start: date, end: date) -> None:
        kind = self.draw.choice([None, None, None, "usage", "one_off", "credit", "refund"])
        if kind is None:
            return
        sign = -1 if kind in {"credit", "refund"} else 1
        amount = sign * self.draw.randint(1, 2_000)
        row = self._add(customer, kind, amount, currency, start, end, None)
        if kind != "credit" or self.draw.random() < 0.5:
            row["period_start"] = row["period_end"] = None

    def _cancel(self, of: Row) -> None:
        """A credit for the rest of a term, to the cent by days: nothing of the line is left."""
        days = (of["period_end"] - of["period_start"]).days
        rest = self.draw.randint(1, days)
        start = of["period_end"] - rest * DAY
        amount = -(of["amount"] * rest // days) or -1
        row = self._add(
            of["customer_id"], "credit", amount, of["currency"], start, of["period_end"], None
        )
        self.taken_back.append((row, of))

    def _add(
        self,
        customer: str,
        kind: str,
        amount: int,
        currency: str,
        start: date,
        end: date,
        interval: str | None,
    ) -> Row:
        issued = start + self.draw.choice([0, 0, 0, 2, -3]) * DAY
        row: Row = {
            "customer_id": customer,
            "issued_on": issued,
            "due_on": issued + self.draw.choice([0, 14, 30]) * DAY,
            "kind": kind,
            "amount": amount,
            "currency": currency,
            "interval": interval,
            "interval_count": 1 if interval else None,
            "period_start": start,
            "period_end": end,
            "status": self.draw.choice(["paid", "paid", "paid", "paid", "open", "void"]),
        }
        if row["status"] == "paid" and self.draw.random() < 0.5:
            row["paid_on"] = issued + self.draw.randint(0, 70) * DAY
        self.lines.append(row)
        return row

    def _customer(self, name: str) -> Row:
        draw = self.draw
        return {
            "customer_id": name,
            "segment": draw.choice(SEGMENTS),
            "channel": draw.choice(CHANNELS),
            "country": draw.choice(["DE", "US"]),
        }

    def _payments(self) -> list[Row]:
        rows: list[Row] = []
        for line in self.lines:
            if line["amount"] <= 0 or self.draw.random() < 0.3:
                continue
            day = line["issued_on"]
            for outcome in self.draw.choice([["succeeded"], ["failed", "succeeded"], ["failed"]]):
                rows.append(
                    {
                        "payment_id": f"p{len(rows)}",
                        "invoice_id": line["invoice_id"],
                        "customer_id": line["customer_id"],
                        "attempted_on": day,
                        "outcome": outcome,
                        "amount": line["amount"],
                        "currency": line["currency"],
                    }
                )
                day += self.draw.choice([3, 30, 31]) * DAY
        return rows

    def _surveys(self) -> list[Row]:
        rows: list[Row] = []
        for number in range(self.draw.randint(0, 40)):
            kind, asked = self.draw.choice(["nps", "csat", "ces"]), self.day()
            top = 10 if kind == "nps" else 5
            answered = self.draw.random() < 0.8
            rows.append(
                {
                    "response_id": f"v{number}",
                    "customer_id": self.draw.choice(self.customers),
                    "asked_on": asked,
                    "answered_on": asked + 4 * DAY if answered else None,
                    "kind": kind,
                    "score": self.draw.randint(0, top) if answered else None,
                    "scale_max": top,
                }
            )
        return rows

    def _deals(self) -> list[Row]:
        rows: list[Row] = []
        for number in range(self.draw.randint(0, 30)):
            opened = self.day()
            rows.append(
                {
                    "deal_id": f"d{number}",
                    "customer_id": self.draw.choice([None, *self.customers]),
                    "outcome": self.draw.choice(["won", "lost", "open"]),
                    "type": self.draw.choice(["new", "expansion", None]),
                    "created_on": opened,
                    "closed_on": self.draw.choice([None, opened + 40 * DAY]),
                    "referrer_customer_id": self.draw.choice([None, None, self.customers[0]]),
                }
            )
        return rows

    def _referrals(self) -> list[Row]:
        return [
            {
                "referral_id": f"r{number}",
                "referred_id": self.draw.choice(self.customers),
                "made_on": self.day(),
                "kind": "referral",
            }
            for number in range(2)
        ]

    def _costs(self, categories: tuple[str, ...], *, channel: bool = False) -> list[Row]:
        rows: list[Row] = []
        for offset in range(-2, 20):
            for category in categories:
                if self.draw.random() < 0.2:
                    continue
                row: Row = {
                    "period_start": add_months(FIRST, offset),
                    "category": category,
                    "amount": self.draw.randint(1, 5_000),
                    "currency": "USD",
                }
                rows.append(row | ({"channel": self.draw.choice(CHANNELS)} if channel else {}))
        return rows

    def _finance(self) -> list[Row]:
        return [
            {
                "month": add_months(FIRST, offset),
                "item": item,
                "amount": self.draw.randint(-5_000, 20_000),
                "currency": "USD",
            }
            for offset in range(20)
            for item in ("net_burn", "fcf")
        ]

    def scope(self, as_of: str = "2025-06", **keys: Any) -> Any:  # noqa: ANN401
        """A question about this company: short windows, so that most metrics have a value."""
        made = book(self.lines, rates=RATES, **self.tables)
        return scope(made, as_of, ("2024-01", as_of[:7]), **{**KEYS, **keys})


KEYS: dict[str, Any] = {
    "nrr.months": 3,
    "ltv.min_churn_events": 1,
    "cac.window_months": 4,
    "churn.grace_days": None,
}
