"""What Markdown may become: the same walls for answers, documents and help."""

from __future__ import annotations

import pytest

from appliance.common.markup import ANSWER, DOCUMENT, HELP, Allowed, cleaned, markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<p onclick=alert(1)>x</p>",
    "<style>p{background:url(/x)}</style>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="https://evil.example">x</a>',
    '<a href="//evil.example">x</a>',
    '<a href="/\\evil.example">x</a>',
    '<a href="#x y">x</a>',
    '<img src="https://evil.example/x.png">',
    '<img src="data:image/png;base64,xx">',
    '<img src="/x.png" onerror=alert(1)>',
    "<iframe src=/x></iframe><object data=/x></object><form action=/x></form>",
    '<code class="x;background:url(y)">x</code>',
]


@pytest.mark.parametrize("allowed", [ANSWER, DOCUMENT, HELP])
@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_loads_runs_or_leads_out(html: str, allowed: Allowed) -> None:
    shown = cleaned(html, allowed)
    for word in ("script", "onclick", "onerror", "evil", "style", "data:", "frame", "url(", "form"):
        assert word not in shown.replace("alert(1)", "")
    assert 'href="#x y"' not in shown


def test_each_kind_of_page_has_what_it_needs_and_no_more() -> None:
    link = '<a href="/files/x">x</a>'
    picture = '<img src="/help/a.png" alt="The page, in words" loading="lazy">'
    assert [cleaned(link, one) == link for one in (ANSWER, DOCUMENT, HELP)] == [False, True, True]
    shown = [cleaned(picture, one) for one in (ANSWER, DOCUMENT, HELP)]
    assert shown[:2] == ["", ""]
    assert 'alt="The page, in words"' in shown[2]
    assert 'id="a-b"' in cleaned('<h2 id="a-b">x</h2>', HELP)
    assert "id=" not in cleaned('<h2 id="a-b">x</h2>', DOCUMENT)


def test_parsers_know_tables_and_no_html() -> None:
    html = markdown().render("| a |\n|---|\n| <b>x</b> |\n\n<b>y</b>\n\n<div>z</div>")
    assert "<table>" in html
    assert ("<b>" in html, "<div>" in html) == (False, False)
