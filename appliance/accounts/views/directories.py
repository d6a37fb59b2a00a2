"""The pages on which admins set up where people come from."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.directories import managing
from appliance.accounts.directories.kinds import KINDS, kind_of
from appliance.accounts.freshness import fresh_sign_in_required, fresh_sign_in_when, is_sent
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import Directory, Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import role_required


@role_required(Role.ADMIN)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the directories, and the kinds that can be added."""
    context = {
        "directories": Directory.objects.all(),
        "kinds": KINDS.values(),
    }
    return render(request, "accounts/directories.html", context)


@sensitive_post_parameters()
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required  # before a secret is typed, not after
def new(request: SignedInRequest, kind: str) -> HttpResponse:
    """Take the settings of another directory, which is not enabled yet."""
    chosen = next((each for each in KINDS.values() if each.kind == kind), None)
    if chosen is None:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    form = chosen.form(posted, directory=Directory(kind=chosen.kind))
    if form.is_valid():
        directory = managing.store(form, request.user, request)
        messages.success(request, f"{directory.name} is stored. Test it, then enable it.")
        return redirect("directory", directory.slug)
    context = {"form": form, "kind": chosen}
    return render(request, "accounts/directory_new.html", context, status=_status(form.is_bound))


@sensitive_post_parameters()
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_when(is_sent)
def edit(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show one directory with everything about it, and take its settings anew."""
    directory = get_object_or_404(Directory, slug=slug, kind__in=KINDS)
    kind = kind_of(directory)
    posted = request.POST if request.method == "POST" else None
    form = kind.form(posted, directory=directory)
    if form.is_valid():
        managing.store(form, request.user, request)
        messages.success(request, f"{directory.name} is changed, from the next sign-in on.")
        return redirect("directory", directory.slug)
    context = {
        "form": form,
        "kind": kind,
        "directory": Directory.objects.get(pk=directory.pk),
        "addresses": kind.to_register(request, directory),
        "people": directory.identities.count(),
        "mappings": directory.mappings.count(),
        "tells_who_left": managing.tells_who_left(directory),
        "last": directory.identities.exclude(signed_in_at=None).order_by("-signed_in_at")[:5],
    }
    return render(request, "accounts/directory.html", context, status=_status(form.is_bound))


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def switch(request: SignedInRequest, slug: str) -> HttpResponse:
    """Enable a directory, or disable it."""
    directory = get_object_or_404(Directory, slug=slug)
    on = request.POST.get("on") == "yes"
    try:
        managing.switch(directory, request.user, request, on=on)
    except LockedOut as exc:
        messages.error(request, str(exc))
    else:
        if kind_of(directory).signs_in:
            says = "stands on the sign-in page now" if on else "lets nobody in from now on"
        else:
            says = "is heard from now on" if on else "is not heard any more; its people stay"
        messages.success(request, f"{directory.name} {says}.")
    return redirect("directory", directory.slug)


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_when(is_sent)
def remove(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask, then forget a directory."""
    directory = get_object_or_404(Directory, slug=slug)
    if request.method == "POST":
        try:
            managing.remove(directory, request.user, request)
        except LockedOut as exc:
            messages.error(request, str(exc))
            return redirect("directory", directory.slug)
        messages.success(request, f"{directory.name} was removed.")
        return redirect("directories")
    context = {"directory": directory, "people": directory.identities.count()}
    return render(request, "accounts/directory_remove.html", context)


def _status(is_bound: bool) -> int:
    return 400 if is_bound else 200
