"""The address to which git hosts send notices of pushes, and its secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.sources import managing
from appliance.sources.access import get_administered_source
from appliance.sources.credentials import renew_hook_secret, sources_at
from appliance.sources.hooks import Notice, NoticeRefused, read_notice
from appliance.sources.managing import hook_secret_of
from indexer.models import SharedCredential, Source

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 5 * 1024 * 1024
Holder = TypeVar("Holder", Source, SharedCredential)  # of the secret
NOBODY = "f" * 64  # compared with when there is no such address: it takes as long


@csrf_exempt
@login_not_required
@require_POST
def notice(request: HttpRequest, hook_id: UUID) -> HttpResponse:
    """Take a notice: check its signature, then do nothing with it but look at the origin."""
    return _answered(request, lambda: Source.objects.filter(hook_id=hook_id).first(), _take)


@csrf_exempt
@login_not_required
@require_POST
def shared_notice(request: HttpRequest, credential_id: int) -> HttpResponse:
    """Take a notice for any of the sources that use a shared credential."""
    shared = SharedCredential.objects.filter(pk=credential_id)
    return _answered(request, shared.first, _take_for_any)


def _answered(
    request: HttpRequest,
    find: Callable[[], Holder | None],
    take: Callable[[Holder, Notice], HttpResponse],
) -> HttpResponse:
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        return _answer(413, "The notice is too large; send pushes only.")
    try:
        holder = find()
        told = read_notice(request.headers, body, hook_secret_of(holder) if holder else NOBODY)
        if holder is None:
            raise NoticeRefused
        return take(holder, told)
    except NoticeRefused:
        return _answer(403, "The signature or token is not the one of this address.")
    except (ValueError, RecursionError):
        return _answer(400, "The notice is not JSON.")
    except DatabaseError:
        logger.exception("a notice could not be noted")
        answer = _answer(503, "The appliance's database does not answer; send it again.")
        answer["Retry-After"] = "60"
        return answer


def _take(source: Source, told: Notice) -> HttpResponse:
    if not told.concerns(source.ref_names):
        return _answer(200, "Heard; no followed branch or tag is concerned.")
    if managing.note_push(source) is None:
        return _answer(202, "Noted; the source is paused.")
    return _answer(202, "A sync is queued.")


def _take_for_any(shared: SharedCredential, told: Notice) -> HttpResponse:
    if not told.is_push:
        return _answer(200, "Heard; it is not about a push.")
    found = sources_at(shared, told.path)
    concerned = [source for source in found if told.concerns(source.ref_names)]
    if not found:
        return _answer(200, "Heard; no source with this credential is that repository.")
    if not concerned:
        return _answer(200, "Heard; no followed branch or tag is concerned.")
    for source in concerned:
        managing.note_push(source)
    return _answer(202, "A sync is queued.")


def _answer(status: int, message: str) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def hook_renew(request: HttpRequest, name: str) -> HttpResponse:
    """Make a new secret and show it this once; notices with the old one are refused from now on."""
    source = get_administered_source(request.user, name)
    secret = managing.renew_hook_secret(source)
    context = {"source": source, "secret": secret, "address": hook_address(request, source)}
    return _shown_once(request, context)


@role_required(Role.ADMIN)
@require_POST
def shared_hook_renew(request: HttpRequest, credential_id: int) -> HttpResponse:
    """Make a new secret for one webhook of a whole group or organisation; show it this once."""
    shared = get_object_or_404(SharedCredential, pk=credential_id)
    secret = renew_hook_secret(shared)
    address = shared_hook_address(request, shared)
    return _shown_once(request, {"credential": shared, "secret": secret, "address": address})


def _shown_once(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    messages.success(request, "Enter this secret at the git host now; it is not shown again.")
    return render(request, "sources/hook.html", context)


def shared_hook_address(request: HttpRequest, shared: SharedCredential) -> str:
    return request.build_absolute_uri(reverse("shared_hook", args=[shared.pk]))


def hook_address(request: HttpRequest, source: Source) -> str:
    return request.build_absolute_uri(f"/hooks/{source.hook_id}/")
