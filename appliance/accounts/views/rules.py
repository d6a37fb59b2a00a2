"""The page of the rules of signing in, and of the accounts for emergencies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from appliance.accounts.freshness import fresh_sign_in_when, is_sent
from appliance.accounts.lockout import LockedOut, active_admins, why_not_directories_only
from appliance.accounts.models import Role, SignInRules
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import role_required
from appliance.accounts.rules import Wanted, change_rules, mark_emergency
from appliance.common.numbers import row_number


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_when(is_sent)
def rules(request: SignedInRequest) -> HttpResponse:
    """Show the rules, or change one of them."""
    if request.method == "POST":
        try:
            messages.success(request, _change(request))
        except LockedOut as exc:
            messages.error(request, str(exc))
        return redirect("sign_in_rules")
    admins = active_admins().order_by("username")
    context = {
        "rules": SignInRules.current(),
        "todo": why_not_directories_only(),
        "accounts": [admin for admin in admins if admin.has_usable_password()],
    }
    return render(request, "accounts/rules.html", context)


def _change(request: SignedInRequest) -> str:
    """Do what a form of the page asks for, and say so. Raises LockedOut."""
    given = request.POST
    if "person" in given:
        person = get_object_or_404(active_admins(), pk=row_number(given["person"]))
        is_emergency = given.get("is_emergency") == "yes"
        mark_emergency(person, request.user, request, is_emergency=is_emergency)
        says = "is an emergency account" if is_emergency else "is no emergency account any more"
        return f"{person.get_username()} {says}."
    wanted = Wanted(
        directories_only=given.get("directories_only") == "on",
        admins_need_second_factor=given.get("admins_need_second_factor") == "on",
    )
    change_rules(wanted, request.user, request)
    return "The rules are in force from the next sign-in on."
