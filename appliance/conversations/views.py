"""Pages of threads: ask, read, rename, delete; the stream itself is in streams.py."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import User
from appliance.accounts.requests import SignedInRequest
from appliance.conversations import asking
from appliance.conversations.access import get_message_for_user, get_thread_for_user, threads_of
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.forms import QuestionForm, TitleForm
from appliance.conversations.history import grouped
from appliance.conversations.models import Message, Thread
from appliance.conversations.modes import AUTO, choices
from appliance.conversations.paths import path_to
from appliance.conversations.turns import turn_of, turns_of
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.asof import refs_to_choose
from indexer.models import Source

THREADS_PER_PAGE = 40
EXAMPLES = (
    "What is {name} made of, and where does it start?",
    "How are errors handled in {name}?",
    "Where does {name} read its settings?",
)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: SignedInRequest) -> HttpResponse:
    """Ask the first question of a new thread."""
    form = _question_form(request)
    if request.method == "POST" and form.is_valid():
        answer = _asked(request, form)
        return redirect("thread", thread_id=answer.thread_id)
    names = source_names(request.user)
    context = {
        **_desk(request),
        **_composer(form, names),
        "examples": example_questions(names),
        "has_sources": request.user.is_staff and Source.objects.exists(),
    }
    return render(request, "conversations/ask.html", context, status=400 if form.errors else 200)


def _question_form(request: SignedInRequest, thread: Thread | None = None) -> QuestionForm:
    """Return the form of a question; a follow-up that names no ref keeps that of its thread."""
    kept = asking.ref_of(thread) if thread else ""
    posted = request.POST.copy() if request.method == "POST" else None
    if posted is not None:
        posted.setdefault("ref", kept)
    names = source_names(request.user)
    return QuestionForm(posted, names=names, scope=scope_of(request.user), initial={"ref": kept})


def _asked(request: SignedInRequest, form: QuestionForm, thread: Thread | None = None) -> Message:
    given = form.cleaned_data
    return asking.ask(
        request.user,
        given["question"],
        thread=thread,
        source_names=given["sources"],
        ref=given["ref"],
        mode=given["mode"],
    )


def _composer(form: QuestionForm, names: list[str]) -> dict[str, object]:
    ref = str(form["ref"].value() or "")
    return {
        "form": form,
        "names": names,
        "ref": ref,
        "refs": refs_to_choose(form.scope, ref),
        "modes": choices(ANSWERINGS),
        "mode": str(form["mode"].value() or AUTO),
    }


def source_names(user: User) -> list[str]:
    return list(readable_sources(user).values_list("name", flat=True))


def example_questions(names: list[str]) -> list[str]:
    """Return a question or two about each of the first sources, three in all."""
    if not names:
        return []
    return [text.format(name=names[at % len(names)]) for at, text in enumerate(EXAMPLES)]


def _desk(request: SignedInRequest, thread: Thread | None = None) -> dict[str, object]:
    """Return what stands around every conversation: the list of threads, the model's absence."""
    page = Paginator(threads_of(request.user), THREADS_PER_PAGE).get_page(
        request.GET.get("threads")
    )
    return {
        "thread": thread,
        "thread_page": page,
        "thread_groups": grouped(page, today=timezone.localdate()),
        "has_model": settings.CHAT_URL != "none",
    }


@require_safe
def thread_page(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Show a conversation with the evidence of each answer."""
    thread = get_thread_for_user(request.user, thread_id)
    return _thread_response(request, thread, _question_form(request, thread))


def _thread_response(
    request: SignedInRequest, thread: Thread, form: QuestionForm, *, status: int = 200
) -> HttpResponse:
    context = {
        **_desk(request, thread),
        "turns": turns_of(thread, scope_of(request.user)),
        **_composer(form, source_names(request.user)),
        "title_form": TitleForm(initial={"title": thread.title}),
    }
    return render(request, "conversations/thread.html", context, status=status)


@require_POST
def thread_ask(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Ask a follow-up: htmx gets the two new messages, a plain form the page again."""
    thread = get_thread_for_user(request.user, thread_id)
    form = _question_form(request, thread)
    if not form.is_valid():
        return _thread_response(request, thread, form, status=400)
    answer = _asked(request, form, thread)
    if not request.htmx:
        return redirect("thread", thread_id=thread.pk)
    scope = scope_of(request.user)
    context = {
        "turns": [turn_of(message, scope) for message in path_to(answer)[-2:]],
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


@require_http_methods(["GET", "HEAD", "POST"])
def thread_delete(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Ask once more, then delete the thread with its messages."""
    thread = get_thread_for_user(request.user, thread_id)
    if request.method == "POST":
        asking.delete_thread(thread)
        messages.success(request, "The thread was deleted.")
        return redirect("ask")
    return render(request, "conversations/delete.html", {"thread": thread})


@require_POST
def message_stop(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Stop writing an answer; what is there already stays."""
    message = get_message_for_user(request.user, message_id)
    asking.stop(message)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("thread", thread_id=message.thread_id)


@require_safe
def message_evidence(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Return the evidence of an answer; 204 (htmx asks again) until the prompt is packed."""
    message = get_message_for_user(request.user, message_id)
    if message.is_open and message.state != Message.State.WRITING:
        return HttpResponse(status=204)
    turn = turn_of(message, scope_of(request.user))
    context = {"message": message, "evidence": turn.evidence, "is_shown": True}
    return render(request, "conversations/_evidence.html", context)
