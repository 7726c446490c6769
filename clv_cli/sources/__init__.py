"""Raw exports to a Book of typed tables."""

from clv_cli.sources.cache import PartCache, user_cache
from clv_cli.sources.load import load_book
from clv_cli.sources.preset_docs import preset_lines
from clv_cli.sources.presets import load_presets
from clv_cli.sources.store import LineStore
from clv_cli.sources.suggestions import can_suggest, suggested_names

__all__ = [
    "LineStore",
    "PartCache",
    "can_suggest",
    "load_book",
    "load_presets",
    "preset_lines",
    "suggested_names",
    "user_cache",
]
