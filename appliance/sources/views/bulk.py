"""Connect many sources: from a list or from a host's API, with a preview before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.models import Role, User
from appliance.accounts.roles import role_required
from appliance.sources import bulk
from appliance.sources.bulk_forms import ChosenLinesForm, HostForm, ListForm
from appliance.sources.credentials import token_of
from indexer import clients
from indexer.errors import FetchError
from indexer.hosting.listing import list_repositories
from indexer.hosting.values import Listing
from indexer.models import SharedCredential


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def connect_list(request: HttpRequest) -> HttpResponse:
    """Take a list; answer with what would happen to each line."""
    if request.method != "POST":
        return render(request, "sources/connect_list.html", {"form": ListForm()})
    form = ListForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "sources/connect_list.html", {"form": form}, status=400)
    given = form.cleaned_data
    return _preview(request, bulk.plan(given["lines"]), given["shared_credential"])


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def connect_host(request: HttpRequest) -> HttpResponse:
    """Ask a host for its repositories; answer with what would happen to each."""
    if request.method != "POST":
        return render(request, "sources/connect_host.html", {"form": HostForm()})
    form = HostForm(request.POST)
    listing = _listed(form) if form.is_valid() else None
    if listing is None:
        return render(request, "sources/connect_host.html", {"form": form}, status=400)
    if listing.is_cut:
        messages.warning(
            request, f"The server lists more than {listing.seen}: narrow them by their names."
        )
    lines = [
        bulk.Line(number, repository.clone_url)
        for number, repository in enumerate(listing.repositories, 1)
    ]
    host = (urlsplit(form.cleaned_data["address"]).hostname or "").removeprefix("api.")
    planned = bulk.plan(lines, only_host=host)
    return _preview(request, planned, form.cleaned_data["shared_credential"])


def _listed(form: HostForm) -> Listing | None:
    """Call the host; put what it refuses on the form."""
    given = form.cleaned_data
    try:
        return list_repositories(
            given["kind"],
            given["address"].rstrip("/"),
            given["group"],
            token=token_of(given["shared_credential"]),
            policy=clients.location_policy(from_command_line=False),
            wanted=form.wanted,
        )
    except FetchError as exc:
        form.add_error(_field_of(exc.code), str(exc))
        return None


def _field_of(code: str) -> str:
    if code in {"group_malformed", "api_no_group"}:
        return "group"
    if code in {"api_token_refused", "api_forbidden"} or code.startswith("credential_"):
        return "shared_credential"
    return "address"


def _preview(
    request: HttpRequest, planned: Sequence[bulk.Planned], shared: SharedCredential | None
) -> HttpResponse:
    context = {
        "planned": planned,
        "credential": shared,
        "form": ChosenLinesForm(initial={"shared_credential": shared}),
        **{
            word: sum(one.outcome == word for one in planned)
            for word in ("connect", "known", "refused")
        },
    }
    return render(request, "sources/connect_preview.html", context)


@role_required(Role.ADMIN)
@require_POST
def connect_chosen(request: HttpRequest) -> HttpResponse:
    """Connect the lines that were left chosen; answer with what happened to each."""
    form = ChosenLinesForm(request.POST)
    try:
        lines = bulk.read_list("\n".join(request.POST.getlist("line")))
    except bulk.ListRefused as exc:
        form.add_error(None, str(exc))
        lines = []
    if not form.is_valid() or not lines:
        messages.error(request, "Nothing was chosen, so nothing was connected.")
        return render(request, "sources/connect_list.html", {"form": ListForm()}, status=400)
    shared = form.cleaned_data["shared_credential"]
    readers = form.cleaned_data["readers"]
    results = bulk.connect_all(
        bulk.plan(lines),
        shared_credential=shared,
        readers=readers,
        by=cast(User, request.user),
    )
    connected = sum(result.is_connected for result in results)
    context = {
        "results": results,
        "connected": connected,
        "left_out": len(results) - connected,
        "readers": readers,
    }
    return render(request, "sources/connect_result.html", context)
