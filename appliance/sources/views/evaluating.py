"""Pages about how good search is: trends, runs, golden sets, proposals, decisions."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role, User
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import has_role, role_required
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.common.queueing import send
from appliance.sources import evaluating
from appliance.sources.access import get_source_for_user, scope_of
from appliance.sources.forms import AnswerForm, GoldenSetForm
from indexer.evaluation import runs
from indexer.evaluation.golden import Gold, GoldenSetInvalid
from indexer.evaluation.sets import SAVED, ProposalRefused, import_set, save_question
from indexer.evaluation.summary import ALL, ASKED, HISTORY, PARTS
from indexer.models import EvaluationRun, GoldenSet, Promotion
from indexer.spans import Span
from indexer.tasks import evaluate_run

PER_PAGE = 15
SHOWN_PROMOTIONS = 10


@role_required(Role.CURATOR, Role.ADMIN)
@require_safe
def evaluation_page(request: HttpRequest) -> HttpResponse:
    """Show the trend, the runs and what they ask."""
    if getattr(request, "htmx", None):
        return render(request, "sources/_evaluation_progress.html", _progress())
    part = evaluating.chosen_part(request.GET.get("of", ALL))
    quality, vectors = evaluating.plots_of(part)
    page = Paginator(EvaluationRun.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    context = _progress() | {
        "parts": [(key, PARTS[key]) for key in (ALL, HISTORY, ASKED)],
        "part": part,
        "plots": [plot for plot in (quality, vectors) if plot is not None],
        "measures": evaluating.MEASURES,
        "page": page,
        "rows": [evaluating.row_of(run, part) for run in page],
        "alarm": evaluating.alarm_run(),
        "sets": evaluating.golden_sets(),
        "saved": SAVED,
        "proposed": evaluating.proposed(scope_of(cast(User, request.user))),
        "promotions": Promotion.objects.all()[:SHOWN_PROMOTIONS],
        "form": GoldenSetForm(),
    }
    return render(request, "sources/evaluation.html", context)


def _progress() -> dict[str, object]:
    unfinished = (EvaluationRun.State.WAITING, EvaluationRun.State.RUNNING)
    return {"running": EvaluationRun.objects.filter(state__in=unfinished).first()}


@role_required(Role.CURATOR, Role.ADMIN)
@require_POST
def evaluation_start(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        run = runs.start(EvaluationRun.Reason.ASKED)
        if run is not None:
            record(Action.EVALUATED, target=Target("evaluation run", str(run.pk)))
    if run is None:
        messages.warning(request, "There is nothing to ask yet: add a golden set first.")
    else:
        send(evaluate_run, run.pk)
    return redirect("evaluation")


@role_required(Role.CURATOR, Role.ADMIN)
@require_safe
def evaluation_csv(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="plumbline-evaluation.csv"'},
    )
    evaluating.write_csv(response, EvaluationRun.objects.all())  # type: ignore[arg-type]
    return response


@role_required(Role.CURATOR, Role.ADMIN)
@require_safe
def run_page(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: its figures by kind and source, and the questions that it answered worst."""
    run = get_object_or_404(EvaluationRun, pk=run_id)
    scope = scope_of(cast(User, request.user))
    names = {str(pk): name for pk, name in evaluating.names_of(scope).items()}
    context = {
        "run": run,
        "measures": evaluating.MEASURES,
        "rows": evaluating.parts_of(run, names),
        "misses": evaluating.misses_of(run, scope),
        "before": runs.last_good(before=run),
    }
    return render(request, "sources/evaluation_run.html", context)


@role_required(Role.CURATOR, Role.ADMIN)
@require_POST
def run_accept(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(EvaluationRun, pk=run_id, state=EvaluationRun.State.DONE)
    with transaction.atomic():
        runs.accept(run, by=cast(User, request.user).get_username())
        target = Target("evaluation run", str(run.pk))
        record(Action.PROMOTED, target=target, details={"decision": "accepted as normal"})
    messages.success(request, f"Later runs are compared with run {run.pk}.")
    return redirect("evaluation")


@role_required(Role.ADMIN)
@require_POST
def golden_import(request: HttpRequest) -> HttpResponse:
    form = GoldenSetForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(e) for errors in form.errors.values() for e in errors))
        return redirect("evaluation")
    try:
        with transaction.atomic():
            stored = import_set(form.cleaned_data["name"], form.cleaned_data["file"].read())
            evaluating.record_set(stored, "imported")
    except GoldenSetInvalid as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, f"{stored.name}: {stored.entries.count()} questions are asked.")
    return redirect("evaluation")


@role_required(Role.ADMIN)
@require_POST
def golden_remove(request: HttpRequest, set_id: int) -> HttpResponse:
    golden_set = get_object_or_404(GoldenSet, pk=set_id)
    with transaction.atomic():
        evaluating.record_set(golden_set, "deleted")
        golden_set.delete()
    messages.success(request, f"{golden_set.name} was deleted, with what was measured of it.")
    return redirect("evaluation")


@role_required(Role.CURATOR, Role.ADMIN)
@require_POST
def proposal_decide(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Accept or delete what an employee proposed."""
    entries = {entry.pk: entry for entry in evaluating.proposed(scope_of(cast(User, request.user)))}
    entry = entries.get(entry_id)
    if entry is None:
        raise Http404
    is_accepted = request.POST.get("decision") == "accept"
    with transaction.atomic():
        evaluating.decide(entry, is_accepted=is_accepted)
    said = "It is asked from the next run on." if is_accepted else "The proposal was deleted."
    messages.success(request, said)
    return redirect("evaluation")


@require_POST
def answer_save(request: SignedInRequest) -> HttpResponse:
    """Save that a place is the right answer to a query: a proposal, or of a curator accepted."""
    is_curator = has_role(request.user, Role.CURATOR, Role.ADMIN)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This place cannot be saved.", "text/plain", status=400)
    given = form.cleaned_data
    source = get_source_for_user(request.user, given["source"])
    if not scope_of(request.user).allows(source.pk, given["path"]):
        raise Http404
    try:
        with transaction.atomic():
            save_question(
                given["query"],
                source,
                Gold(given["path"], Span(given["start"], given["end"])),
                by=request.user.get_username(),
                is_accepted=is_curator,
            )
            evaluating.record_answer(given["query"], source, given["path"])
    except ProposalRefused as exc:
        return HttpResponse(str(exc), "text/plain", status=400)
    said = "Saved: runs ask it." if is_curator else "Proposed: a curator decides."
    return HttpResponse(f'<span class="soft small" role="status">{said}</span>')
