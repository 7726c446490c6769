"""How billing customers and CRM companies know of each other: mostly by key, sometimes not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .draws import stream

if TYPE_CHECKING:
    from .company import Company


@dataclass
class Keys:
    """Company record ids by customer, and on which side each link is written down."""

    company_of: dict[str, str] = field(
        default_factory=dict
    )  # customers that have a company row of their own
    in_billing: dict[str, str] = field(default_factory=dict)  # account_id (metadata)
    in_crm: set[str] = field(
        default_factory=set
    )  # customers whose company row has stripe_customer_id
    mapped: dict[str, str] = field(default_factory=dict)  # account_map.csv


def link(company: Company) -> Keys:
    """Decide for each customer how it can be found in the CRM."""
    keys, source = Keys(), stream("keys")
    customers = [a.customer for a in company.accounts if a.customer.kind != "test"]
    for place, customer in enumerate(customers):
        luck, record = source.random(), str(400_001 + place)
        if customer.kind == "trial_only" and luck < 0.7:
            continue
        if luck >= 0.97:  # nobody entered it
            continue
        if (
            0.93 <= luck < 0.9375 and keys.company_of
        ):  # a second billing account of an older company
            keys.mapped[customer.id] = source.choice(list(keys.company_of.values()))
            continue
        keys.company_of[customer.id] = record
        if luck < 0.84:
            keys.in_billing[customer.id] = record
            keys.in_crm.add(customer.id)
        elif luck < 0.93:
            keys.mapped[customer.id] = record
    return keys
