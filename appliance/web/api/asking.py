"""A question that a program asks: checked as the page's form checks it, asked as the page asks it."""

from __future__ import annotations

from django.utils.datastructures import MultiValueDict

from appliance.accounts.models import ApiToken
from appliance.conversations import asking
from appliance.conversations.forms import QuestionForm
from appliance.conversations.models import Message, Thread
from appliance.conversations.narrowing import Narrowing
from appliance.conversations.quotas import QuotaReached
from appliance.sources.access import scope_of_token
from appliance.web.api.errors import Refused
from appliance.web.api.shapes import QuestionIn
from indexer.models import Source


def asked(
    token: ApiToken,
    wish: QuestionIn,
    *,
    thread: Thread | None = None,
    after: Message | None = None,
) -> Message:
    """Ask, as far as the token reads, and return the answer that is to come."""
    form = _form(token, wish, thread)
    given = form.cleaned_data
    try:
        return asking.ask(
            token.user,
            given["question"],
            thread=thread,
            after=after,
            source_names=given["sources"],
            folders=given["folders"],
            ref=given["ref"],
            mode=given["mode"],
            wanted=given["wanted"],
            token=token,
        )
    except QuotaReached as reached:
        wait = {"Retry-After": str(reached.seconds)}
        raise Refused(429, reached.sentence, headers=wait, code="quota") from None


def _form(token: ApiToken, wish: QuestionIn, thread: Thread | None) -> QuestionForm:
    scope = scope_of_token(token)
    known = Source.objects.filter(pk__in=scope.source_ids).order_by("name")
    names = list(known.values_list("name", flat=True))
    so_far = Narrowing.of_thread(thread, names) if thread else Narrowing()
    given = MultiValueDict(
        {
            "question": [wish.question],
            "sources": wish.sources,
            "folders": wish.folders,
            "ref": [so_far.ref if wish.ref is None else wish.ref],
            "mode": [wish.mode],
        }
    )
    form = QuestionForm(given, names=names, scope=scope)
    if form.is_valid():
        return form
    told = [f"{name}: {error}" for name, errors in form.errors.items() for error in errors]
    raise Refused(422, " ".join(told), code="invalid")
