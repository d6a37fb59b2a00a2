"""The static model: the shipped weights, and files that are not them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from inference.errors import ModelFilesInvalid
from inference.static import (
    WEIGHTS,
    StaticModel,
    Weights,
    quantised,
    read_manifest,
    read_weights,
    write_weights,
)


@pytest.fixture(scope="module")
def shipped() -> StaticModel:
    return StaticModel.load()


def small_weights() -> Weights:
    rows, scales = quantised(np.eye(3, 4, dtype=np.float32))
    return Weights("small", ("parse", "url", "red"), rows, scales, 0.4)


def test_vectors_have_unit_length_and_the_order_of_the_texts(shipped: StaticModel) -> None:
    texts = ["open a file", "", "close the connection", "retry after a timeout"]
    together = shipped.embed(texts)
    assert together.shape == (4, shipped.dimensions)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), [1, 0, 1, 1], atol=1e-5)
    for row, text in enumerate(texts):
        assert np.allclose(together[row], shipped.embed([text])[0], atol=1e-6)


def test_code_is_near_a_question_about_it_in_other_words(shipped: StaticModel) -> None:
    question = shipped.embed(["Where is a password checked when somebody signs in?"])[0]
    right, wrong = shipped.embed(
        [
            "auth.py\ndef login(user, secret):\n    if not verify_hash(user.digest, secret):\n"
            "        raise AuthenticationFailed",
            "colours.py\ndef blend(red, green, blue):\n    return (red + green + blue) / 3",
        ]
    )
    assert question @ right > question @ wrong + 0.1


def test_an_identifier_is_the_same_in_every_spelling(shipped: StaticModel) -> None:
    camel, snake, words = shipped.embed(
        ["parseHTTPHeader", "parse_http_header", "parse http header"]
    )
    assert np.allclose(camel, snake, atol=1e-6)
    assert np.allclose(camel, words, atol=1e-6)


@pytest.mark.parametrize("text", [" ", "\0", "\ud800", "x" * 100_000, "word " * 10_000, "😀", "é"])
def test_odd_texts_are_embedded_too(shipped: StaticModel, text: str) -> None:
    assert np.isfinite(shipped.embed([text])).all()


def test_threads_get_the_same_vectors(shipped: StaticModel) -> None:
    texts = [f"read line {n} of the configuration{n}" for n in range(200)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(shipped.embed, [texts] * 8))
    assert all(np.array_equal(one, found[0]) for one in found)


def test_the_shipped_weights_stay_small(shipped: StaticModel) -> None:
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    assert manifest["size_bytes"] == (WEIGHTS / manifest["file"]).stat().st_size < 16 * 1024**2
    assert manifest["name"] == shipped.name


def test_a_word_weighs_by_its_length_and_less_with_each_repetition() -> None:
    model = StaticModel(small_weights())
    assert np.allclose(model.embed(["parseUrl"])[0], [0.7071, 0.7071, 0, 0], atol=1e-3)
    once, often = model.embed(["parse url", "parse parse parse parse url"])
    assert once[0] < often[0] < 0.95


def test_written_weights_are_read_again(tmp_path: Path) -> None:
    write_weights(tmp_path, small_weights())
    found = read_weights(tmp_path)
    assert found.words == ("parse", "url", "red")
    assert np.array_equal(found.vectors, small_weights().vectors)
    assert read_manifest(tmp_path).name == found.name == "small"


def test_a_damaged_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    write_weights(tmp_path, small_weights())
    file = tmp_path / "small.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(ModelFilesInvalid, match="is damaged"):
        StaticModel.load(tmp_path)


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    write_weights(tmp_path, small_weights())
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "small.npz").write_bytes(b"")
    manifest["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelFilesInvalid, match="are no weights"):
        StaticModel.load(tmp_path)


def test_weights_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    whole = small_weights()
    write_weights(tmp_path, Weights(whole.name, whole.words[:2], whole.vectors, whole.scales, 0.4))
    with pytest.raises(ModelFilesInvalid, match="do not belong together"):
        StaticModel.load(tmp_path)


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"name": "x", "file": "../x.npz"}'])
def test_a_manifest_that_names_nothing_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(ModelFilesInvalid, match="does not name"):
        StaticModel.load(tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_weights(tmp_path, small_weights())
    (tmp_path / "small.npz").unlink()
    with pytest.raises(ModelFilesInvalid, match="cannot be read"):
        StaticModel.load(tmp_path)
