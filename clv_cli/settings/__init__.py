"""Every setting: name, default, range, meaning. The one source of the config's documentation.

Frozen; passed down; no global. `config_file` turns YAML into these and reports every fault with its
line; `config.example.yaml` mentions every key (a test holds it to that).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from clv_cli.settings.base import Currency, Model, Names, Ratio, Zone
from clv_cli.settings.bundles import bundle_of, checked_bundles, merged
from clv_cli.settings.collections import Collections, MagicNumber, RuleOf40, Trials
from clv_cli.settings.engine import EngineSettings
from clv_cli.settings.evidence import Evidence, Rescue, Survey
from clv_cli.settings.health import Health
from clv_cli.settings.matching import Match
from clv_cli.settings.models import Models
from clv_cli.settings.moments import Moments
from clv_cli.settings.nightly import Alert, Closing, Nightly
from clv_cli.settings.planning import Planning
from clv_cli.settings.redact import Redact
from clv_cli.settings.revenue import (
    Cac,
    Churn,
    Fx,
    IntervalFactor,
    Ltv,
    Movements,
    Mrr,
    Nrr,
)
from clv_cli.settings.sources import NumberFormat, Quarantine, Reading, Source, Units
from clv_cli.settings.split import Split, Stated

__all__ = [
    "Alert",
    "Cac",
    "Churn",
    "Closing",
    "Collections",
    "Currency",
    "EngineSettings",
    "Evidence",
    "Fx",
    "Health",
    "IntervalFactor",
    "Ltv",
    "MagicNumber",
    "Match",
    "Model",
    "Models",
    "Moments",
    "Movements",
    "Mrr",
    "Names",
    "Nightly",
    "Nrr",
    "NumberFormat",
    "Planning",
    "Quarantine",
    "Ratio",
    "Reading",
    "Redact",
    "Rescue",
    "RuleOf40",
    "Settings",
    "Source",
    "Split",
    "Stated",
    "Survey",
    "Trials",
    "Units",
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
    match: Match = Field(
        default_factory=Match, description="which billing customer is which CRM account"
    )
    mrr: Mrr = Field(default_factory=Mrr, description="what counts as monthly recurring revenue")
    churn: Churn = Field(default_factory=Churn, description="when a customer counts as lost")
    movements: Movements = Field(
        default_factory=Movements, description="how changes of MRR are booked"
    )
    grain: Literal["customer", "parent", "subscription"] = Field(
        "customer", description="who moves: each customer, its parent, or each subscription"
    )
    convention: str | None = Field(
        None,
        description="bundle of these switches: a vendor's, or one of `conventions`; keys set here win over it",
    )
    conventions: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="bundles of your own: name, then the switches they set"
    )
    nrr: Nrr = Field(default_factory=Nrr, description="net and gross revenue retention")
    ltv: Ltv = Field(default_factory=Ltv, description="the articles' customer lifetime value")
    cac: Cac = Field(default_factory=Cac, description="customer acquisition cost")
    models: Models = Field(
        default_factory=Models, description="modelled customer value: horizon, discount, test"
    )
    planning: Planning = Field(
        default_factory=Planning, description="forecasts and plans: clv forecast, clv whatif"
    )
    collections: Collections = Field(
        default_factory=Collections, description="failed payments and their recovery"
    )
    trials: Trials = Field(default_factory=Trials, description="when a trial counts as converted")
    magic_number: MagicNumber = Field(
        default_factory=MagicNumber, description="growth for each unit of acquisition spend"
    )
    rule_of_40: RuleOf40 = Field(default_factory=RuleOf40, description="growth plus margin")
    fx: Fx = Field(default_factory=Fx, description="exchange rates")
    split: Split = Field(default_factory=Split, description="the CXM / CS / sales split")
    evidence: Evidence = Field(
        default_factory=Evidence, description="what is measured instead of declared"
    )
    redact: Redact = Field(
        default_factory=Redact, description="outputs without names, ids and what people wrote"
    )
    nightly: Nightly = Field(
        default_factory=Nightly, description="the unattended run: clv nightly, clv history"
    )
    alerts: tuple[Alert, ...] = Field(
        (), description="thresholds, each with a name; outside one clv nightly exits 4"
    )
    closing: Closing = Field(
        default_factory=Closing, description="months closed with clv history close"
    )
    moments: Moments = Field(
        default_factory=Moments, description="revenue moments: whom to talk to, and why"
    )
    health: Health = Field(default_factory=Health, description="the health score of customers")
    engine: EngineSettings = Field(
        default_factory=EngineSettings, description="what adds up the lines when they are very many"
    )

    @model_validator(mode="before")
    @classmethod
    def _under_its_convention(cls, value: object) -> object:
        """The chosen bundle under the keys that are set: the defaults, then it, then they."""
        if not isinstance(value, dict):
            return value
        own = value.get("conventions") or {}
        checked_bundles(own, known=set(cls.model_fields))
        name = value.get("convention")
        return value if name is None else merged(bundle_of(name, own), value)
