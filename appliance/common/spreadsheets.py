"""Values for files that people open in a spreadsheet."""

from __future__ import annotations

import re

SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # with which a formula begins, in either width
# A quote in front makes it a text. Where people write "1,5" a semicolon parts cells, and a quoted
# cell that is not the first of its line ends at its first line break: so there too.
FORMULA = re.compile(rf"\A(?=[{SIGNS}\t\r\n])|(?<=[;\r\n])(?=[{SIGNS}])")


def harmless(value: object) -> object:
    """Return a cell that is no formula, and holds nothing that no file of text may hold."""
    return FORMULA.sub("'", value.replace("\0", "\ufffd")) if isinstance(value, str) else value
