"""People, for admins: who they are, what they may do, where they are signed in; disable, enable."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts import leaving
from appliance.accounts.forms import PeopleFilterForm, RoleForm
from appliance.accounts.freshness import fresh_sign_in_required
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import Role, User
from appliance.accounts.overview import find_people, role_words, roles_held
from appliance.accounts.roles import role_required
from appliance.accounts.sessions import device_of, end_all_sessions, sessions_of
from appliance.accounts.views.roles import change_role

PER_PAGE = 50


@role_required(Role.ADMIN)
@require_safe
def people_list(request: HttpRequest) -> HttpResponse:
    """List people by name, narrowed by letters of it and by state."""
    form = PeopleFilterForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {"q": "", "state": ""}
    people = find_people(given["q"].strip(), given["state"])
    page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": [(user, role_words(user)) for user in page],
        "is_narrow": any(given.values()),
    }
    return render(request, "accounts/people.html", context)


@role_required(Role.ADMIN)
@require_safe
def person_page(request: HttpRequest, user_id: int) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    return render(request, "accounts/person.html", _context(user))


def _context(user: User) -> dict[str, object]:
    return {
        "person": user,
        "held": roles_held(user),
        "groups": user.groups.order_by("name"),
        "identities": user.identities.select_related("directory"),
        "lapsed": user.identities.exclude(lapsed_at=None).select_related("directory").first(),
        "sessions": [(one, device_of(one.user_agent)) for one in sessions_of(user)],
        "tokens": user.api_tokens.filter(revoked_at=None),
        "role_form": RoleForm(),
    }


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def person_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a person a role, or take one."""
    user = get_object_or_404(User, pk=user_id)
    form = RoleForm(request.POST)
    if (status := change_role(request, form, user)) is not None:
        context = {**_context(user), "role_form": form}
        return render(request, "accounts/person.html", context, status=status)
    return redirect("person", user_id=user.pk)


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required
def person_disable(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask once more, then lock somebody out everywhere."""
    user = get_object_or_404(User, pk=user_id)
    if request.method != "POST":
        return render(request, "accounts/person_disable.html", {"person": user})
    try:
        leaving.disable(user, by=request.user, request=request)
    except LockedOut as exc:
        context = {"person": user, "refused": str(exc)}
        return render(request, "accounts/person_disable.html", context, status=409)
    messages.success(request, f"{user.get_username()} is locked out.")
    return redirect("person", user_id=user.pk)


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def person_enable(request: HttpRequest, user_id: int) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    leaving.enable(user, by=request.user, request=request)
    messages.success(request, f"{user.get_username()} may sign in again.")
    return redirect("person", user_id=user.pk)


@role_required(Role.ADMIN)
@require_POST
def person_sign_out(request: HttpRequest, user_id: int) -> HttpResponse:
    """Sign somebody out everywhere; they may sign in again."""
    user = get_object_or_404(User, pk=user_id)
    count = end_all_sessions(user, by=request.user, request=request)
    if user == request.user:
        return redirect("account_login")
    messages.success(
        request, f"{user.get_username()} is signed out in {count} place{'s' * (count != 1)}."
    )
    return redirect("person", user_id=user.pk)
