"""Pages on which admins make local accounts and groups, and take them away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from appliance.accounts import making
from appliance.accounts.forms import GroupForm, NewPersonForm, PasswordForm, PersonForm
from appliance.accounts.freshness import fresh_sign_in_required
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import Role, User
from appliance.accounts.roles import role_required

READS_AND_POSTS = ["GET", "HEAD", "POST"]


@sensitive_post_parameters("password")
@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
@fresh_sign_in_required
def person_new(request: HttpRequest) -> HttpResponse:
    """Take a local account: for who is in no directory, and for emergencies."""
    form = NewPersonForm(request.POST or None)
    if form.is_valid():
        user = making.make_account(form.person(), by=request.user, request=request)
        messages.success(request, f"{user.username} may sign in with the password you entered.")
        return redirect("person", user_id=user.pk)
    return render(request, "accounts/person_new.html", {"form": form}, status=_status(form))


@sensitive_post_parameters("password")
@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
@fresh_sign_in_required
def person_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a local account another password."""
    user = get_object_or_404(User, pk=user_id, identities=None)
    form = PasswordForm(request.POST or None, user=user)
    if form.is_valid():
        password = form.cleaned_data["password"]
        making.set_password(user, password, by=request.user, request=request)
        messages.success(request, f"{user.username} has a new password and is signed out.")
        return redirect("person", user_id=user.pk)
    context = {"form": form, "person": user}
    return render(request, "accounts/person_password.html", context, status=_status(form))


@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
def person_edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change the names and the address of a local account; others have a directory for it."""
    user = get_object_or_404(User, pk=user_id, identities=None)
    form = PersonForm(request.POST or None, instance=user)
    if form.is_valid():
        making.change_person(form.save(commit=False), by=request.user, request=request)
        return redirect("person", user_id=user.pk)
    context = {"form": form, "person": User.objects.get(pk=user.pk)}
    return render(request, "accounts/person_edit.html", context, status=_status(form))


@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
@fresh_sign_in_required
def person_remove(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask once more, then delete somebody for good."""
    user = get_object_or_404(User, pk=user_id)
    context = {"person": user, "threads": user.threads.count()}
    if request.method != "POST":
        return render(request, "accounts/person_remove.html", context)
    try:
        making.delete_person(user, by=request.user, request=request)
    except LockedOut as exc:
        context["refused"] = str(exc)
        return render(request, "accounts/person_remove.html", context, status=409)
    messages.success(request, f"{context['person']} is deleted.")
    return redirect("people")


@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
def group_new(request: HttpRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if form.is_valid():
        group = making.make_group(form.cleaned_data["name"], by=request.user, request=request)
        return redirect("group", group_id=group.pk)
    return render(request, "accounts/group_name.html", {"form": form}, status=_status(form))


@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
def group_rename(request: HttpRequest, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    form = GroupForm(request.POST or None, group=group)
    if form.is_valid():
        making.rename_group(group, form.cleaned_data["name"], by=request.user, request=request)
        return redirect("group", group_id=group.pk)
    context = {"form": form, "group": Group.objects.get(pk=group.pk)}
    return render(request, "accounts/group_name.html", context, status=_status(form))


@role_required(Role.ADMIN)
@require_http_methods(READS_AND_POSTS)
@fresh_sign_in_required
def group_remove(request: HttpRequest, group_id: int) -> HttpResponse:
    """Ask once more, then delete a group with what it opens."""
    group = get_object_or_404(Group, pk=group_id)
    context = {
        "group": group,
        "members": User.objects.filter(groups=group).count(),
        "rules": group.grants.count(),
    }
    if request.method != "POST":
        return render(request, "accounts/group_remove.html", context)
    try:
        making.delete_group(group, by=request.user, request=request)
    except LockedOut as exc:
        context["refused"] = str(exc)
        return render(request, "accounts/group_remove.html", context, status=409)
    messages.success(request, f"{group.name} is deleted.")
    return redirect("groups")


def _status(form: NewPersonForm | PasswordForm | PersonForm | GroupForm) -> int:
    return 400 if form.is_bound else 200
