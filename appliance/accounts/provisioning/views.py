"""Pages for admins over what a directory brings: groups, the sync, and the tokens of SCIM."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.freshness import fresh_sign_in_required, fresh_sign_in_when, is_saved
from appliance.accounts.lag import lag_of
from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory, Role, ScimToken, User
from appliance.accounts.provisioning import mapping
from appliance.accounts.provisioning.forms import MappingForm, TokenForm
from appliance.accounts.roles import role_required
from appliance.accounts.scim import tokens
from appliance.accounts.scim.setting_up import provisioned as provisioned_by


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_when(is_saved)
def groups(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which groups stand for which; show what a change would do, or do it."""
    directory = get_object_or_404(Directory, slug=slug)
    form = MappingForm(request.POST or None, directory=directory)
    proposal = form.present
    if request.method == "POST" and form.is_valid():
        proposal = form.proposal
        if "save" in request.POST:
            mapping.save(directory, proposal, by=_admin(request))
            messages.success(request, "The mapping is saved, and everybody's groups follow it.")
            return redirect("directory_mapping", slug)
    context = {
        "directory": directory,
        "form": form,
        "mappings": form.numbered.values(),
        "removed": request.POST.getlist("remove"),
        "preview": mapping.preview(directory, proposal),
        "is_proposal": proposal != form.present,
        "here": Group.objects.order_by("name").values_list("name", flat=True),
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "accounts/provisioning/groups.html", context, status=status)


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD"])
def provisioning(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how people and groups come from a directory, and how current they are."""
    directory = get_object_or_404(Directory, slug=slug)
    return _page(request, directory, TokenForm())


@role_required(Role.ADMIN)
@require_POST
def sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Sync an LDAP directory now; with `go_on` also when that shuts out many people."""
    directory = get_object_or_404(Directory, slug=slug, kind=Directory.Kind.LDAP, is_enabled=True)
    report = sync_directory(directory, by=_admin(request), go_on="go_on" in request.POST)
    if report.is_busy:
        messages.info(request, "A sync of this directory runs already.")
    elif report.error:
        messages.error(request, report.error)
    else:
        messages.success(
            request,
            f"Synced {report.people} people: {report.joined} memberships added, {report.left} "
            f"taken, {report.disabled} people disabled, {report.enabled} enabled.",
        )
    return redirect("directory_provisioning", slug)


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def token_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a token and show it this once."""
    directory = get_object_or_404(Directory, slug=slug)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, directory, form, status=400)
    given = form.cleaned_data
    token = tokens.issue(directory, given["name"], days=given["days"], by=_admin(request))
    response = _page(request, directory, TokenForm(), token=token)
    response["Cache-Control"] = "no-store"
    return response


@role_required(Role.ADMIN)
@require_POST
def token_revoke(request: HttpRequest, slug: str, token_id: int) -> HttpResponse:
    token = ScimToken.objects.filter(directory__slug=slug, pk=token_id).first()
    if token is None:
        raise Http404
    tokens.revoke(token, by=_admin(request))
    messages.success(request, f"The token {token.name} is refused from now on.")
    return redirect("directory_provisioning", slug)


def _admin(request: HttpRequest) -> User:
    return cast("User", request.user)  # `role_required` let nobody else through


def _page(
    request: HttpRequest,
    directory: Directory,
    form: TokenForm,
    *,
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    is_ldap = directory.kind == Directory.Kind.LDAP
    context = {
        "directory": directory,
        "is_ldap": is_ldap,
        "lag": lag_of(directory) if is_ldap else None,
        "provisioned": provisioned_by(directory),
        "tokens": directory.scim_tokens.select_related("created_by"),
        "form": form,
        "token": token,
        "address": request.build_absolute_uri(f"/scim/v2/{directory.slug}"),
    }
    return render(request, "accounts/provisioning/page.html", context, status=status)
