"""Whatever a model writes, the page gets allow-listed tags and links to the product's own files."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Message
from appliance.conversations.rendering import (
    render_answer,
    render_markdown,
)
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from indexer.spans import Span
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.appliance.conversations.elements import EVIL, HOSTILE, assert_harmless, elements_of
from tests.conftest import SourceFactory


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def cart(shop: Source) -> EvidenceLines:
    return lines_of(shop, "shop/cart.py", 4, 9)


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
