"""The same data under other conventions: settings turned into a vendor's, and one into another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clv_cli.conventions import CONVENTIONS, SWITCHES, as_keys, as_tree
from clv_cli.errors import UsageError, did_you_mean
from clv_cli.frames import Finding, Severity
from clv_cli.settings import Settings
from clv_cli.settings.bundles import bundle_of, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

AS_CONFIGURED = "config"


def under(scope: Scope, name: str) -> Scope:
    """The question of a scope under a convention: our defaults, then its rules, for every switch.

    What is no switch (`nrr.months`, `cac`, `split` ...) stays as configured. `config` is the scope
    itself. A convention that reads the subscription table reads the lines where there is none.

    Raises:
        UsageError: there is no such convention.
    """
    settings = scope.settings
    if name == AS_CONFIGURED:
        return scope
    if name not in CONVENTIONS and name not in settings.conventions:
        known = [*CONVENTIONS, *settings.conventions, AS_CONFIGURED]
        raise UsageError(
            f'there is no convention "{name}"',
            where="--convention, --compare",
            hint=did_you_mean(name, known) or f"known are {', '.join(known)}",
        )
    values = switch_values(Settings()) | as_keys(bundle_of(name, settings.conventions))
    if not scope.book.has("subscriptions"):
        values["mrr.basis"] = "lines"
    return replace(scope, settings=with_switches(settings, {**values, "convention": name}))


def lacks_basis(scope: Scope, name: str) -> Finding | None:
    """A warning where a convention reads the subscription table and there is none."""
    bundle = as_keys(bundle_of(name, scope.settings.conventions)) if name != AS_CONFIGURED else {}
    if bundle.get("mrr.basis") != "subscriptions" or scope.book.has("subscriptions"):
        return None
    message = f"{title_of(scope.settings, name)} reads subscriptions at their price: there is no such table, so lines are read"
    remedy = "add a source of the table subscriptions"
    return Finding(Severity.WARNING, "no_subscription_table", message, remedy=remedy)


def switch_values(settings: Settings) -> dict[str, object]:
    """The value of every switch, by dotted key."""
    keys = as_keys(settings.model_dump())
    return {key: keys[key] for group in SWITCHES.values() for key in group}


def with_switches(settings: Settings, values: dict[str, object]) -> Settings:
    """Settings with some keys changed, checked again."""
    tree: dict[str, Any] = settings.model_dump()
    return Settings.model_validate(merged(tree, as_tree(values)))


def turned(settings: Settings, switch: str, to: Settings) -> Settings:
    """Settings with one switch as other settings have it."""
    values = switch_values(to)
    return with_switches(settings, {key: values[key] for key in SWITCHES[switch]})


def differing(one: Settings, other: Settings) -> list[str]:
    """The switches on which two settings differ, in the stated order."""
    left, right = switch_values(one), switch_values(other)
    return [name for name, keys in SWITCHES.items() if any(left[k] != right[k] for k in keys)]


def value_text(settings: Settings, switch: str) -> str:
    """What a switch is set to, as the config writes it."""
    values = switch_values(settings)
    said = [(key.rpartition(".")[2], values[key]) for key in SWITCHES[switch]]
    if len(said) == 1:
        return _text(said[0][1])
    if switch == "fx.mode":
        return " ".join(_text(value) for _, value in said if value is not None)
    return ", ".join(f"{name} {_text(value)}" for name, value in said)


def basis_of(settings: Settings, name: str, switch: str) -> str:
    """What a convention's switch rests on: `documented`, `our reading`, or our default."""
    rules = {rule.key: rule for rule in CONVENTIONS[name].rules} if name in CONVENTIONS else {}
    found: Sequence[Any] = [rules[key] for key in SWITCHES[switch] if key in rules]
    if found:
        return "documented" if all(rule.documented for rule in found) else "our reading"
    own = as_keys(settings.conventions.get(name, {}))
    return "config" if any(key in own for key in SWITCHES[switch]) else "clv default"


def title_of(settings: Settings, name: str) -> str:
    """What a convention is called."""
    if name in CONVENTIONS:
        return CONVENTIONS[name].title
    return "this config" if name == AS_CONFIGURED else f"{name} ({settings.company or 'config'})"


def _text(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
