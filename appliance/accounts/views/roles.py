"""The form by which admins give roles and take them, of people and of groups."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from appliance.accounts.forms import RoleForm
from appliance.accounts.giving import Holder, give_role, take_role
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import Role


def change_role(request: HttpRequest, form: RoleForm, holder: Holder) -> int | None:
    """Do what the form says; None, or the status with which it is shown again."""
    if not form.is_valid():
        return 400
    role, source = Role(form.cleaned_data["role"]), form.cleaned_data["source"]
    takes = request.POST.get("change") == "take"
    change = take_role if takes else give_role
    try:
        is_changed = change(holder, role, source=source, by=request.user, request=request)
    except LockedOut as exc:
        form.add_error(None, str(exc))
        return 409
    of = f" of {source.name}" if source else ""
    if not is_changed:
        messages.info(request, f"Nothing changed: {role.label}{of} was so already.")
    else:
        messages.success(request, f"{'Taken' if takes else 'Given'}: {role.label}{of}.")
    return None
