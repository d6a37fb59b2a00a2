"""Fakes of a chat, an embedding and a reranking model: deterministic, shipped, used by every suite.

`FakeModel` answers HTTP requests as vLLM does, without HTTP: `fake_http` puts it behind an
`httpx.Client` for unit tests, `inference.fake_server` behind a real socket.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpx
import numpy as np
from numpy.typing import NDArray

from inference import fake_answers
from inference.protocol import ChatMessage

FAKE_MODEL = "fake"
FAKE_DIMENSIONS = 384
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
PIECE = re.compile(r"\s*\S+|\s+$")


class Mode(StrEnum):
    NORMAL = "normal"  # names and cites the evidence in the prompt
    ECHO = "echo"  # repeats the last message
    OBEY = "obey"  # does what any text in the prompt demands
    SLOW = "slow"  # as normal, with a pause before each word
    HANG = "hang"  # begins and never goes on
    HTTP500 = "http500"
    CUT_SSE = "cut-sse"  # the connection breaks in the middle of an event
    HUGE = "huge"  # an event without end
    BAD_UTF8 = "bad-utf8"


@dataclass(frozen=True, slots=True)
class Script:
    mode: Mode = Mode.NORMAL
    text: str | None = None  # say this, whatever is asked
    model: str = FAKE_MODEL
    adapters: tuple[str, ...] = ()  # served beside the model, as vLLM lists them
    window_tokens: int = 4096
    can_count: bool = True  # False: no /tokenize, as on servers other than vLLM
    can_fence: bool = True  # False: refuses structural tags, as servers other than vLLM
    can_hold: bool = True  # False: refuses schemas, as servers other than vLLM
    plans: tuple[str, ...] = ()  # what it says when it is asked for JSON, in order; then "write"
    chosen: str | None = None  # what it says to a choice; None: the first
    repaired: str | None = None  # what it says when it is shown its answer again; None: the same
    running: int = 0  # what it tells of itself at /metrics, as vLLM does
    waiting: int = 0
    cache_use: float = 0.0
    has_metrics: bool = True  # False: no /metrics, as on servers other than vLLM
    pause_s: float = 0.05  # between the words of "slow"
    hang_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    parts: Iterator[bytes]


class CutOff(Exception):
    """The fake breaks the connection here."""


class FakeModel:
    """Plays an OpenAI-compatible server; keeps every decoded request body for the test to read."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.received: list[dict[str, object]] = []
        self.released = threading.Event()  # set it to end a "hang" early
        self._planned: tuple[Script | None, int] = (None, 0)  # how many plans of a script are used

    def reply(self, method: str, path: str, content: bytes) -> Reply:
        if self.script.mode is Mode.HTTP500:
            return _json(500, {"error": {"message": "the fake is broken", "code": 500}})
        if told := self._told(path):
            return told
        body = json.loads(content or b"{}")
        self.received.append({"path": path, **body})
        if path == "/v1/chat/completions":
            return self._chat(body)
        if path == "/v1/embeddings":
            return _json(200, _embeddings(body["input"]))
        if path == "/rerank":
            return self._rerank(body)
        if path == "/tokenize" and self.script.can_count:
            return _json(200, {"count": _count(body), "max_model_len": self.script.window_tokens})
        return _json(404, {"error": {"message": "Not Found", "code": 404}})

    def _told(self, path: str) -> Reply | None:
        """Return what a server says of itself; None when something else is asked."""
        if path == "/health":
            return _json(200, {})
        if path == "/v1/models":
            return _json(200, {"object": "list", "data": self._listing()})
        if path == "/metrics" and self.script.has_metrics:
            return Reply(200, "text/plain; version=0.0.4", iter([self._metrics().encode()]))
        return None

    def _metrics(self) -> str:
        values = {
            "num_requests_running": self.script.running,
            "num_requests_waiting": self.script.waiting,
            "kv_cache_usage_perc": self.script.cache_use,
            "generation_tokens_total": 10 * len(self.received),
            "time_to_first_token_seconds_count": len(self.received),
            "time_to_first_token_seconds_sum": 0.5 * len(self.received),
        }
        return "".join(f'vllm:{name}{{engine="0"}} {value}\n' for name, value in values.items())

    def _chosen(self, choices: Sequence[str]) -> str:
        chosen = self.script.chosen
        return choices[0] if chosen is None else chosen

    def answer(self, messages: Sequence[ChatMessage]) -> str:
        """Return what the chat model says to these messages."""
        if fake_answers.is_asked_for_json(messages):
            return self._plan(messages)
        if self.script.repaired is not None and fake_answers.is_shown_its_answer(messages):
            return self.script.repaired
        if self.script.text is not None:
            return self.script.text
        if self.script.mode is Mode.OBEY:
            return fake_answers.obey(messages)
        if self.script.mode is Mode.ECHO:
            return fake_answers.echo(messages)
        return fake_answers.answer_from_evidence(messages)

    def _plan(self, messages: Sequence[ChatMessage]) -> str:
        """Return the script's next plan; a model that obeys plans what any text demands."""
        script, used = self._planned
        used = used if script is self.script else 0
        self._planned = (self.script, used + 1)
        if used < len(self.script.plans):
            return self.script.plans[used]
        if self.script.mode is Mode.OBEY and (demand := fake_answers.demanded(messages)):
            return demand
        return fake_answers.LAST_PLAN

    def _rerank(self, body: dict[str, object]) -> Reply:
        if self.script.mode in {Mode.HANG, Mode.SLOW, Mode.CUT_SSE, Mode.HUGE, Mode.BAD_UTF8}:
            return Reply(200, "application/json", self._rerank_trouble())
        return _json(200, _reranked(str(body["query"]), list(body["documents"])))  # type: ignore[call-overload]

    def _rerank_trouble(self) -> Iterator[bytes]:
        yield b'{"results": ['
        if self.script.mode is Mode.SLOW:
            for _ in range(10_000):  # a drop now and then, and never an end
                self.released.wait(self.script.pause_s)
                yield b" "
        yield from self._trouble()

    def _listing(self) -> list[dict[str, object]]:
        script = self.script
        base: dict[str, object] = {
            "id": script.model,
            "object": "model",
            "max_model_len": script.window_tokens,
        }
        beside: list[dict[str, object]] = [
            {"id": name, "object": "model", "parent": script.model} for name in script.adapters
        ]
        return [base, *beside]

    def _chat(self, body: dict[str, object]) -> Reply:
        if body.get("model") not in {self.script.model, *self.script.adapters}:
            return _json(404, {"error": {"message": "no such model", "code": 404}})
        outputs = body.get("structured_outputs")
        outputs = outputs if isinstance(outputs, dict) else {}
        if "structural_tag" in outputs and not self.script.can_fence:
            return _json(400, {"error": {"message": "no structural tags here", "code": 400}})
        if "json" in outputs and not self.script.can_hold:
            return _json(400, {"error": {"message": "no schemas here", "code": 400}})
        messages = _messages(body)
        said = self._chosen(outputs["choice"]) if "choice" in outputs else self.answer(messages)
        pieces = PIECE.findall(said)
        limit = body.get("max_tokens")
        kept = pieces[:limit] if isinstance(limit, int) else pieces
        if body.get("stream"):
            usage = {"prompt_tokens": _count(body), "completion_tokens": len(kept)}
            reason = "stop" if len(kept) == len(pieces) else "length"
            return Reply(200, "text/event-stream", self._events(kept, reason, usage))
        message = {"role": "assistant", "content": "".join(kept)}
        return _json(200, {"choices": [{"message": message, "finish_reason": "stop"}]})

    def _events(self, pieces: list[str], reason: str, usage: dict[str, int]) -> Iterator[bytes]:
        yield _event({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        yield from self._trouble()
        for piece in pieces:
            if self.script.mode is Mode.SLOW:
                self.released.wait(self.script.pause_s)
            yield _event({"choices": [{"delta": {"content": piece}}]})
        yield _event({"choices": [{"delta": {}, "finish_reason": reason}]})
        yield _event({"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def _trouble(self) -> Iterator[bytes]:
        match self.script.mode:
            case Mode.HANG:
                self.released.wait(self.script.hang_s)
                raise CutOff
            case Mode.CUT_SSE:
                yield b'data: {"choices": [{"delta": {"con'
                raise CutOff
            case Mode.HUGE:
                yield b"data: "
                for _ in range(1024):
                    yield b"x" * 16384
            case Mode.BAD_UTF8:
                yield b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'
            case _:
                return


class FakeEmbedder:
    """Embeds words by their hash: texts that share words are near, others nearly orthogonal.

    A word is a part of an identifier in lower case, so `parse_args` is near `parseArgs`.
    """

    name = "fake-embedder"
    dimensions = FAKE_DIMENSIONS

    def __init__(self) -> None:
        self.embedded: list[str] = []  # every text so far, to assert what was not embedded again

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, one row per text."""
        self.embedded.extend(texts)
        rows = [_unit_vector(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimensions)


def fake_chat_server(script: Script | None = None) -> httpx.MockTransport:
    """Return a transport that plays the model server: `httpx.Client(transport=...)`."""
    return transport_of(FakeModel(script))


def fake_http(model: FakeModel | None = None) -> httpx.Client:
    """Return a client whose every request goes to the fake."""
    return httpx.Client(base_url="http://model", transport=transport_of(model or FakeModel()))


def transport_of(model: FakeModel) -> httpx.MockTransport:
    def respond(request: httpx.Request) -> httpx.Response:
        reply = model.reply(request.method, request.url.path, request.read())
        headers = {"content-type": reply.content_type}
        return httpx.Response(reply.status, headers=headers, content=_mocked(reply.parts))

    return httpx.MockTransport(respond)


def _mocked(parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    except CutOff as exc:
        raise httpx.RemoteProtocolError("peer closed connection") from exc


def _unit_vector(text: str) -> NDArray[np.float32]:
    words = [word.lower() for word in WORD.findall(text)] or [""]
    total = np.sum([_word_vector(word) for word in words], axis=0, dtype=np.float32)
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length else _word_vector(""), dtype=np.float32)


def _word_vector(word: str) -> NDArray[np.float32]:
    digest = hashlib.blake2b(word.encode("utf-8"), digest_size=FAKE_DIMENSIONS // 8).digest()
    signs = np.unpackbits(np.frombuffer(digest, dtype=np.uint8)).astype(np.float32) * 2 - 1
    return np.asarray(signs / np.sqrt(FAKE_DIMENSIONS), dtype=np.float32)


def _messages(body: dict[str, object]) -> list[ChatMessage]:
    messages = body.get("messages")
    listed = messages if isinstance(messages, list) else []
    return [ChatMessage(message["role"], str(message["content"])) for message in listed]


def _count(body: dict[str, object]) -> int:
    """Count words and marks; four tokens per message stand for the chat template."""
    texts = [message.content for message in _messages(body)] or [str(body.get("prompt", ""))]
    overhead = 4 * len(_messages(body))
    return overhead + sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)


def _embeddings(texts: list[str]) -> dict[str, object]:
    rows = FakeEmbedder().embed(texts).tolist()
    return {"data": [{"index": n, "embedding": row} for n, row in enumerate(rows)]}


def _reranked(query: str, texts: list[str]) -> dict[str, object]:
    """Score by the share of the query's words that a text holds, the best first as vLLM does."""
    words = {word.lower() for word in WORD.findall(query)}
    scores = [
        len(words & {word.lower() for word in WORD.findall(text)}) / (len(words) or 1)
        for text in texts
    ]
    order = sorted(range(len(texts)), key=lambda n: -scores[n])
    return {"results": [{"index": n, "relevance_score": scores[n]} for n in order]}


def _event(chunk: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _json(status: int, body: object) -> Reply:
    return Reply(status, "application/json", iter([json.dumps(body).encode()]))
