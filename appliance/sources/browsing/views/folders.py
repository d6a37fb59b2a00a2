"""A folder of a source at a ref: what stands in it, and its README below."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import get_source_for_user
from appliance.sources.browsing.crumbs import crumbs_of, refs_of_folder
from appliance.sources.browsing.opening import OpenedFolder, get_opened_folder
from appliance.sources.browsing.readme import readme_of
from appliance.sources.browsing.rows import rows_of_folder
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_file


@require_safe
def source_files(request: SignedInRequest, source: str) -> HttpResponse:
    """Lead to the root of the ref that is followed by default."""
    found = get_source_for_user(request.user, source)
    ref = found.refs.order_by("-is_default", "name").first()
    folder = get_opened_folder(request.user, source, ref.name if ref else "", "")
    return redirect("folder", source=found.name, commit=folder.ref.commit)


@require_safe
def root_page(request: SignedInRequest, source: str, commit: str) -> HttpResponse:
    return folder_page(request, get_opened_folder(request.user, source, commit, ""))


def folder_page(request: SignedInRequest, folder: OpenedFolder) -> HttpResponse:
    """Show a folder that the reader may see something of."""
    readme = readme_of(request.user, folder)
    if readme:
        record_file(readme.document, Grounds.of(request.user))
    context = {
        "folder": folder,
        "rows": rows_of_folder(folder),
        "crumbs": crumbs_of(folder.path),
        "refs": refs_of_folder(folder.source, folder.path, folder.scope),
        "readme": readme,
        "file_count": sum(entry.files for entry in folder.entries),
    }
    return render(request, "sources/browsing/folder.html", context)
