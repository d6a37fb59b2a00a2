"""Chat, embeddings and reranking from any OpenAI-compatible server; the only place that knows its URLs and JSON.

One kind of client, and it blocks: asynchronous callers run it in a thread and call `close` on the
stream from wherever they are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial

import httpx

from inference.connection import fetch_json
from inference.errors import ModelNotConfigured, RequestRejected
from inference.grammars import fenced_handles
from inference.protocol import ChatDelta, ChatMessage, ChatRequest, ServedModel
from inference.streaming import ChatStream

DEADLINE_S = 900.0
MOST_COUNTS = 4096  # texts whose number of tokens is kept
COUNTED_AT_ONCE = 8  # requests for the counts of one prompt
# For servers that cannot count. Measured with Qwen's vocabulary on 1,499 pieces of 40 lines of
# Python, Go and documentation: 4.1 bytes per token at the median, 2.0 at the least. So this counts
# too many and leaves room unused, hardly ever the reverse.
ESTIMATED_BYTES_PER_TOKEN = 2.0
ESTIMATED_TOKENS_PER_MESSAGE = 8
NO_SUCH_PATH = ("HTTP 404", "HTTP 405", "HTTP 501")


@dataclass(slots=True)
class _Known:
    """What is known of a server, or was learned by asking it."""

    model: str | None
    can_count: bool = True
    refused: set[str] = field(default_factory=set)  # kinds of structured outputs
    counts: dict[bytes, int] = field(default_factory=dict)  # tokens of texts, by the texts' hash


class ChatClient:
    """Asks one model on one server. Without a model name, the first that the server lists.

    `has_priorities` says that the server takes requests in the order of their priority (vLLM with
    --scheduling-policy priority); other servers may refuse a request that has one. `has_others`, that
    several servers stand behind `http`.
    """

    def __init__(
        self,
        http: httpx.Client,
        model: str | None,
        *,
        deadline_s: float = DEADLINE_S,
        has_priorities: bool = False,
        has_others: bool = False,
    ) -> None:
        self.http = http
        self.has_others = has_others
        self.thread: str | None = None  # whose requests go to the same server
        self.deadline_s = deadline_s  # for one whole answer, give or take one read timeout
        self.has_priorities = has_priorities
        self.priority = 0  # the lower, the sooner
        self._known = _Known(model)

    @property
    def model(self) -> str | None:
        return self._known.model

    def at_priority(self, priority: int) -> ChatClient:
        """Return this client for requests that are less urgent; what it learns of the server, both
        know."""
        other = copy(self)
        other.priority = priority
        return other

    def for_thread(self, thread: str) -> ChatClient:
        """Return this client for the requests of one thread: where there are several servers, they go
        to the one that has the thread's beginning in its cache."""
        other = copy(self)
        other.thread = thread
        return other

    def of_model(self, name: str) -> ChatClient:
        """Return this client for another model of the same server, an adapter of it: with the same
        tokens, so that what was counted holds for both."""
        other = copy(self)
        other._known = replace(self._known, model=name)
        return other

    def models(self) -> list[ServedModel]:
        listing = fetch_json(self.http, "GET", "/v1/models")
        entries = listing.get("data") if isinstance(listing, dict) else None
        if not isinstance(entries, list):
            raise RequestRejected("/v1/models: not a list of models")
        told = [entry for entry in entries if isinstance(entry, dict) and "id" in entry]
        windows = {str(one["id"]): _positive_int(one.get("max_model_len")) for one in told}
        # An adapter's window is that of its model, which vLLM names and does not repeat.
        parents = {str(one["id"]): str(one.get("parent") or "") for one in told}
        return [
            ServedModel(name, window or windows.get(parents[name]), parents[name])
            for name, window in windows.items()
        ]

    def model_name(self) -> str:
        if self._known.model is None:
            served = self.models()
            if not served:
                raise ModelNotConfigured("the model server serves no model")
            self._known.model = served[0].name
        return self._known.model

    def stream(self, request: ChatRequest) -> ChatStream:
        """Return the answer as it is written; the request is sent when iteration starts."""
        plain = _chat_body(request, self.model_name())
        if self.has_priorities and self.priority:
            plain["priority"] = self.priority
        held = _held(request)
        stream = partial(
            ChatStream,
            self.http,
            deadline_s=self.deadline_s,
            affinity=self._affinity(request),
            has_others=self.has_others,
        )
        if self._known.refused.issuperset(held):
            return stream(plain)
        # What a server refuses it is asked without, now and from then on.
        on_plain = partial(self._known.refused.update, held)
        return stream(plain | {"structured_outputs": held}, plain=plain, on_plain=on_plain)

    def refuses(self, kind: str) -> bool:
        """Return whether the server was found to refuse a kind of structured outputs."""
        return kind in self._known.refused

    def _affinity(self, request: ChatRequest) -> str | None:
        # The salt too: without the same permissions nothing of the cache is shared.
        return None if self.thread is None else f"{self.thread} {request.cache_salt or ''}"

    def complete(self, request: ChatRequest) -> str:
        """Return the whole answer."""
        deltas = self.stream(request)
        return "".join(delta.text for delta in deltas if isinstance(delta, ChatDelta))

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Return the prompt's length as the model will see it, the chat template included.

        Exact where the server has `/tokenize` (vLLM); elsewhere an estimate that is too high.
        """
        body = {"messages": _message_list(messages), "add_generation_prompt": True}
        count = self._count(body)
        if count is None:
            return sum(
                ESTIMATED_TOKENS_PER_MESSAGE + estimate_tokens(message.content)
                for message in messages
            )
        return count

    def count_text_tokens(self, text: str) -> int:
        """Return how many tokens the text alone is, without a chat template.

        The server is asked once for the same text: a long thread counts its notes at every turn.
        """
        counts, key = self._known.counts, _key(text)
        if (known := counts.get(key)) is not None:
            return known
        count = self._count({"prompt": text, "add_special_tokens": False})
        if count is None:
            return estimate_tokens(text)
        if len(counts) >= MOST_COUNTS:
            counts.clear()
        counts[key] = count
        return count

    def count_ahead(self, texts: Iterable[str]) -> None:
        """Ask for the counts of several texts at the same time: `count_text_tokens` knows them then.

        A prompt is made of some twenty pieces, and whoever asks for one after the other waits as
        often as that for a server that is busy with answers.
        """
        unknown = [text for text in dict.fromkeys(texts) if _key(text) not in self._known.counts]
        if len(unknown) < 2 or not self._known.can_count:
            return
        self.model_name()  # learned once, not by each of them
        with ThreadPoolExecutor(min(len(unknown), COUNTED_AT_ONCE)) as pool:
            for _ in pool.map(self.count_text_tokens, unknown):
                pass

    def _count(self, body: dict[str, object]) -> int | None:
        if not self._known.can_count:
            return None
        try:
            answer = fetch_json(
                self.http, "POST", "/tokenize", {"model": self.model_name(), **body}
            )
        except RequestRejected as exc:
            if not str(exc).startswith(NO_SUCH_PATH):
                raise
            self._known.can_count = False
            return None
        count = answer.get("count") if isinstance(answer, dict) else None
        if not isinstance(count, int) or count < 0:
            raise RequestRejected("/tokenize: no count in the answer")
        return count


class EmbeddingClient:
    """Embeds texts with one model on one OpenAI-compatible server."""

    def __init__(self, http: httpx.Client, model: str) -> None:
        self.http = http
        self.model = model

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, in the order of the texts."""
        if not texts:
            return []
        body = {"model": self.model, "input": list(texts)}
        answer = fetch_json(self.http, "POST", "/v1/embeddings", body)
        try:
            return _vectors(answer, len(texts))
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise RequestRejected(f"{self.model}: not one vector per text: {exc}") from exc


class RerankClient:
    """Scores texts against a query with a cross-encoder (vLLM's and Jina's `/rerank`)."""

    def __init__(self, http: httpx.Client, model: str, *, deadline_s: float) -> None:
        self.http = http
        self.model = model
        self.deadline_s = deadline_s  # for one whole answer

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return one score per text, in the order of the texts; higher is nearer."""
        if not texts:
            return []
        body = {
            "model": self.model,
            "query": query,
            "documents": list(texts),
            "truncate_prompt_tokens": -1,  # to the model's length: a long text is no error
        }
        answer = fetch_json(self.http, "POST", "/rerank", body, deadline_s=self.deadline_s)
        try:
            return _relevance(answer, len(texts))
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise RequestRejected(f"{self.model}: not one score per text: {exc}") from exc


def estimate_tokens(text: str) -> int:
    """Return a number of tokens that the text does not exceed in practice."""
    return math.ceil(len(text.encode("utf-8", errors="replace")) / ESTIMATED_BYTES_PER_TOKEN)


def _key(text: str) -> bytes:
    """Return what a text is known by: of people's code nothing is kept but how long it is."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _chat_body(request: ChatRequest, model: str) -> dict[str, object]:
    body: dict[str, object] = {
        "model": model,
        "messages": _message_list(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.cache_salt is not None:
        body["cache_salt"] = request.cache_salt
    if request.grammar is not None:
        body["structured_outputs"] = {"grammar": request.grammar}
    if request.choice:
        body["structured_outputs"] = {"choice": list(request.choice)}
    return body


def _held(request: ChatRequest) -> Mapping[str, object]:
    """Return what an answer is held to where the server can, and asked for in words where not."""
    if request.schema is not None:
        return {"json": request.schema}
    if request.handles:
        return {"structural_tag": fenced_handles(request.handles)}
    return {}


def _message_list(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _positive_int(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _vectors(answer: object, expected: int) -> list[list[float]]:
    rows = answer["data"]  # type: ignore[index]
    vectors = {row["index"]: [float(x) for x in row["embedding"]] for row in rows}
    if sorted(vectors) != list(range(expected)):
        raise ValueError(f"{len(vectors)} vectors for {expected} texts")
    if len({len(vector) for vector in vectors.values()}) != 1:
        raise ValueError("vectors of different lengths")
    return [vectors[position] for position in range(expected)]


def _relevance(answer: object, expected: int) -> list[float]:
    rows = answer["results"]  # type: ignore[index]
    scores = {row["index"]: float(row["relevance_score"]) for row in rows}
    if len(rows) != expected or sorted(scores) != list(range(expected)):
        raise ValueError(f"{len(scores)} scores for {expected} texts")
    if not all(map(math.isfinite, scores.values())):
        raise ValueError("a score is not a number")
    return [scores[position] for position in range(expected)]
