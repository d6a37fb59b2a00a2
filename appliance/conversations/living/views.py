"""Pages of answers that changed: the owner's list, and cited lines beside those of now."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import User
from appliance.accounts.requests import SignedInRequest
from appliance.common.numbers import row_number
from appliance.conversations.living.access import (
    changed_answers_of,
    get_citation_for_user,
    get_own_answer,
)
from appliance.conversations.living.again import ask_again
from appliance.conversations.living.comparing import compare
from appliance.conversations.living.listing import rows_of
from appliance.conversations.living.models import ChangedAnswer
from appliance.conversations.living.reading import states_of
from appliance.conversations.showing import record_compared
from appliance.conversations.titles import listed_titles
from appliance.conversations.views.refusing import tells_of_quota
from appliance.sources.access import scope_of

PER_PAGE = 20


@require_safe
def changed_list(request: SignedInRequest) -> HttpResponse:
    """List the person's answers of which cited lines changed, newest first."""
    page = Paginator(changed_answers_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": rows_of(list(page), scope_of(request.user))}
    return render(request, "conversations/living/changed.html", context)


@require_POST
def changed_seen(request: SignedInRequest) -> HttpResponse:
    """Mark one answer as seen, or all of them."""
    changed = changed_answers_of(request.user)
    if chosen := request.POST.get("answer", ""):
        changed = changed.filter(pk=row_number(chosen))
    ChangedAnswer.objects.filter(pk__in=changed.values("pk"), seen_at=None).update(
        seen_at=timezone.now()
    )
    return redirect("changed_answers")


@require_POST
@tells_of_quota
def answer_again(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Have the question answered from the code as it is now."""
    again = ask_again(get_own_answer(request.user, message_id))
    messages.success(request, "Asked again: the new answer stands at the end of the thread.")
    return redirect("thread", thread_id=again.thread_id)


@require_safe
def citation_compare(request: SignedInRequest, message_id: UUID, link_id: int) -> HttpResponse:
    """Show cited lines beside those that stand there now."""
    link = get_citation_for_user(request.user, message_id, link_id)
    states = {state.evidence_id: state for state in states_of(link.message)}
    compared = compare(link.evidence, states.get(link.evidence_id), scope_of(request.user))
    now = [row.new[0] for row in compared.rows if row.new]
    record_compared(request.user, link, (compared.path, compared.commit, now))
    thread = link.message.thread
    context = {
        "message": link.message,
        "title": listed_titles(request.user, [thread])[thread.pk],
        "compared": compared,
    }
    return render(request, "conversations/living/compare.html", context)


def changed_count(request: HttpRequest) -> dict[str, object]:
    """Give every page the number of changed answers that its reader has not seen; counted when shown."""
    return {"changed_unseen": SimpleLazyObject(lambda: _unseen(request))}


def _unseen(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return 0
    return changed_answers_of(user).filter(seen_at=None).count()
