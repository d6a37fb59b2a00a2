"""Markdown of a repository as HTML: raw HTML is text, pictures are named, and links lead nowhere else.

What may come of it stands in markup.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from appliance.common.markup import DOCUMENT, cleaned, markdown

MARKDOWN = markdown()


def render_document(text: str, inside: Callable[[str], str]) -> SafeString:
    """Return a document as HTML. `inside` turns the target of a link into an address of ours, or
    into an empty text: such a link is its words, with its address in brackets."""
    tokens = MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"  # the page has a heading of its own
        if token.children:
            token.children = list(_followed(token.children, inside))
    html = cleaned(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}), DOCUMENT)
    return mark_safe(html)  # noqa: S308  cleaned just now


def _followed(tokens: Sequence[Token], inside: Callable[[str], str]) -> Iterator[Token]:
    """Yield the tokens of a line with its links led here, or told in words."""
    told: list[str] = []
    for token in tokens:
        if token.type == "image":
            yield _text(f"[picture: {token.content or token.attrs.get('src', '')}]")
        elif token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            address = inside(target)
            told.append("" if address else target)
            if address:
                token.attrs = {"href": address}
                yield token
        elif token.type == "link_close":
            target = told.pop() if told else ""
            yield _text(f" ({target})") if target else token
        else:
            yield token


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)
