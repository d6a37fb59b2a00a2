"""MiniLM: what comes out of the real model, and a folder that lacks it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inference.errors import ModelFilesInvalid
from inference.fetching import fetch
from inference.minilm import DIMENSIONS, MiniLM
from inference.packages import MINILM, default_cache_folder, get_model


def test_a_folder_without_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesInvalid, match=r"lacks model\.onnx and tokenizer\.json"):
        MiniLM.load(tmp_path)


def test_nobody_pays_for_its_runtime_who_does_not_load_it() -> None:
    program = "import sys, inference.minilm; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM.load(fetch(get_model(MINILM), default_cache_folder()), threads=1)


@pytest.mark.model
def test_vectors_have_unit_length_and_the_order_of_the_texts(minilm: MiniLM) -> None:
    texts = [" ".join(["word"] * length) for length in range(40, 0, -1)]
    together = minilm.embed(texts)
    assert together.shape == (40, DIMENSIONS)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row in (0, 17, 39):
        assert np.allclose(together[row], minilm.embed([texts[row]])[0], atol=1e-4)


@pytest.mark.model
def test_vectors_are_those_of_the_published_model(minilm: MiniLM) -> None:
    """The first numbers as the original in 32-bit floats gives them."""
    vector = minilm.embed(["This is an example sentence"])[0]
    assert np.allclose(vector[:4], [0.0677, 0.0635, 0.0487, 0.0793], atol=0.004)


@pytest.mark.model
def test_code_is_near_a_question_about_it(minilm: MiniLM) -> None:
    question, right, wrong = minilm.embed(
        [
            "How are command line arguments parsed?",
            "def parse_args(argv): parser = ArgumentParser(); return parser.parse_args(argv)",
            "def render_image(canvas, colours): canvas.draw(colours)",
        ]
    )
    assert question @ right > question @ wrong + 0.2


@pytest.mark.model
@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "x" * 100_000, "word " * 10_000, "😀"])
def test_odd_texts_are_embedded_too(minilm: MiniLM, text: str) -> None:
    assert np.isfinite(minilm.embed([text])).all()


@pytest.mark.model
def test_what_follows_the_first_256_tokens_is_not_read(minilm: MiniLM) -> None:
    start = "word " * 300
    one, other = minilm.embed([start + "apple", start + "zebra"])
    assert np.array_equal(one, other)


@pytest.mark.model
def test_no_texts_give_no_rows(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, DIMENSIONS)
