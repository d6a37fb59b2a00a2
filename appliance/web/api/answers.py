"""Messages and threads as a token sees them, in the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.urls import reverse

from appliance.accounts.models import ApiToken
from appliance.conversations.access import (
    Reading,
    get_message_for_reader,
    reading_of_message,
    readings_of,
)
from appliance.conversations.exporting.pieces import Numbered, numbered
from appliance.conversations.models import Message, Thread
from appliance.conversations.rendering import RenderedAnswer, file_url, settled_answer
from appliance.conversations.showing import record_turns
from appliance.conversations.titles import shown_titles
from appliance.conversations.turns import Turn, turn_of
from appliance.conversations.views.addresses import address_of
from appliance.conversations.visible import visible
from appliance.web.api.shapes import (
    CitationOut,
    CountsOut,
    MessageOut,
    PatchOut,
    QueueOut,
    ThreadOut,
)
from indexer.spans import Span

FRESH = "fresh"
USAGE = ("prompt_tokens", "completion_tokens", "first_words_s", "prompted_s")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pages are, as whoever asks reaches them."""

    base: str

    @classmethod
    def of(cls, request: HttpRequest) -> Site:
        return cls(request.build_absolute_uri("/").rstrip("/"))

    def url(self, path: str) -> str:
        return self.base + path


def seen_message(token: ApiToken, message: Message, site: Site) -> MessageOut:
    """Return a message as this token sees it, and record that its evidence was shown."""
    turn = turn_of(message, reading_of_message(token.user, message, token))
    record_turns(token.user, [turn])
    return message_out(turn, site)


def get_message(token: ApiToken, message_id: object) -> Message:
    """Return a message of a thread that the token's person may open, or answer 404."""
    return get_message_for_reader(token.user, message_id)  # type: ignore[arg-type]


def message_out(turn: Turn, site: Site) -> MessageOut:
    message, rendered = turn.message, turn.rendered
    answer = Numbered(visible(message.text))  # of a sealed one there is none
    if rendered is not None and not turn.is_sealed:
        answer = numbered(settled_answer(message))
    counts = asdict(rendered.counts) if rendered else {}
    return MessageOut(
        id=message.pk,
        thread=message.thread_id,
        parent=message.parent_id,
        role=message.role,
        state=message.state,
        sealed=turn.is_sealed,
        mode=message.mode,
        created_at=message.created_at,
        text=answer.text,
        citations=_citations(answer, rendered, site),
        supported=counts.get("supported", 0),
        unsupported=counts.get("unsupported", 0) + counts.get("doubtful", 0),
        counts=CountsOut(**{name: counts.get(name, 0) for name in CountsOut.model_fields}),
        unknown=list(rendered.unknown) if rendered else [],
        not_found=message.not_found,
        patches=_patches(message),
        error=message.error,
        queue=QueueOut(before=turn.wait.before, about=turn.wait.about) if turn.wait else None,
        searched=[dict(one) for one in rendered.searched] if rendered else [],
        usage={key: message.usage[key] for key in USAGE if key in message.usage},
        url=site.url(address_of(message)),
    )


def _citations(answer: Numbered, rendered: RenderedAnswer | None, site: Site) -> list[CitationOut]:
    living = rendered.living.citations if rendered else ()
    states: dict[tuple[str, Span], str] = {(one.handle, one.cited): one.state for one in living}
    return [
        CitationOut(
            number=number,
            source=piece.source,
            commit=piece.commit,
            path=piece.path,
            first_line=piece.span.start_line,
            last_line=piece.span.end_line,
            state=states.get((piece.handle, piece.span), FRESH),
            url=site.url(file_url(piece)),
            text=piece.text,
            offsets=list(offsets),
        )
        for number, (piece, offsets) in enumerate(
            zip(answer.pieces, answer.offsets, strict=True), start=1
        )
    ]


def _patches(message: Message) -> list[PatchOut]:
    return [
        PatchOut(
            number=number,
            source=patch["source"],
            commit=patch["commit"],
            state=patch["state"],
            diff=visible(patch["diff"]),
            checks=patch["checks"],
        )
        for number, patch in enumerate(message.patches, start=1)
    ]


def thread_out(reading: Reading, title: str, site: Site, user_id: int) -> ThreadOut:
    thread = reading.thread
    return ThreadOut(
        id=thread.pk,
        title=visible(title),
        created_at=thread.created_at,
        updated_at=thread.updated_at,
        own=thread.owner_id == user_id,
        url=site.url(reverse("thread", args=[thread.pk])),
    )


def threads_out(token: ApiToken, threads: Iterable[Thread], site: Site) -> list[ThreadOut]:
    """Return threads as this token sees them: of what it does not read no title tells."""
    readings = readings_of(token.user, threads, token)
    titles = shown_titles(readings)
    return [thread_out(one, titles[one.thread.pk], site, token.user_id) for one in readings]
