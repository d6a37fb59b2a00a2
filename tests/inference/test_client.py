"""The chat and embedding clients against servers that behave and servers that do not."""

from __future__ import annotations

import json

import httpx
import pytest

from inference.client import ChatClient, EmbeddingClient, estimate_tokens
from inference.errors import (
    ModelNotConfigured,
    ModelUnavailable,
    RequestRejected,
)
from inference.protocol import ChatDelta, ChatEnd, ChatMessage, ChatRequest, ServedModel
from inference.testing import FAKE_MODEL, FakeModel, Mode, Script, fake_http
from tests.inference.chats import QUESTION, REQUEST, answering, chat


def test_an_answer_arrives_in_deltas_and_ends_once() -> None:
    *deltas, end = chat(fake_http()).stream(REQUEST)
    assert len(deltas) > 1
    assert all(isinstance(delta, ChatDelta) for delta in deltas)
    assert isinstance(end, ChatEnd)
    assert end.finish_reason == "stop"
    assert end.usage is not None
    assert end.usage.completion_tokens == len(deltas)


def test_complete_joins_the_deltas() -> None:
    assert chat(fake_http()).complete(REQUEST) == "`main` is defined there [E1]."


def test_every_field_of_the_request_reaches_the_server() -> None:
    model = FakeModel()
    request = ChatRequest(
        QUESTION, max_tokens=7, temperature=0.5, stop=("\n",), cache_salt="ab" * 32, grammar="root"
    )
    list(chat(fake_http(model)).stream(request))
    assert model.received == [
        {
            "path": "/v1/chat/completions",
            "model": FAKE_MODEL,
            "messages": [
                {"role": "system", "content": QUESTION[0].content},
                {"role": "user", "content": QUESTION[1].content},
            ],
            "max_tokens": 7,
            "temperature": 0.5,
            "stop": ["\n"],
            "cache_salt": "ab" * 32,
            "structured_outputs": {"grammar": "root"},
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_fields_that_only_vllm_knows_are_left_out_unless_asked_for() -> None:
    model = FakeModel()
    list(chat(fake_http(model)).stream(REQUEST))
    assert not {"cache_salt", "structured_outputs", "stop"} & set(model.received[0])


def test_models_carry_their_window() -> None:
    client = chat(fake_http(FakeModel(Script(window_tokens=2048))))
    assert client.models() == [ServedModel(FAKE_MODEL, 2048)]


def test_a_server_that_does_not_tell_the_window_is_fine() -> None:
    client = chat(
        answering(content=b'{"data": [{"id": "a"}, {"id": "b", "max_model_len": "x"}, 7]}')
    )
    assert client.models() == [ServedModel("a", None), ServedModel("b", None)]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"data": 1}', b"[" * 100_000])
def test_a_listing_that_is_none_is_rejected(content: bytes) -> None:
    with pytest.raises(RequestRejected):
        chat(answering(content=content)).models()


def test_without_a_name_the_first_served_model_is_asked() -> None:
    model = FakeModel(Script(model="the-only-one"))
    ChatClient(fake_http(model), None).complete(REQUEST)
    assert model.received[0]["model"] == "the-only-one"


def test_a_priority_is_sent_where_the_server_has_them() -> None:
    model = FakeModel()
    client = ChatClient(fake_http(model), FAKE_MODEL, has_priorities=True)
    for one in (client, client.at_priority(0), client.at_priority(3)):
        one.complete(REQUEST)
    assert [body.get("priority") for body in model.received] == [None, None, 3]
    assert client.priority == 0


def test_a_server_without_priorities_would_refuse_them() -> None:
    model = FakeModel()
    chat(fake_http(model)).at_priority(3).complete(REQUEST)
    assert "priority" not in model.received[0]


def test_a_client_at_another_priority_knows_and_teaches_what_is_learned_of_the_server() -> None:
    model = FakeModel(Script(can_count=False))
    client = ChatClient(fake_http(model), None, has_priorities=True)
    client.at_priority(2).count_tokens(QUESTION)
    client.count_tokens(QUESTION)
    client.at_priority(1).complete(REQUEST)
    assert client.model == FAKE_MODEL
    assert [body["path"] for body in model.received] == ["/tokenize", "/v1/chat/completions"]


def test_a_server_without_models_is_a_model_that_is_not_configured() -> None:
    with pytest.raises(ModelNotConfigured):
        ChatClient(answering(content=b'{"data": []}'), None).complete(REQUEST)


def test_tokens_are_counted_by_the_server_with_its_template() -> None:
    model = FakeModel()
    client = chat(fake_http(model))
    assert client.count_tokens(QUESTION) > client.count_text_tokens("Cite.") > 0
    assert model.received[0]["add_generation_prompt"] is True


def test_tokens_are_estimated_upwards_where_the_server_cannot_count() -> None:
    model = FakeModel(Script(can_count=False))
    client = chat(fake_http(model))
    exact = chat(fake_http()).count_tokens(QUESTION)
    assert client.count_tokens(QUESTION) > exact
    assert client.count_text_tokens("Cite.") == estimate_tokens("Cite.")
    assert len(model.received) == 1  # asked once, then never again


@pytest.mark.parametrize("content", [b"{}", b'{"count": "7"}', b'{"count": -1}', b"[7]"])
def test_a_count_that_is_none_is_rejected(content: bytes) -> None:
    with pytest.raises(RequestRejected):
        chat(answering(content=content)).count_text_tokens("x")


def test_embeddings_keep_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    http = answering(content=json.dumps({"data": rows}).encode())
    assert EmbeddingClient(http, "embedder").embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]


def test_no_texts_need_no_server() -> None:
    assert EmbeddingClient(answering(500), "embedder").embed([]) == []


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"data": None},
        {"data": []},
        {"data": [{"index": 0, "embedding": [1]}]},
        {"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]},
        {"data": [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}]},
        {"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]},
        {"data": [{"index": 0, "embedding": "x"}, {"index": 1, "embedding": [1]}]},
        {"data": [{"index": [], "embedding": [1]}, {"index": 1, "embedding": [1]}]},
    ],
)
def test_anything_but_one_vector_per_text_is_rejected(answer: object) -> None:
    http = answering(content=json.dumps(answer).encode())
    with pytest.raises(RequestRejected):
        EmbeddingClient(http, "embedder").embed(["a", "b"])


FENCED = ChatRequest(QUESTION, max_tokens=100, handles=("E1",))


def test_offered_handles_are_fenced_by_a_structural_tag() -> None:
    model = FakeModel()
    assert chat(fake_http(model)).complete(FENCED)
    (request,) = model.received
    outputs = request["structured_outputs"]
    assert isinstance(outputs, dict)
    assert json.loads(outputs["structural_tag"])["type"] == "structural_tag"


def test_a_server_that_refuses_the_fence_is_asked_without_and_not_tried_again() -> None:
    model = FakeModel(Script(can_fence=False))
    client = chat(fake_http(model))
    assert client.complete(FENCED) == client.complete(FENCED) != ""
    assert ["structured_outputs" in one for one in model.received] == [True, False, False]


PLANNED = ChatRequest(
    (ChatMessage("user", "Next action as JSON:"),), max_tokens=50, schema={"type": "object"}
)


def test_an_answer_is_held_to_its_schema() -> None:
    model = FakeModel(Script(plans=('{"action": "search"}',)))
    assert chat(fake_http(model)).complete(PLANNED) == '{"action": "search"}'
    assert model.received[0]["structured_outputs"] == {"json": {"type": "object"}}


def test_a_server_that_refuses_the_schema_is_asked_in_words_and_still_fences() -> None:
    model = FakeModel(Script(can_hold=False))
    client = chat(fake_http(model))
    assert client.complete(PLANNED) == client.complete(PLANNED) != ""
    client.complete(FENCED)
    assert ["structured_outputs" in one for one in model.received] == [True, False, False, True]


def test_a_request_that_is_refused_itself_says_nothing_about_its_form() -> None:
    bodies: list[dict[str, object]] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(400, json={"error": {"message": "too long"}})

    client = chat(httpx.Client(base_url="http://model", transport=httpx.MockTransport(refuse)))
    for _ in range(2):
        with pytest.raises(RequestRejected, match="too long"):
            client.complete(PLANNED)
    assert ["structured_outputs" in one for one in bodies] == [True, False, True, False]


def test_another_refusal_is_not_tried_again() -> None:
    asked: list[int] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(422, json={"error": {"message": "no"}})

    http = httpx.Client(base_url="http://model", transport=httpx.MockTransport(refuse))
    with pytest.raises(RequestRejected, match="422"):
        chat(http).complete(FENCED)
    assert len(asked) == 1


def test_a_choice_is_one_of_its_words() -> None:
    model = FakeModel(Script(chosen="no"))
    said = chat(fake_http(model)).complete(
        ChatRequest(QUESTION, max_tokens=4, choice=("yes", "no"))
    )
    assert said == "no"
    assert model.received[0]["structured_outputs"] == {"choice": ["yes", "no"]}


def test_the_same_text_is_counted_once() -> None:
    model = FakeModel()
    client = ChatClient(fake_http(model), None)
    counts = {client.count_text_tokens("one two three") for _ in range(5)}
    assert counts == {client.at_priority(3).count_text_tokens("one two three")} == {3}
    assert [one["path"] for one in model.received].count("/tokenize") == 1
    assert client.count_text_tokens("one two") == 2


def test_counts_that_were_asked_for_ahead_are_known() -> None:
    model = FakeModel()
    client = ChatClient(fake_http(model), None)
    client.count_ahead(["one two", "one", "one two", "x " * 9000])
    asked = [one["path"] for one in model.received]
    assert asked.count("/tokenize") == 3
    assert [client.count_text_tokens(text) for text in ("one", "one two", "x " * 9000)] == [
        1,
        2,
        9000,
    ]
    client.count_ahead(["one", "two"])  # of one text alone nothing is gained
    assert [one["path"] for one in model.received].count("/tokenize") == 3


def test_what_fails_while_it_is_counted_ahead_is_said() -> None:
    client = ChatClient(fake_http(FakeModel(Script(mode=Mode.HTTP500))), "fake")
    with pytest.raises(ModelUnavailable):
        client.count_ahead(["one", "two"])


def test_a_server_that_cannot_count_is_not_asked_ahead() -> None:
    model = FakeModel(Script(can_count=False))
    client = ChatClient(fake_http(model), None)
    assert client.count_text_tokens("one") == estimate_tokens("one")
    client.count_ahead(["two", "three", "four"])
    assert [one["path"] for one in model.received].count("/tokenize") == 1


def test_an_adapter_names_its_model_and_has_its_window() -> None:
    script = Script(adapters=("shop-style",), window_tokens=2048)
    client = ChatClient(fake_http(FakeModel(script)), None)
    assert client.models() == [
        ServedModel(FAKE_MODEL, 2048),
        ServedModel("shop-style", 2048, adapts=FAKE_MODEL),
    ]
    assert client.model_name() == FAKE_MODEL
    assert client.of_model("shop-style").model_name() == "shop-style"
    assert client.model_name() == FAKE_MODEL
