"""Engines that add up the lines in place of polars on this machine, and hand out files that only they see.

Loading and all rules stay where they are: each line is checked, priced and dated here, row by row, in
bounded memory. What grows with the business is the group-by. Its rows are laid into a folder that the
engine sees, added up there by one narwhals function (`portable`), and the few sums come back. Files of a
lake come here byte for byte (`lake`), and are read like any.
"""

from clv_cli.engines.choosing import chosen_engine

__all__ = ["chosen_engine"]
