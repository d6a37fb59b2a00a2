"""Actions on several sources of the list, for who manages them; the credential of one, for admins."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from appliance.accounts.models import Role, User
from appliance.accounts.roles import administered_sources, role_required
from appliance.sources import managing
from appliance.sources.bulk_forms import ChosenForm
from appliance.sources.listing import ListFilterForm, Wish
from appliance.sources.overview import overviews_of
from appliance.sources.steering import ACTIONS, steer
from indexer.models import Source

DONE = {"sync": "will be synced", "pause": "are paused", "resume": "go on"}


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def steer_sources(request: HttpRequest) -> HttpResponse:
    """Sync, pause or resume the chosen sources, or all that the list's filter shows."""
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        messages.error(request, "Choose what to do.")
        return _back(request)
    managed = administered_sources(cast(User, request.user))
    names = (
        _filtered_names(request, managed)
        if request.POST.get("scope") == "all"
        else request.POST.getlist("source")
    )
    if not names:
        messages.error(request, "Choose the sources first.")
        return _back(request)
    count = steer(managed.filter(name__in=names).order_by("pk"), action)
    messages.success(request, f"Of {len(names)} chosen, {count} {DONE[action]}.")
    return _back(request)


def _filtered_names(request: HttpRequest, managed: QuerySet[Source]) -> list[str]:
    wish = Wish.from_form(ListFilterForm(QueryDict(request.POST.get("query", ""))))
    overviews = overviews_of(managed)
    names = {overview.name for overview in overviews}
    return [overview.name for overview in wish.of(overviews, managed_names=names)]


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the list as it was narrowed; only its own fields are taken along."""
    given = QueryDict(request.POST.get("query", ""))
    kept = QueryDict(mutable=True)
    for key in (*ListFilterForm.base_fields, "page"):
        if key in given:
            kept[key] = given[key]
    query = kept.urlencode()
    return redirect(reverse("sources") + (f"?{query}" if query else ""))


@role_required(Role.ADMIN)
@require_POST
def source_credential(request: HttpRequest, name: str) -> HttpResponse:
    """Let a source use a shared credential in the place of whatever it used before."""
    source = get_object_or_404(Source, name=name)
    form = ChosenForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such credential.")
        return redirect("source", name=name)
    shared = form.cleaned_data["shared_credential"]
    managing.use_credential(source, shared)
    said = f"uses the credential {shared.name}" if shared else "uses no credential"
    messages.success(request, f"{name} {said} from the next sync on.")
    return redirect("source", name=name)
