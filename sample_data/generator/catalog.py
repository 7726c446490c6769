"""What Harbour Analytics sells: 6 products x 4 segments, monthly and annual, USD and EUR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SEGMENTS = ("startup", "smb", "midmarket", "enterprise")
PRICE_RISE = date(2025, 4, 1)
PRICE_RISE_PERCENT = 6
API_BLOCK = 100_000  # calls that one unit of the api product includes
OVERAGE_BLOCK = 10_000  # calls that one metered unit covers


@dataclass(frozen=True)
class Product:
    """A product: price of one unit a month in US cents by segment, size and popularity."""

    prices: tuple[int, int, int, int]
    size: float  # monthly revenue relative to core
    share: int  # of 100 first purchases
    metric: str = ""
    quota: int = 0


PRODUCTS = {
    "core": Product((1200, 1400, 1500, 1600), 1.0, 28),
    "insights": Product((900, 1000, 1100, 1200), 0.7, 16, "seats", 1),
    "connect": Product((2500, 3000, 3500, 4000), 0.8, 20),
    "vault": Product((1500, 1800, 2000, 2200), 0.5, 13),
    "api": Product((2000, 2500, 3000, 3500), 0.7, 13, "api_calls", API_BLOCK),
    "academy": Product((500, 600, 700, 800), 0.4, 10),
}
# Monthly revenue in US cents that a typical customer of the segment starts with per unit of size.
SEGMENT_SIZE = {"startup": 11_000, "smb": 28_000, "midmarket": 64_000, "enterprise": 148_000}
SEGMENT_SHARE = {"startup": 0.31, "smb": 0.35, "midmarket": 0.22, "enterprise": 0.12}
ANNUAL_SHARE = {"startup": 0.38, "smb": 0.50, "midmarket": 0.66, "enterprise": 0.80}
ANNUAL_MONTHS = 10  # an annual term costs ten months
SHORT = {"startup": "st", "smb": "sb", "midmarket": "mm", "enterprise": "en"}


def version(term_start: date) -> int:
    """Return the price list in force when a term starts."""
    return 2 if term_start >= PRICE_RISE else 1


def unit_price(product: str, segment: str, currency: str, interval: str, edition: int) -> int:
    """Return the price of one unit per interval in minor units."""
    cents = PRODUCTS[product].prices[SEGMENTS.index(segment)]
    if currency == "eur":
        cents = cents * 92 // 1000 * 10
    if edition == 2:
        cents = cents * (100 + PRICE_RISE_PERCENT) // 1000 * 10
    return cents * ANNUAL_MONTHS if interval == "year" else cents


def plan_id(product: str, segment: str, currency: str, interval: str, edition: int) -> str:
    """Return the plan's id: product-segment-interval+currency, with 2 after the price rise."""
    suffix = "2" if edition == 2 else ""
    return f"{product}-{SHORT[segment]}-{interval[0]}{currency[0]}{suffix}"


def overage_price(segment: str, currency: str) -> int:
    """Return the price of ten thousand calls above the quota, in minor units."""
    cents = {"startup": 420, "smb": 480, "midmarket": 540, "enterprise": 600}[segment]
    return cents * 92 // 100 if currency == "eur" else cents


def plan_rows() -> list[list[object]]:
    """List every plan as plans.csv has it, the metered ones last."""
    rows: list[list[object]] = []
    keys = [
        (p, c, i, e)
        for p in PRODUCTS
        for c in ("usd", "eur")
        for i in ("month", "year")
        for e in (1, 2)
    ]
    for product, currency, interval, edition in keys:
        for place, segment in enumerate(SEGMENTS):
            above = SEGMENTS[place + 1] if place < 3 else ""
            price = unit_price(product, segment, currency, interval, edition)
            rows.append(
                [
                    plan_id(product, segment, currency, interval, edition),
                    product,
                    segment,
                    f"{price // 100}.{price % 100:02d}",
                    currency.upper(),
                    interval,
                    PRODUCTS[product].metric,
                    PRODUCTS[product].quota or "",
                    plan_id(product, above, currency, interval, edition) if above else "",
                ]
            )
    for currency in ("usd", "eur"):
        for segment in SEGMENTS:
            price = overage_price(segment, currency)
            row = [
                f"api-{SHORT[segment]}-x{currency[0]}",
                "api",
                segment,
                f"{price // 100}.{price % 100:02d}",
            ]
            rows.append([*row, currency.upper(), "month", "api_calls", OVERAGE_BLOCK, ""])
    return rows
