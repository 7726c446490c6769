"""Settings of the engine that adds up the lines, and reads sources with an address."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clv_cli.settings.base import Model


class EngineSettings(Model):
    """What adds up the lines, and reads s3://… and the like: polars here, or a Spark Connect server."""

    kind: Literal["polars", "sail", "spark"] = Field(
        "polars",
        description="polars on this machine, or a server; sail starts one here without url",
    )
    url: str | None = Field(None, description="address of the server: sc://HOST:PORT")
    folder: str | None = Field(
        None,
        description="folder for rows that the server sees under the same name; null: a temporary one",
    )
