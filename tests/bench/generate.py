"""Invoice lines of a made-up subscription business, as many as asked: `generate.py LINES FOLDER [SEED]`.

Unlike uniform noise, customers here have a start, a term, renewals that touch, seat changes and an
end, so MRR movements, retention and line attribution have realistic work to do.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

MONTHS = 60
FIRST_YEAR = 2021
LINES_A_CUSTOMER = 20
PRODUCTS = np.array(["core", "insights", "connect", "vault", "api", "academy"])
SEGMENTS = np.array(["startup", "smb", "midmarket", "enterprise"])
CONFIG = """\
version: 1
company: Benchmark
base_currency: USD
sources:
  - {path: lines.csv, table: billing_lines}
  - {path: customers.csv, table: customers}
  - {path: touches.csv, table: touches}
  - {path: risk_flags.csv, table: risk_flags}
  - {path: initiatives.yaml, table: initiatives}
"""
INITIATIVES = """\
initiatives:
  - {initiative_id: I1, name: Guided set-up, aligned: true, effective_from: 2024-01-01, products: [insights], weight_switched: "1", weight_expanded: "1"}
  - {initiative_id: I2, name: Fair billing, aligned: true, effective_from: 2024-06-01, segments: [smb], products: [api], weight_switched: "0.5", weight_expanded: "0.5"}
"""

Array = np.ndarray


def main() -> None:
    """Write the files."""
    lines, folder = int(float(sys.argv[1])), Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    count = max(lines // LINES_A_CUSTOMER, 50)
    start = rng.integers(0, MONTHS - 2, count)
    tenure = np.minimum(rng.geometric(1 / 30, count) + 1, MONTHS - start)
    _lines(rng, lines, start, tenure).write_csv(folder / "lines.csv")
    _customers(rng, count).write_csv(folder / "customers.csv")
    _evidence(rng, folder, start, tenure)
    (folder / "initiatives.yaml").write_text(INITIATIVES)
    (folder / "clv.yaml").write_text(CONFIG)


def _days(month: Array, day: Array) -> Array:
    months = (month + (FIRST_YEAR - 1970) * 12).astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[D]") + day)


def _lines(rng: np.random.Generator, wanted: int, start: Array, tenure: Array) -> pl.DataFrame:
    """Subscription lines in contiguous terms, with usage, one-off fees and credits between them."""
    count = len(start)
    term = np.where(rng.random(count) < 0.25, 12, 1)
    anchor, product = rng.integers(0, 28, count), rng.integers(0, len(PRODUCTS), count)
    renewals = np.maximum(tenure // term, 1)
    who = np.repeat(np.arange(count), renewals)
    nth = np.arange(len(who)) - np.repeat(np.cumsum(renewals) - renewals, renewals)
    seats = 1 + rng.integers(0, 40, count)[who] + (nth * (rng.random(count)[who] < 0.3)) // 4
    price = rng.integers(900, 9900, count)[who] * np.where(term[who] == 12, 10, 1)
    month = start[who] + nth * term[who]
    kind = np.full(len(who), 0)
    # Usage, one-off fees and credits ride on randomly chosen subscription lines.
    extra = rng.choice(len(who), max(wanted - len(who), 0))
    extra_kind = rng.choice([1, 2, 3], len(extra), p=[0.85, 0.08, 0.07])
    index = np.concatenate([np.arange(len(who)), extra])[:wanted]
    kind = np.concatenate([kind, extra_kind])[:wanted]
    amount = (price * seats)[index]
    amount = np.choose(kind, [amount, amount // 7, amount // 3 + 5000, -(amount // 5)])
    order = np.argsort(month[index] * 32 + anchor[who[index]], kind="stable")
    index, kind, amount = index[order], kind[order], amount[order]
    customer = who[index]
    periods = {
        "issued_on": _days(month[index], anchor[customer]),
        "period_start": _days(month[index], anchor[customer]),
        "period_end": _days(month[index] + term[customer], anchor[customer]),
    }
    return _frame(index, customer, kind, amount, product, term, seats, price, periods, rng)


def _frame(
    index: Array,
    customer: Array,
    kind: Array,
    amount: Array,
    product: Array,
    term: Array,
    seats: Array,
    price: Array,
    periods: dict[str, Array],
    rng: np.random.Generator,
) -> pl.DataFrame:
    rows = len(index)
    recurring = pl.col("kind") == "recurring"
    frame = pl.DataFrame(
        {
            "line_id": np.arange(rows),
            "invoice_id": index,
            "customer_id": customer,
            "issued_on": periods["issued_on"],
            "kind": np.array(["recurring", "usage", "one_off", "credit"])[kind],
            "product_id": PRODUCTS[product[customer]],
            "quantity": seats[index],
            "unit_price": price[index],
            "amount": amount,
            "discount": np.zeros(rows, np.int64),
            "tax": np.maximum(amount, 0) * 19 // 100,
            "currency": np.full(rows, "USD"),
            "interval": np.where(term[customer] == 12, "year", "month"),
            "interval_count": np.ones(rows, np.int64),
            "period_start": periods["period_start"],
            "period_end": periods["period_end"],
            "status": np.array(["paid", "open", "void", "draft"])[
                rng.choice(4, rows, p=[0.93, 0.05, 0.01, 0.01])
            ],
        }
    )
    only_recurring = [
        pl.when(recurring).then(pl.col(name)).alias(name)
        for name in ("interval", "interval_count", "period_start", "period_end")
    ]
    money = [_decimal(name) for name in ("unit_price", "amount", "discount", "tax")]
    names = [
        _padded("line_id", "L", 9),
        _padded("invoice_id", "INV-", 9),
        _padded("customer_id", "CUS-", 8),
    ]
    return frame.with_columns(*only_recurring, *money, *names)


def _decimal(name: str) -> pl.Expr:
    value = pl.col(name)
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    cents = (value.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(sign, (value.abs() // 100).cast(pl.String), pl.lit("."), cents).alias(name)


def _padded(name: str, prefix: str, width: int) -> pl.Expr:
    return pl.concat_str(pl.lit(prefix), pl.col(name).cast(pl.String).str.zfill(width)).alias(name)


def _customers(rng: np.random.Generator, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": np.arange(count),
            "name": [f"Customer {i}" for i in range(count)],
            "segment": SEGMENTS[rng.integers(0, len(SEGMENTS), count)],
            "prior_supplier": np.where(rng.random(count) < 0.2, "Another Ltd", ""),
        }
    ).with_columns(_padded("customer_id", "CUS-", 8))


def _evidence(rng: np.random.Generator, folder: Path, start: Array, tenure: Array) -> None:
    """Risk flags, and touches of which about half follow a flag."""
    count = len(start)
    flagged = np.flatnonzero(rng.random(count) < 0.15)
    flag_day = _days(start[flagged], (rng.random(len(flagged)) * tenure[flagged] * 30).astype(int))
    flags = pl.DataFrame(
        {"flag_id": np.arange(len(flagged)), "customer_id": flagged, "flagged_on": flag_day}
    )
    flags.with_columns(_padded("customer_id", "CUS-", 8)).write_csv(folder / "risk_flags.csv")
    helped = rng.random(len(flagged)) < 0.5
    others = rng.integers(0, count, count * 4)
    who = np.concatenate([flagged[helped], others])
    days = np.concatenate(
        [
            flag_day[helped] + rng.integers(0, 30, helped.sum()),
            _days(start[others], (rng.random(len(others)) * tenure[others] * 30).astype(int)),
        ]
    )
    touches = pl.DataFrame(
        {
            "touch_id": np.arange(len(who)),
            "customer_id": who,
            "happened_on": days,
            "team": np.array(["success", "support"])[rng.integers(0, 2, len(who))],
        }
    )
    touches.with_columns(_padded("customer_id", "CUS-", 8)).write_csv(folder / "touches.csv")


if __name__ == "__main__":
    main()
