"""What a browser would make of an answer's HTML: an oracle that knows nothing of how it was made."""

from __future__ import annotations

from html.parser import HTMLParser

HARMLESS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"class", "data-handle", "data-lines", "href", "title"},
    "span": {"class", "role", "aria-label", "title"},
    "code": {"class"},
    "ol": {"start"},
}


class Dom(HTMLParser):
    """Collects what could load, leave or run."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.dangers: list[str] = []
        self.text = ""
        self.citations = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HARMLESS:
            self.dangers.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()):
                self.dangers.append(f"<{tag} {name}={value!r}>")
            if name == "href" and not (value or "").startswith("/files/"):
                self.dangers.append(f"a link to {value!r}")
        self.citations += tag == "a"

    def handle_data(self, data: str) -> None:
        self.text += data
