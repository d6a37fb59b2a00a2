"""Several servers of the same model behind one HTTP client: who is asked next, and who rests.

A server that fails rests, and is asked for its health beside the requests until it is well again, so
that no person's question is the trial. Requests of one thread go to the same server, which has the
thread's beginning in its prefix cache; others go to whoever has least to do. What is counted is what
this process has sent.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import httpx

logger = logging.getLogger(__name__)

# Keys of httpx's extensions: what a request asks of this module, and what an answer carries for it.
AFFINITY = "plumbline_affinity"
FAULT = "plumbline_fault"
SHORTEST_REST_S, LONGEST_REST_S = 1.0, 15.0
HEALTH_TIMEOUT_S = 5.0
MOST_OVER_EVEN = 1.25  # of an even share a server may have before a thread's requests go elsewhere
# The server says that it has done nothing: the gateway's word for "vLLM is not there".
UNDONE_STATUSES = {502, 503}
# Whatever went wrong there, another server may be asked: no prompt is run.
HARMLESS = ("/v1/models", "/tokenize")


@dataclass(eq=False, slots=True)
class Node:
    """One server, with what is known of it."""

    url: httpx.URL
    transport: httpx.BaseTransport
    in_flight: int = 0
    faults: int = 0  # since it last answered a whole request
    is_resting: bool = False


class NodesTransport(httpx.BaseTransport):
    """Sends each request to one of several servers, and to another when nothing was begun."""

    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        shortest_rest_s: float = SHORTEST_REST_S,
    ) -> None:
        self.nodes = tuple(nodes)
        self._shortest_rest_s = shortest_rest_s
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        tried: set[Node] = set()
        while True:
            node = self._take(request.extensions.get(AFFINITY), tried)
            tried.add(node)
            is_last = len(tried) == len(self.nodes)
            try:
                response = node.transport.handle_request(_addressed(request, node))
            except httpx.TransportError as exc:
                self._give_back(node)
                self._fault(node)
                if is_last or not _was_not_sent(exc, request):
                    raise
                continue
            if is_last or not _was_not_done(response, request):
                return self._followed(response, node)
            response.close()
            self._give_back(node)
            self._fault(node)

    def close(self) -> None:
        self._closed.set()
        for node in self.nodes:
            node.transport.close()

    def _take(self, key: str | None, but: Collection[Node]) -> Node:
        """Choose a server and count the request. When all rest, all are tried: one may be back."""
        with self._lock:
            left = [node for node in self.nodes if node not in but]
            node = chosen([node for node in left if not node.is_resting] or left, key)
            node.in_flight += 1
            return node

    def _give_back(self, node: Node) -> None:
        with self._lock:
            node.in_flight -= 1

    def _followed(self, response: httpx.Response, node: Node) -> httpx.Response:
        """Return the answer, counted until it is closed; its reader may say that it broke off."""
        has_failed = threading.Event()

        def fault() -> None:
            if not has_failed.is_set():
                has_failed.set()
                self._fault(node)

        def end() -> None:
            self._give_back(node)
            if not has_failed.is_set() and not response.is_server_error:
                node.faults = 0

        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - of a blocking transport
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response.stream, end),
            extensions={**response.extensions, FAULT: fault},
        )

    def _fault(self, node: Node) -> None:
        """Let a server rest, the longer the more often it failed in a row."""
        with self._lock:
            node.faults += 1
            if node.is_resting or self._closed.is_set():
                return
            node.is_resting = True
            faults = node.faults
        logger.warning("model server resting url=%s faults=%s", node.url, faults)
        threading.Thread(target=self._wait_for, args=[node], daemon=True).start()

    def _wait_for(self, node: Node) -> None:
        while not self._closed.wait(self._rest_s(node)):
            if self._is_well(node):
                node.is_resting = False
                logger.info("model server back url=%s", node.url)
                return
            node.faults += 1

    def _rest_s(self, node: Node) -> float:
        rest_s = self._shortest_rest_s * 2.0 ** min(node.faults - 1, 10)
        return min(rest_s, LONGEST_REST_S)

    def _is_well(self, node: Node) -> bool:
        timeout = httpx.Timeout(HEALTH_TIMEOUT_S)
        request = httpx.Request(
            "GET", "http://node/health", extensions={"timeout": timeout.as_dict()}
        )
        try:
            response = node.transport.handle_request(_addressed(request, node))
            response.close()
        except (httpx.TransportError, RuntimeError):  # or the client was closed meanwhile
            return False
        return response.is_success


def chosen(nodes: Sequence[Node], key: str | None) -> Node:
    """Return the server for a key: its own, or the next in its order when that has too much to do.

    Without a key, whoever has least to do. A server that comes or goes moves only its own keys
    (rendezvous hashing with bounded loads).
    """
    if key is None:
        # Of equals any, not always the first.
        return min(nodes, key=lambda node: (node.in_flight, random.random()))  # noqa: S311
    most = MOST_OVER_EVEN * (sum(node.in_flight for node in nodes) + 1) / len(nodes)
    in_order = sorted(nodes, key=lambda node: _weight(node, key))
    return next((node for node in in_order if node.in_flight < most), in_order[0])


def _was_not_sent(exc: httpx.TransportError, request: httpx.Request) -> bool:
    """Say whether a request may go elsewhere by itself: a prompt that kills one server must not be
    carried from server to server."""
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout):
        return True
    return _is_harmless(request) and not isinstance(exc, httpx.TimeoutException)


def _was_not_done(response: httpx.Response, request: httpx.Request) -> bool:
    if response.status_code in UNDONE_STATUSES:
        return True
    return response.is_server_error and _is_harmless(request)


def _is_harmless(request: httpx.Request) -> bool:
    return request.url.path.endswith(HARMLESS)


def _weight(node: Node, key: str) -> bytes:
    return hashlib.blake2b(f"{node.url}\0{key}".encode(), digest_size=8).digest()


def _addressed(request: httpx.Request, node: Node) -> httpx.Request:
    """Return the request with a server's own address; its body can be sent again."""
    path = node.url.raw_path.rstrip(b"/") + request.url.raw_path
    url = node.url.copy_with(raw_path=path)
    headers = httpx.Headers(request.headers)
    headers["host"] = url.netloc.decode("ascii")
    return httpx.Request(
        request.method,
        url,
        headers=headers,
        stream=request.stream,
        extensions=request.extensions,
    )


class _Counted(httpx.SyncByteStream):
    """The body of an answer, which tells when nobody reads it any more."""

    def __init__(self, stream: httpx.SyncByteStream, end: Callable[[], None]) -> None:
        self._stream = stream
        self._end: Callable[[], None] | None = end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        end, self._end = self._end, None
        try:
            self._stream.close()
        finally:
            if end is not None:
                end()
