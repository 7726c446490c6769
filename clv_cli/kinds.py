"""What values mean, which direction is good, what span a figure covers: words without behaviour."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a value means. How each kind looks is a renderer's business."""

    TEXT = "text"
    DATE = "date"
    MONTH = "month"
    COUNT = "count"
    MONEY = "money"  # integer minor units of the column's, row's or result's currency
    RATIO = "ratio"  # share or rate: 0.931 prints as 93.1 %
    FACTOR = "factor"  # plain ratio such as LTV:CAC 3.42
    MONTHS = "months"  # a duration
    DAYS = "days"  # a duration
    SCORE = "score"  # points on a scale of its own, such as an NPS of -10
    BY_ROW = "by_row"  # the row's own `kind` says
    CHANGE = "change"  # relative change, or difference in points where the row's kind is a ratio
    SERIES = "series"  # a list of values of the row's own kind, oldest first


class Good(StrEnum):
    """Which direction of change is good news."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Window(StrEnum):
    """What span of time one figure covers."""

    AT = "at {as_of}"
    MONTH = "month {month}"
    NRR = "{nrr_months} months to {as_of}"
    CAC = "{cac_months} months to {as_of}"
    LTV = "{ltv_months} months to {as_of}"
    YEAR = "12 months to {as_of}"
    QUARTER = "3 months to {as_of}"


# Columns about somebody, by name, in exports and in tables alike: `--redact` writes tokens for them.
# Ids of documents are among them: an invoice's number often begins with its customer's.
PERSONAL = frozenset(
    {
        "account_id", "account_name", "billing_id", "candidates", "contact_id",
        "contract_id", "customer", "customer_id", "deal_id", "domain", "email", "evidence",
        "external_id", "flag_id", "invoice_id", "line_id", "name", "original_line_id", "owner",
        "parent_id", "payment_id", "prior_supplier", "referral_id", "referred_id",
        "referrer_customer_id", "referrer_id", "response_id", "subscription_id", "touch_id",
    }
)  # fmt: skip
