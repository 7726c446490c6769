"""The components of sales, which no rule grants: what is left, and what is no purchase's doing."""

from __future__ import annotations

REST = "rest"
# Credits for which the customer has no purchase left.
UNMATCHED = "unmatched_credits"
# What another exchange rate makes of a credit, or of a line of a closed month.
FX = "fx_rounding"
# By how much a line of a closed month has changed since.
RESTATED = "restated"
