"""Markdown of repositories: rendered, and nothing in it runs, loads or leads elsewhere."""

from __future__ import annotations

import re

import pytest

from appliance.common.markdown import render_document


def inside(target: str) -> str:
    return "" if ":" in target or target.startswith("/") else f"/files/shop/c/{target}"


def rendered(text: str) -> str:
    return str(render_document(text, inside))


def test_markdown_is_rendered_below_the_heading_of_the_page() -> None:
    html = rendered("# One\n\n###### Six\n\n|a|b|\n|-|-|\n|1|~~2~~|\n\n```py\nx<1\n```\n3. *y*\n")
    for piece in ("<h2>One</h2>", "<h6>Six</h6>", "<s>2</s>", "x&lt;1", '<ol start="3">', "<em>y"):
        assert piece in html


def test_links_lead_here_or_are_told_in_words() -> None:
    html = rendered("[a *b*](docs/x.md) [c](https://evil.example/) ![d](e.png) <https://e.example>")
    assert '<a href="/files/shop/c/docs/x.md">a <em>b</em></a>' in html
    assert "c (https://evil.example/)" in html
    assert "[picture: d]" in html
    assert html.count("<a ") == 1
    assert "<img" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '[x](javascript:alert(1) "onclick=alert(1)")',
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](//evil.example/)",
        "[x](/\\evil.example)",
        "[x][y]\n\n[y]: https://evil.example 'onload=a()'",
        '```" onmouseover=alert(1) x="\nx\n```',
        "&lt;script&gt;",
        "[" * 3000 + "]" * 3000,
        "> " * 2000 + "x",
        "*" * 20_000,
    ],
)
def test_nothing_runs_or_leads_elsewhere(text: str) -> None:
    html = rendered(text)
    assert not re.search(
        r"<(script|img|iframe|style)|<[^>]*\son\w+=|(href|src)=\"(?!/files/)", html
    )
