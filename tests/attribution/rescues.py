"""A made-up company with known answers: customers at risk, half of them helped."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.attribution.asking import flag, touch
from tests.books import book, monthly, scope

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

Row = dict[str, Any]


def company(customers: int = 260, saves: float = 0.6, seed: int = 3) -> dict[str, list[Row]]:
    """Customers of 100 to 900 a month, all flagged on 10 January 2024, every other one helped.

    Who would leave does so in spring; help prevents `saves` of these departures.
    """
    rng = random.Random(seed)
    lines, flags, touches, people = [], [], [], []
    for number in range(customers):
        name, price = f"C{number:03}", rng.choice([100, 300, 900])
        history = rng.randint(3, 14)
        start = 2024 * 12 - history
        leaves = rng.random() < 0.4
        helped = rng.random() < 0.5
        stays = not leaves or (helped and rng.random() < saves)
        after = 20 if stays else rng.randint(2, 5)
        first = f"{start // 12}-{start % 12 + 1:02}-01"
        # A price rise or two before the flag, so that growth is no constant.
        rise = rng.randint(0, history - 1)
        prices = [price * (0.9 if month < rise else 1) for month in range(history + after)]
        lines += monthly(name, first, [round(p) for p in prices], product_id="p")
        flags.append(flag(name, "2024-01-10", f"F{number:03}"))
        people.append({"customer_id": name, "segment": "large" if price == 900 else "small"})
        if helped:
            touches.append(touch(name, "2024-01-15", f"T{number:03}"))
    return {"lines": lines, "risk_flags": flags, "touches": touches, "customers": people}


def asked(
    tables: dict[str, list[Row]], method: str = "counterfactual", least: int | None = None
) -> Scope:
    """A question about such a company, in 2024 and 2025, as of the end of 2025.

    Args:
        tables: see `company`.
        method: of the split.
        least: `evidence.rescue.min_group`.
    """
    own: dict[str, Any] = {"split.method": method}
    if least is not None:
        own["evidence.rescue.min_group"] = least
    lines = tables["lines"]
    others: dict[str, Any] = {name: rows for name, rows in tables.items() if name != "lines"}
    return scope(book(lines, **others), "2025-12", ("2024-01", "2025-12"), **own)
