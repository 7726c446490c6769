"""Whether the cells of a piece of CSV need trimming: a look at its bytes spares the work per cell."""

from __future__ import annotations

import numpy as np

_LF, _CR, _BLANK, _QUOTE = 10, 13, 32, 34
# Other characters that count as blank: controls, and Unicode's by their first bytes.
_RARE_BLANKS = (b"\t", b"\v", b"\f")
_WIDE_BLANKS = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a", b"\xe2", b"\xe3\x80")


def is_tidy(chunk: bytes, delimiter: int) -> bool:
    """Whether no cell needs trimming; a doubtful chunk is not tidy, which costs time only.

    Args:
        chunk: whole records.
        delimiter: the byte between cells.
    """
    if any(blank in chunk for blank in _RARE_BLANKS if blank[0] != delimiter):
        return False
    if not chunk.isascii() and any(blank in chunk for blank in _WIDE_BLANKS):
        return False
    if b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n"):
        return False
    if b'"' in chunk and (b'""' in chunk or b'\n"' in chunk):
        return False
    if b" " not in chunk:
        return True
    data = np.frombuffer(chunk, np.uint8)
    blanks = np.flatnonzero(data == _BLANK)
    edges = (delimiter, _LF, _CR, _QUOTE)
    beside = np.concatenate((data[blanks - 1], data[blanks + 1]))
    return int(blanks[0]) > 0 and not np.isin(beside, edges).any()
