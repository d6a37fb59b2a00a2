"""The page that explains what is in a support bundle, and hands one over."""

from __future__ import annotations

import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.audit.actions import Action
from appliance.audit.recording import record
from appliance.web.support.bundle import fill


@role_required(Role.ADMIN)
@require_safe
def support(request: HttpRequest) -> HttpResponse:
    """Say what a bundle holds and what it does not."""
    return render(request, "web/support.html")


@role_required(Role.ADMIN)
@require_POST
def support_bundle(request: HttpRequest) -> HttpResponse:
    """Make a bundle and send it."""
    record(Action.SUPPORT_BUNDLED)
    archive = io.BytesIO()
    fill(archive)
    name = f"plumbline-support-{timezone.now():%Y-%m-%d}.zip"
    response = HttpResponse(archive.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
