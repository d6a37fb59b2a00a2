"""Groups, for admins: who is in one, what its members may do, what it opens."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.forms import MemberForm, PeopleFilterForm, RoleForm
from appliance.accounts.freshness import fresh_sign_in_required
from appliance.accounts.joining import MemberKept, add_member, remove_member
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import Role, User
from appliance.accounts.overview import find_groups, roles_of_group
from appliance.accounts.roles import role_required
from appliance.accounts.views.roles import change_role

PER_PAGE = 50


@role_required(Role.ADMIN)
@require_safe
def group_list(request: HttpRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    page = Paginator(find_groups(text), PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "is_narrow": bool(text)}
    return render(request, "accounts/groups.html", context)


@role_required(Role.ADMIN)
@require_safe
def group_page(request: HttpRequest, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    return render(request, "accounts/group.html", _context(request, group))


def _context(request: HttpRequest, group: Group) -> dict[str, object]:
    members = User.objects.filter(groups=group).order_by("username")
    return {
        "group": group,
        "members": Paginator(members, PER_PAGE).get_page(request.GET.get("page")),
        "held": roles_of_group(group),
        "grants": group.grants.select_related("source"),
        "role_form": RoleForm(),
        "member_form": MemberForm(),
    }


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def group_role(request: HttpRequest, group_id: int) -> HttpResponse:
    """Give each member of a group a role, or take it."""
    group = get_object_or_404(Group, pk=group_id)
    form = RoleForm(request.POST)
    if (status := change_role(request, form, group)) is not None:
        context = {**_context(request, group), "role_form": form}
        return render(request, "accounts/group.html", context, status=status)
    return redirect("group", group_id=group.pk)


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def group_member(request: HttpRequest, group_id: int) -> HttpResponse:
    """Put somebody into a group, or take them out."""
    group = get_object_or_404(Group, pk=group_id)
    form = MemberForm(request.POST)
    status = _changed_member(request, form, group)
    if status is not None:
        context = {**_context(request, group), "member_form": form}
        return render(request, "accounts/group.html", context, status=status)
    return redirect("group", group_id=group.pk)


def _changed_member(request: HttpRequest, form: MemberForm, group: Group) -> int | None:
    """Do what the form says; None, or the status with which it is shown again."""
    if not form.is_valid():
        return 400
    user = User.objects.filter(username=form.cleaned_data["username"]).first()
    if user is None:
        form.add_error("username", "There is nobody of this name.")
        return 400
    removes = request.POST.get("change") == "remove"
    try:
        (remove_member if removes else add_member)(group, user, by=request.user, request=request)
    except (LockedOut, MemberKept) as exc:
        form.add_error(None, str(exc))
        return 409
    verb = "is not in" if removes else "is in"
    messages.success(request, f"{user.get_username()} {verb} {group.name} now.")
    return None
