"""Settings of the unattended run: what it writes, what it compares, when it asks for a person."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from clv_cli.glossary import find_term
from clv_cli.settings.base import Model, Names, Ratio


def _share(value: object) -> object:
    """`1.8%` as the number 0.018; anything else as it is."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return Fraction(value.strip()[:-1].strip()) / 100
        except ValueError as error:
            raise ValueError("write a number, or a share such as 1.8%") from error
    return value


Bound = Annotated[Ratio, BeforeValidator(_share)]
BOUNDS = ("min", "max", "min_change", "max_change")


class Alert(Model):
    """A named threshold: outside it, the nightly run asks for a person and exits 4."""

    name: str = Field(min_length=1, description="what the mail calls it")
    metric: str = Field(description="metric by id, alias or title")
    min: Bound | None = Field(
        None, description="least value; money in whole units (1250.50), a share as 0.018 or 1.8%"
    )
    max: Bound | None = Field(None, description="largest value")
    min_change: Bound | None = Field(
        None, description="least change: relative, such as -2%; of a share the difference in points"
    )
    max_change: Bound | None = Field(None, description="largest change")
    against: Literal["last_night", "last_month"] = Field(
        "last_month", description="what changes are measured against"
    )

    @model_validator(mode="after")
    def _judges_something(self) -> Alert:
        if find_term(self.metric) is None:
            raise ValueError(f'there is no metric "{self.metric}"; clv explain lists them all')
        if all(getattr(self, bound) is None for bound in BOUNDS):
            raise ValueError(f"give at least one of {', '.join(BOUNDS)}")
        return self

    @property
    def term(self) -> str:
        """The metric's id."""
        return find_term(self.metric) or self.metric


class Inputs(Model):
    """What about tonight's exports is flagged against last night's."""

    stale_days: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=lambda: {"billing_lines": 35},
        description="table: days since its newest row after which it is stale",
    )
    min_rows: Bound | None = Field(
        Fraction(9, 10),
        description="a table with less than this share of last night's rows is shrunken; null: never",
    )
    missing: bool = Field(default=True, description="flag a file of last night that is gone")
    columns: bool = Field(default=True, description="flag columns that came or went in a file")


class Nightly(Model):
    """What `clv nightly` writes and watches."""

    out: str = Field(
        "nightly",
        min_length=1,
        description="folder of reports and history.db, relative to this config; --out wins",
    )
    formats: Names = Field(
        ("json", "md"), description="the report in each of these formats: report.json, report.md …"
    )
    metrics: Names = Field(
        (), description="metrics that history keeps; default: key figures and movements"
    )
    keep: int = Field(31, ge=1, description="nights whose folders are kept; history keeps all")
    mail_to: Names = Field((), description="addresses for the To: line of the mail text")
    inputs: Inputs = Field(default_factory=Inputs, description="what about exports is flagged")

    @model_validator(mode="after")
    def _known_metrics(self) -> Nightly:
        unknown = [name for name in self.metrics if find_term(name) is None]
        if unknown:
            raise ValueError(f'there is no metric "{unknown[0]}"; clv explain lists them all')
        return self

    def kept_metrics(self, alerts: tuple[Alert, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of the metrics that a night computes: those kept, and those that alerts judge.

        Args:
            alerts: the thresholds of the same config.
            default: what is kept when nothing is named.
        """
        named = [find_term(name) or name for name in self.metrics] or default
        return tuple(dict.fromkeys([*named, *(alert.term for alert in alerts)]))


class Closing(Model):
    """What becomes of changes in months that are closed."""

    changes: Literal["adjust", "report"] = Field(
        "adjust",
        description="adjust: the closed month stands, its change is booked in the first open month; "
        "report: figures follow the data, the change is only reported",
    )
