"""Marks and moved citations in an answer as HTML: each where it belongs, whatever the names."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.common.markup import ANSWER
from appliance.conversations.checking.checks import to_json
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents, EvidenceLines
from appliance.conversations.models import Message
from appliance.conversations.rendering import (
    RenderedAnswer,
    render_answer,
)
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.appliance.conversations.elements import ALLOWED, HOSTILE, elements_of
from tests.conftest import SourceFactory


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def cart(shop: Source) -> EvidenceLines:
    return lines_of(shop, "shop/cart.py", 4, 9)


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
            assert tag in ANSWER.tags | {"a"}
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
