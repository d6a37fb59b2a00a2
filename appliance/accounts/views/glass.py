"""Emergency access, for admins: open it with a reason, see who has it and had it, end it."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.forms import GlassForm
from appliance.accounts.freshness import fresh_sign_in_required
from appliance.accounts.glass import close_glass, glass_of, note_seen, open_glass
from appliance.accounts.models import BrokenGlass, Role, User
from appliance.accounts.roles import role_required

PER_PAGE = 20


@role_required(Role.ADMIN)
@require_safe
def glass_page(request: HttpRequest) -> HttpResponse:
    note_seen(cast(User, request.user))
    return _page(request, GlassForm())


def _page(request: HttpRequest, form: GlassForm) -> HttpResponse:
    past = BrokenGlass.objects.select_related("user")
    context = {
        "form": form,
        "mine": glass_of(cast(User, request.user)),
        "minutes": settings.GLASS_MINUTES,
        "page": Paginator(past, PER_PAGE).get_page(request.GET.get("page")),
    }
    status = 400 if form.is_bound else 200
    return render(request, "accounts/glass.html", context, status=status)


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def glass_open(request: HttpRequest) -> HttpResponse:
    form = GlassForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    glass = open_glass(cast(User, request.user), form.cleaned_data["reason"], request=request)
    messages.warning(request, f"You read everything until {glass.ends_at:%H:%M} UTC.")
    return redirect("glass")


@role_required(Role.ADMIN)
@require_POST
def glass_close(request: HttpRequest, glass_id: int) -> HttpResponse:
    """End emergency access: any admin may end anybody's."""
    close_glass(get_object_or_404(BrokenGlass, pk=glass_id), by=request.user, request=request)
    messages.success(request, "The emergency access has ended.")
    return redirect("glass")
