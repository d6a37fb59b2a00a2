"""A thread as a file."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import get_thread_for_reader, reading_of
from appliance.conversations.exporting.as_json import to_json
from appliance.conversations.exporting.as_markdown import to_markdown
from appliance.conversations.exporting.pieces import Export, export_of
from appliance.conversations.forms import PlaceForm
from appliance.conversations.showing import record_export

Format = tuple[Callable[[Export], str], str]
FORMATS: dict[str, Format] = {
    "md": (to_markdown, "text/markdown; charset=utf-8"),
    "json": (to_json, "application/json; charset=utf-8"),
}


@require_safe
def thread_export(request: SignedInRequest, thread_id: UUID, ending: str) -> HttpResponse:
    """Download the path through `at`, or with `all` every branch, as this reader sees it."""
    thread = get_thread_for_reader(request.user, thread_id)
    write, content_type = FORMATS[ending]
    export = export_of(
        reading_of(request.user, thread),
        PlaceForm(request.GET).named("at"),
        is_whole="all" in request.GET,
    )
    record_export(request.user, export, ending)
    response = HttpResponse(write(export), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{export.file_name(ending)}"'
    return response
