"""The canonical tables. Ids are text; days are calendar days in the reporting zone; ranges half-open.

Every row of every table also keeps `source` (the file) and `row` (its record number in that file,
the header being 1), so that any number can be walked back to `file:row`.
"""

from __future__ import annotations

from clv_cli.frames.schema import Field, TableSchema, Type

LINE_KINDS = ("recurring", "proration", "usage", "one_off", "trial", "credit", "refund", "writeoff")
LINE_STATUSES = ("paid", "open", "uncollectible", "void", "draft")
INTERVALS = ("day", "week", "month", "quarter", "year")
TEAMS = ("success", "support")

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
        Field("name", Type.TEXT, doc="as billed"),
        Field("email", Type.TEXT, doc="billing e-mail"),
        Field("domain", Type.TEXT, doc="company domain; default: that of the e-mail"),
        Field("created_on", Type.DATE, doc="day the record was made"),
        Field("country", Type.TEXT, doc="country"),
        Field("segment", Type.TEXT, doc="segment"),
        Field("channel", Type.TEXT, doc="acquisition channel"),
        Field("parent_id", Type.ID, doc="parent customer"),
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
ACCOUNTS = TableSchema(
    "accounts",
    "CRM companies",
    (
        Field("account_id", Type.ID, required=True, doc="unique"),
        Field("name", Type.TEXT, doc="as in the CRM"),
        Field("domain", Type.TEXT, doc="web domain"),
        Field("billing_id", Type.ID, doc="billing customer, when the CRM knows it"),
        Field("owner", Type.TEXT, doc="account owner"),
        Field("original_source", Type.TEXT, doc="original source"),
        Field("country", Type.TEXT, doc="country"),
        Field("created_on", Type.DATE, doc="day the record was made"),
    ),
)
ACCOUNT_MAP = TableSchema(
    "account_map",
    "which billing customer is which CRM account",
    (
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("account_id", Type.ID, required=True, doc="CRM account"),
        Field("method", Type.TEXT, doc="how it was matched"),
    ),
)
DEALS = TableSchema(
    "deals",
    "CRM deals",
    (
        Field("deal_id", Type.ID, required=True, doc="unique"),
        Field("name", Type.TEXT, doc="as in the CRM"),
        Field("customer_id", Type.ID, doc="billing customer, when known"),
        Field("account_id", Type.ID, doc="CRM account"),
        Field(
            "outcome", Type.CHOICE, required=True, choices=("won", "lost", "open"), doc="outcome"
        ),
        Field("type", Type.CHOICE, choices=("new", "expansion", "renewal"), doc="type of business"),
        Field("amount", Type.MONEY, doc="value"),
        Field("currency", Type.CURRENCY, doc="currency of the value"),
        Field("created_on", Type.DATE, doc="day opened"),
        Field("closed_on", Type.DATE, doc="day won or lost"),
        Field("original_source", Type.TEXT, doc="original source"),
        Field("channel", Type.TEXT, doc="acquisition channel"),
        Field("owner", Type.TEXT, doc="deal owner"),
        Field("prior_supplier", Type.TEXT, doc="competitor the customer switched from"),
        Field("referrer_customer_id", Type.ID, doc="customer who referred the deal"),
    ),
)
TOUCHES = TableSchema(
    "touches",
    "what Success and Support did",
    (
        Field("touch_id", Type.ID, required=True, doc="unique"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("happened_on", Type.DATE, required=True, doc="first day"),
        Field("ended_on", Type.DATE, doc="last day"),
        Field("team", Type.CHOICE, required=True, choices=TEAMS, doc="who acted"),
        Field("type", Type.TEXT, doc="save_play, qbr, training, ticket …"),
        Field("outcome", Type.TEXT, doc="saved, lost, resolved …"),
        Field("minutes", Type.NUMBER, doc="effort"),
        Field("cost", Type.MONEY, doc="cost of the effort"),
        Field("currency", Type.CURRENCY, doc="currency of the cost; default: the base currency"),
        Field("satisfaction", Type.TEXT, doc="good or bad, when rated"),
    ),
)
RISK_FLAGS = TableSchema(
    "risk_flags",
    "customers flagged as at risk, helped or not",
    (
        Field("flag_id", Type.ID, required=True, doc="unique"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("flagged_on", Type.DATE, required=True, doc="day of the flag"),
        Field("reason", Type.TEXT, doc="why"),
    ),
)
REFERRALS = TableSchema(
    "referrals",
    "customers who brought customers",
    (
        Field("referral_id", Type.ID, required=True, doc="unique"),
        Field("referrer_id", Type.ID, doc="customer who spoke; empty for no_gripes without a name"),
        Field("referred_id", Type.ID, required=True, doc="customer who bought"),
        Field("made_on", Type.DATE, required=True, doc="day it was made"),
        Field(
            "kind",
            Type.CHOICE,
            required=True,
            choices=("referral", "testimonial", "no_gripes"),
            doc="referral, testimonial, or bought because no gripes were heard",
        ),
        Field("weight", Type.WEIGHT, doc="share of the purchases it explains; default 1"),
    ),
)
INITIATIVES = TableSchema(
    "initiatives",
    "CX initiatives: processes, policies, products in sync with customers' aims",
    (
        Field("initiative_id", Type.ID, required=True, doc="unique"),
        Field("name", Type.TEXT, doc="name"),
        Field("aligned", Type.BOOL, required=True, doc="customer insight was its basis"),
        Field("effective_from", Type.DATE, required=True, doc="first day in force"),
        Field("effective_to", Type.DATE, doc="day after the last day in force"),
        Field("products", Type.LIST, doc="products it covers; empty: all"),
        Field("touchpoints", Type.LIST, doc="touchpoints it covers; empty: all"),
        Field("segments", Type.LIST, doc="segments it covers; empty: all"),
        Field("weight_switched", Type.WEIGHT, doc="share of switched purchases; default 1"),
        Field("weight_expanded", Type.WEIGHT, doc="share of expanded purchases; default 1"),
        Field("evidence", Type.TEXT, doc="the customer insight it rests on"),
    ),
)
SURVEYS = TableSchema(
    "surveys",
    "survey answers, asked but unanswered rows included",
    (
        Field("response_id", Type.ID, required=True, doc="unique with the item"),
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("asked_on", Type.DATE, doc="day asked"),
        Field("answered_on", Type.DATE, doc="day answered; empty: no answer"),
        Field(
            "kind",
            Type.CHOICE,
            required=True,
            choices=("nps", "csat", "ces", "influence", "driver"),
            doc="kind of question",
        ),
        Field("item", Type.TEXT, doc="driver asked about"),
        Field("score", Type.NUMBER, doc="score given"),
        Field("scale_max", Type.NUMBER, doc="highest score"),
        Field("choices", Type.LIST, doc="options ticked"),
        Field("line_id", Type.ID, doc="purchase asked about"),
        Field("deal_id", Type.ID, doc="deal asked about"),
    ),
)
USAGE = TableSchema(
    "usage",
    "metered usage by period",
    (
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("period_start", Type.DATE, required=True, doc="first day of the period"),
        Field("metric", Type.TEXT, required=True, doc="what is metered"),
        Field("quantity", Type.NUMBER, required=True, doc="used"),
        Field("quota", Type.NUMBER, doc="allowed"),
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
        Field("currency", Type.CURRENCY, required=True, doc="currency of the estimate"),
    ),
)

TABLES: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (
        BILLING_LINES,
        INVOICES,
        CUSTOMERS,
        SUBSCRIPTIONS,
        PLANS,
        ACCOUNTS,
        ACCOUNT_MAP,
        DEALS,
        TOUCHES,
        RISK_FLAGS,
        REFERRALS,
        INITIATIVES,
        SURVEYS,
        USAGE,
        PAYMENTS,
        SPEND,
        SERVICE_COSTS,
        GENERAL_LEDGER,
        FX_RATES,
        WORKSHEET,
    )
}
