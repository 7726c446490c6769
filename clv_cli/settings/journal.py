"""Settings of the journal export of the split."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from clv_cli.settings.base import Model


def _account(value: str) -> str:
    """A name that hledger and beancount both read."""
    parts = value.split(":")
    plain = all(part[:1].isupper() and part.replace("-", "").isalnum() for part in parts)
    if len(parts) < 2 or not plain:
        raise ValueError("write an account as Income:Sales: capitalised words joined by colons")
    return value


Account = Annotated[str, AfterValidator(_account)]


class Journal(Model):
    """The accounts of the journal that `clv split --journal` writes."""

    receivable: Account = Field(
        "Assets:Receivable", description="account debited with each line, credited with each credit"
    )
    cxm: Account = Field("Income:CXM", description="parent account of CXM revenue")
    cs: Account = Field("Income:CS", description="parent account of CS revenue")
    sales: Account = Field("Income:Sales", description="parent account of sales revenue")
