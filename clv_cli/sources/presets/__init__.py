"""Known exports, as data files. A preset is one YAML file here and its name in `PRESETS`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from clv_cli.errors import ConfigError
from clv_cli.sources.preset import Preset
from clv_cli.yaml_marks import load_marked

PRESETS = (
    "stripe-invoices",
    "stripe-invoice-lines",
    "stripe-payments",
    "stripe-payments-custom",
    "stripe-customers",
    "stripe-subscriptions",
    "stripe-balance",
    "stripe-application-fees",
    "chargebee-invoices",
    "chargebee-invoice-lines",
    "chargebee-subscriptions",
    "recurly-invoices",
    "paddle-transactions",
    "paddle-classic-orders",
    "braintree-transactions",
    "zuora-invoice-items",
    "quickbooks-sales-detail",
    "xero-sales-invoices",
    "shopify-orders",
    "shopify-customers",
    "woocommerce-orders",
    "paypal-activity",
    "gocardless-payments",
    "hubspot-companies",
    "hubspot-contacts",
    "hubspot-deals",
    "hubspot-tickets",
    "salesforce-accounts",
    "salesforce-opportunities",
    "salesforce-cases",
    "pipedrive-deals",
    "zendesk-tickets",
    "intercom-conversations",
    "gainsight-ctas",
    "delighted-responses",
    "typeform-responses",
    "google-ads",
    "meta-ads",
    "linkedin-ads",
)


@cache
def load_presets() -> dict[str, Preset]:
    """Every known export by name, in the order of the registry.

    Raises:
        ConfigError: a packaged file is damaged.
    """
    folder = files(__package__)
    presets = {}
    for name in PRESETS:
        text = folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        presets[name] = parse_preset(text, f"{name}.yaml")
    return presets


def parse_preset(text: str, name: str) -> Preset:
    """One preset from its YAML text.

    Args:
        text: the file.
        name: its name, for errors.

    Raises:
        ConfigError: it is no YAML, or no preset.
    """
    try:
        return Preset.model_validate(load_marked(text, name).value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{key}: {first['msg']}", where=name) from error
