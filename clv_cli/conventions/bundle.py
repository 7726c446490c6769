"""What a convention is made of."""

from __future__ import annotations

from dataclasses import dataclass

READ = "as documented, read 2026-11"


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting of a convention.

    Args:
        key: dotted key of the setting.
        value: its value.
        because: what the vendor says, or why we read it so.
        documented: whether the vendor's own pages say it; else it is our reading.
    """

    key: str
    value: str | int | None
    because: str
    documented: bool = True


@dataclass(frozen=True, slots=True)
class Convention:
    """A named bundle of settings; what it does not name is our default.

    Args:
        name: as users write it.
        title: as printed.
        rules: the settings that differ from our defaults, or that the vendor states.
        beyond: what the vendor does that no switch of the ledger expresses.
    """

    name: str
    title: str
    rules: tuple[Rule, ...]
    beyond: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`ChartMogul, as documented, read 2026-11`."""
        return f"{self.title}, {READ}" if self.rules else self.title

    @property
    def keys(self) -> dict[str, object]:
        """The settings by dotted key."""
        return {rule.key: rule.value for rule in self.rules}
