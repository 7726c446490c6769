"""Raw exports to a Book of typed tables."""

from clv_cli.sources.aside import Aside
from clv_cli.sources.cache import PartCache, key_of, user_cache
from clv_cli.sources.cached import Content, content_of
from clv_cli.sources.closed import with_closed
from clv_cli.sources.kept_facts import FACTS, KeptFacts
from clv_cli.sources.load import load_book, source_files, source_objects
from clv_cli.sources.preset_docs import preset_lines
from clv_cli.sources.presets import load_presets
from clv_cli.sources.seen import Seen
from clv_cli.sources.store import LineStore
from clv_cli.sources.strays import strays
from clv_cli.sources.suggestions import can_suggest, suggested_names

__all__ = [
    "FACTS",
    "Aside",
    "Content",
    "KeptFacts",
    "LineStore",
    "PartCache",
    "Seen",
    "can_suggest",
    "content_of",
    "key_of",
    "load_book",
    "load_presets",
    "preset_lines",
    "source_files",
    "source_objects",
    "strays",
    "suggested_names",
    "user_cache",
    "with_closed",
]
