"""Vectors as they are stored: prefixed, cut, of unit length, in the order of the texts."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from indexer.embedding.embedder import Embedder, Vectors
from indexer.embedding.recipe import Recipe
from inference.client import EmbeddingClient
from inference.errors import RequestRejected
from inference.testing import FakeEmbedder, FakeModel, fake_http

TEXTS = [f"def handle_{number}(request): return {number}" for number in range(9)]


def numbered(texts: list[str]) -> Vectors:
    """Return a vector that tells its text: the texts are numbers."""
    return [[float(text), 1.0, 2.0, 2.0] for text in texts]


def test_a_query_and_a_passage_have_their_own_instructions() -> None:
    model = FakeModel()
    client = EmbeddingClient(fake_http(model), "code-embedder")
    embedder = Embedder("m", client.embed, query_prefix="Query: ", passage_prefix="Passage:\n")
    embedder.embed_query("where is the total?")
    embedder.embed_chunks(["def total(): ..."])
    sent = [body["input"] for body in model.received]
    assert sent == [["Query: where is the total?"], ["Passage:\ndef total(): ..."]]


def test_vectors_are_cut_and_then_of_unit_length() -> None:
    whole = Embedder("m", numbered).embed_chunks(["3"])
    cut = Embedder("m", numbered, dimensions=2).embed_chunks(["3"])
    assert np.allclose(whole, np.array([[3, 1, 2, 2]]) / np.sqrt(18))
    assert np.allclose(cut, np.array([[3, 1]]) / np.sqrt(10))


def test_a_model_with_too_few_dimensions_is_refused_in_a_sentence() -> None:
    with pytest.raises(RequestRejected, match="4 dimensions, asked for 512"):
        Embedder("m", numbered, dimensions=512).embed_query("1")


def test_a_vector_of_nothing_stays_finite() -> None:
    vectors = Embedder("m", lambda texts: [[0.0, 0.0] for _ in texts]).embed_chunks(["x"])
    assert vectors == [[0.0, 0.0]]


def test_requests_at_the_same_time_keep_the_order_of_the_texts() -> None:
    met = threading.Barrier(3, timeout=10)

    def compute(texts: list[str]) -> Vectors:
        met.wait()  # passes only when three requests are on their way at once
        return numbered(texts)

    embedder = Embedder("m", compute, batch_size=2, concurrency=3)
    vectors = np.array(embedder.embed_chunks([str(number) for number in range(6)]))
    assert np.allclose(vectors[:, 0] / vectors[:, 1], range(6))


def test_a_served_model_is_asked_in_batches() -> None:
    model = FakeModel()
    client = EmbeddingClient(fake_http(model), "code-embedder")
    vectors = Embedder("m", client.embed, batch_size=4, concurrency=2).embed_chunks(TEXTS)
    assert sorted(len(str(body["input"]).split("', '")) for body in model.received) == [1, 4, 4]
    assert np.allclose(vectors, FakeEmbedder().embed(TEXTS), atol=1e-6)


def test_an_error_of_one_of_many_requests_is_raised() -> None:
    def compute(texts: list[str]) -> Vectors:
        raise RequestRejected("too long")

    with pytest.raises(RequestRejected, match="too long"):
        Embedder("m", compute, batch_size=1, concurrency=2).embed_chunks(["1", "2", "3"])


def test_what_alters_the_vectors_alters_the_name() -> None:
    plain = Recipe("server", "org/model", url="http://gpu1")
    assert plain.name == "org/model"
    assert Recipe("server", "org/model", url="http://gpu2", query_prefix="Q: ").name == plain.name
    assert Recipe("server", "org/model", dimensions=512).name == "org/model@512"
    told = Recipe("server", "org/model", passage_prefix="P: ").name
    assert told.startswith("org/model#")
    assert told != Recipe("server", "org/model", passage_prefix="R: ").name
    assert Recipe(**plain.to_json()) == plain
