"""A question that a program asks with its token: checked as the page's form checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.datastructures import MultiValueDict

from appliance.accounts.models import ApiToken
from appliance.conversations.asking import ask
from appliance.conversations.forms import QuestionForm
from appliance.conversations.models import Message, Thread
from appliance.conversations.modes import AUTO
from appliance.conversations.narrowing import Narrowing
from appliance.sources.access import names_in, scope_of_token


@dataclass(frozen=True, slots=True)
class Wish:
    """What a program asks, and of what."""

    question: str
    mode: str = AUTO
    sources: Sequence[str] = ()  # none: all that the token reads
    folders: Sequence[str] = ()  # written `source:path`
    source_set: str = ""  # the name of one that the token's person may pick
    ref: str | None = None  # None: what the thread asks about so far


class WishRefused(Exception):
    """The question cannot be asked so; the message says why, field by field."""


def ask_with(
    token: ApiToken, wish: Wish, *, thread: Thread | None = None, after: Message | None = None
) -> Message:
    """Ask, as far as the token reads; return the answer to come. Raises WishRefused, QuotaReached."""
    scope = scope_of_token(token)
    names = names_in(scope)
    so_far = Narrowing.of_thread(thread, names) if thread else Narrowing()
    form = QuestionForm(
        MultiValueDict(
            {
                "question": [wish.question],
                "sources": list(wish.sources),
                "folders": list(wish.folders),
                "set": [wish.source_set],
                "ref": [so_far.ref if wish.ref is None else wish.ref],
                "mode": [wish.mode],
            }
        ),
        user=token.user,
        names=names,
        scope=scope,
    )
    if not form.is_valid():
        told = [f"{name}: {error}" for name, errors in form.errors.items() for error in errors]
        raise WishRefused(" ".join(told))
    given = form.cleaned_data
    return ask(
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
