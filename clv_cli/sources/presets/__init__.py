"""Known exports, as data files. A preset is one YAML file here and its name in `PRESETS`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clv_cli.errors import ConfigError, did_you_mean
from clv_cli.sources.preset import Preset
from clv_cli.yaml_marks import load_marked

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from clv_cli.yaml_marks import Marked

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


def find_preset(name: str, where: str, base: Path) -> Preset:
    """The preset that a config names: one of ours, or a file of the user's own.

    Args:
        name: a name of `PRESETS`, or a path that ends in .yaml.
        where: the config's key, for errors.
        base: folder that relative paths start from.

    Raises:
        ConfigError: there is no such preset or file, or the file is none.
    """
    if name.endswith((".yaml", ".yml")):
        try:
            text = (base / name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"the preset {name} cannot be read",
                where=f"{where} ({getattr(error, 'strerror', None) or 'not UTF-8'})",
                hint="paths are relative to the config file; save it as UTF-8 text",
            ) from error
        return parse_preset(text, name)
    presets = load_presets()
    if name not in presets:
        raise ConfigError(
            f'there is no preset "{name}"',
            where=where,
            hint=did_you_mean(name, presets) or "clv explain presets lists them",
        )
    return presets[name]


def parse_preset(text: str, name: str) -> Preset:
    """One preset from its YAML text.

    Args:
        text: the file.
        name: its name, for errors.

    Raises:
        ConfigError: it is no YAML, or no preset; every fault with its line.
    """
    document = load_marked(text, name)
    faults = [(at, f"{path[-1]} stands twice") for path, at in document.duplicates]
    preset = None
    try:
        preset = Preset.model_validate(document.value)
    except ValidationError as error:
        faults += [_fault(detail, document) for detail in error.errors()]
    if faults or preset is None:
        lines = [f"{name}:{line}:{column}: {what}" for (line, column), what in sorted(faults)]
        raise ConfigError(
            "the preset has a fault" if len(lines) == 1 else f"the preset has {len(lines)} faults",
            where="\n         ".join(lines),
            hint="clv explain preset NAME shows one that works",
        )
    return preset


def _fault(detail: ErrorDetails, document: Marked) -> tuple[tuple[int, int], str]:
    path = tuple(detail["loc"])
    what = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        guess = did_you_mean(str(path[-1]), Preset.model_fields)
        what = "unknown key" + (f"; {guess}" if guess else "")
    dotted = ".".join(str(part) for part in path)
    return document.mark(path), f"{dotted}: {what}" if dotted else what
