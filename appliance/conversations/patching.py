"""A proposed change as a file to download."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import get_patch_for_reader
from appliance.conversations.changes import file_name
from appliance.conversations.showing import record_patch


@require_safe
def message_patch(request: SignedInRequest, message_id: UUID, number: int) -> HttpResponse:
    """Send a patch as `git apply` takes it; never as anything that a browser opens."""
    patch = get_patch_for_reader(request.user, message_id, number)
    record_patch(request.user, message_id, number)
    response = HttpResponse(patch["diff"], content_type="text/x-patch; charset=utf-8")
    name = file_name(number, patch)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
