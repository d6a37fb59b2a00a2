"""A page of the documentation as HTML: headings with addresses, links that stay in the appliance."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from appliance.common.markup import HELP, cleaned, markdown
from appliance.conversations.colouring import highlight_block
from appliance.web.help.contents import Page, page, picture

DEEPEST = 3  # of the headings that the outline names


def _pictures(renderer: object, tokens: Sequence[Token], at: int, *rest: object) -> str:
    """Show a picture in the theme of the page: stylesheets hide the other one."""
    stem = posixpath.basename(str(tokens[at].attrGet("src"))).removesuffix(".png")
    alternatives = [("for-light", stem), ("for-dark", f"{stem}-dark")]
    return "".join(
        format_html(
            '<a class="help-picture {}" href="{}"><img src="{}" alt="{}" loading="lazy"></a>',
            theme,
            reverse("help_picture", args=[f"{name}.png"]),
            reverse("help_picture", args=[f"{name}.png"]),
            tokens[at].content,
        )
        for theme, name in alternatives
        if picture(f"{name}.png")
    )


PARSER = markdown(highlight=highlight_block)
PARSER.add_render_rule("image", _pictures)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the page's own, and the text up to the next one."""

    level: int
    title: str
    anchor: str
    text: str  # without marks, for finding


@dataclass(frozen=True, slots=True)
class Rendered:
    html: SafeString
    intro: str  # what stands before the first heading, as plain words
    headings: tuple[Heading, ...]

    @property
    def outline(self) -> tuple[Heading, ...]:
        return tuple(one for one in self.headings if one.level <= DEEPEST)


@cache  # by page, of which there are a few dozen; they are the release's own
def render(shown: Page) -> Rendered:
    """Return a page as HTML. The text is the product's own: nothing of it is a person's."""
    tokens = PARSER.parse(shown.text)
    intro, headings = _address(tokens)
    for token in tokens:
        for inner in token.children or ():
            _keep_inside(inner, shown.name)
    html = cleaned(PARSER.renderer.render(_framed(tokens), PARSER.options, {}), HELP)
    return Rendered(mark_safe(html), intro, tuple(headings))  # noqa: S308  cleaned just now


def anchor_of(title: str) -> str:
    """Return the anchor that git hosts give a heading, so that links hold there and here."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _address(tokens: Sequence[Token]) -> tuple[str, list[Heading]]:
    """Give each heading its anchor; return what stands before the first, and below each."""
    seen: Counter[str] = Counter()
    found: list[Heading] = []
    texts: list[list[str]] = [[]]
    is_title = False
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            title = plain(tokens[at + 1])
            anchor = anchor_of(title)
            seen[anchor] += 1
            if seen[anchor] > 1:
                anchor = f"{anchor}-{seen[anchor] - 1}"
            token.attrSet("id", anchor)
            found.append(Heading(int(token.tag[1]), title, anchor, ""))
            texts.append([])
        elif token.type in {"inline", "fence", "code_block"} and not is_title:
            texts[-1].append(plain(token))
        is_title = token.type == "heading_open"
    intro, *below = map(" ".join, texts)
    return intro, [replace(one, text=text) for one, text in zip(found, below, strict=True)]


def plain(token: Token) -> str:
    """Return the words of an inline token, or of a block of code."""
    if token.children is None:
        return token.content
    return "".join(child.content or " " for child in token.children if child.type != "image")


def _keep_inside(token: Token, name: str) -> None:
    """Lead a link to a page of the appliance; a link to anything else becomes text."""
    if token.type != "link_open":
        return
    if address := _page_address(str(token.attrGet("href")), name):
        token.attrSet("href", address)
    else:
        token.attrs.pop("href")


def _page_address(target: str, name: str) -> str:
    """Return where a link of a page leads inside the appliance; empty for what is not there."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return ""
    if not parts.path:
        return target
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path))
    found = page(path.removesuffix(".md"))
    if found is None:
        return ""
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    return reverse("help_page", args=[found.name]) + anchor


def _framed(tokens: Sequence[Token]) -> list[Token]:
    """Put each table into a frame that scrolls by itself, also by keyboard."""
    framed: list[Token] = []
    for token in tokens:
        if token.type == "table_open":
            opened = Token("frame_open", "div", 1)
            opened.attrs = {"class": "help-table", "tabindex": "0", "role": "group"}
            framed += [opened, token]
        elif token.type == "table_close":
            framed += [token, Token("frame_close", "div", -1)]
        else:
            framed.append(token)
    return framed
