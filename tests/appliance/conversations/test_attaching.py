"""Long texts beside a question: joined to it, told apart again, and bounded."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.attaching import Attachment, attach, folded
from appliance.conversations.models import Message
from tests.conftest import SourceFactory

TEXTS = [
    "one line",
    "two\nlines",
    "```py\nfenced\n```",
    "````\n```\n",
    "\n\n```x\ny\n```\n\n",
    "a" * 999,
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_attached_comes_back_as_it_was(text: str) -> None:
    given = [Attachment("app.log", text), Attachment("b", "second")]
    found = folded(attach("Why?", given))
    assert found.words == "Why?"
    assert [(one.name, one.text) for one in found.attachments] == [
        ("app.log", text.rstrip()),
        ("b", "second"),
    ]


def test_a_question_without_attachments_is_left_as_it_is() -> None:
    for words in ("Why?", "See\n\n```py\nx = 1\n```", "a\n\n```x\ny\n```\n\nand more"):
        assert folded(words).words == words


def test_a_name_breaks_out_of_nothing() -> None:
    text = attach("Why?", [Attachment("`````\n# <b>x", "body")])
    [one] = folded(text).attachments
    assert (one.name, one.text, one.line_count) == ("# b x".lstrip("# "), "body", 1)


@pytest.mark.services
@pytest.mark.django_db
def test_the_form_takes_attachments_and_says_when_they_are_too_long(
    client: Client, owner: User, source_factory: SourceFactory
) -> None:
    source_factory("shop", {"cart.py": "x = 1\n"})
    client.force_login(owner)
    sent = {"question": "", "attached": ["Traceback\n  x", ""], "attached_name": ["<b>.log"]}
    assert client.post("/", sent).status_code == 302
    asked = Message.objects.get(role="question")
    assert asked.text == "```attached b .log\nTraceback\n  x\n```"
    assert asked.thread.title == "b .log"
    page = client.get(f"/threads/{asked.thread_id}/").content.decode()
    assert "b .log, 2 lines" in page
    answer = client.post("/", {"question": "Why?", "attached": "x" * 20_000})
    assert answer.status_code == 400
    assert "holds 20,000 characters" in answer.content.decode()
    assert client.post("/", {"question": "Why?", "attached": "a\0b"}).status_code == 302
    assert "a\ufffdb" in Message.objects.get(role="question", text__startswith="Why?").text
    for empty in ({"question": " "}, {"question": "", "attached": [" ", "\n"]}):
        assert "Write a question first." in client.post("/", empty).content.decode()
    assert Message.objects.filter(role="question").count() == 2
