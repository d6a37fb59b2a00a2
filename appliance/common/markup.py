"""What Markdown may become in a page: the one place that says it, for answers, documents and help.

Two walls: parsers made here know no raw HTML, and `cleaned` lets only the tags, attributes and
values through that are listed below, whatever a parser did. Nothing leads out of the appliance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt

Highlight = Callable[[str, str, str], str]

# No placeholder of a citation fits: one after a fence's backticks must not become part of a tag.
PLAIN = re.compile(r"[A-Za-z0-9_+#. -]{1,60}", re.ASCII)
ANCHOR = re.compile(r"[\w-]{1,200}")
# What a person reads or follows; checked by form. All other attributes are short plain words.
ADDRESSES = frozenset({"href", "src"})
WORDS = frozenset({"alt", "title"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """Tags, and the attributes of each."""

    tags: frozenset[str]
    attributes: Mapping[str, frozenset[str]]

    def and_also(self, **attributes: str) -> Allowed:
        """Return this with further tags and attributes, written as words."""
        more = {tag: frozenset(names.split()) for tag, names in attributes.items()}
        both = self.attributes.keys() | more.keys()
        none: frozenset[str] = frozenset()
        return Allowed(
            self.tags | more.keys(),
            {tag: self.attributes.get(tag, none) | more.get(tag, none) for tag in both},
        )


# An answer: what a model writes has no link and no picture.
ANSWER = Allowed(
    frozenset({
        "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
        "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    }),
    {"span": frozenset({"class"}), "code": frozenset({"class"}), "ol": frozenset({"start"})},
)  # fmt: skip
# A document of a repository: links to what the appliance has.
DOCUMENT = ANSWER.and_also(a="href")
# A page of the documentation, which is the product's own: pictures, and headings with anchors.
HELP = DOCUMENT.and_also(
    a="href class", img="src alt loading", div="class tabindex role",
    **{f"h{level}": "id" for level in range(1, 7)},
)  # fmt: skip


def markdown(*, highlight: Highlight | None = None) -> MarkdownIt:
    """Return a parser of Markdown that knows tables, and no HTML."""
    options = {"html": False} | ({"highlight": highlight} if highlight else {})
    parser = MarkdownIt("commonmark", options)
    return parser.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])


def cleaned(html: str, allowed: Allowed) -> str:
    """Return HTML with nothing in it but what is allowed."""
    return nh3.clean(
        html,
        tags=set(allowed.tags),
        attributes={tag: set(names) for tag, names in allowed.attributes.items()},
        attribute_filter=_value,
        link_rel=None,
    )


def _value(tag: str, name: str, value: str) -> str | None:
    """Let through addresses of this site, anchors, words, and short plain values."""
    if name in ADDRESSES:
        is_here = value.startswith("/") and not value.startswith(("//", "/\\"))
        return value if is_here or (value[:1] == "#" and ANCHOR.fullmatch(value[1:])) else None
    if name in WORDS:
        return value
    form = ANCHOR if name == "id" else PLAIN
    return value if form.fullmatch(value) else None
