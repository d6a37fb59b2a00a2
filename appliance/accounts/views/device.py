"""A program's sign-in by code: two addresses for the program, and the page of its person."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts import device_codes
from appliance.accounts.device_codes import LIFETIME, CodeUnknown, TooMany
from appliance.accounts.device_forms import AllowForm, CodeForm
from appliance.accounts.models import DeviceSignIn, TokenRight
from appliance.accounts.requests import SignedInRequest

LONGEST_BODY = 4096
LONGEST_CODE = 200


@csrf_exempt  # no session counts here: a program without a token asks for one
@login_not_required
@require_POST
def device_begin(request: HttpRequest) -> HttpResponse:
    """Give a program the code to show, and the one to come back with."""
    client = _given(request, "client") or _given(request, "client_id")
    try:
        new = device_codes.begin(client, str(request.META.get("REMOTE_ADDR", "")))
    except TooMany as exc:
        response = JsonResponse({"error": "slow_down", "error_description": str(exc)}, status=429)
        response["Retry-After"] = "60"
        return response
    page = request.build_absolute_uri(reverse("device"))
    return JsonResponse(
        {
            "device_code": new.device_code,
            "user_code": new.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'code': new.user_code})}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": new.sign_in.interval_s,
        }
    )


@csrf_exempt
@login_not_required
@require_POST
def device_token(request: HttpRequest) -> HttpResponse:
    """Give a program its token, once its person has let it in."""
    device_code = _given(request, "device_code")[:LONGEST_CODE]
    fetched = device_codes.fetch(device_code, request)
    if fetched.new is None:
        return JsonResponse({"error": fetched.error}, status=400)
    token = fetched.new.token
    return JsonResponse(
        {
            "access_token": fetched.new.text,
            "token_type": "Bearer",
            "expires_at": token.expires_at.isoformat(),
            "user": token.user.get_username(),
        }
    )


def _given(request: HttpRequest, name: str) -> str:
    """Return a field of a form, as the RFC sends them, or of a JSON object; empty when it is none."""
    if request.content_type != "application/json":
        return str(request.POST.get(name, ""))
    if len(request.body) > LONGEST_BODY:
        return ""
    try:
        fields: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    value = fields.get(name, "") if isinstance(fields, dict) else ""
    return value if isinstance(value, str) else ""


@require_http_methods(["GET", "HEAD", "POST"])
def device_page(request: SignedInRequest) -> HttpResponse:
    """Take the code, and show who waits with it before anything is decided."""
    if request.method != "POST":
        form = CodeForm(initial={"code": request.GET.get("code", "")[:40]})
        return render(request, "accounts/device.html", {"form": form})
    form = CodeForm(request.POST)
    sign_in = _waiting(request, form)
    if sign_in is None:
        return render(request, "accounts/device.html", {"form": form}, status=400)
    return _confirm(request, form.cleaned_data["code"], sign_in, AllowForm())


@require_POST
def device_decide(request: SignedInRequest) -> HttpResponse:
    """Let the program in, or turn it away."""
    code = CodeForm(request.POST)
    sign_in = _waiting(request, code)
    if sign_in is None:
        return render(request, "accounts/device.html", {"form": code}, status=400)
    if request.POST.get("decision") != "allow":
        device_codes.refuse(sign_in, request.user, request)
        messages.success(request, f"{sign_in.client} was turned away.")
        return redirect("tokens")
    form = AllowForm(request.POST)
    if not form.is_valid():
        return _confirm(request, code.cleaned_data["code"], sign_in, form)
    rights = [TokenRight(right) for right in form.cleaned_data["rights"]]
    try:
        device_codes.allow(sign_in, request.user, rights, form.cleaned_data["days"])
    except CodeUnknown as exc:
        code.add_error("code", str(exc))
        return render(request, "accounts/device.html", {"form": code}, status=400)
    messages.success(request, f"{sign_in.client} is let in. Go back to it: it goes on by itself.")
    return redirect("tokens")


def _waiting(request: SignedInRequest, form: CodeForm) -> DeviceSignIn | None:
    if not form.is_valid():
        return None
    try:
        return device_codes.find_waiting(request.user, form.cleaned_data["code"], request)
    except (CodeUnknown, TooMany) as exc:
        form.add_error("code", str(exc))
        return None


def _confirm(
    request: SignedInRequest, code: str, sign_in: DeviceSignIn, form: AllowForm
) -> HttpResponse:
    context = {"code": code, "sign_in": sign_in, "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "accounts/device_confirm.html", context, status=status)
