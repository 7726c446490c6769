"""Settings of forecasts and plans."""

from __future__ import annotations

from pydantic import Field

from clv_cli.settings.base import Model


class Planning(Model):
    """How far ahead is looked."""

    months: int = Field(12, ge=1, le=24, description="months ahead that are forecast and planned")
