"""HTML pages and wiki exports by Lexbor (selectolax): the main content as Markdown-like lines.

Nothing is fetched or run. Templates (Jinja, PHP, Handlebars ...) are source code and stay as they
are; what is not shown, or stands around the content (navigation, footers), is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexer.documents.extraction import Extracted
from indexer.reading.decoding import decode
from indexer.skips import Skip

HEAD_BYTES = 4096
TEMPLATE = re.compile(rb"\{\{|\{%|<%|<\?php|\$\{|th:text=|v-if=|\*ngIf=")
PAGE = re.compile(rb"<html\b|<!doctype\s+html", re.IGNORECASE)

LEFT_OUT = (
    "script, style, noscript, template, svg, iframe, object, embed, canvas, head, nav, header, "
    "footer, aside, form, button, select, input, textarea, dialog, "
    "[hidden], [aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo], "
    "[role=search], .navbar, .sidebar, .breadcrumbs, .toc, #toc, #footer, #navigation, "
    # of Confluence's export: the way to the page, who made it, its attachments
    "#breadcrumb-section, #breadcrumbs, #main-header, .page-metadata, .pageSection"
)
# Where wikis and site generators put the content; the first that holds enough text wins.
MAIN = (
    "main",
    "[role=main]",
    "article",
    "#main-content",  # Confluence
    ".wiki-content",
    "#mw-content-text",  # MediaWiki
    "#bodyContent",
    ".markdown-body",
    ".document .body",  # Sphinx
    "#content",
)
ENOUGH_SHARE = 0.4  # of the whole text
HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|font-size\s*:\s*(?:0*\.?0+(?:px|pt|em|rem|%)?|0?\.\d+(?:px|pt))(?![\w.])"
    r"|opacity\s*:\s*0*\.?0+%?(?![\w.])",
    re.IGNORECASE,
)
# White text is invisible where nothing lies under it: on coloured ground it is a heading.
WHITE = r"(?:white|#fff(?:f|fff|fffff)?|rgba?\(\s*255\s*,\s*255\s*,\s*255\b[^)]*\))(?![\w-])"
WHITE_TEXT = re.compile(rf"(?<![\w-])color\s*:\s*{WHITE}", re.IGNORECASE)
WHITE_WORD = re.compile(WHITE, re.IGNORECASE)
GROUND = re.compile(r"(?<![\w-])background(?:-color|-image)?\s*:\s*([^;]+)", re.IGNORECASE)
NO_GROUND = re.compile(
    rf"\s*(?:{WHITE}|transparent|none|inherit|initial)\s*(?:!important)?\s*", re.IGNORECASE
)
BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "body", "dd", "details", "div", "dl", "dt", "figure"),
        *("fieldset", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "ol"),
        *("p", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
FENCE = "```"
HEADING_LINE = re.compile(r"#{1,5} ")
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
MAX_NODES = 500_000
MAX_CLIMB = 60  # parents looked at to find a text's block


def is_page(content: bytes) -> bool:
    """Return whether this is a whole page for people, not a template or a fragment."""
    head = content[:HEAD_BYTES].replace(b"\0", b"")
    return PAGE.search(head) is not None and TEMPLATE.search(content) is None


def extract_html(content: bytes) -> Extracted | Skip:
    source = decode(content.replace(b"\0", b"") if b"\0" in content[:2] else content)
    if isinstance(source, Skip):
        return source
    tree = LexborHTMLParser(source)
    named = tree.css_first("title")
    title = _squeezed(named.text()) if named is not None else ""
    _drop(tree.css(LEFT_OUT))
    _drop([node for node in tree.css("[style], font[color]") if _is_hidden(node)])
    for cell in tree.css("td + td, td + th, th + td, th + th"):
        cell.insert_before(" | ")
    root = _main(tree)
    if root is None:
        return Extracted("", "markdown", "html")
    lines = _titled(_lines(root), title)
    return Extracted("\n".join(lines).strip("\n") + "\n", "markdown", "html")


def _titled(lines: list[str], title: str) -> list[str]:
    """Put the page's title above what it is about, unless a heading already says the same.

    Wikis keep the title outside of the text, whose own headings begin at the top: those go a level
    down.
    """
    headings = [line for line, is_heading in _with_headings(lines) if is_heading]
    tops = [line.removeprefix("# ").strip(" \u00b6") for line in headings if line.startswith("# ")]
    if not title or any(top and (top in title or title in top) for top in tops):
        return lines
    down = "#" if tops else ""
    return [f"# {title}", "", *(down * is_one + line for line, is_one in _with_headings(lines))]


def _with_headings(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is a heading that may go a level down: not in a listing."""
    is_listing = False
    for line in lines:
        is_listing ^= line == FENCE
        yield line, not is_listing and HEADING_LINE.match(line) is not None


def _drop(nodes: list[LexborNode]) -> None:
    """Remove nodes with what is in them; what goes with another one must not be freed twice."""
    doomed = {node.mem_id for node in nodes}
    for node in [node for node in nodes if not _is_within(node, doomed)]:
        node.decompose()


def _is_within(node: LexborNode, doomed: set[int]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in doomed:
            return True
        parent = parent.parent
    return False


def _is_hidden(node: LexborNode) -> bool:
    style = _attribute(node, "style")
    if HIDDEN_STYLE.search(style):
        return True
    is_white = WHITE_TEXT.search(style) or WHITE_WORD.fullmatch(_attribute(node, "color"))
    return is_white is not None and not _has_ground(node)


def _has_ground(node: LexborNode) -> bool:
    """Return whether something coloured lies under the node, as far as its parents say."""
    found: LexborNode | None = node
    for _ in range(MAX_CLIMB):
        if found is None:
            return False
        ground = GROUND.search(_attribute(found, "style"))
        colour = ground[1] if ground else _attribute(found, "bgcolor")
        if colour:
            return NO_GROUND.fullmatch(colour) is None
        found = found.parent
    return False


def _attribute(node: LexborNode, name: str) -> str:
    return (node.attributes.get(name) or "") if node.attributes else ""


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    body = tree.body
    if body is None:
        return None
    enough = len(body.text()) * ENOUGH_SHARE
    for selector in MAIN:
        found = tree.css_first(selector)
        if found is not None and len(found.text()) >= enough:
            return found
    return body


def _lines(root: LexborNode) -> list[str]:
    """Write the text nodes in document order, a line for each block; preformatted text as it is."""
    lines: list[str] = []
    nodes = islice(root.traverse(include_text=True), MAX_NODES)
    texts = ((_block_of(node), node) for node in nodes if node.tag == "-text")
    for _, group in groupby(texts, key=lambda pair: pair[0].mem_id):
        pairs = list(group)
        lines += _written(pairs[0][0], "".join(node.text_content or "" for _, node in pairs))
    return lines


def _written(block: LexborNode, text: str) -> list[str]:
    if block.tag == "pre":
        return [FENCE, *(line.rstrip() for line in text.strip("\n").split("\n")), FENCE, ""]
    line = _squeezed(text)
    if not line:
        return []
    return [f"- {line}"] if block.tag == "li" else [HEADINGS.get(str(block.tag), "") + line, ""]


def _block_of(node: LexborNode) -> LexborNode:
    """Return the innermost block around a text; inside preformatted text that is the whole of it."""
    block = None
    found = node
    for _ in range(MAX_CLIMB):
        if found.parent is None:
            break
        found = found.parent
        if found.tag == "pre":
            return found
        if block is None and found.tag in BLOCKS:
            block = found
    return block or found


def _squeezed(text: str | None) -> str:
    return " ".join((text or "").split())
