"""One file at one commit, with lines that can be pointed at."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import OpenedDocument, get_source_for_user, scope_of
from appliance.sources.browsing.filing import frame_of, marked_span, places_above
from appliance.sources.browsing.lines import shown_at_once
from appliance.sources.browsing.opening import get_opened_document, get_opened_folder
from appliance.sources.browsing.outline import outline_of
from appliance.sources.browsing.readme import is_rendered, rendered
from appliance.sources.browsing.unlisted import why_unlisted
from appliance.sources.browsing.views.folders import folder_page
from appliance.sources.elsewhere import followed_at, refs_of_path
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_file

MADE_FROM = {
    "pdf": "Text of a PDF",
    "docx": "Text of a Word document",
    "html": "Main content of an HTML page",
    "notebook": "Cells of a notebook",
}


@require_safe
def file_page(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Show a document, or a folder; the commit may be the name of a ref that is followed."""
    if "\0" in source + commit + path:  # PostgreSQL refuses to look for it
        raise Http404
    if path.endswith("/"):
        return folder_page(request, get_opened_folder(request.user, source, commit, path))
    try:
        document = get_opened_document(request.user, source, commit, path)
    except Http404:
        return _absent(request, source, commit, path)
    record_file(document, Grounds.of(request.user))
    return render(request, "sources/file.html", _context(request, document))


def _context(request: SignedInRequest, document: OpenedDocument) -> dict[str, object]:
    marked = marked_span(request.GET.get("lines", ""), document.line_count)
    frame = frame_of(document, "file", marked)
    about = {"about": f"{document.source.name}:{document.path}"}
    if document.ref and not document.ref.is_default:
        about["ref"] = document.ref.name
    may_render = is_rendered(document)
    return {
        "document": document,
        "frame": frame,
        "may_render": may_render,
        "rendered": rendered(document) if may_render and "rendered" in request.GET else "",
        "shown": shown_at_once(document.text, document.path, marked, places_above(document)),
        "outline": outline_of(document),
        "made_from": MADE_FROM.get(document.format, ""),
        "part_count": len(document.places),
        "about": urlencode(about),
    }


def _absent(request: SignedInRequest, source_name: str, commit: str, asked: str) -> HttpResponse:
    """Lead to the folder of this name, or say why the file is not shown, or in which refs it is
    that this one does not have; 404 when there is nothing to say."""
    source = get_source_for_user(request.user, source_name)
    ref, path = followed_at(source, commit, asked)
    if ref is None or not path:
        raise Http404
    try:
        get_opened_folder(request.user, source_name, ref.commit, f"{path}/")
        return redirect("file", source=source.name, commit=commit, path=f"{asked}/")
    except Http404:
        if not scope_of(request.user).allows(source.pk, path):
            raise
    refs = refs_of_path(source, path)
    why = why_unlisted(ref, path)
    if not why and not any(other.has_it for other in refs):
        raise Http404
    context = {"source": source, "ref": ref, "path": path, "refs": refs, "why": why}
    return render(request, "sources/file_absent.html", context, status=404)
