"""Every setting: name, default, range, meaning. The one source of the config's documentation.

Frozen; passed down; no global. `config_file` turns YAML into these and reports every fault with its
line; `config.example.yaml` mentions every key (a test holds it to that).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from clv_cli.errors import DataError
from clv_cli.money import exponent


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _fraction(value: object) -> object:
    """`52/12`, `4` or `4.33` as an exact rational."""
    if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError("write a number or a ratio such as 52/12") from error
    return value


def _zone(value: str) -> str:
    """A time zone that exists."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {value}") from error
    return value


def _currency(value: str) -> str:
    """An ISO 4217 currency."""
    try:
        exponent(value)
    except DataError as error:
        raise ValueError(f"{error.what}; {error.hint}") from error
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Ratio = Annotated[Fraction, BeforeValidator(_fraction)]


class Model(BaseModel):
    """Frozen, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Source(Model):
    """One export: where it lies and how its columns map to a canonical table."""

    path: str = Field(description="file, or glob such as invoices_*.csv, relative to this config")
    preset: str | None = Field(
        None, description="a known export (clv explain presets), or auto: recognised by its header"
    )
    table: str | None = Field(None, description="canonical table, when no preset fits")
    columns: dict[str, Names] = Field(
        default_factory=dict,
        description="canonical column: header in the file, or a list of headers",
    )
    constants: dict[str, str] = Field(
        default_factory=dict, description="canonical column: one value for every row"
    )
    values: dict[str, dict[str, Names]] = Field(
        default_factory=dict, description="canonical column: {canonical value: values in the file}"
    )
    drop: dict[str, Names] = Field(
        default_factory=dict, description="header: values whose rows are skipped, and counted"
    )
    negate: Names = Field((), description="amount columns that the file writes with the other sign")
    units: Literal["major", "minor"] | None = Field(
        None,
        description="amounts as 12.34 (major) or 1234 (minor); default: the preset's, or major",
    )
    date_format: Names = Field(
        (), description="iso, epoch, or strftime such as %m/%d/%Y; default: the preset's, or iso"
    )
    timezone: Zone | None = Field(None, description="zone of times without one; default: UTC")

    @model_validator(mode="after")
    def _preset_or_table(self) -> Source:
        if self.preset is not None and self.table is not None:
            raise ValueError("give a preset or a table, not both")
        return self


class Quarantine(Model):
    """How many bad rows a run bears."""

    max_share: Decimal = Field(
        Decimal("0.01"),
        ge=0,
        le=1,
        description="share of a file's rows or money that may be set aside before the run stops",
    )


class IntervalFactor(Model):
    """How many of an interval make a month."""

    day: Ratio = Field(Fraction(365, 12), description="days in a month")
    week: Ratio = Field(Fraction(52, 12), description="weeks in a month")
    month: Ratio = Field(Fraction(1), description="months in a month")
    quarter: Ratio = Field(Fraction(1, 3), description="quarters in a month")
    year: Ratio = Field(Fraction(1, 12), description="years in a month")


class Mrr(Model):
    """What counts as monthly recurring revenue."""

    interval_factor: IntervalFactor = Field(
        default_factory=IntervalFactor, description="how many of each interval make a month"
    )
    proration: Literal["price", "factor", "exclude"] = Field(
        "price",
        description="MRR of a prorated line: quantity x unit price, the amount scaled up by its period, or none",
    )
    credit_notes: Literal["at_issue", "ignore"] = Field(
        "at_issue",
        description="a credit note with a service period lowers MRR from its issue, or never",
    )


class Churn(Model):
    """When a customer counts as lost and as won back."""

    bridge_gap_days: int = Field(
        7, ge=0, le=27, description="a renewal this many days late is no churn"
    )
    reactivation_window_days: int | None = Field(
        None, ge=1, description="a return after more days than this is new business; null: never"
    )


class Nrr(Model):
    """Net and gross revenue retention."""

    months: int = Field(12, ge=1, le=60, description="point to point over this many months")


class Ltv(Model):
    """The articles' customer lifetime value."""

    churn_window_months: int = Field(12, ge=1, description="months of churn pooled into one rate")
    cap_months: int = Field(60, ge=1, description="longest lifetime that is believed")
    min_churn_events: int = Field(
        5, ge=1, description="fewer lost customers than this: no estimate"
    )


class Cac(Model):
    """Customer acquisition cost."""

    window_months: int = Field(12, ge=1, description="months of spend and of new customers")
    lag_months: int = Field(
        1, ge=0, le=12, description="spend precedes the customers it wins by this"
    )
    fully_loaded: bool = Field(
        default=True, description="count sales, onboarding and tools beside marketing"
    )


class Fx(Model):
    """Exchange rates."""

    max_age_days: int = Field(7, ge=0, description="an older rate than this is a missing rate")


class Stated(Model):
    """Figures printed elsewhere that the split is compared with."""

    cxm: Decimal | None = Field(None, description="CXM revenue as printed elsewhere")
    cs: Decimal | None = Field(None, description="CS revenue as printed elsewhere")
    sales: Decimal | None = Field(None, description="sales revenue as printed elsewhere")
    total: Decimal | None = Field(None, description="all revenue as printed elsewhere")


class Split(Model):
    """The CXM / CS / sales split of all revenue."""

    method: Literal["declared", "worksheet"] = Field(
        "declared", description="from rules and evidence per line, or from a top-down worksheet"
    )
    combine: Literal["max", "capped_sum", "noisy_or"] = Field(
        "max", description="how claims of one tier on one line add up; each is symmetric"
    )
    treat_new_as_switched: bool = Field(
        default=False, description="every first purchase counts as switched from a competitor"
    )
    base_months: int = Field(
        12, ge=1, le=36, description="months whose mean is the base of expansion"
    )
    base_min_months: int = Field(
        3,
        ge=1,
        description="with fewer months than this the base is unknown and nothing is expansion",
    )
    cs_window_days: int = Field(
        365,
        ge=1,
        description="days after an at-risk intervention in which purchases are CS revenue",
    )
    referral_days: int = Field(
        365,
        ge=1,
        description="days from a referred customer's first purchase that count as referred",
    )
    cs_weight: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        Decimal(1),
        description="share of a purchase after an at-risk intervention that CS is granted",
    )
    stated: Stated = Field(
        default_factory=Stated, description="figures printed elsewhere, compared with ours"
    )


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
