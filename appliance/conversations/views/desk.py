"""What stands around every conversation: the list of threads, the composer, the model's absence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import threads_of, threads_shared_with
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.finding import find_threads
from appliance.conversations.forms import LONGEST_QUESTION, FindForm, QuestionForm
from appliance.conversations.history import grouped
from appliance.conversations.labelling import labels_of
from appliance.conversations.models import Thread
from appliance.conversations.modes import AUTO, choices
from appliance.conversations.narrowing import Narrowing
from appliance.conversations.quotas import QuotaReached
from appliance.conversations.titles import listed_titles
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.asof import refs_to_choose
from appliance.sources.sets.access import set_names

THREADS_PER_PAGE = 40
SHARED_PER_PAGE = 10
OFFERED_SOURCES = 60  # as boxes; the others are found by typing


@dataclass(frozen=True, slots=True)
class SharedThread:
    """A thread of somebody else in the list, with the title that its reader may see."""

    pk: UUID
    title: str
    owner: User


def desk(request: SignedInRequest, thread: Thread | None = None) -> dict[str, object]:
    """Return the list of threads, or of those in which what is looked for stands."""
    form = FindForm(request.GET)
    is_valid = form.is_valid()
    text = form.cleaned_data["find"] if is_valid else ""
    label = form.cleaned_data["label"] if is_valid and not text else ""
    around: dict[str, object] = {
        "thread": thread,
        "find": text,
        "has_model": settings.CHAT_URL != "none",
    }
    if text:
        found = _page(request, "threads", find_threads(request.user, text))
        return {
            **around,
            "thread_page": found,
            "is_found": True,
            "list_query": _kept(threads=found, find=text),
        }
    threads = threads_of(request.user)
    if label:
        threads = threads.filter(labels__contains=[label])
    page = _page(request, "threads", threads)
    shared = _page(request, "shared", threads_shared_with(request.user).select_related("owner"))
    return {
        **around,
        "thread_page": page,
        "label": label,
        "labels": labels_of(request.user),
        "thread_groups": grouped(page, today=timezone.localdate()),
        "shared_page": shared,
        "shared_threads": _shared(request.user, shared),
        "list_query": _kept(label=label, threads=page, shared=shared),
    }


def _page(request: SignedInRequest, name: str, rows: Any) -> Page[Any]:
    size = SHARED_PER_PAGE if name == "shared" else THREADS_PER_PAGE
    return Paginator(rows, size).get_page(request.GET.get(name))


def _kept(find: str = "", label: str = "", **pages: Page[Any]) -> str:
    """Return the query that keeps the list as it is when one goes to another thread."""
    query = QueryDict(mutable=True)
    if find:
        query["find"] = find
    if label:
        query["label"] = label
    for name, page in pages.items():
        if page.number > 1:
            query[name] = str(page.number)
    return query.urlencode()


def _shared(user: User, threads: Page[Thread]) -> list[SharedThread]:
    titles = listed_titles(user, list(threads)) if threads else {}
    return [SharedThread(one.pk, titles[one.pk], one.owner) for one in threads]


def question_form(
    request: SignedInRequest, thread: Thread | None = None, initial: dict[str, object] | None = None
) -> QuestionForm:
    """Return the form of a question. It begins with what the address narrows it to, or with what
    the thread was narrowed to; a follow-up that names no ref keeps that of its thread."""
    names = source_names(request.user)
    kept = Narrowing.of_thread(thread, names) if thread else Narrowing()
    posted = request.POST.copy() if request.method == "POST" else None
    if posted is not None:
        posted.setdefault("ref", kept.ref)
    begun = Narrowing.of_query(request.GET, names) or kept
    words = request.GET.get("q", "")[:LONGEST_QUESTION]
    chosen_set = request.GET.get("set", "")[:100]
    started = {"question": words, "set": chosen_set, **begun.to_initial(), **(initial or {})}
    return QuestionForm(
        posted, user=request.user, names=names, scope=scope_of(request.user), initial=started
    )


def composer(
    form: QuestionForm, names: list[str], reached: QuotaReached | None = None
) -> dict[str, object]:
    ref = str(form["ref"].value() or "")
    chosen = [str(one) for one in form["sources"].value() or ()]
    folders = [str(one) for one in form["folders"].value() or () if one]
    others = [name for name in names if name not in chosen]
    return {
        "chosen": chosen,
        "offered": others[:OFFERED_SOURCES],
        "has_more_sources": len(others) > OFFERED_SOURCES,
        "folders": folders,
        "searched": _searched([*chosen, *folders], names),
        "form": form,
        "refused": reached.sentence if reached else "",
        "names": names,
        "ref": ref,
        "refs": refs_to_choose(form.scope, ref),
        "sets": set_names(form.user),
        "set_name": str(form["set"].value() or ""),
        "modes": choices(ANSWERINGS),
        "mode": str(form["mode"].value() or AUTO),
    }


def _searched(chosen: list[str], names: list[str]) -> str:
    """Say in a few words what is searched."""
    if len(chosen) > 1:
        return f"{len(chosen)} chosen"
    if chosen or len(names) == 1:
        return (chosen or names)[0]
    return "All sources"


def source_names(user: User) -> list[str]:
    return list(readable_sources(user).values_list("name", flat=True))
