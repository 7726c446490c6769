"""Canonical tables: costs, the books, exchange rates, the worksheet of the split."""

from __future__ import annotations

from clv_cli.frames.schema import Field, TableSchema, Type

SPEND = TableSchema(
    "spend",
    "what winning customers costs",
    (
        Field("period_start", Type.DATE, required=True, doc="first day of the period"),
        Field("period_end", Type.DATE, doc="day after the last; default: the month"),
        Field(
            "category",
            Type.CHOICE,
            required=True,
            choices=("marketing", "sales", "onboarding", "tools"),
            doc="category",
        ),
        Field("channel", Type.TEXT, doc="acquisition channel; empty: all"),
        Field("amount", Type.MONEY, required=True, doc="cost"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the cost"),
    ),
)
SERVICE_COSTS = TableSchema(
    "service_costs",
    "what serving customers costs",
    (
        Field("period_start", Type.DATE, required=True, doc="first day of the month"),
        Field(
            "category",
            Type.CHOICE,
            required=True,
            choices=("cogs", "hosting", "payment_fees", "support", "success"),
            doc="cogs, hosting, payment_fees make the margin; support, success the cost to serve",
        ),
        Field("customer_id", Type.ID, doc="customer it was for; empty: all"),
        Field("driver", Type.TEXT, doc="what it grows with"),
        Field("amount", Type.MONEY, required=True, doc="cost"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the cost"),
    ),
)
GENERAL_LEDGER = TableSchema(
    "general_ledger",
    "revenue accounts of the books, by month",
    (
        Field("month", Type.DATE, required=True, doc="first day of the month"),
        Field("account", Type.TEXT, required=True, doc="account"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amount"),
        Field("amount", Type.MONEY, required=True, doc="credit positive"),
    ),
)
FINANCE = TableSchema(
    "finance",
    "figures of the management accounts, by month",
    (
        Field("month", Type.DATE, required=True, doc="first day of the month"),
        Field(
            "item",
            Type.CHOICE,
            required=True,
            choices=("net_burn", "fcf", "ebitda"),
            doc="cash burnt (positive), free cash flow, or EBITDA",
        ),
        Field("amount", Type.MONEY, required=True, doc="of the month"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amount"),
    ),
)
FX_RATES = TableSchema(
    "fx_rates",
    "units of the base currency for one unit of a currency",
    (
        Field("day", Type.DATE, required=True, doc="day of the rate"),
        Field("currency", Type.CURRENCY, required=True, doc="currency priced"),
        Field("rate", Type.RATE, required=True, doc="base units for one unit"),
    ),
)
WORKSHEET = TableSchema(
    "worksheet",
    "the split as top-down estimates",
    (
        Field("bucket", Type.CHOICE, required=True, choices=("all", "cxm", "cs"), doc="bucket"),
        Field(
            "component",
            Type.CHOICE,
            required=True,
            choices=("total", "switched", "expanded", "retained", "referral", "no_gripes"),
            doc="component of the bucket",
        ),
        Field("item", Type.TEXT, doc="what the estimate is about"),
        Field("amount", Type.MONEY, required=True, doc="estimate"),
        Field("low", Type.MONEY, doc="lowest value that is believed; empty: no range"),
        Field("high", Type.MONEY, doc="highest value that is believed"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the estimate"),
    ),
)
