"""Pages of threads: ask, read, rename, delete; the stream itself is in streams.py."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import administered_sources
from appliance.conversations import asking
from appliance.conversations.about import about
from appliance.conversations.access import (
    Reading,
    get_thread_for_reader,
    get_thread_for_user,
    reading_of,
)
from appliance.conversations.forms import LabelForm, PlaceForm, QuestionForm, TitleForm
from appliance.conversations.labelling import label_thread
from appliance.conversations.models import Message, Thread
from appliance.conversations.narrowing import Narrowing
from appliance.conversations.quotas import QuotaReached
from appliance.conversations.showing import record_turns
from appliance.conversations.starting import first_questions
from appliance.conversations.titles import shown_titles
from appliance.conversations.trees import Node
from appliance.conversations.turns import pins_of, turns_on
from appliance.conversations.views.desk import composer, desk, question_form, source_names
from appliance.conversations.views.refusing import refused, refused_in_place
from appliance.sources.moments import at_one_moment


@require_http_methods(["GET", "HEAD", "POST"])
@at_one_moment
def ask_page(request: SignedInRequest) -> HttpResponse:
    """Ask the first question of a new thread."""
    form = question_form(request, initial=about(request.GET, source_names(request.user)))
    if request.method == "POST" and form.is_valid():
        try:
            answer = _asked(request, form)
        except QuotaReached as reached:
            return refused(_ask_response(request, form, reached), reached)
        return redirect("thread", thread_id=answer.thread_id)
    return _ask_response(request, form)


def _ask_response(
    request: SignedInRequest, form: QuestionForm, reached: QuotaReached | None = None
) -> HttpResponse:
    names = source_names(request.user)
    context = {
        **desk(request),
        **composer(form, names, reached),
        "examples": first_questions(request.user),
        "has_sources": administered_sources(request.user).exists(),
    }
    return render(request, "conversations/ask.html", context, status=400 if form.errors else 200)


def _asked(
    request: SignedInRequest,
    form: QuestionForm,
    thread: Thread | None = None,
    *,
    after: Message | None = None,
    beside: Message | None = None,
) -> Message:
    given = form.cleaned_data
    return asking.ask(
        request.user,
        given["question"],
        thread=thread,
        after=after,
        beside=beside,
        source_names=given["sources"],
        folders=given["folders"],
        wanted=given["wanted"],
        ref=given["ref"],
        mode=given["mode"],
    )


@dataclass(frozen=True, slots=True)
class _Where:
    """Which path of a thread is shown, and where the next question goes."""

    path: list[Node]
    beside: Node | None = None  # a question that is asked in other words
    is_branch: bool = False  # an answer is followed that others have followed already

    @property
    def after(self) -> Node | None:
        """Return the last answer that is shown."""
        return next((node for node in reversed(self.path) if not node.is_question), None)


def _where(reading: Reading, place: PlaceForm) -> _Where:
    """Return what the address asks for; a message that is not of the thread asks for nothing."""
    tree = reading.tree
    beside = tree.find(place.named("edit"))
    if reading.is_owner and beside and beside.is_question and beside.id not in reading.sealed:
        parent = tree.find(beside.parent_id)
        return _Where(tree.path_to(parent), beside=beside)
    after = tree.find(place.named("after"))
    if reading.is_owner and after and not after.is_question:
        return _Where(tree.path_to(after), is_branch=after.id in tree.children)
    return _Where(tree.path_through(place.named("at")))


@require_safe
@at_one_moment
def thread_page(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Show one path of a conversation with the evidence of each answer."""
    thread = get_thread_for_reader(request.user, thread_id)
    reading = reading_of(request.user, thread)
    where = _where(reading, PlaceForm(request.GET))
    form = question_form(request, thread, _started(where))
    return _thread_response(request, reading, where, form)


def _started(where: _Where) -> dict[str, object]:
    """Return what the composer begins with: nothing, or the question that is to be changed."""
    if where.beside is None:
        return {}
    asked = Message.objects.get(pk=where.beside.id)
    narrowing = Narrowing.of_question(asked, asked.source_names)
    return {"question": asked.text, "mode": asked.mode, **narrowing.to_initial()}


def _thread_response(
    request: SignedInRequest,
    reading: Reading,
    where: _Where,
    form: QuestionForm,
    *,
    status: int = 200,
    reached: QuotaReached | None = None,
) -> HttpResponse:
    thread = reading.thread
    title = shown_titles([reading])[thread.pk]
    turns = turns_on(where.path, reading)
    record_turns(request.user, turns)
    context = {
        **desk(request, thread),
        **composer(form, source_names(request.user), reached),
        "title": title,
        "is_owner": reading.is_owner,
        "where": where,
        "at": where.path[-1].id if where.path else None,
        "turns": turns,
        "pins": pins_of(reading),
        "title_form": TitleForm(initial={"title": title}),
        "label_form": LabelForm(initial={"labels": ", ".join(thread.labels)}),
    }
    return render(request, "conversations/thread.html", context, status=status)


@require_POST
def thread_ask(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Ask a follow-up: htmx gets the two new messages, a plain form the page again."""
    thread = get_thread_for_user(request.user, thread_id)
    reading = reading_of(request.user, thread)
    place = PlaceForm(request.POST)
    form = question_form(request, thread)
    if not form.is_valid():
        return _thread_response(request, reading, _where(reading, place), form, status=400)
    beside = _named(reading, place.named("edit"), Message.Role.QUESTION)
    after = _named(reading, place.named("after"), Message.Role.ANSWER)
    try:
        answer = _asked(request, form, thread, after=after, beside=beside)
    except QuotaReached as reached:
        if request.htmx:
            return refused_in_place(request, reached)
        page = _thread_response(request, reading, _where(reading, place), form, reached=reached)
        return refused(page, reached)
    if not request.htmx:
        return redirect("thread", thread_id=thread.pk)
    return _new_turns(request, thread, answer)


def _named(reading: Reading, message_id: UUID | None, role: str) -> Message | None:
    """Return the message that a form names, None when it names none, or answer 404."""
    if message_id is None:
        return None
    node = reading.tree.by_id.get(message_id)
    if node is None or node.role != role or (node.is_question and node.id in reading.sealed):
        raise Http404
    return Message.objects.get(pk=node.id)


def _new_turns(request: SignedInRequest, thread: Thread, answer: Message) -> HttpResponse:
    reading = reading_of(request.user, thread)
    path = reading.tree.path_to(reading.tree.by_id[answer.pk])
    context = {
        "thread": thread,
        "turns": turns_on(path[-2:], reading),
        "after": answer.pk,
        "is_owner": True,
        "is_new": True,
    }
    return render(request, "conversations/_turns.html", context)


@require_POST
def thread_rename(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    thread = get_thread_for_user(request.user, thread_id)
    form = TitleForm(request.POST)
    if form.is_valid():
        asking.rename_thread(thread, form.cleaned_data["title"])
    else:
        messages.error(request, "The thread kept its title: a title is 1 to 200 characters.")
    return redirect("thread", thread_id=thread.pk)


@require_POST
def thread_label(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Give a thread of one's own other labels, or none."""
    thread = get_thread_for_user(request.user, thread_id)
    form = LabelForm(request.POST)
    if form.is_valid():
        label_thread(thread, form.cleaned_data["labels"])
    else:
        for error in form.errors.get("labels", ()):
            messages.error(request, f"The labels stayed as they were: {error}")
    return redirect("thread", thread_id=thread.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def thread_delete(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Ask once more, then delete the thread with its messages."""
    thread = get_thread_for_user(request.user, thread_id)
    if request.method == "POST":
        asking.delete_thread(thread)
        messages.success(request, "The thread was deleted.")
        return redirect("ask")
    return render(request, "conversations/delete.html", {"thread": thread})
