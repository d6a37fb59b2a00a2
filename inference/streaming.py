"""One answer while it is written: from a model server's events to deltas and an end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, suppress

import httpx

from inference.connection import check_status, error_message, read_at_most, translated_errors
from inference.errors import InferenceError, ModelUnavailable, RequestRejected
from inference.nodes import AFFINITY, FAULT
from inference.protocol import ChatDelta, ChatEnd, Usage
from inference.sse import read_events

# The longest token of the vocabularies that are served: 128 blanks in Qwen's.
LONGEST_TOKEN = 128  # letters
MAX_REASON_BYTES = 4096  # of what a server says instead of a stream


class _EndedHere(ModelUnavailable):
    """We ended the answer ourselves: the server is not to blame."""


class ChatStream(Iterator[ChatDelta | ChatEnd]):
    """Deltas, then exactly one end.

    `close` may be called from any thread, also while another waits for the next delta. It hangs
    up at once, which makes vLLM stop generating; the iteration then ends without a ChatEnd.
    A server that refuses `body` (HTTP 400) is sent `plain`, when there is one; `on_plain` is called when it answers that.
    With several servers, one that fails before the first word is replaced by another, once: nobody
    has seen anything yet, but a prompt that kills servers must not kill them all.
    """

    def __init__(
        self,
        http: httpx.Client,
        body: dict[str, object],
        deadline_s: float,
        *,
        plain: dict[str, object] | None = None,
        on_plain: Callable[[], None] = lambda: None,
        affinity: str | None = None,
        has_others: bool = False,
    ) -> None:
        self._http = http
        self._body = body
        self._deadline_s = deadline_s
        self._plain = plain
        self._on_plain = on_plain
        self._extensions = {} if affinity is None else {AFFINITY: affinity}
        self._may_go_elsewhere = has_others
        self._response: httpx.Response | None = None
        self._closed = threading.Event()
        self._deadline = float("inf")  # until the first request is sent
        self._answer = self._read()

    def __next__(self) -> ChatDelta | ChatEnd:
        if self._closed.is_set():
            raise StopIteration
        try:
            return next(self._answer)
        except InferenceError:
            if self._closed.is_set():
                raise StopIteration from None
            raise

    def close(self) -> None:
        self._closed.set()
        if self._response is not None:
            _hang_up(self._response)
        with suppress(ValueError):  # another thread is reading: the lost connection ends it
            self._answer.close()

    def _read(self) -> Generator[ChatDelta | ChatEnd, None, None]:
        self._deadline = time.monotonic() + self._deadline_s
        has_begun = False
        try:
            for event in self._answer_from_any(self._body):
                has_begun = True
                yield event
            return
        except RequestRejected as exc:
            if has_begun or self._plain is None or not str(exc).startswith("HTTP 400"):
                raise
        for number, event in enumerate(self._answer_from_any(self._plain)):
            if number == 0:
                self._on_plain()  # it was the form that was refused, not what was asked
            yield event

    def _answer_from_any(self, body: dict[str, object]) -> Iterator[ChatDelta | ChatEnd]:
        has_begun = False
        try:
            for event in self._answer_to(body):
                has_begun = True
                yield event
            return
        except _EndedHere:
            raise
        except ModelUnavailable:
            self._tell_fault()
            if has_begun or not self._may_go_elsewhere or self._closed.is_set():
                raise
            self._may_go_elsewhere = False
        yield from self._answer_to(body)

    def _tell_fault(self) -> None:
        """Say that the server failed, unless it was we who hung up."""
        if self._response is not None and not self._closed.is_set():
            self._response.extensions.get(FAULT, lambda: None)()

    def _answer_to(self, body: dict[str, object]) -> Iterator[ChatDelta | ChatEnd]:
        finish_reason, usage = None, None
        self._response = None
        with translated_errors(), self._request(body) as response:
            self._response = response
            check_status(response)
            _check_form(response)
            left = self._most_letters()
            for event in read_events(self._parts(response)):
                if event == "[DONE]":
                    break
                chunk = _decode(event)
                usage = _usage(chunk) or usage
                finish_reason = _finish_reason(chunk) or finish_reason
                if text := _text(chunk):
                    left -= len(text)
                    if left < 0:
                        raise ModelUnavailable("it writes far more than it was asked for")
                    yield ChatDelta(text)
        if finish_reason is None:
            raise ModelUnavailable("the answer was cut off")
        yield ChatEnd(finish_reason, usage)

    def _most_letters(self) -> float:
        """Return how much an answer can be at most, whatever its tokens are."""
        tokens = self._body.get("max_tokens")
        return LONGEST_TOKEN * tokens if isinstance(tokens, int) else float("inf")

    def _request(self, body: dict[str, object]) -> AbstractContextManager[httpx.Response]:
        return self._http.stream(
            "POST", "/v1/chat/completions", json=body, extensions=self._extensions
        )

    def _parts(self, response: httpx.Response) -> Iterator[bytes]:
        for part in response.iter_bytes():
            if self._closed.is_set():
                raise _EndedHere("the answer was stopped")
            if time.monotonic() > self._deadline:
                raise _EndedHere("the answer took longer than it may")
            yield part


def _check_form(response: httpx.Response) -> None:
    """Raise the error of an answer that is no stream: some servers report failures as successes."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return
    content = read_at_most(response, MAX_REASON_BYTES).decode("utf-8", errors="replace")
    if isinstance(error := _decoded(content).get("error"), dict | str):
        raise ModelUnavailable(f"the server reports: {error_message({'error': error})}")
    raise RequestRejected("the server does not stream its answers")


def _decode(event: str) -> dict[str, object]:
    chunk = _decoded(event)
    if "error" in chunk:
        _raise_error(chunk)
    return chunk


def _decoded(text: str) -> dict[str, object]:
    try:
        chunk = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ModelUnavailable("the answer is not JSON") from exc
    if not isinstance(chunk, dict):
        raise ModelUnavailable("the answer is not a chat completion")
    return chunk


def _raise_error(chunk: dict[str, object]) -> None:
    error = chunk["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 500:
        raise RequestRejected(f"HTTP {code}: {error_message(chunk)}")
    raise ModelUnavailable(error_message(chunk))


def _choice(chunk: dict[str, object]) -> dict[str, object]:
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _text(chunk: dict[str, object]) -> str:
    """Return the delta's text, without what neither UTF-8 nor PostgreSQL can hold.

    JSON may carry half a surrogate pair, and NUL.
    """
    delta = _choice(chunk).get("delta")
    content = delta.get("content") if isinstance(delta, dict) else None
    if not isinstance(content, str):
        return ""
    text = content.encode("utf-8", errors="replace").decode("utf-8")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _finish_reason(chunk: dict[str, object]) -> str | None:
    reason = _choice(chunk).get("finish_reason")
    return reason if isinstance(reason, str) else None


def _usage(chunk: dict[str, object]) -> Usage | None:
    usage = chunk.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt, completion)


def _hang_up(response: httpx.Response) -> None:
    """Break the connection below everything that may be waiting on it.

    Closing a socket does not wake a thread that reads from it; shutting it down does.
    """
    network = response.extensions.get("network_stream")
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is not None:
        with suppress(OSError):  # already gone
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
