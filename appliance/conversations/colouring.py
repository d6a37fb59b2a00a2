"""Colours for the code blocks of an answer: classes, never styles."""

from __future__ import annotations

from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MAX_CHARACTERS = 50_000


def highlight_block(code: str, language: str, attributes: str) -> str:
    """Return the inside of a code block as HTML; a language nobody knows stays plain."""
    if not language or len(code) > MAX_CHARACTERS:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
