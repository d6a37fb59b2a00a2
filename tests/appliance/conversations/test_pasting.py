"""A question with something pasted into it: what was said is prose, what was pasted keeps its columns."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread
from appliance.conversations.pasting import parts_of

TRACE = (
    'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    raise X\n\nKeyError: 1'
)
LOG = 'web-1  | Traceback (most recent call last):\nweb-1  |   File "/srv/a.py", line 40, in f'


def parts(text: str) -> list[tuple[str, bool]]:
    return [(part.text, part.is_pasted) for part in parts_of(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How are items added?", [("How are items added?", False)]),
        ("One line.\n\nAnother one.", [("One line.\n\nAnother one.", False)]),
        (f"It fails:\n{TRACE}\nWhat now?", [("It fails:", False), (TRACE, True), ("What now?", False)]),
        (f"Why?\n\n{LOG}\n", [("Why?", False), (LOG, True)]),
        ("```py\nx = 1\n```\nWhy 1?", [("x = 1", True), ("Why 1?", False)]),
        ("```\nnever closed", [("never closed", True)]),
        ("def f(x):\n    return x\n\n\ndef g(y):\n    return y", [("def f(x):\n    return x\n\n\ndef g(y):\n    return y", True)]),
        ("What does `f(x);` do?\nfoo(x);\nIs it right?", [("What does `f(x);` do?\nfoo(x);\nIs it right?", False)]),
        ("", []),
    ],
)  # fmt: skip
def test_what_was_pasted_is_told_from_what_was_said(
    text: str, found: list[tuple[str, bool]]
) -> None:
    assert parts(text) == found


@given(st.text("ab `\n>|:;{}()\t#", max_size=120))
def test_no_word_is_lost_or_put_elsewhere(text: str) -> None:
    shown = "".join(part.text for part in parts_of(text))
    letters = [one for one in text if one in "ab"]
    kept = [one for one in shown if one in "ab"]
    if "`" not in text:  # what stands behind a fence names its language
        assert kept == letters


@pytest.mark.parametrize(
    "text", ["> " * 100_000, "  x\n" * 40_000, "```\n" * 40_000, "a(" * 200_000]
)
def test_no_question_costs_more_than_moments(text: str) -> None:
    started = time.process_time()
    parts_of(text[:200_000])
    assert time.process_time() - started < 10


def test_a_page_shows_pasted_markup_as_text(client: Client, owner: User) -> None:
    thread = Thread.objects.create(owner=owner, title="Why?")
    Message.objects.create(
        thread=thread, role="question", text="Why?\n\n```\n<script>x</script>\n<b>\n```"
    )
    client.force_login(owner)
    page = client.get(f"/threads/{thread.pk}/").content.decode()
    assert (
        '<pre class="pasted" tabindex="0">&lt;script&gt;x&lt;/script&gt;\n&lt;b&gt;</pre>' in page
    )
    assert '<p class="question-text">Why?</p>' in page
