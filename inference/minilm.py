"""all-MiniLM-L6-v2 in this process, on the CPU: embeddings without a model server.

The model: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean pooling over the
attention mask, then unit length). Load it after a fork, not before: the runtime's threads do not
survive one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelFilesInvalid

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Encoding, Tokenizer

MODEL_NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
NEAR = 0.33  # cosine from which a text is near a question: docs/experiments.md
MAX_TOKENS = 256  # as trained; what follows is not read
BATCH_TEXTS = 8  # measured: 80 ms of processor time per text with 4, 89 with 16, 97 with 32


class MiniLM:
    """Thread-safe; a few milliseconds per short text."""

    name = MODEL_NAME
    dimensions = DIMENSIONS

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = {value.name for value in session.get_inputs()}

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> MiniLM:
        """Read `model.onnx` and `tokenizer.json`. Threads: None leaves the choice to the runtime."""
        missing = [n for n in ("model.onnx", "tokenizer.json") if not (folder / n).is_file()]
        if missing:
            raise ModelFilesInvalid(f"{folder} lacks {' and '.join(missing)}")
        # Here and not above: half a second and 20 MB, only for those who choose this model.
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        # A busy wait between batches would take a core from whatever else runs here.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return cls(session, tokenizer)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, one row per text, in the order of the texts."""
        # One by one: the tokenizer's own batches start threads that warn after every fork.
        encodings = [self._tokenizer.encode(_encodable(text)) for text in texts]
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # Texts of like length go together: a batch is as slow as its longest text.
        order = sorted(range(len(texts)), key=lambda position: len(encodings[position].ids))
        for start in range(0, len(order), BATCH_TEXTS):
            rows = order[start : start + BATCH_TEXTS]
            vectors[rows] = self._embed_batch([encodings[row] for row in rows])
        return vectors

    def _embed_batch(self, encodings: list[Encoding]) -> NDArray[np.float32]:
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        known = {name: value for name, value in feeds.items() if name in self._inputs}
        hidden = self._session.run(None, known)[0]
        return _unit_length(_mean_over_mask(hidden, mask))


def _encodable(text: str) -> str:
    """Replace lone surrogates, which the tokenizer refuses."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _mean_over_mask(hidden: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    weights = mask[:, :, np.newaxis].astype(np.float32)
    return np.asarray((hidden * weights).sum(axis=1) / weights.sum(axis=1), dtype=np.float32)


def _unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
