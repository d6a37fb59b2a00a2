"""A question over the API: what is wrong with it becomes a problem."""

from __future__ import annotations

from appliance.accounts.models import ApiToken
from appliance.conversations.models import Message, Thread
from appliance.conversations.programs import Wish, WishRefused, ask_with
from appliance.conversations.quotas import QuotaReached
from appliance.web.api.errors import Refused
from appliance.web.api.shapes import QuestionIn


def asked(
    token: ApiToken,
    wish: QuestionIn,
    *,
    thread: Thread | None = None,
    after: Message | None = None,
) -> Message:
    """Ask, as far as the token reads, and return the answer that is to come."""
    meant = Wish(wish.question, wish.mode, wish.sources, wish.folders, wish.set, wish.ref)
    try:
        return ask_with(token, meant, thread=thread, after=after)
    except WishRefused as refused:
        raise Refused(422, str(refused), code="invalid") from None
    except QuotaReached as reached:
        wait = {"Retry-After": str(reached.seconds)}
        raise Refused(429, reached.sentence, headers=wait, code="quota") from None
