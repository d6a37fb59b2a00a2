"""Several model servers behind one client: who is asked, who rests, and what goes elsewhere."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from inference.client import ChatClient, EmbeddingClient
from inference.connection import open_http
from inference.errors import ModelUnavailable
from inference.fake_server import FakeServer, serving
from inference.nodes import Node, NodesTransport, chosen
from inference.protocol import ChatDelta, ChatMessage, ChatRequest
from inference.testing import FAKE_MODEL, FakeModel, Mode, Script, transport_of
from tests.modelserver import free_port

REQUEST = ChatRequest((ChatMessage("user", "one two three four five six seven"),), max_tokens=50)


@contextmanager
def two_servers(*scripts: Script) -> Iterator[tuple[FakeServer, FakeServer]]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(serving(script)) for script in scripts)
        yield first, second


def chat(http: httpx.Client) -> ChatClient:
    return ChatClient(http, FAKE_MODEL, has_others=True)


def asked(server: FakeServer) -> int:
    return len(server.model.received)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def nodes(http: httpx.Client) -> tuple[Node, ...]:
    assert isinstance(http._transport, NodesTransport)
    return http._transport.nodes


def test_every_server_gets_its_share() -> None:
    script = Script(text="yes")
    with two_servers(script, script) as (one, two), open_http(f"{one.url},{two.url}") as http:
        for _ in range(40):
            chat(http).complete(REQUEST)
        assert asked(one) + asked(two) == 40
        assert min(asked(one), asked(two)) >= 5


def test_a_path_of_a_proxy_and_the_host_are_those_of_the_server() -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": []})

    transport = httpx.MockTransport(respond)
    node = Node(httpx.URL("https://gpu1:8443/team/"), transport)
    with httpx.Client(base_url="http://nodes", transport=NodesTransport([node])) as http:
        http.get("/v1/models")
    assert (str(seen[0].url), seen[0].headers["host"]) == (
        "https://gpu1:8443/team/v1/models",
        "gpu1:8443",
    )


def test_the_requests_of_a_thread_go_to_the_same_server() -> None:
    script = Script(text="yes")
    with two_servers(script, script) as (one, two), open_http(f"{one.url},{two.url}") as http:
        for number in range(8):
            before = asked(one)
            for _ in range(4):
                chat(http).for_thread(f"thread-{number}").complete(REQUEST)
            assert asked(one) - before in {0, 4}
        assert 0 < asked(one) < 32


def test_a_thread_whose_server_has_too_much_to_do_goes_to_the_next() -> None:
    idle = [node_called(name) for name in "abcd"]
    own = chosen(idle, "a thread")
    own.in_flight = 6
    assert chosen(idle, "a thread") is not own
    for node in idle:
        node.in_flight = 6  # all alike: one's own again
    assert chosen(idle, "a thread") is own


def test_a_server_that_goes_moves_only_its_own_threads() -> None:
    four = [node_called(name) for name in "abcd"]
    before = {key: chosen(four, key) for key in map(str, range(400))}
    three = four[:3]
    moved = {key for key, node in before.items() if chosen(three, key) is not node}
    assert moved == {key for key, node in before.items() if node is four[3]}
    assert min(Counter(before.values()).values()) > 60


def test_without_a_thread_whoever_has_least_to_do_is_asked() -> None:
    both = [node_called("a"), node_called("b")]
    both[0].in_flight = 1
    assert {chosen(both, None) for _ in range(20)} == {both[1]}


def test_a_refused_connection_goes_to_another_server() -> None:
    with (
        serving(Script(text="yes")) as server,
        open_http(f"http://127.0.0.1:{free_port()},{server.url}") as http,
    ):
        assert [chat(http).complete(REQUEST) for _ in range(10)] == ["yes"] * 10
        assert len(EmbeddingClient(http, "any").embed(["text"])) == 1
        assert [node.is_resting for node in nodes(http)] == [True, False]


@pytest.mark.parametrize("status", [502, 503])
def test_a_gateway_without_its_server_is_passed_over(status: int) -> None:
    broken = Node(
        httpx.URL("http://broken"),
        httpx.MockTransport(lambda request: httpx.Response(status, json={"error": "gone"})),
    )
    works = Node(httpx.URL("http://works"), transport_of(FakeModel(Script(text="yes"))))
    transport = NodesTransport([broken, works], shortest_rest_s=60)
    with httpx.Client(base_url="http://nodes", transport=transport) as http:
        assert {chat(http).complete(REQUEST) for _ in range(10)} == {"yes"}
        assert broken.is_resting
        assert (broken.in_flight, works.in_flight) == (0, 0)


@pytest.mark.parametrize("mode", [Mode.CUT_SSE, Mode.HANG])
def test_a_server_that_fails_before_the_first_word_is_replaced_once(mode: Mode) -> None:
    scripts = Script(mode=mode), Script(text="yes")
    with (
        two_servers(*scripts) as (broken, well),
        open_http(f"{broken.url},{well.url}", read_timeout_s=0.3) as http,
    ):
        client = chat(http)
        said = set()
        for number in range(12):  # of these threads some belong to the broken one
            said.add(client.for_thread(str(number)).complete(REQUEST))
        assert asked(broken) > 0
        assert said == {"yes"}


def test_a_prompt_that_kills_servers_is_sent_to_two_at_most() -> None:
    cut = Script(mode=Mode.CUT_SSE)
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(cut)) for _ in range(4)]
        http = stack.enter_context(open_http(",".join(server.url for server in servers)))
        with pytest.raises(ModelUnavailable):
            chat(http).complete(REQUEST)
        assert sum(map(asked, servers)) == 2


def test_an_answer_that_has_begun_is_never_begun_anew() -> None:
    """The reader has seen words: a second answer would contradict them."""
    with (
        killable_server() as (process, url),
        serving(Script(text="other")) as other,
        open_http(f"{url},{other.url}", read_timeout_s=60) as http,
    ):
        stream = chat(http).for_thread(thread_of(http, 0)).stream(REQUEST)
        assert isinstance(next(stream), ChatDelta)
        process.kill()
        with pytest.raises(ModelUnavailable):
            list(stream)
        assert asked(other) == 0
        # The next question is answered at once, by the server that is left.
        started = time.monotonic()
        assert chat(http).for_thread(thread_of(http, 0)).complete(REQUEST) == "other"
        assert time.monotonic() - started < 20  # not the time limits of a dead server


def test_a_server_that_is_back_is_asked_again_by_itself() -> None:
    port = free_port()
    with (
        serving(Script(text="yes")) as other,
        open_http(f"http://127.0.0.1:{port},{other.url}") as http,
    ):
        transport = http._transport
        assert isinstance(transport, NodesTransport)
        transport._shortest_rest_s = 0.05
        for _ in range(8):
            chat(http).complete(REQUEST)
        assert eventually(lambda: nodes(http)[0].is_resting)
        with killable_server(port):
            assert eventually(lambda: not nodes(http)[0].is_resting, 60)
            assert chat(http).for_thread(thread_of(http, 0)).complete(REQUEST)


def test_a_stop_is_no_fault_of_the_server() -> None:
    slow = Script(mode=Mode.SLOW, text="word " * 200)
    with two_servers(slow, slow) as (one, two), open_http(f"{one.url},{two.url}") as http:
        stream = chat(http).stream(REQUEST)
        next(stream)
        closing = threading.Timer(0.1, stream.close)
        closing.start()
        list(stream)
        closing.join()
        assert [node.is_resting for node in nodes(http)] == [False, False]
        assert eventually(lambda: sum(node.in_flight for node in nodes(http)) == 0)


def test_when_all_rest_all_are_tried() -> None:
    with (
        serving(Script(text="yes")) as server,
        open_http(f"{server.url},http://127.0.0.1:{free_port()}") as http,
    ):
        for node in nodes(http):
            node.is_resting = True
        assert chat(http).complete(REQUEST) == "yes"


def node_called(name: str) -> Node:
    return Node(httpx.URL(f"http://{name}"), transport_of(FakeModel()))


def thread_of(http: httpx.Client, index: int) -> str:
    """Return the name of a thread whose requests go to that server."""
    both = nodes(http)
    names = (str(number) for number in range(1000))
    return next(name for name in names if chosen(both, f"{name} ") is both[index])


@contextmanager
def killable_server(port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = port or free_port()
    command = [sys.executable, "-m", "inference.fake_server", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--mode", "slow", "--text", "a b c d e f g h i j k l m n o p q r s t"],
        stderr=subprocess.DEVNULL,
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            assert eventually(lambda: _answers(url), 60)
            yield process, url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False
