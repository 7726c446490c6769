"""Raw exports to a Book of typed tables."""

from clv_cli.sources.cache import PartCache, user_cache
from clv_cli.sources.load import load_book
from clv_cli.sources.presets import load_presets
from clv_cli.sources.store import LineStore

__all__ = ["LineStore", "PartCache", "load_book", "load_presets", "user_cache"]
