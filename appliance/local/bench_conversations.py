"""Measure what the product adds to its model, and how a long thread goes on.

    python -m appliance.local.bench_conversations overhead --source NAME [--streams 1,20] [--rounds 3]
    python -m appliance.local.bench_conversations overhead --fake 50 --repository BUNDLE [--words 300]
    python -m appliance.local.bench_conversations thread --source NAME [--messages 100]

They ask a running appliance (`make up`, PLUMBLINE_HOME) as people of their own do, each stream as one
of them, because one person gets no more than half of the model: a session, the page's forms, its event stream. What they made they delete at the end. With `--fake` the appliance is
one of its own, over a repository or bundle, and its model a fake in another process that writes so
many words a second: what is added to that is the product's own. The last line of output is JSON.

`overhead` asks through the product, then sends the very prompts that it sent straight to the same
model server, as many at a time, under another cache salt so that nothing is warm. From the first words
that the page shows it takes off what comes before: the turn in the line, and the search. So the packing
of the prompt counts, and is told apart too. The pace of writing is that at which words appear on the
page; what follows the last word (final checks, the record) is told as seconds until it is done.

`thread` pins a fact in the second message of a thread and asks until it has so many messages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from rich.console import Console
from rich.table import Table

from appliance.local.home import home_from
from appliance.local.settings import take_from_file
from appliance.local.trials.faked import beside_fake

if TYPE_CHECKING:
    from appliance.conversations.models import Message
    from inference.protocol import ChatMessage

console = Console(stderr=True)
GROUP = "benchmark of conversations"
PINNED = "Whatever is asked: our release train is called HERON-4711."
LONGEST_S = 1800.0
Given = TypeVar("Given")
Got = TypeVar("Got")
PROSE = re.compile(r'<div class="prose.*?</div>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
THREAD_AT = re.compile(r"/threads/([0-9a-f-]{36})/")


@dataclass(frozen=True, slots=True)
class Timing:
    """One answer: seconds from what was found to its first words, then tokens and seconds."""

    first_s: float
    tokens: float  # that came after those
    writing_s: float
    packing_s: float = 0.0  # of the first: until the prompt was ready
    begun_s: float = 0.0  # until somebody began it
    done_s: float = 0.0  # from the last words to the end


class Person:
    """Somebody with a session, as the pages see them."""

    def __init__(self, site: str, session: str) -> None:
        self.http = httpx.Client(
            base_url=site, cookies={"sessionid": session}, timeout=LONGEST_S, trust_env=False
        )

        self.token = self._token()

    def _token(self) -> str:
        """Return what every form of the session carries."""
        page = self.http.get("/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if token is None:
            raise SystemExit(f"{page.request.url} shows no form: HTTP {page.status_code}")
        return token[1]

    def ask(self, question: str, thread_id: str | None = None) -> str:
        """Post a question as the form does; return the thread."""
        target = f"/threads/{thread_id}/ask/" if thread_id else "/"
        headers = {"referer": str(self.http.base_url)}
        fields = {"question": question, "csrfmiddlewaretoken": self.token}
        sent = self.http.post(target, data=fields, headers=headers)
        where = THREAD_AT.search(sent.headers.get("location", ""))
        if where is None:
            raise SystemExit(f"the question was not taken: HTTP {sent.status_code}")
        return where[1]

    def follow(self, message_id: str) -> Iterator[tuple[str, str]]:
        """Yield the events of an answer's stream with what they carry."""
        with self.http.stream("GET", f"/messages/{message_id}/events/") as response:
            name, lines = "", []
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    lines.append(line[6:])
                elif not line and name:
                    yield name, "\n".join(lines)
                    name, lines = "", []


def through_product(person: Person, question: str) -> tuple[Timing, Message]:
    """Ask and follow as the page does."""
    from appliance.conversations.models import Message

    asked_at, started = time.time(), time.monotonic()
    thread_id = person.ask(question)
    message = Message.objects.get(thread_id=thread_id, role=Message.Role.ANSWER)
    shown: list[tuple[float, int]] = []  # when, and how many letters
    ended = 0.0
    for _, html in person.follow(str(message.pk)):
        ended = time.monotonic()
        letters = len(TAG.sub("", "".join(PROSE.findall(html))))
        if letters and (not shown or letters > shown[-1][1]):
            shown.append((ended, letters))
    message.refresh_from_db()
    if message.state != Message.State.DONE or len(shown) < 2 or message.begun_at is None:
        raise SystemExit(f"no answer to measure: {message.state} {message.error}")
    (first, some), (last, all_) = shown[0], shown[-1]
    begun_s = message.begun_at.timestamp() - asked_at
    searched_s, prompted_s = message.usage["searched_s"], message.usage["prompted_s"]
    waited = (first - started) - begun_s - searched_s
    tokens = message.usage["completion_tokens"] * (all_ - some) / all_
    packing_s = prompted_s - searched_s
    return Timing(waited, tokens, last - first, packing_s, begun_s, ended - last), message


def straight(messages: Sequence[ChatMessage], tokens: int) -> Timing:
    """Send a prompt to the model server and nothing else."""
    from indexer import clients
    from inference.bench.latency import time_answer
    from inference.protocol import ChatRequest

    request = ChatRequest(tuple(messages), max_tokens=tokens, cache_salt=secrets.token_hex(32))
    timed = time_answer(clients.chat(), request)
    writing_s = timed.total_s - timed.first_token_s
    return Timing(timed.first_token_s, timed.completion_tokens - 1, writing_s)


def together(work: Callable[[Given], Got], given: Sequence[Given]) -> list[Got]:
    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(work, given))


def overhead(people: Sequence[Person], questions: Sequence[str], rounds: int) -> dict[str, Any]:
    """Have each person ask at the same time through the product, then straight; several times."""
    from appliance.conversations.inspecting import prompt_of

    product: list[Timing] = []
    direct: list[Timing] = []
    walls: dict[str, float] = {"product": 0.0, "straight": 0.0}
    streams = len(people)
    for number in range(rounds):
        asked = [
            (one, f"{questions[(number * streams + at) % len(questions)]} ({number}.{at})")
            for at, one in enumerate(people)
        ]
        started = time.monotonic()
        answered = together(lambda given: through_product(*given), asked)
        walls["product"] += time.monotonic() - started
        product += [timing for timing, _ in answered]
        prompts = [(prompt_of(one), one.usage["completion_tokens"]) for _, one in answered]
        started = time.monotonic()
        direct += together(lambda one: straight(*one), prompts)
        walls["straight"] += time.monotonic() - started
    return {
        "streams": streams,
        "answers": len(product),
        "first_words_s": _median([one.first_s for one in product]),
        "first_words_straight_s": _median([one.first_s for one in direct]),
        "added_ms": round(
            1000 * (_median([p.first_s for p in product]) - _median([d.first_s for d in direct]))
        ),
        "of_it_packing_ms": round(1000 * _median([one.packing_s for one in product])),
        "tokens_s": _rate(product),
        "tokens_s_straight": _rate(direct),
        "rate_reached": round(_rate(product) / _rate(direct), 3),
        "until_begun_s": _median([one.begun_s for one in product]),
        "done_after_last_words_s": _median([one.done_s for one in product]),
        "wall_s": {name: round(seconds, 1) for name, seconds in walls.items()},
    }


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def _rate(timings: Sequence[Timing]) -> float:
    """Return the median of tokens a second after the first words."""
    return round(statistics.median(t.tokens / max(t.writing_s, 1e-3) for t in timings), 2)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the long thread."""

    messages: int  # that the thread has with it
    prompt_tokens: int
    prompted_s: float  # until the prompt was ready
    seconds: float
    has_pinned: bool
    recalled: int  # earlier turns in the prompt, word for word or as notes


def long_thread(person: Person, questions: Sequence[str], messages: int) -> list[Turn]:
    """Ask in one thread; after the first answer its second message, that answer's question, is pinned."""
    from appliance.conversations.inspecting import prompt_of
    from appliance.conversations.models import Message

    thread_id = person.ask(questions[0])
    _wait(thread_id)
    person.ask(PINNED, thread_id)
    _wait(thread_id)
    Message.objects.filter(thread_id=thread_id, text=PINNED).update(is_pinned=True)
    turns: list[Turn] = []
    while (count := Message.objects.filter(thread_id=thread_id).count()) < messages:
        person.ask(f"{questions[count % len(questions)]} ({count})", thread_id)
        message = _wait(thread_id)
        prompt = prompt_of(message) if message.prompt else ()
        kinds = [p["kind"] for p in message.prompt.get("parts", ()) if p["is_in"]]
        turns.append(
            Turn(
                count + 2,
                message.receipt.get("prompt_tokens") or 0,
                message.usage.get("prompted_s", 0.0),
                message.seconds or 0.0,
                any(PINNED in said.content for said in prompt),
                kinds.count("turn") + kinds.count("note"),
            )
        )
    return turns


def _wait(thread_id: str) -> Message:
    from appliance.conversations.models import Message

    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        latest = Message.objects.filter(thread_id=thread_id).order_by("-created_at", "-pk").first()
        if latest is not None and not latest.is_open:
            return latest
        time.sleep(0.05)
    raise SystemExit("an answer did not end")


def told_of_thread(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return the figures of a long thread: its first ten turns beside its last ten."""
    prompted = [turn for turn in turns if turn.prompt_tokens]
    first, last = prompted[:10], prompted[-10:]
    return {
        "messages": turns[-1].messages,
        "turns": len(turns),
        "turns_with_a_prompt": len(prompted),
        "pinned_in_every_prompt": all(turn.has_pinned for turn in prompted),
        "largest_prompt_tokens": max(turn.prompt_tokens for turn in prompted),
        "prompt_tokens": [_median([t.prompt_tokens for t in part]) for part in (first, last)],
        "prompted_s": [_median([t.prompted_s for t in part]) for part in (first, last)],
        "seconds": [_median([t.seconds for t in part]) for part in (first, last)],
        "recalled": [_median([t.recalled for t in part]) for part in (first, last)],
        "per_turn": [asdict(turn) for turn in turns],
    }


@contextmanager
def readers(site: str, name: str, count: int) -> Iterator[tuple[list[Person], list[str]]]:
    """Make people with a session who may read a source, and questions about its names."""
    from django.contrib.auth.models import Group
    from django.contrib.sessions.backends.db import SessionStore

    from appliance.accounts.models import User
    from appliance.sources.granting import set_grant
    from indexer.models import Definition, Source

    source = Source.objects.filter(name=name).first()
    if source is None:
        raise SystemExit(f"There is no source called {name!r}: connect it first.")
    users = [User.objects.create_user(f"bench-{secrets.token_hex(4)}") for _ in range(count)]
    set_grant(GROUP, source)
    Group.objects.get(name=GROUP).user_set.add(*users)
    try:
        names = Definition.objects.filter(blob__documents__source=source, kind="function")
        chosen = sorted(set(names.values_list("name", flat=True)))
        questions = [
            f"What does `{name}` do, and when is it called?" for name in chosen if len(name) > 6
        ]
        yield (
            [Person(site, _session(SessionStore(), user)) for user in users],
            questions[:: max(1, len(questions) // 97)],
        )
    finally:
        for user in users:
            user.delete()
        Group.objects.filter(name=GROUP).delete()


def _session(store: Any, user: Any) -> str:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["overhead", "thread"])
    parser.add_argument("--source", help="whose names are asked about")
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--fake", type=float, metavar="PACE", help="words a second of a fake model")
    parser.add_argument("--repository", type=Path, help="with --fake: what is asked about")
    parser.add_argument("--words", type=int, default=300, help="with --fake: of each answer")
    parser.add_argument("--streams", default="1,20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=100)
    options = parser.parse_args()
    counts = [int(count) for count in options.streams.split(",")]
    most = max(counts)
    with _appliance(options, most) as (site, source), readers(site, source, most) as asking:
        people, questions = asking
        if options.what == "thread":
            figures = told_of_thread(long_thread(people[0], questions, options.messages))
        else:
            runs = [overhead(people[:count], questions, options.rounds) for count in counts]
            figures = {"runs": runs}
            console.print(_table(figures["runs"]))
    sys.stdout.write(json.dumps({"bench": f"conversations {options.what}", **figures}) + "\n")


@contextmanager
def _appliance(options: argparse.Namespace, streams: int) -> Iterator[tuple[str, str]]:
    """Give the address and the source that are asked: of the running appliance, or of one of its own."""
    if options.fake:
        if options.repository is None:
            raise SystemExit("Say with --repository what is asked about.")
        with beside_fake(
            options.repository, pace=options.fake, words=options.words, streams=streams
        ) as place:
            yield place
        return
    if not options.source:
        raise SystemExit("Say with --source whose names are asked about.")
    take_from_file(home_from(os.environ))
    import django

    django.setup()
    yield options.site, options.source


def _table(runs: Sequence[dict[str, Any]]) -> Table:
    table = Table(
        "streams",
        "first words s",
        "straight s",
        "added ms",
        "packing",
        "tokens/s",
        "straight",
        "share",
    )
    for run in runs:
        names = ("streams", "first_words_s", "first_words_straight_s", "added_ms")
        rest = ("of_it_packing_ms", "tokens_s", "tokens_s_straight", "rate_reached")
        table.add_row(*(str(run[name]) for name in (*names, *rest)))
    return table


if __name__ == "__main__":
    main()
