"""A config proposed from a folder of exports: what each file is, how sure that is, what stays open.

`folder` finds the files, `peek` looks into one, `known` and `tables` say what it is, `across` compares
the files with each other, `text` writes the config.
"""

from clv_cli.sources.proposal.across import Whole, compare
from clv_cli.sources.proposal.folder import look_into
from clv_cli.sources.proposal.model import NO_DATA, Proposal, Unused
from clv_cli.sources.proposal.text import config_text

__all__ = ["NO_DATA", "Proposal", "Unused", "Whole", "compare", "config_text", "look_into"]
