"""Settings of redacted output."""

from __future__ import annotations

from pydantic import Field

from clv_cli.settings.base import Model


class Redact(Model):
    """Tokens in place of customers, their ids and what people wrote; `--redact` turns it on."""

    on: bool = Field(default=False, description="redact every output, as --redact does for one")
    salt_file: str | None = Field(
        None,
        description="secret that tokens depend on, made at first use; null: redact.salt in your config folder",
    )
