"""What a closed month keeps: the rows of the split's ledger as they were when it was closed.

A row is one line x part x bucket x component x rule x evidence, as `clv split --by line` exports it.
Money is in minor units; nothing here is ever computed again.
"""

from __future__ import annotations

import polars as pl

FROZEN_COLUMNS = {
    "line_id": pl.String,
    "invoice_id": pl.String,
    "customer_id": pl.String,
    "issued_on": pl.Date,
    "month": pl.Int32,  # of issue, year * 12 + month - 1: the closed period
    "product_id": pl.String,
    "part": pl.String,
    "bucket": pl.String,
    "component": pl.String,
    "rule_id": pl.String,
    "rule_version": pl.String,
    "method": pl.String,
    "evidence": pl.String,
    "evidence_row": pl.String,
    "original_evidence": pl.String,  # of a credit: the evidence of the cell that it takes back
    "exact_share": pl.String,  # numerator/denominator of the line
    "currency": pl.String,
    "own": pl.Int64,  # minor units of that currency
    "amount": pl.Int64,  # minor units of the base currency
    "source": pl.String,
    "row": pl.Int64,
}
