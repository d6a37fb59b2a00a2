"""Markdown of a repository as HTML: raw HTML is text, pictures are named, and links lead nowhere else.

Two walls, as for answers: the parser knows no HTML, and nh3 lets only the tags below through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "code": {"class"}}
ALLOWED_VALUE = re.compile(r"[A-Za-z0-9_+#. -]{1,60}", re.ASCII)

MARKDOWN = (
    MarkdownIt("commonmark", {"html": False})
    .enable(["table", "strikethrough"])
    .disable(["html_block", "html_inline"])
)


def render_document(text: str, inside: Callable[[str], str]) -> SafeString:
    """Return a document as HTML. `inside` turns the target of a link into an address of ours, or
    into an empty text: such a link is its words, with its address in brackets."""
    tokens = MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"  # the page has a heading of its own
        if token.children:
            token.children = list(_followed(token.children, inside))
    html = nh3.clean(
        MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        link_rel=None,
    )
    return mark_safe(html)  # noqa: S308  cleaned just now


def _allowed(tag: str, name: str, value: str) -> str | None:
    """Let through only addresses of this site, and short plain words."""
    if name == "href":
        return value if value.startswith("/") and not value.startswith(("//", "/\\")) else None
    return value if ALLOWED_VALUE.fullmatch(value) else None


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
