"""Canonical tables: what customers did and said, and what was done for them."""

from __future__ import annotations

from clv_cli.frames.schema import Field, TableSchema, Type

TEAMS = ("success", "support")
ACCOUNT_FIELDS = ("seats", "members", "plan", "address", "country", "payment_method", "owner")

TOUCHES = TableSchema(
    "touches",
    "what Success and Support did",
    (
        Field("touch_id", Type.ID, required=True, doc="unique"),
        Field("customer_id", Type.ID, doc="billing customer; needed where no account is named"),
        Field("account_id", Type.ID, doc="CRM account: all its customers are concerned"),
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
ACCOUNT_CHANGES = TableSchema(
    "account_changes",
    "what changed about a customer's account: seats, plan, address, owner",
    (
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("changed_on", Type.DATE, required=True, doc="day of the change"),
        Field(
            "kind",
            Type.CHOICE,
            required=True,
            choices=ACCOUNT_FIELDS,
            doc="what changed",
        ),
        Field("old", Type.TEXT, doc="value before"),
        Field("new", Type.TEXT, doc="value after"),
    ),
)
ACCOUNT_SNAPSHOTS = TableSchema(
    "account_snapshots",
    "accounts as a CRM export held them on a day; two of them show what changed",
    (
        Field("customer_id", Type.ID, required=True, doc="billing customer"),
        Field("taken_on", Type.DATE, required=True, doc="day of the export"),
        *(
            Field(name, Type.TEXT, doc=f"{name.replace('_', ' ')} on that day")
            for name in ACCOUNT_FIELDS
        ),
    ),
)
