"""Raw exports to a Book of typed tables."""

from clv_cli.sources.load import load_book
from clv_cli.sources.preset_docs import preset_lines
from clv_cli.sources.presets import load_presets
from clv_cli.sources.store import LineStore

__all__ = ["LineStore", "load_book", "load_presets", "preset_lines"]
