"""Pages over shared credentials, for admins: add, replace, remove; never show."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.sources import credentials
from appliance.sources.bulk_forms import NewCredentialForm, SecretForm
from appliance.sources.views.hooks import shared_hook_address
from indexer.models import SharedCredential


@sensitive_post_parameters()
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def credential_list(request: HttpRequest) -> HttpResponse:
    """Show the names and how many sources use each; take a new one."""
    form = NewCredentialForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _added(form):
        messages.success(request, f"{form.cleaned_data['name']} is stored.")
        return redirect("credentials")
    shared = SharedCredential.objects.annotate(
        source_count=Count("sources", distinct=True),
        host_count=Count("code_hosts", distinct=True),
    )
    context = {"credentials": shared, "form": form}
    return render(request, "sources/credentials.html", context, status=_status(form))


def _added(form: NewCredentialForm) -> bool:
    given = form.cleaned_data
    try:
        credentials.add(given["name"], given["credential"])
    except credentials.CredentialRefused as exc:
        form.add_error("name", str(exc))
        return False
    return True


@sensitive_post_parameters()
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def credential_page(request: HttpRequest, credential_id: int) -> HttpResponse:
    """Put another secret in the place of the present one."""
    shared = get_object_or_404(SharedCredential, pk=credential_id)
    form = SecretForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        credentials.replace(shared, form.cleaned_data["credential"])
        messages.success(request, f"{shared.name} has a new secret from the next sync on.")
        return redirect("credentials")
    context = {
        "credential": shared,
        "sources": shared.sources.all(),
        "form": form,
        "address": shared_hook_address(request, shared),
    }
    return render(request, "sources/credential.html", context, status=_status(form))


@role_required(Role.ADMIN)
@require_POST
def credential_remove(request: HttpRequest, credential_id: int) -> HttpResponse:
    shared = get_object_or_404(SharedCredential, pk=credential_id)
    try:
        credentials.remove(shared)
    except credentials.CredentialRefused as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, f"{shared.name} was removed.")
    return redirect("credentials")


def _status(form: SecretForm) -> int:
    return 400 if form.is_bound else 200
