"""API tokens: one's own to make and revoke, and for admins everybody's to revoke."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import ApiToken, Role, TokenRight
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import role_required
from appliance.accounts.tokens import NewToken, TokenNotMade, create_token, revoke_token
from appliance.sources.access import readable_sources
from appliance.sources.token_forms import TokenForm

PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: SignedInRequest) -> HttpResponse:
    """Show one's tokens; a POST makes one and shows its text, this once."""
    is_post = request.method == "POST"
    sources = readable_sources(request.user)
    form = TokenForm(request.POST if is_post else None, sources=sources)
    made = _made(request, form) if is_post and form.is_valid() else None
    context = {
        "tokens": request.user.api_tokens.select_related("grant").prefetch_related("sources"),
        "form": TokenForm(sources=sources) if made else form,
        "made": made,
    }
    status = 400 if is_post and made is None else 200
    return render(request, "sources/tokens.html", context, status=status)


def _made(request: SignedInRequest, form: TokenForm) -> NewToken | None:
    given = form.cleaned_data
    try:
        return create_token(
            request.user,
            name=given["name"],
            rights=map(TokenRight, given["rights"]),
            days=given["days"],
            sources=given["sources"] or None,
            by=request.user,
            request=request,
        )
    except TokenNotMade as exc:
        form.add_error(None, str(exc))
        return None


@require_POST
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, pk=token_id)
    revoke_token(token, by=request.user, request=request)
    messages.success(request, f"{token.name} is revoked: it opens nothing any more.")
    return redirect("tokens")


@role_required(Role.ADMIN)
@require_safe
def all_tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens of everybody, newest first."""
    tokens = ApiToken.objects.select_related("user", "grant").prefetch_related("sources")
    page = Paginator(tokens, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "sources/all_tokens.html", {"page": page})


@role_required(Role.ADMIN)
@require_POST
def any_token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("user"), pk=token_id)
    revoke_token(token, by=request.user, request=request)
    messages.success(request, f"{token.name} of {token.user} is revoked.")
    return redirect("all_tokens")
