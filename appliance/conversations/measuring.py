"""Answers, as Prometheus sees them: how many, how they ended, how long people wait."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import Metric

from appliance.common.metrics import SECONDS, gauge, gauges, register
from appliance.conversations.models import Message
from appliance.conversations.waiting import BEING_WRITTEN
from appliance.conversations.waits import next_wait_s

ANSWERS = Counter("plumbline_answers", "Answers that have ended.", ["mode", "outcome"])
FIRST_WORDS_SECONDS = Histogram(
    "plumbline_answer_first_words_seconds",
    "From the start of the work to the first words, without the wait for a turn.",
    buckets=SECONDS,
)
ANSWER_SECONDS = Histogram(
    "plumbline_answer_seconds", "From the start of the work to the checked answer.", buckets=SECONDS
)
TURN_SECONDS = Histogram(
    "plumbline_answer_turn_seconds",
    "From the question to the start of the work: the wait for a turn.",
    buckets=SECONDS,
)
OPEN_STREAMS = Gauge(
    "plumbline_open_streams", "Pages that follow an answer.", multiprocess_mode="livesum"
)
OPEN_STATES = (Message.State.QUEUED, *BEING_WRITTEN)


def count_answer(message: Message) -> None:
    """Count an answer that has ended, by how it ended."""
    outcome = message.state
    if message.state == Message.State.DONE:
        outcome = "not_found" if message.not_found else "broken_off" if message.error else "done"
    ANSWERS.labels(message.mode, outcome).inc()
    if message.seconds is not None:
        ANSWER_SECONDS.observe(message.seconds)
    if first := message.usage.get("first_words_s"):
        FIRST_WORDS_SECONDS.observe(first)
    if message.begun_at:
        TURN_SECONDS.observe(max(0.0, (message.begun_at - message.created_at).total_seconds()))


def count_interrupted(mode: str) -> None:
    """Count an answer whose worker died, or that broke on a fault of ours."""
    ANSWERS.labels(mode, "interrupted").inc()


def collect() -> Iterator[Metric]:
    rows = Message.objects.filter(state__in=OPEN_STATES).values("state")
    found = {
        row["state"]: row for row in rows.annotate(number=Count("pk"), since=Min("created_at"))
    }
    yield gauges(
        "plumbline_answers_open",
        "Answers that wait for their turn, are searched for, or are being written.",
        "state",
        [(state, found[state]["number"] if state in found else 0) for state in OPEN_STATES],
    )
    waiting = found.get(Message.State.QUEUED)
    oldest = (timezone.now() - waiting["since"]).total_seconds() if waiting else 0.0
    yield gauge("plumbline_answers_oldest_waiting_seconds", "How long the oldest waits.", oldest)
    yield gauge(
        "plumbline_answers_expected_wait_seconds",
        "The estimate for somebody who asks now.",
        next_wait_s(),
    )


register("conversations", collect)
