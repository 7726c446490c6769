"""What kind of business is planned: its levers, what is forecast of it, and by which models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.planning.layers import COHORTS, DAMPED, NAIVE, SEASONAL, SURVIVAL

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

BASELINES = (NAIVE, SEASONAL, DAMPED)


@dataclass(frozen=True, slots=True)
class Business:
    """A kind of business.

    Args:
        levers: what can be moved, as in a scenario.
        series: what is forecast, the first drawn by layer.
        model: the layer that knows the customers: renewals of contracts, or cohorts of buyers.
        customers: the series that counts customers.
    """

    levers: tuple[str, ...]
    series: tuple[str, ...]
    model: str
    customers: str

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers, in the order in which equals are preferred: the simplest first."""
        return (*BASELINES, self.model)

    @property
    def under_contract(self) -> bool:
        """Whether customers renew; else they buy when they like."""
        return self.model == SURVIVAL


BUSINESSES = {
    "subscription": Business(
        ("churn", "price", "expansion", "spend", "cs"),
        ("mrr", "net_revenue", "customers"),
        SURVIVAL,
        "customers",
    ),
    "ecommerce": Business(("price", "spend"), ("net_revenue", "buyers"), COHORTS, "buyers"),
    "usage": Business(
        ("churn", "price", "expansion", "spend"), ("net_revenue", "buyers"), COHORTS, "buyers"
    ),
}


def business_of(scope: Scope) -> Business:
    """The kind of business that the config names."""
    return BUSINESSES[scope.settings.planning.business]
