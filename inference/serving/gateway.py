"""What stands in front of a model server on its host: few paths, known callers, fixed bodies.

vLLM's own key covers some of its paths only; others load adapters, change weights or stop the engine.
So vLLM listens on this machine alone, and this is what other hosts reach. It keeps nothing.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import httpx
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from inference.serving.bodies import BODIES, BodyRefused, is_stream, model_of, rebuilt
from inference.serving.cards import read_cards
from inference.serving.profiles import Role

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 300.0
LARGEST_BODY = 8 * 1024 * 1024
SOCKET_PREFIX = "unix:"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who may ask what of which server."""

    role: Role
    server: str  # http://127.0.0.1:8101, or unix:/run/plumbline/chat.sock
    token: str
    metrics_token: str = ""  # empty: nobody reads the metrics
    about: Mapping[str, Any] = field(default_factory=dict)  # the model's manifest, once verified
    models: frozenset[str] = (
        frozenset()
    )  # that may be asked: the model and its adapters; empty: all


class Refusal(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def application(gateway: Gateway) -> Starlette:
    """Return the web application; all that it does not know is 404."""
    check_server(gateway.server)
    upstream = _upstream(gateway.server)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with upstream:
            yield

    allowed = partial(_check_token, gateway.token)
    routes = [
        Route("/health", partial(_read, upstream, "/health"), methods=["GET"]),
        _route("/v1/models", allowed, partial(_read, upstream, "/v1/models"), "GET"),
        _route("/node", allowed, partial(_tell, gateway.about), "GET"),
    ]
    for path, form in BODIES[gateway.role].items():
        forward = partial(_forward, upstream, path, form, gateway.models)
        routes.append(_route(path, allowed, forward, "POST"))
    if gateway.metrics_token:
        measured = partial(_check_token, gateway.metrics_token)
        read = partial(_read, upstream, "/metrics")
        routes.append(_route("/metrics", measured, read, "GET"))
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={Refusal: _refused, httpx.TransportError: _unreachable},
    )
    app.router.redirect_slashes = False
    return app


def check_server(server: str) -> None:
    """Raise ValueError for a server that is not on this machine alone."""
    if server.startswith(SOCKET_PREFIX):
        return
    url = httpx.URL(server)
    if url.scheme != "http" or url.host not in LOOPBACK:
        raise ValueError(
            f"{server}: the model server must listen on this machine alone: name"
            " http://127.0.0.1:PORT or unix:PATH"
        )


def _upstream(server: str) -> httpx.AsyncClient:
    is_socket = server.startswith(SOCKET_PREFIX)
    transport = httpx.AsyncHTTPTransport(
        uds=server.removeprefix(SOCKET_PREFIX) if is_socket else None,
        verify=False,
        trust_env=False,
    )
    return httpx.AsyncClient(
        base_url="http://model" if is_socket else server,
        transport=transport,
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        headers={"accept-encoding": "identity"},
        trust_env=False,
    )


def _route(path: str, check: Any, answer: Any, method: str) -> Route:
    async def endpoint(request: Request) -> Response:
        check(request)
        response: Response = await answer(request)
        return response

    return Route(path, endpoint, methods=[method])


def _check_token(token: str, request: Request) -> None:
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Refusal(401, "the token is missing or wrong")


async def _tell(about: Mapping[str, Any], request: Request) -> Response:
    cards = await to_thread.run_sync(read_cards)
    return JSONResponse({**about, "cards": [asdict(card) for card in cards]})


async def _read(upstream: httpx.AsyncClient, path: str, request: Request) -> Response:
    answer = await upstream.get(path, timeout=CONNECT_TIMEOUT_S)
    return _as_it_is(answer)


async def _forward(
    upstream: httpx.AsyncClient, path: str, form: Any, models: Collection[str], request: Request
) -> Response:
    try:
        content = rebuilt(await _body(request), form)
    except BodyRefused as exc:
        raise Refusal(400, f"refused by the gateway: {exc}") from exc
    if models and model_of(content) not in models:
        raise Refusal(404, f"the gateway serves {', '.join(sorted(models))}")
    asked = upstream.build_request(
        "POST", path, content=content, headers={"content-type": "application/json"}
    )
    if not is_stream(content):
        return _as_it_is(await upstream.send(asked))
    answer = await upstream.send(asked, stream=True)
    return StreamingResponse(
        _relayed(answer), answer.status_code, media_type=answer.headers.get("content-type")
    )


async def _body(request: Request) -> bytes:
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > LARGEST_BODY:
                raise Refusal(413, f"the request is larger than {LARGEST_BODY} bytes")
    except ClientDisconnect as exc:
        raise Refusal(400, "the request broke off") from exc
    return bytes(content)


async def _relayed(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Hand on what comes. Who stops reading ends the request to vLLM, which then stops writing."""
    try:
        async for part in answer.aiter_raw():
            yield part
    except httpx.TransportError as exc:
        # The reader sees an answer without an end, as it would without us between.
        logger.warning("the model server broke off: %s", exc)
    finally:
        await answer.aclose()


def _as_it_is(answer: httpx.Response) -> Response:
    return Response(
        answer.content, answer.status_code, media_type=answer.headers.get("content-type")
    )


async def _refused(request: Request, exc: Exception) -> Response:
    status = exc.status if isinstance(exc, Refusal) else 500
    return JSONResponse({"error": {"message": str(exc), "code": status}}, status)


async def _unreachable(request: Request, exc: Exception) -> Response:
    message = "the model server behind the gateway does not answer"
    return JSONResponse({"error": {"message": message, "code": 502}}, 502)
