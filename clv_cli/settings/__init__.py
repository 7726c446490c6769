"""Every setting: name, default, range, meaning. The one source of the config's documentation.

Frozen; passed down; no global. `config_file` turns YAML into these and reports every fault with its
line; `config.example.yaml` mentions every key (a test holds it to that).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clv_cli.settings.base import Currency, Model, Names, Ratio, Zone
from clv_cli.settings.evidence import Evidence, Rescue, Survey
from clv_cli.settings.revenue import Cac, Churn, Fx, IntervalFactor, Ltv, Mrr, Nrr
from clv_cli.settings.sources import Quarantine, Source
from clv_cli.settings.split import Split, Stated

__all__ = [
    "Cac",
    "Churn",
    "Currency",
    "Evidence",
    "Fx",
    "IntervalFactor",
    "Ltv",
    "Model",
    "Mrr",
    "Names",
    "Nrr",
    "Quarantine",
    "Ratio",
    "Rescue",
    "Settings",
    "Source",
    "Split",
    "Stated",
    "Survey",
    "Zone",
]


class Settings(Model):
    """All of `clv.yaml`."""

    version: Literal[1] = Field(1, description="version of this config's format")
    company: str = Field("", description="name printed on reports")
    base_currency: Currency | None = Field(
        None, description="currency of all totals; needed when the data hold more than one"
    )
    timezone: Zone = Field("UTC", description="zone of the reporting days")
    as_of: str | None = Field(
        None, description="last day that counts when --as-of is not given; null: from the data"
    )
    period: str = Field("12m", description="months reported when -p is not given")
    own_domains: Names = Field(
        (), description="e-mail domains of test accounts: left out of revenue, and counted"
    )
    sources: tuple[Source, ...] = Field((), description="the exports")
    quarantine: Quarantine = Field(
        default_factory=Quarantine, description="how many bad rows a run bears"
    )
    mrr: Mrr = Field(default_factory=Mrr, description="what counts as monthly recurring revenue")
    churn: Churn = Field(default_factory=Churn, description="when a customer counts as lost")
    nrr: Nrr = Field(default_factory=Nrr, description="net and gross revenue retention")
    ltv: Ltv = Field(default_factory=Ltv, description="the articles' customer lifetime value")
    cac: Cac = Field(default_factory=Cac, description="customer acquisition cost")
    fx: Fx = Field(default_factory=Fx, description="exchange rates")
    split: Split = Field(default_factory=Split, description="the CXM / CS / sales split")
    evidence: Evidence = Field(
        default_factory=Evidence, description="what is measured instead of declared"
    )
