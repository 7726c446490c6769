"""Canonical tables: what was billed, to whom, for which plan, and what was paid."""

from __future__ import annotations

from clv_cli.frames.schema import Field, TableSchema, Type

LINE_KINDS = ("recurring", "proration", "usage", "one_off", "trial", "credit", "refund", "writeoff")
LINE_STATUSES = ("paid", "open", "uncollectible", "void", "draft")
DISCOUNT_KINDS = ("once", "repeating", "forever")
INTERVALS = ("day", "week", "month", "quarter", "year")

BILLING_LINES = TableSchema(
    "billing_lines",
    "invoice lines and credits: the ledger everything foots to",
    (
        Field("line_id", Type.ID, doc="unique; default invoice_id:row"),
        Field("invoice_id", Type.ID, required=True, doc="document the line stands on"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("subscription_id", Type.ID, doc="subscription billed"),
        Field(
            "issued_on", Type.DATE, required=True, doc="day of issue: the month of billed revenue"
        ),
        Field("due_on", Type.DATE, doc="day it falls due"),
        Field("paid_on", Type.DATE, doc="day it was paid"),
        Field("kind", Type.CHOICE, required=True, choices=LINE_KINDS, doc="what is billed"),
        Field("product_id", Type.ID, doc="product"),
        Field("plan_id", Type.ID, doc="plan"),
        Field("quantity", Type.NUMBER, doc="units"),
        Field("unit_price", Type.MONEY, doc="price of one unit for one interval"),
        Field(
            "amount", Type.MONEY, required=True, doc="ex tax, after discount; negative for credits"
        ),
        Field("discount", Type.MONEY, doc="discount already taken off"),
        Field("tax", Type.MONEY, doc="tax on top"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amounts"),
        Field(
            "discount_kind",
            Type.CHOICE,
            choices=DISCOUNT_KINDS,
            doc="how long the discount lasts; unknown counts as forever",
        ),
        Field("interval", Type.CHOICE, choices=INTERVALS, doc="billing interval"),
        Field("interval_count", Type.NUMBER, doc="intervals in one period"),
        Field("period_start", Type.DATE, doc="first day of service"),
        Field("period_end", Type.DATE, doc="day after the last day of service"),
        Field("original_line_id", Type.ID, doc="line that a credit or refund takes back"),
        Field("touchpoint", Type.TEXT, doc="where the purchase was made"),
        Field("deal_id", Type.ID, doc="CRM deal behind the line"),
        Field("status", Type.CHOICE, required=True, choices=LINE_STATUSES, doc="of the document"),
    ),
)
INVOICES = TableSchema(
    "invoices",
    "invoice heads: give lines their customer, day and status; an invoice without lines is one line",
    (
        Field("invoice_id", Type.ID, required=True, doc="unique"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("subscription_id", Type.ID, doc="subscription billed"),
        Field("issued_on", Type.DATE, required=True, doc="day of issue"),
        Field("due_on", Type.DATE, doc="day it falls due"),
        Field("paid_on", Type.DATE, doc="day it was paid"),
        Field(
            "amount", Type.MONEY, required=True, doc="ex tax, after discount: what its lines sum to"
        ),
        Field("discount", Type.MONEY, doc="discount already taken off"),
        Field("tax", Type.MONEY, doc="tax on top"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amounts"),
        Field(
            "status", Type.CHOICE, required=True, choices=LINE_STATUSES, doc="paid, open, void …"
        ),
    ),
)
CUSTOMERS = TableSchema(
    "customers",
    "billing customers",
    (
        Field("customer_id", Type.ID, required=True, doc="unique"),
        Field("name", Type.TEXT, doc="as billed", verbatim=True),
        Field("email", Type.TEXT, doc="billing e-mail"),
        Field("domain", Type.TEXT, doc="company domain; default: that of the e-mail"),
        Field("created_on", Type.DATE, doc="day the record was made"),
        Field("country", Type.TEXT, doc="country"),
        Field("segment", Type.TEXT, doc="segment"),
        Field("channel", Type.TEXT, doc="acquisition channel"),
        Field("parent_id", Type.ID, doc="parent customer"),
        Field("account_id", Type.ID, doc="CRM account, when billing knows it"),
        Field("external_id", Type.ID, doc="id in your own system"),
        Field("prior_supplier", Type.TEXT, doc="competitor the customer switched from"),
        Field("is_test", Type.BOOL, doc="test account: left out, and counted"),
    ),
)
SUBSCRIPTIONS = TableSchema(
    "subscriptions",
    "subscriptions as the billing system knows them today",
    (
        Field("subscription_id", Type.ID, required=True, doc="unique"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("plan_id", Type.ID, doc="plan"),
        Field("status", Type.TEXT, doc="status today"),
        Field("started_on", Type.DATE, doc="first day"),
        Field("ended_on", Type.DATE, doc="day revenue stopped"),
        Field("cancel_requested_on", Type.DATE, doc="day of the cancellation"),
        Field("cancel_reason", Type.TEXT, doc="why"),
        Field("trial_end", Type.DATE, doc="first paid day"),
        Field("interval", Type.CHOICE, choices=INTERVALS, doc="billing interval"),
        Field("interval_count", Type.NUMBER, doc="intervals in one period"),
        Field("quantity", Type.NUMBER, doc="units today; default 1"),
        Field("amount", Type.MONEY, doc="price of one period today, all units, ex tax"),
        Field("currency", Type.CURRENCY, doc="currency of the price; default: the plan's"),
        Field("pauses", Type.LIST, doc="start/end; half-open"),
    ),
)
PLANS = TableSchema(
    "plans",
    "price list",
    (
        Field("plan_id", Type.ID, required=True, doc="unique"),
        Field("product_id", Type.ID, doc="product"),
        Field("segment", Type.TEXT, doc="segment it is made for"),
        Field("price", Type.MONEY, doc="per interval"),
        Field("currency", Type.CURRENCY, doc="currency of the price"),
        Field("interval", Type.CHOICE, choices=INTERVALS, doc="billing interval"),
        Field("quota_metric", Type.TEXT, doc="what is metered"),
        Field("quota", Type.NUMBER, doc="allowance per period"),
        Field("next_plan_id", Type.ID, doc="next plan up"),
    ),
)
PAYMENTS = TableSchema(
    "payments",
    "payment attempts",
    (
        Field("payment_id", Type.ID, required=True, doc="unique"),
        Field("invoice_id", Type.ID, doc="document paid"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("attempted_on", Type.DATE, required=True, doc="day of the attempt"),
        Field(
            "outcome", Type.CHOICE, required=True, choices=("succeeded", "failed"), doc="outcome"
        ),
        Field("amount", Type.MONEY, required=True, doc="money moved, tax included"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amount"),
        Field("card_expires_on", Type.DATE, doc="last day the card is good"),
    ),
)
RENEWALS = TableSchema(
    "renewals",
    "contract terms with what the term before was worth: the base of expansion",
    (
        Field("contract_id", Type.ID, required=True, doc="unique with its term"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("product_id", Type.ID, doc="product; empty: all the customer buys"),
        Field("term_start", Type.DATE, required=True, doc="first day of the term"),
        Field("term_end", Type.DATE, required=True, doc="day after its last day"),
        Field("prior_amount", Type.MONEY, required=True, doc="the term before, for as many months"),
        Field("renewed_amount", Type.MONEY, doc="this term"),
        Field("currency", Type.CURRENCY, required=True, doc="currency of the amounts"),
        Field("decided_on", Type.DATE, doc="day of the decision"),
    ),
)
