"""Trying a directory out: its connection, and what would come of its attributes."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from appliance.accounts.directories.kinds import kind_of
from appliance.accounts.directories.preview import preview as previewed
from appliance.accounts.directories.steps import State
from appliance.accounts.models import Directory, Identity, Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import role_required
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from appliance.common.numbers import row_number

LONGEST, LONGEST_NAME = 100_000, 200


@role_required(Role.ADMIN)
@require_POST
def test(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show each step of a test of the connection."""
    directory = get_object_or_404(Directory, slug=slug)
    name = request.POST.get("name", "").strip()[:LONGEST_NAME]
    steps = list(kind_of(directory).test(directory, name))
    failed = [step.name for step in steps if step.state == State.FAILED]
    record(
        Action.DIRECTORY_TESTED,
        actor=request.user,
        target=Target("directory", directory.slug, directory.name),
        outcome=Outcome.FAILED if failed else Outcome.DONE,
        request=request,
        details={"failed": failed},
    )
    context = {"directory": directory, "steps": steps, "failed": failed}
    return render(request, _template(request, "test"), context)


@role_required(Role.ADMIN)
@require_POST
def preview(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show who would come of attributes, pasted or of somebody who signed in."""
    directory = get_object_or_404(Directory, slug=slug)
    text = request.POST.get("attributes", "")
    number = row_number(request.POST.get("identity", ""))
    identity = directory.identities.filter(pk=number).first()
    attributes = _of(identity) if identity else _read(text)
    context = {
        "directory": directory,
        "text": text,
        "preview": previewed(directory, attributes) if attributes is not None else None,
    }
    return render(request, _template(request, "preview"), context)


def _of(identity: Identity) -> dict[str, Any]:
    return dict(identity.attributes) | {"sub": identity.subject, "NameID": identity.subject}


def _read(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else None


def _template(request: HttpRequest, name: str) -> str:
    is_part = request.headers.get("HX-Request") == "true"
    return f"accounts/_directory_{name}.html" if is_part else f"accounts/directory_{name}.html"
