"""What admins do with sources: connect and remove them; and source admins with theirs: the rest."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import administered_sources, role_required
from appliance.sources import managing
from appliance.sources.access import get_administered_source, known_sources
from appliance.sources.bulk_forms import ChosenForm
from appliance.sources.changes import changes_of_source, sentence_of
from appliance.sources.findings import counts_of
from appliance.sources.forms import (
    ConnectForm,
    NewUploadForm,
    RemoveForm,
    SettingsForm,
    SkippedFilterForm,
    UploadForm,
)
from appliance.sources.grant_forms import GrantForm
from appliance.sources.hostaccess.state import state_of
from appliance.sources.listing import PER_PAGE, ListFilterForm, Wish, summary_of
from appliance.sources.overview import freshness_of, overviews_of
from appliance.sources.skipped import skip_reasons, skipped_page
from appliance.sources.views.dryrun import people_names
from appliance.sources.views.hooks import hook_address
from indexer.errors import FetchRefused
from indexer.fetching.values import Credential
from indexer.models import Job, Revision, Source

SHOWN_REVISIONS = 10
SHOWN_JOBS = 5
SHOWN_CHANGES = 20


@require_safe
def source_list(request: SignedInRequest) -> HttpResponse:
    """Show the sources one is granted, and those one manages with what to do about them."""
    known = known_sources(request.user)
    administered = administered_sources(request.user)
    managed = set(administered.values_list("name", flat=True))
    overviews = overviews_of(administered | known)
    form = ListFilterForm(request.GET)
    wish = Wish.from_form(form)
    found = wish.of(overviews, managed_names=managed)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "sources": page,
        "managed_names": managed,
        "granted_names": set(known.values_list("name", flat=True)),
        "is_active": any(overview.is_active for overview in overviews),
        "form": form,
        "wish": wish,
        "summary": summary_of(overviews),
        "total": len(overviews),
        "query": request.GET.urlencode(),
    }
    template = "sources/_list.html" if request.htmx else "sources/list.html"
    return render(request, template, context)


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def source_connect(request: HttpRequest) -> HttpResponse:
    """Connect a git address and queue its first sync."""
    form = ConnectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and (source := _connected(form)):
        managing.request_sync(source)
        messages.success(
            request,
            f"{source.name} is connected and its first sync is queued. Grant it to a group.",
        )
        return redirect("source", name=source.name)
    status = 400 if form.is_bound else 200
    return render(request, "sources/connect.html", {"form": form}, status=status)


def _connected(form: ConnectForm) -> Source | None:
    """Call the flow; put its refusal beside the field that it is about."""
    given = form.cleaned_data
    try:
        credential = Credential(given["username"], given["secret"]) if given["secret"] else None
        return managing.connect(
            given["location"],
            name=given["name"],
            ref_names=given["ref_names"],
            exclude_patterns=given["exclude_patterns"],
            credential=credential,
            shared_credential=given["shared_credential"],
        )
    except managing.NameRefused as exc:
        form.add_error("name", str(exc))
    except FetchRefused as exc:
        form.add_error(_field_of(exc.code), str(exc))
    return None


def _field_of(code: str) -> str:
    return "secret" if code.startswith("credential_") else "location"


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_safe
def source_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one source to the people who run it: progress, refs, revisions, skips, grants."""
    source = get_administered_source(request.user, name)
    if request.headers.get("HX-Request"):
        return render(request, "sources/_progress.html", _progress_context(source))
    return render(request, "sources/detail.html", detail_context(source, request))


def _progress_context(source: Source) -> dict[str, object]:
    (overview,) = overviews_of(Source.objects.filter(pk=source.pk))
    return {"source": overview, "jobs": Job.objects.filter(source=source)[:SHOWN_JOBS]}


def detail_context(source: Source, request: HttpRequest, **forms: Form) -> dict[str, object]:
    """Return what the page of a source shows, with forms that were filled in wrongly."""
    filter_form = SkippedFilterForm(request.GET)
    return {
        **_progress_context(source),
        "refs": source.refs.order_by("-is_default", "name"),
        "settings_form": forms.get("settings_form", SettingsForm(initial=_settings_of(source))),
        "upload_form": forms.get("upload_form", UploadForm()),
        "freshness": freshness_of(source),
        "hook_address": hook_address(request, source),
        "shared_credential": source.shared_credential,
        "revisions": Revision.objects.filter(ref__source=source).select_related("ref")[
            :SHOWN_REVISIONS
        ],
        "grants": source.grants.select_related("group", "user"),
        "host_access": state_of(source),
        "people": people_names(),
        "changes": [
            (change, sentence_of(change)) for change in changes_of_source(source)[:SHOWN_CHANGES]
        ],
        "reasons": skip_reasons(source),
        "skipped": skipped_page(source, filter_form, request.GET.get("page")),
        "masked_places": sum(count.places for count in counts_of(source)),
        "filter_form": filter_form,
        "has_address": source.kind == Source.Kind.REMOTE,
        "has_own_credential": bool(source.credential),
        "credential_form": ChosenForm({"shared_credential": source.shared_credential_id}),
        "grant_form": forms.get("grant_form", GrantForm()),
        "remove_form": forms.get("remove_form", RemoveForm(name=source.name)),
    }


def _settings_of(source: Source) -> dict[str, object]:
    return {
        "ref_names": " ".join(source.ref_names),
        "exclude_patterns": "\n".join(source.exclude_patterns),
        "is_open": source.is_open,
        "poll_minutes": None if source.poll_s is None else source.poll_s // 60,
    }


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_sync(request: HttpRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    managing.sync_anew(source)
    messages.success(request, f"A sync of {source.name} is queued.")
    return redirect("source", name=source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_settings(request: HttpRequest, name: str) -> HttpResponse:
    """Change what of a source is followed and how often it is looked at."""
    source = get_administered_source(request.user, name)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        context = detail_context(source, request, settings_form=form)
        return render(request, "sources/detail.html", context, status=400)
    given = form.cleaned_data
    minutes = given["poll_minutes"]
    managing.change_settings(
        source,
        ref_names=given["ref_names"],
        exclude_patterns=given["exclude_patterns"],
        poll_s=None if minutes is None else minutes * 60,
        is_open=given["is_open"],
    )
    messages.success(request, "Saved; a sync with the new settings is queued.")
    return redirect("source", name=source.name)


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def source_upload(request: HttpRequest) -> HttpResponse:
    """Connect an uploaded archive."""
    is_post = request.method == "POST"
    form = NewUploadForm(request.POST, request.FILES) if is_post else NewUploadForm()
    if is_post and form.is_valid():
        file, name = form.cleaned_data["file"], form.cleaned_data["name"]
        try:
            source = managing.connect_upload(file, file.name, name=name)
        except managing.NameRefused as exc:
            form.add_error("name", str(exc))
        except FetchRefused as exc:
            form.add_error("file", str(exc))
        else:
            managing.request_sync(source)
            messages.success(request, f"{name} is uploaded and will be read. Grant it to a group.")
            return redirect("source", name=name)
    status = 400 if form.is_bound else 200
    return render(request, "sources/upload.html", {"form": form}, status=status)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_replace(request: HttpRequest, name: str) -> HttpResponse:
    """Upload a new version of an archive."""
    source = get_administered_source(request.user, name)
    if source.kind != Source.Kind.ARCHIVE:
        raise Http404
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        context = detail_context(source, request, upload_form=form)
        return render(request, "sources/detail.html", context, status=400)
    file = form.cleaned_data["file"]
    managing.replace_upload(source, file, file.name)
    messages.success(request, "Uploaded; what is live stays until the new version has been read.")
    return redirect("source", name=source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_pause(request: HttpRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    managing.pause(source)
    messages.success(request, f"{source.name} is paused; what is live stays searchable.")
    return redirect("source", name=source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_resume(request: HttpRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    managing.resume(source)
    messages.success(request, f"{source.name} goes on; a sync is queued.")
    return redirect("source", name=source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def source_reindex(request: HttpRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    managing.reindex(source)
    messages.success(request, f"Every file of {source.name} will be read again.")
    return redirect("source", name=source.name)


@role_required(Role.ADMIN)
@require_POST
def source_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Remove a source for good, when its name was typed."""
    source = get_administered_source(request.user, name)
    form = RemoveForm(request.POST, name=source.name)
    if not form.is_valid():
        context = detail_context(source, request, remove_form=form)
        return render(request, "sources/detail.html", context, status=400)
    managing.remove(source)
    messages.success(request, f"{name} was removed.")
    return redirect("sources")
