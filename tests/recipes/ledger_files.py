"""A ledger that is hard on rounding, as files: five currencies, one line in ten a credit, awkward weights.

`write(folder, lines, seed)`: billing lines in USD, EUR, GBP, JPY and KWD (2, 2, 2, 0 and 3 digits);
credits of whole purchases and of parts, one in ten without an original; and the evidence that makes
rules share about a third of the lines by thirds, sevenths and decimals of six digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

CURRENCIES = np.array(["USD", "EUR", "GBP", "JPY", "KWD"])
DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}
PRICES = {"EUR": 1.0871, "GBP": 1.2713, "JPY": 0.00671, "KWD": 3.2507}
PRODUCTS = np.array(["core", "insights", "connect", "vault", "api", "academy"])
SEGMENTS = np.array(["startup", "smb", "midmarket", "enterprise"])
MONTHS = 24
FIRST = np.datetime64("2023-01", "M")
CREDITED = 0.1
UNNAMED = 0.1
CONFIG = """\
version: 1
company: Exactness
base_currency: USD
period: 2023-01..2024-12
sources:
  - {path: lines.csv, table: billing_lines}
  - {path: customers.csv, table: customers}
  - {path: touches.csv, table: touches}
  - {path: risk_flags.csv, table: risk_flags}
  - {path: referrals.csv, table: referrals}
  - {path: initiatives.yaml, table: initiatives}
  - {path: general_ledger.csv, table: general_ledger}
  - {path: fx_rates.csv, table: fx_rates}
"""
INITIATIVES = """\
initiatives:
  - {initiative_id: I1, name: Guided set-up, aligned: true, effective_from: 2023-04-01, products: [insights], weight_switched: "0.333333", weight_expanded: "0.7"}
  - {initiative_id: I2, name: Fair billing, aligned: true, effective_from: 2023-07-01, segments: [smb], products: [api, insights], weight_switched: "0.5", weight_expanded: "0.142857"}
  - {initiative_id: I3, name: One hand-over, aligned: true, effective_from: 2023-01-01, effective_to: 2024-06-01, products: [vault], weight_switched: "1", weight_expanded: "0.666667"}
"""

Array = np.ndarray


def write(folder: Path, lines: int, seed: int = 11) -> pl.DataFrame:
    """Write config and files; the billing lines with amounts in minor units come back."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    customers = max(lines // 20, 20)
    billed = _lines(rng, lines, customers)
    write_lines(folder, billed)
    _ledger(billed).write_csv(folder / "general_ledger.csv")
    _rates(rng).write_csv(folder / "fx_rates.csv")
    pl.DataFrame(
        {
            "customer_id": _names("C", np.arange(customers)),
            "segment": SEGMENTS[rng.integers(0, 4, customers)],
            "prior_supplier": np.where(rng.random(customers) < 0.3, "Another Ltd", ""),
        }
    ).write_csv(folder / "customers.csv")
    _evidence(rng, folder, customers)
    (folder / "initiatives.yaml").write_text(INITIATIVES)
    (folder / "clv.yaml").write_text(CONFIG)
    return billed


def write_lines(folder: Path, billed: pl.DataFrame) -> None:
    """The billing lines in the order of the frame, amounts in major units."""
    text = pl.lit(None, pl.String)
    for currency, digits in DIGITS.items():
        text = pl.when(pl.col("currency") == currency).then(_decimal(digits)).otherwise(text)
    billed.with_columns(amount=text).write_csv(folder / "lines.csv")


def _names(prefix: str, numbers: Array) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(8).str.pad_start(9, prefix)


def _lines(rng: np.random.Generator, lines: int, customers: int) -> pl.DataFrame:
    bought = lines - int(lines * CREDITED)
    who = rng.integers(0, customers, bought)
    home = CURRENCIES[rng.choice(5, customers, p=[0.4, 0.25, 0.15, 0.1, 0.1])]
    product = PRODUCTS[(who + (rng.random(bought) < 0.3) * rng.integers(0, 6, bought)) % 6]
    # Equal amounts in great number, one cent, and anything between: what rounding finds hardest.
    amount = np.choose(
        rng.choice(4, bought, p=[0.4, 0.1, 0.1, 0.4]),
        [1999, 1, rng.integers(1, 10, bought), rng.integers(100, 400_000, bought)],
    )
    days = (FIRST.astype("datetime64[D]").astype(int) + rng.integers(0, 700, bought)).astype(int)
    purchases = pl.DataFrame(
        {
            "line_id": _names("L", np.arange(bought)),
            "customer_id": _names("C", who),
            "issued_on": days.astype("datetime64[D]"),
            "kind": np.where(rng.random(bought) < 0.7, "recurring", "one_off"),
            "product_id": product,
            "amount": amount,
            "currency": home[who],
            "original_line_id": np.full(bought, ""),
            "status": np.full(bought, "paid"),
        }
    )
    both = pl.concat([purchases, _credits(rng, purchases, lines - bought)])
    return both.with_columns(invoice_id="line_id")


def _credits(rng: np.random.Generator, purchases: pl.DataFrame, count: int) -> pl.DataFrame:
    original = purchases[rng.integers(0, len(purchases), count).tolist()]
    part = rng.choice([1, 2, 3, 7], count)
    late = pl.Series(rng.integers(0, 30, count) * 86_400_000).cast(pl.Duration("ms"))
    named = rng.random(count) >= UNNAMED
    credits_: pl.DataFrame = original.with_columns(
        line_id=_names("N", np.arange(count)),
        kind=pl.lit("credit"),
        amount=0 - pl.max_horizontal(pl.col("amount") // pl.Series(part), 1),
        issued_on=(pl.col("issued_on") + late).cast(pl.Date),
        original_line_id=pl.when(pl.Series(named)).then("line_id").otherwise(pl.lit("")),
    )
    return credits_


def _decimal(digits: int) -> pl.Expr:
    size = pl.col("amount").abs().cast(pl.String).str.zfill(digits + 1)
    sign = pl.when(pl.col("amount") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    if digits == 0:
        return pl.concat_str(sign, size)
    whole = size.str.head(-digits)
    return pl.concat_str(sign, whole, pl.lit("."), size.str.tail(digits))


def _ledger(billed: pl.DataFrame) -> pl.DataFrame:
    """The books: every month and currency, summed independently of the program."""
    month = pl.col("issued_on").dt.strftime("%Y-%m-01")
    sums = billed.group_by(month.alias("month"), "currency").agg(pl.col("amount").sum())
    text = pl.lit(None, pl.String)
    for currency, digits in DIGITS.items():
        text = pl.when(pl.col("currency") == currency).then(_decimal(digits)).otherwise(text)
    account = pl.lit("4000 Revenue").alias("account")
    return sums.sort("month", "currency").select("month", account, "currency", amount=text)


def _rates(rng: np.random.Generator) -> pl.DataFrame:
    days = np.arange("2022-12-25", "2025-02-15", dtype="datetime64[D]")
    frames = [
        pl.DataFrame(
            {
                "day": days,
                "currency": np.full(len(days), currency),
                "rate": [f"{price * (1 + drift):.10f}" for drift in rng.normal(0, 0.02, len(days))],
            }
        )
        for currency, price in PRICES.items()
    ]
    return pl.concat(frames)


def _evidence(rng: np.random.Generator, folder: Path, customers: int) -> None:
    flagged = np.flatnonzero(rng.random(customers) < 0.25)
    begin = FIRST.astype("datetime64[D]").astype(int)
    day = begin + rng.integers(0, 600, len(flagged))
    who = _names("C", flagged)
    flags = pl.DataFrame({"flag_id": np.arange(len(flagged)), "customer_id": who})
    flags.with_columns(flagged_on=pl.Series(day.astype("datetime64[D]"))).write_csv(
        folder / "risk_flags.csv"
    )
    touched = day + rng.integers(-10, 30, len(flagged))
    pl.DataFrame(
        {
            "touch_id": np.arange(len(flagged)),
            "customer_id": who,
            "happened_on": touched.astype("datetime64[D]"),
            "team": np.array(["success", "support"])[rng.integers(0, 2, len(flagged))],
        }
    ).write_csv(folder / "touches.csv")
    count = max(len(flagged) // 3, 1)
    pl.DataFrame(
        {
            "referral_id": np.arange(count),
            "referrer_id": _names("C", rng.choice(flagged, count)),
            "referred_id": _names("C", rng.integers(0, customers, count)),
            "made_on": (begin + rng.integers(0, 700, count)).astype("datetime64[D]"),
            "kind": np.array(["referral", "no_gripes"])[rng.integers(0, 2, count)],
            "weight": np.array(["0.25", "0.333333", "1"])[rng.integers(0, 3, count)],
        }
    ).write_csv(folder / "referrals.csv")
