"""The curators' pages: the queue, a case, curated lines, the report."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import User
from appliance.accounts.roles import role_required
from appliance.conversations.curating import deciding, queue
from appliance.conversations.curating.access import CURATORS, get_case_for_curator
from appliance.conversations.curating.forms import DecisionForm
from appliance.conversations.curating.kept import curated_in, curated_rows, get_curated_lines
from appliance.conversations.curating.models import CuratedLines, Feedback
from appliance.conversations.curating.report import report
from appliance.conversations.models import Message
from appliance.conversations.rendering import render_answer
from appliance.conversations.showing import record_shown
from appliance.sources.access import named_sources, readable_sources, scope_of
from indexer.evaluation.sets import ProposalRefused

PER_PAGE = 20


def _curator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):  # role_required stands in front
        raise Http404
    return request.user


@role_required(*CURATORS)
@require_safe
def curation_page(request: HttpRequest) -> HttpResponse:
    """List the cases that fit the filters, newest first."""
    asked = request.GET
    curator = _curator(request)
    source = asked.get("source", "")
    filters = queue.Filters.of(
        asked.get("state", ""),
        asked.get("kind", ""),
        asked.get("reason", ""),
        source if source in _names_for(curator) else "",  # of others not even that there are cases
    )
    page = Paginator(queue.queue(filters), PER_PAGE).get_page(asked.get("page"))
    context = {
        "filters": filters,
        "states": queue.STATES,
        "kinds": queue.KINDS,
        "reasons": Feedback.Reason.choices,
        "names": list(readable_sources(curator).values_list("name", flat=True)),
        "page": page,
        "rows": queue.rows_of(list(page), scope_of(curator)),
    }
    return render(request, "conversations/curating/queue.html", context)


@role_required(*CURATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def case_page(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show a case with what was said of it; a POST resolves or dismisses it."""
    curator = _curator(request)
    message = get_case_for_curator(curator, message_id)
    form = _form(request, curator, message)
    if request.method == "POST":
        try:
            done = _decided(request, form, curator, message)
        except deciding.DecidedMeanwhile as exc:
            messages.error(request, str(exc))
            if request.POST.get("decision") == "dismiss":
                return redirect("case", message_id=message_id)
            done, message = "", get_case_for_curator(curator, message_id)
        if done:
            messages.success(request, done)
            return redirect("curation")
    rendered = render_answer(message, scope_of(curator))
    record_shown(curator, [(message, rendered.evidence)])
    context = {
        "message": message,
        "rendered": rendered,
        "evidence": rendered.evidence,
        "said": message.feedback.all(),
        "form": form,
        "seen": deciding.mark_of(getattr(message, "decision", None)),
        "lines": curated_rows(
            CuratedLines.objects.filter(decision__message=message), scope_of(curator)
        ),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "conversations/curating/case.html", context, status=status)


def _form(request: HttpRequest, curator: User, message: Message) -> DecisionForm:
    """Return the form, filled in with the question and the lines that the address names."""
    named = {name: request.GET.get(name, "") for name in ("source", "path", "first", "last")}
    asked = message.parent.text if message.parent else ""
    initial = {"question": (message.query or asked).split("\n")[0][:2000], **named}
    posted = request.POST if request.method == "POST" else None
    return DecisionForm(posted, scope=scope_of(curator), ref=message.ref, initial=initial)


def _decided(request: HttpRequest, form: DecisionForm, curator: User, message: Message) -> str:
    """Dismiss or resolve the case, and return a sentence that says so; empty, with another in the
    form, when it could not be written down. Raises DecidedMeanwhile."""
    seen = request.POST.get("seen")
    if request.POST.get("decision") == "dismiss":
        deciding.dismiss(curator, message, seen=seen)
        return "The case was dismissed."
    if not form.is_valid():
        return ""
    given = form.cleaned_data
    correction = deciding.Correction(
        question=given["question"],
        place=form.place,
        answer=given["answer"],
        note=given["note"],
        expires_on=given["expires_on"],
    )
    try:
        deciding.resolve(curator, message, correction, seen=seen)
    except ProposalRefused as exc:
        form.add_error("question", str(exc))
        return ""
    return "The case is resolved."


@role_required(*CURATORS)
@require_safe
def curated_list(request: HttpRequest) -> HttpResponse:
    """List the curated lines that this curator may read, with what became of them."""
    scope = scope_of(_curator(request))
    page = Paginator(curated_in(scope), PER_PAGE).get_page(request.GET.get("page"))
    rows = curated_rows(CuratedLines.objects.filter(pk__in=list(page)), scope)
    return render(request, "conversations/curating/curated.html", {"page": page, "rows": rows})


@role_required(*CURATORS)
@require_POST
def curated_withdraw(request: HttpRequest, lines_id: int) -> HttpResponse:
    lines = get_curated_lines(_curator(request), lines_id)
    deciding.withdraw(lines)
    messages.success(request, "These lines do not come first any more.")
    return redirect("curated")


@role_required(*CURATORS)
@require_safe
def report_page(request: HttpRequest) -> HttpResponse:
    """Show how many questions were not answered, by source and week."""
    told = report(known=_names_for(_curator(request)))
    return render(request, "conversations/curating/report.html", {"report": told})


def _names_for(curator: User) -> frozenset[str]:
    """Return the names of the sources that this curator may be told of."""
    return frozenset(named_sources(curator).values_list("name", flat=True))
