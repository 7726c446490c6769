"""The declared split once more, in loops over dictionaries and exact fractions: slow, obvious, separate.

What is decided here is exact: shares of purchases, and what credits take back. How shares become
integers is held to the laws instead (`test_laws`, `test_rounding`).

It shares nothing with the pipeline but the Book: no polars expression, no helper of `attribution`.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Scope

Row = dict[str, Any]
# part, bucket, component, rule, evidence
Key = tuple[str, str, str, str, str | None]
UNITS = 55_440
MILLION = 1_000_000


def month(day: date) -> int:
    return day.year * 12 + day.month - 1


def within_day(row: Row) -> tuple[Any, ...]:
    """The order of credits, or of purchases, of one day; nothing stands before something."""
    texts = (row.get(name) for name in ("product_id", "touchpoint", "deal_id", "line_id"))
    return row["amount"], *((text is not None, text or "") for text in texts)


class Oracle:
    """The split of a scope: `cells` by line id."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.policy = scope.settings.split
        tables = {name: table.collect().to_dicts() for name, table in scope.book.tables.items()}
        self.tables: dict[str, list[Row]] = defaultdict(list, tables)
        lines = [row for row in self.tables["billing_lines"] if row["issued_on"] <= scope.as_of]
        self.lines = [row for row in lines if row["status"] not in {"draft", "void"}]
        self.segments = {row["customer_id"]: row["segment"] for row in self.tables["customers"]}
        self.first: dict[str, date] = {}
        for row in self.lines:
            if row["amount"] > 0:
                day = self.first.get(row["customer_id"], row["issued_on"])
                self.first[row["customer_id"]] = min(day, row["issued_on"])
        self.helped = self.interventions()

    # --- motion

    def group(self, row: Row) -> tuple[Any, ...]:
        return row["customer_id"], row["product_id"], row["currency"]

    def term(self, row: Row) -> tuple[int, int]:
        spread = row["kind"] in {"recurring", "credit", "refund", "writeoff"}
        if not spread or row["period_start"] is None or row["period_end"] is None:
            return month(row["issued_on"]), 1
        start, end = month(row["period_start"]), month(row["period_end"])
        return max(start, month(row["issued_on"])), max(end - start, 1)

    def expanded(self, row: Row) -> Fraction:
        """The expanded share of the month of a line."""
        at = month(row["issued_on"])
        same = [other for other in self.lines if self.group(other) == self.group(row)]
        sums: dict[tuple[int, int, int], int] = defaultdict(int)
        for other in same:
            begins, months = self.term(other)
            sums[(month(other["issued_on"]), begins, months)] += other["amount"] * UNITS // months
        rate = sum(units for (issued, _, _), units in sums.items() if issued == at)
        bought = [other for other in same if other["amount"] > 0]
        begin = min(self.term(other)[0] for other in bought)
        earlier = [sum(self.term(o)) for o in bought if month(o["issued_on"]) < at]
        if at - begin < self.policy.base_min_months or not earlier:
            return Fraction(0)
        until = min(at, max(earlier))
        since = max(begin, until - self.policy.base_months)
        if until <= since:
            return Fraction(0)
        revenue = 0
        for m in range(since, until):
            for (_, begins, months), units in sums.items():
                revenue += units if begins <= m < begins + months else 0
        base = Fraction(max(revenue, 0), until - since)
        return max(Fraction(0), (rate - base) / rate) if rate > 0 else Fraction(0)

    def switched(self, row: Row) -> bool:
        if row["issued_on"] != self.first[row["customer_id"]]:
            return False
        if self.policy.treat_new_as_switched:
            return True
        customer = row["customer_id"]
        for other in self.tables["customers"]:
            if other["customer_id"] == customer and other["prior_supplier"]:
                return True
        for deal in self.tables["deals"]:
            if not deal["prior_supplier"]:
                continue
            if deal["deal_id"] == row["deal_id"]:
                return True
            won = deal["outcome"] == "won" and deal["type"] == "new"
            if won and deal["customer_id"] == customer:
                return True
        return False

    # --- evidence

    def interventions(self) -> dict[str, list[tuple[date, str]]]:
        helped: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for touch in self.tables["touches"]:
            day, customer = touch["happened_on"], touch["customer_id"]
            flags = [
                flag["flagged_on"]
                for flag in self.tables["risk_flags"]
                if flag["customer_id"] == customer
            ]
            window = self.policy.cs_window_days
            if any(0 <= (day - flag).days <= window for flag in flags) and day <= self.scope.as_of:
                helped[customer].append((day, touch["touch_id"]))
        return helped

    def cxm_claims(self, row: Row, part: str) -> list[tuple[str, str, str, Fraction]]:
        facets = {
            "products": row["product_id"],
            "touchpoints": row["touchpoint"],
            "segments": self.segments.get(row["customer_id"]),
        }
        claims = []
        for initiative in self.tables["initiatives"]:
            end = initiative["effective_to"]
            if not initiative["aligned"] or row["issued_on"] < initiative["effective_from"]:
                continue
            if end is not None and row["issued_on"] >= end:
                continue
            if any(
                initiative[name] and value not in initiative[name] for name, value in facets.items()
            ):
                continue
            weight = initiative[f"weight_{part}"] if part != "retained" else 0
            name = initiative["initiative_id"]
            claims.append((part, name, f"initiatives:{name}", self.weight(weight)))
        return claims

    def weight(self, ppm: int | None) -> Fraction:
        return Fraction(1) if ppm is None else Fraction(ppm, MILLION)

    def cs_claims(self, row: Row, part: str) -> list[tuple[str, str, str, Fraction]]:
        claims, day, customer = [], row["issued_on"], row["customer_id"]
        window = self.policy.cs_window_days
        touches = [t for t in self.helped[customer] if 0 <= (day - t[0]).days <= window]
        if part != "switched" and touches:
            latest = max(on for on, _ in touches)
            touch = min(name for on, name in touches if on == latest)
            weight = Fraction(self.policy.cs_weight)
            claims.append((part, "at_risk", f"touches:{touch}", weight))
        for referral in self.tables["referrals"]:
            if referral["referred_id"] != customer or referral["made_on"] > self.scope.as_of:
                continue
            if (day - self.first[customer]).days > self.policy.referral_days:
                continue
            kind = "no_gripes" if referral["kind"] == "no_gripes" else "referral"
            rescued = self.helped.get(referral["referrer_id"], [])
            if kind == "referral" and not any(on <= referral["made_on"] for on, _ in rescued):
                continue
            evidence = f"referrals:{referral['referral_id']}"
            claims.append((kind, kind, evidence, self.weight(referral["weight"])))
        return claims

    def combined(self, weights: list[Fraction]) -> Fraction:
        if self.policy.combine == "max":
            return max(weights, default=Fraction(0))
        if self.policy.combine == "capped_sum":
            return min(Fraction(1), sum(weights, Fraction(0)))
        left = Fraction(1)
        for weight in weights:
            left *= 1 - weight
        return 1 - left

    # --- waterfall

    def shares(self, row: Row) -> dict[Key, Fraction]:
        """The exact share of every cell of a purchase."""
        claims_of = {"cxm": self.cxm_claims, "cs": self.cs_claims}
        grown = Fraction(0) if self.switched(row) else self.expanded(row)
        parts = {"expanded": grown, "retained": 1 - grown}
        if self.switched(row):
            parts = {"switched": Fraction(1)}
        shares: dict[Key, Fraction] = {}
        for part, size in parts.items():
            left = size
            for bucket in ("cxm", "cs"):
                claims = [claim for claim in claims_of[bucket](row, part) if claim[3] > 0]
                tier = self.combined([claim[3] for claim in claims])
                whole = sum((claim[3] for claim in claims), Fraction(0))
                for component, rule, evidence, weight in claims:
                    key = (part, bucket, component, rule, evidence)
                    shares[key] = left * tier * weight / whole
                left *= 1 - tier
            shares[(part, "sales", "rest", "rest", None)] = left
        return {key: share for key, share in shares.items() if share > 0}

    # --- credits

    def match_credits(self) -> dict[tuple[str, str], int]:
        """Minor units by credit and purchase: the named one first, then the latest ones."""
        bought = {row["line_id"]: row for row in self.lines if row["amount"] > 0}
        left = {name: row["amount"] for name, row in bought.items()}
        takings: dict[tuple[str, str], int] = {}
        end = self.scope.period.end
        credits_ = [r for r in self.lines if r["amount"] < 0 and month(r["issued_on"]) < end]
        for row in sorted(credits_, key=lambda c: (c["issued_on"], *within_day(c))):
            owed = -row["amount"]
            same = [
                other
                for other in bought.values()
                if (other["customer_id"], other["currency"])
                == (row["customer_id"], row["currency"])
            ]
            named = [other for other in same if other["line_id"] == row["original_line_id"]]
            product = row["product_id"]
            earlier = [
                other
                for other in same
                if other["issued_on"] <= row["issued_on"] and product in {None, other["product_id"]}
            ]
            earlier.sort(key=lambda other: (other["issued_on"], *within_day(other)), reverse=True)
            for other in [*named, *earlier]:
                name = other["line_id"]
                taken = min(owed, left[name])
                if taken:
                    takings[row["line_id"], name] = taken
                    left[name] -= taken
                    owed -= taken
        return takings

    # --- what is compared

    def reported_shares(self) -> dict[str, dict[Key, Fraction]]:
        """The exact share of every cell of each purchase of the period."""
        period = self.scope.period
        return {
            row["line_id"]: self.shares(row)
            for row in self.lines
            if row["amount"] > 0 and period.first <= month(row["issued_on"]) < period.end
        }
