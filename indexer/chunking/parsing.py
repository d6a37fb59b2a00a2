"""Parse source with tree-sitter, within bounds: a hostile file must cost neither minutes nor memory.

The parser follows several readings of unclear text at once. On nested brackets that never close
its time and memory grow with the square of their number (Java, 16,000 times "A<B<": 2 GB, 5 s), and
it has no limit of its own. Such files are refused here, and then split by lines.
"""

from __future__ import annotations

from time import thread_time

import numpy as np
from tree_sitter import Language, Parser, Point, Tree

from indexer.chunking.grammar import Grammar

MAX_SECONDS = 3.0  # of processor time; a megabyte of ordinary code takes 0.2
SLICE_BYTES = 4096
MAX_NESTING = 500
ANGLE_WINDOW = 8192  # bytes; "<" is also a comparison, so only many close together are refused
MAX_ANGLES = 1000
MAX_LINE = 2000  # characters; the middle of longer lines is not shown to the parser


class Unparsable(ValueError):
    """This text is too costly to parse."""


def parse(text: str, grammar: Grammar) -> Tree:
    """Return the syntax tree; its rows are the text's lines, its columns need not be."""
    source = "\n".join(map(_shortened, text.split("\n"))).encode("utf-8", "replace")
    _refuse_deep_nesting(source)
    deadline = thread_time() + MAX_SECONDS
    late = False

    def read(offset: int, _point: Point) -> bytes:
        nonlocal late
        late = late or thread_time() > deadline
        return b"" if late else source[offset : offset + SLICE_BYTES]

    tree = Parser(Language(grammar.language())).parse(read)
    if late:
        raise Unparsable(f"more than {MAX_SECONDS} seconds")
    return tree


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_LINE else line[: MAX_LINE // 2] + line[-MAX_LINE // 2 :]


def _refuse_deep_nesting(source: bytes) -> None:
    codes = np.frombuffer(source, dtype=np.uint8)
    if codes.size and np.cumsum(BRACKETS[codes], dtype=np.int32).max() > MAX_NESTING:
        raise Unparsable(f"more than {MAX_NESTING} nested brackets")
    angles = np.cumsum(ANGLES[codes], dtype=np.int32)
    step = min(ANGLE_WINDOW, codes.size)
    if codes.size and (angles[step - 1 :] - angles[: codes.size - step + 1]).max() > MAX_ANGLES:
        raise Unparsable(f"more than {MAX_ANGLES} open angle brackets")


def _signs(opening: bytes, closing: bytes) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    signs = np.zeros(256, dtype=np.int8)
    signs[list(opening)] = 1
    signs[list(closing)] = -1
    return signs


BRACKETS = _signs(b"([{", b")]}")
ANGLES = _signs(b"<", b">")
