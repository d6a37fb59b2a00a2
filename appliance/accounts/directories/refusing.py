"""Refuses a sign-in through a directory: one page, one record with the reason."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from appliance.accounts.models import Directory
from appliance.accounts.refusals import record_refusal
from appliance.audit.actions import Action
from appliance.audit.recording import Target

TRY_AGAIN = "The sign-in could not be completed. Begin again from the sign-in page."


def refuse(
    request: HttpRequest,
    directory: Directory,
    reason: str,
    says: str = TRY_AGAIN,
    *,
    action: Action = Action.SIGN_IN_FAILED,
    details: dict[str, str] | None = None,
    status: int = 403,
) -> HttpResponse:
    """Record a refusal for auditors, and tell the person what they can do; not the reason, which
    whoever forged something must not learn from."""
    target = Target("directory", directory.slug, directory.name)
    # Each: behind a proxy all people share an address.
    record_refusal(request, reason, action=action, target=target, details=details, each=True)
    context = {"directory": directory, "says": says}
    return render(request, "accounts/refused.html", context, status=status)


def refuse_logout(request: HttpRequest, directory: Directory, reason: str) -> None:
    """Record a logout token that is not accepted; whoever sent it is told no reason."""
    target = Target("directory", directory.slug, directory.name)
    record_refusal(request, reason, target=target)
