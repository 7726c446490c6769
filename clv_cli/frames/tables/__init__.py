"""The canonical tables. Ids are text; days are calendar days in the reporting zone; ranges half-open.

Every row of every table also keeps `source` (the file) and `row` (its record number in that file,
the header being 1), so that any number can be walked back to `file:row`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.frames.tables.billing import (
    BILLING_LINES,
    CUSTOMERS,
    INTERVALS,
    INVOICES,
    LINE_KINDS,
    LINE_STATUSES,
    PAYMENTS,
    PLANS,
    RENEWALS,
    SUBSCRIPTIONS,
)
from clv_cli.frames.tables.crm import (
    ACCOUNT_MAP,
    ACCOUNTS,
    CONTACTS,
    DEALS,
)
from clv_cli.frames.tables.finance import (
    FINANCE,
    FX_RATES,
    GENERAL_LEDGER,
    SERVICE_COSTS,
    SPEND,
    WORKSHEET,
)
from clv_cli.frames.tables.success import (
    ACCOUNT_CHANGES,
    ACCOUNT_FIELDS,
    ACCOUNT_SNAPSHOTS,
    INITIATIVES,
    REFERRALS,
    RISK_FLAGS,
    SURVEYS,
    TEAMS,
    TOUCHES,
    USAGE,
)

if TYPE_CHECKING:
    from clv_cli.frames.schema import TableSchema

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_CHANGES",
    "ACCOUNT_FIELDS",
    "ACCOUNT_MAP",
    "ACCOUNT_SNAPSHOTS",
    "BILLING_LINES",
    "CONTACTS",
    "CUSTOMERS",
    "DEALS",
    "FINANCE",
    "FX_RATES",
    "GENERAL_LEDGER",
    "INITIATIVES",
    "INTERVALS",
    "INVOICES",
    "LINE_KINDS",
    "LINE_STATUSES",
    "PAYMENTS",
    "PLANS",
    "REFERRALS",
    "RENEWALS",
    "RISK_FLAGS",
    "SERVICE_COSTS",
    "SPEND",
    "SUBSCRIPTIONS",
    "SURVEYS",
    "TABLES",
    "TEAMS",
    "TOUCHES",
    "USAGE",
    "WORKSHEET",
]

TABLES: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (
        BILLING_LINES,
        INVOICES,
        CUSTOMERS,
        SUBSCRIPTIONS,
        PLANS,
        RENEWALS,
        ACCOUNTS,
        ACCOUNT_MAP,
        CONTACTS,
        DEALS,
        TOUCHES,
        RISK_FLAGS,
        REFERRALS,
        INITIATIVES,
        SURVEYS,
        USAGE,
        ACCOUNT_CHANGES,
        ACCOUNT_SNAPSHOTS,
        PAYMENTS,
        SPEND,
        SERVICE_COSTS,
        GENERAL_LEDGER,
        FINANCE,
        FX_RATES,
        WORKSHEET,
    )
}
