"""Saving and revoking access rules of a source."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.models import Role, User
from appliance.accounts.roles import role_required
from appliance.sources import granting
from appliance.sources.access import get_administered_source
from appliance.sources.dryrun import fitting
from appliance.sources.grant_forms import GrantForm
from appliance.sources.models import Grant
from appliance.sources.views.managing import detail_context


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def grant_add(request: HttpRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    form = GrantForm(request.POST)
    if not form.is_valid():
        context = detail_context(source, request, grant_form=form)
        return render(request, "sources/detail.html", context, status=400)
    given = form.cleaned_data
    grant = granting.set_grant(
        form.holder,
        source,
        given["path_pattern"],
        allow=given["allow"],
        expires_at=given["until"],
        reason=given["reason"],
        by=cast(User, request.user),
    )
    fits = fitting(grant)
    tell = messages.warning if fits.fits_none else messages.success
    tell(request, f"Saved: {grant}. {fits.sentence}")
    return redirect("source", name=source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def grant_revoke(request: HttpRequest, name: str, grant_id: int) -> HttpResponse:
    """Ask whether to revoke a rule, and do it when the answer comes."""
    source = get_administered_source(request.user, name)
    grant = get_object_or_404(Grant, pk=grant_id, source=source, imported_by=None)
    if request.method != "POST":
        return render(request, "sources/grant_revoke.html", {"grant": grant})
    granting.revoke_grant(grant, by=cast(User, request.user))
    messages.success(request, f"Revoked: {grant}.")
    return redirect("source", name=name)
