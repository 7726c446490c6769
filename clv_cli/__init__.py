"""clv: customer revenue metrics and an exact revenue split from CSV exports."""

__version__ = "0.1.0"
