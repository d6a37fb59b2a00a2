"""Pages of threads: the owner's alone, with words for every state that an answer can be in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from appliance.accounts.models import User
from appliance.conversations.history import day_label, grouped
from appliance.conversations.models import Message, Thread
from appliance.sources.models import Grant
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

TODAY = date(2026, 11, 23)


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the answers that would go to the broker: no broker runs in these tests."""
    answers: list[str] = []
    # The edge to Celery; everything before it is real.
    monkeypatch.setattr("appliance.conversations.tasks.answer_question.delay", answers.append)
    return answers


@pytest.fixture
def answer(owner: User) -> Message:
    """An answer without evidence, done, in a thread of the owner."""
    thread = Thread.objects.create(owner=owner, title="How are carts kept?")
    before = timezone.now() - timedelta(seconds=1)
    asked = Message.objects.create(thread=thread, role="question", text="How?", created_at=before)
    return Message.objects.create(thread=thread, parent=asked, role="answer", text="In **memory**.")


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_nobody_but_the_owner_sees_or_touches_a_thread(
    person: str, client: Client, answer: Message, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    thread, message = f"/threads/{answer.thread_id}/", f"/messages/{answer.pk}/"
    assert b"carts kept" not in client.get("/").content
    for path in (thread, f"{thread}delete/", f"{message}evidence/", f"{message}events/"):
        assert client.get(path).status_code == 404, path
    for path in (f"{thread}ask/", f"{thread}rename/", f"{thread}delete/", f"{message}stop/"):
        assert client.post(path, {"question": "x", "title": "x"}).status_code == 404, path
    assert Thread.objects.get().title == "How are carts kept?"


def test_the_owner_reads_the_thread(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    page = client.get(f"/threads/{answer.thread_id}/").content.decode()
    assert "<strong>memory</strong>" in page
    assert client.get(f"/threads/{uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "queued", "text": ""}, "Waiting for its turn"),
        ({"state": "searching", "text": ""}, "Searching everything you may read"),
        ({"state": "searching", "text": "", "source_names": ["shop"]}, "Searching shop"),
        ({"state": "writing", "text": ""}, "Reading 0 passages"),
        ({"state": "writing", "text": "So far"}, "is-writing"),
        ({"state": "stopped", "text": "Half"}, "Stopped."),
        ({"state": "failed", "text": "", "error": "No model is configured."}, "No model is"),
        ({"state": "done", "error": "It reached its length limit."}, "length limit"),
        ({"not_found": True, "text": ""}, "Not found."),
        ({"struck": 2}, "2 citations removed"),
    ],
)
def test_every_state_of_an_answer_has_its_words(
    fields: dict[str, object], words: str, client: Client, owner: User, answer: Message
) -> None:
    Message.objects.filter(pk=answer.pk).update(**fields)
    client.force_login(owner)
    assert words in client.get(f"/threads/{answer.thread_id}/").content.decode()


def test_only_an_open_answer_is_streamed(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    path = f"/threads/{answer.thread_id}/"
    assert b"sse-connect" not in client.get(path).content
    Message.objects.filter(pk=answer.pk).update(state="writing")
    page = client.get(path).content.decode()
    assert f'sse-connect="/messages/{answer.pk}/events/"' in page
    assert "Stop</button>" in page


def test_evidence_comes_when_the_prompt_is_packed(
    client: Client, owner: User, answer: Message
) -> None:
    client.force_login(owner)
    path = f"/messages/{answer.pk}/evidence/"
    for state, status in (("queued", 204), ("searching", 204), ("writing", 200), ("done", 200)):
        Message.objects.filter(pk=answer.pk).update(state=state)
        assert client.get(path).status_code == status, state


def test_a_question_begins_a_thread(
    client: Client,
    owner: User,
    source: Source,
    sent: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(owner)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/", {"question": "How are items added?", "sources": ["shop"]})
    thread = Thread.objects.get()
    assert response["Location"] == f"/threads/{thread.pk}/"
    question, answer = thread.messages.all()
    assert question.text == "How are items added?"
    assert (answer.state, answer.source_names) == ("queued", ["shop"])
    assert sent == [str(answer.pk)]


@pytest.mark.parametrize(
    "form",
    [
        {"question": "   "},
        {"question": "x" * 20_001},
        {"question": "ok", "sources": ["somewhere-else"]},
    ],
)
def test_a_question_that_cannot_be_asked_is_told_why(
    form: dict[str, object], client: Client, owner: User, source: Source, answer: Message
) -> None:
    client.force_login(owner)
    for path in ("/", f"/threads/{answer.thread_id}/ask/"):
        response = client.post(path, form)
        assert response.status_code == 400
        assert b'role="alert"' in response.content
    assert Message.objects.count() == 2


def test_a_follow_up_gives_htmx_the_new_turns_and_others_the_page(
    client: Client,
    owner: User,
    source: Source,
    answer: Message,
    sent: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(owner)
    path = f"/threads/{answer.thread_id}/ask/"
    with django_capture_on_commit_callbacks(execute=True):
        plain = client.post(path, {"question": "And then?"})
        partial = client.post(path, {"question": "And now?"}, headers={"HX-Request": "true"})
    assert plain["Location"] == f"/threads/{answer.thread_id}/"
    page = partial.content.decode()
    assert page.count("<article") == 2
    assert "And now?" in page
    assert "<html" not in page
    assert len(sent) == 2


def test_titles_change_and_threads_go(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    path = f"/threads/{answer.thread_id}/"
    client.post(f"{path}rename/", {"title": "Carts"})
    assert Thread.objects.get().title == "Carts"
    client.post(f"{path}rename/", {"title": " "})
    assert Thread.objects.get().title == "Carts"
    client.get(f"{path}delete/")
    assert Thread.objects.exists()
    client.post(f"{path}delete/")
    assert not Thread.objects.exists()


def test_a_question_is_text_and_never_markup(client: Client, owner: User) -> None:
    client.force_login(owner)
    thread = Thread.objects.create(owner=owner, title="<img src=x>")
    Message.objects.create(thread=thread, role="question", text="<script>alert(1)</script>")
    page = client.get(f"/threads/{thread.pk}/").content
    assert b"<script>alert" not in page
    assert b"<img src=x>" not in page


def test_the_first_page_says_what_is_missing(
    client: Client, source: Source, owner: User, outsider: User, staff: User
) -> None:
    for person, words in (
        (owner, "How are errors handled in shop?"),
        (outsider, "Nothing to ask about yet"),
        (staff, "No source is granted to you"),
    ):
        client.force_login(person)
        assert words in client.get("/").content.decode()
    Grant.objects.all().delete()
    Source.objects.all().delete()
    for person, words in ((outsider, "Nothing to ask about yet"), (staff, "first source")):
        client.force_login(person)
        assert words in client.get("/").content.decode()


def test_without_a_model_the_first_page_says_so(
    client: Client, source: Source, owner: User, settings: Settings
) -> None:
    client.force_login(owner)
    assert b"No model is configured" not in client.get("/").content
    settings.CHAT_URL = "none"
    assert b"No model is configured" in client.get("/").content


def test_older_threads_are_on_further_pages(client: Client, owner: User) -> None:
    Thread.objects.bulk_create(Thread(owner=owner, title=f"Thread {n}") for n in range(50))
    client.force_login(owner)
    assert client.get("/").content.count(b'<li><a href="/threads/') == 40
    assert client.get("/?threads=2").content.count(b'<li><a href="/threads/') == 10
    assert client.get("/?threads=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("days_ago", "label"),
    [
        (-1, "Today"),
        (0, "Today"),
        (1, "Yesterday"),
        (2, "Previous 7 days"),
        (6, "Previous 7 days"),
        (7, "Previous 30 days"),
        (29, "Previous 30 days"),
        (30, "October 2026"),
        (400, "October 2025"),
    ],
)
def test_days_have_the_names_that_people_remember(days_ago: int, label: str) -> None:
    assert day_label(TODAY - timedelta(days=days_ago), today=TODAY) == label


def test_threads_of_a_day_stand_together_in_their_order() -> None:
    noon = timezone.make_aware(datetime(2026, 11, 23, 12))
    threads = [
        Thread(title=title, updated_at=noon - timedelta(days=days))
        for title, days in (("a", 0), ("b", 0), ("c", 1), ("d", 3), ("e", 5))
    ]
    groups = grouped(threads, today=TODAY)
    assert [(group.label, [thread.title for thread in group.threads]) for group in groups] == [
        ("Today", ["a", "b"]),
        ("Yesterday", ["c"]),
        ("Previous 7 days", ["d", "e"]),
    ]


@pytest.mark.parametrize(
    ("question", "posted", "mode"),
    [
        ("How does add_item add?", {}, "answer"),
        ("What would break if add_item was renamed?", {}, "pair"),
        ("What would break if add_item was renamed?", {"mode": "auto"}, "pair"),
        ("What would break if add_item was renamed?", {"mode": "answer"}, "answer"),
        ("How does add_item add?", {"mode": "pair"}, "pair"),
    ],
)
def test_a_question_is_answered_in_the_chosen_mode_or_chooses_it(
    question: str,
    posted: dict[str, str],
    mode: str,
    client: Client,
    owner: User,
    source: Source,
    sent: list[str],
) -> None:
    client.force_login(owner)
    assert client.post("/", {"question": question, **posted}).status_code == 302
    assert [one.mode for one in Message.objects.all()] == [mode, mode]


def test_no_other_mode_can_be_asked_for(client: Client, owner: User, source: Source) -> None:
    client.force_login(owner)
    response = client.post("/", {"question": "How?", "mode": "magic"})
    assert response.status_code == 400
    assert "There is no such way to answer." in response.content.decode()
    assert not Message.objects.exists()


def test_the_composer_offers_the_modes_with_what_they_do(
    client: Client, owner: User, source: Source
) -> None:
    client.force_login(owner)
    page = client.get("/").content.decode()
    assert 'name="mode" value="auto" data-label="Auto" checked' in page
    assert "One search, then an answer. Fast." in page
