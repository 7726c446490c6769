"""Canonical tables: accounts, deals and how they map to billing customers."""

from __future__ import annotations

from clv_cli.frames.schema import Field, TableSchema, Type

ACCOUNTS = TableSchema(
    "accounts",
    "CRM companies",
    (
        Field("account_id", Type.ID, required=True, doc="unique"),
        Field("name", Type.TEXT, doc="as in the CRM", verbatim=True),
        Field("domain", Type.TEXT, doc="web domain"),
        Field("billing_id", Type.ID, doc="billing customer, when the CRM knows it; several: a;b"),
        Field("external_id", Type.ID, doc="id in your own system"),
        Field("owner", Type.TEXT, doc="account owner"),
        Field("original_source", Type.TEXT, doc="original source"),
        Field("country", Type.TEXT, doc="country"),
        Field("created_on", Type.DATE, doc="day the record was made"),
    ),
)
CONTACTS = TableSchema(
    "contacts",
    "people at CRM companies: their e-mails tell which billing customer is which account",
    (
        Field("contact_id", Type.ID, required=True, doc="unique"),
        Field("account_id", Type.ID, doc="CRM account"),
        Field("name", Type.TEXT, doc="as in the CRM", verbatim=True),
        Field("email", Type.TEXT, doc="e-mail"),
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
