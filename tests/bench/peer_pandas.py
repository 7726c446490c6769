"""`python -m tests.bench.peer_pandas FOLDER`: what of `peer` fits pandas, as JSON.

Typed loading, the reconciliation, revenue by month, MRR movements and retention; no cohorts, no split.
Money is read as floats, for pandas has no decimals of its own, and turned into whole cents at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

DAYS = ["issued_on", "period_start", "period_end"]
MONEY = ["unit_price", "amount", "discount", "tax"]
UNITS = {"month": 55440, "year": 4620}
GRACE = pd.Timedelta(days=31)


def month_index(days: pd.Series) -> pd.Series:
    """Year * 12 + month - 1."""
    return days.dt.year * 12 + days.dt.month - 1


def loaded(folder: Path) -> pd.DataFrame:
    """All lines, typed, with `month` and money in cents."""
    texts = ["line_id", "invoice_id", "customer_id", "kind", "product_id", "currency", "status"]
    lines = pd.read_csv(
        folder / "lines.csv",
        dtype=dict.fromkeys(texts, "string") | dict.fromkeys(MONEY, "float64"),
        parse_dates=DAYS,
        date_format="%Y-%m-%d",
    )
    lines[MONEY] = (lines[MONEY] * 100).round().astype("int64")
    return lines.assign(month=month_index(lines["issued_on"]))


def levels(billed: pd.DataFrame, closing: int) -> pd.DataFrame:
    """MRR by customer and month."""
    running = billed[(billed["kind"] == "recurring") & (billed["amount"] != 0)]
    unpaid = running["status"] == "open"
    lapse = running["issued_on"] + GRACE
    until = running["period_end"].mask(unpaid & (lapse < running["period_end"]), lapse)
    first = month_index(running["period_start"])
    count = (month_index(until).clip(upper=closing + 1) - first).clip(lower=0).astype("int64")
    rows = np.repeat(np.arange(len(running)), count)
    begun = (count.cumsum() - count).to_numpy()
    offset = np.arange(len(rows)) - np.repeat(begun, count)
    spread = pd.DataFrame(
        {
            "customer_id": running["customer_id"].to_numpy()[rows],
            "month": first.to_numpy()[rows] + offset,
            "mrr": (running["amount"] * running["interval"].map(UNITS)).to_numpy()[rows],
        }
    )
    sums = spread.groupby(["customer_id", "month"], as_index=False)["mrr"].sum()
    return sums[sums["mrr"] > 0].astype({"month": "int64", "mrr": "int64"})


def movements(found: pd.DataFrame, closing: int) -> pd.DataFrame:
    """New, expansion, contraction, churn and reactivation by month."""
    by = found.groupby("customer_id")
    before, was, after = by["month"].shift(1), by["mrr"].shift(1), by["month"].shift(-1)
    follows = before == found["month"] - 1
    change = (found["mrr"] - was).where(follows, 0)
    moved = found.assign(
        new=found["mrr"].where(before.isna(), 0),
        expansion=change.clip(lower=0),
        contraction=change.clip(upper=0),
        reactivation=found["mrr"].where(before.notna() & ~follows, 0),
    )
    names = ["new", "expansion", "contraction", "reactivation"]
    last = found[(after != found["month"] + 1) & (found["month"] < closing)]
    lost = -last.groupby(last["month"] + 1)["mrr"].sum().rename("churn")
    both = moved.groupby("month")[names].sum().join(lost, how="outer").fillna(0).astype("int64")
    return both[both.index > closing - 12].reset_index(names="month")


def retention(found: pd.DataFrame, closing: int) -> pd.DataFrame:
    """NRR and GRR, twelve months point to point."""
    then = found.assign(month=found["month"] + 12)
    both = then.merge(found, on=["customer_id", "month"], how="left", suffixes=("", "_now"))
    both["mrr_now"] = both["mrr_now"].fillna(0)
    both["kept"] = both[["mrr", "mrr_now"]].min(axis=1)
    sums = (
        both[both["month"].between(closing - 11, closing)].groupby("month").sum(numeric_only=True)
    )
    ratios = {"nrr": sums["mrr_now"] / sums["mrr"], "grr": sums["kept"] / sums["mrr"]}
    return pd.DataFrame(ratios).reset_index(names="month")


def tables(folder: Path) -> dict[str, list[dict[str, float]]]:
    """What the peer prints: rows by table."""
    lines = loaded(folder)
    issued = lines[~lines["status"].isin(["draft", "void"])]
    last = issued["issued_on"].max()
    whole = last == last + pd.offsets.MonthEnd(0)
    as_of = last if whole else last.replace(day=1) - pd.Timedelta(days=1)
    closing = as_of.year * 12 + as_of.month - 1
    billed = issued[issued["issued_on"] <= as_of]
    found = levels(billed, closing)
    months = billed.groupby("month")["amount"].agg(["size", "sum"]).reset_index()
    total = pd.DataFrame(
        {
            "lines": [len(lines), len(billed)],
            "amount": [lines["amount"].sum(), billed["amount"].sum()],
        }
    )
    frames = {
        "reconciliation": total,
        "revenue_months": months,
        "mrr_movements": movements(found, closing),
        "retention": retention(found, closing),
    }
    return {name: frame.to_dict("records") for name, frame in frames.items()}


if __name__ == "__main__":
    json.dump(tables(Path(sys.argv[1])), sys.stdout, default=int)
