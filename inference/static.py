"""The static model of our own: one vector a word, a text is their weighted mean. No network, no GPU.

Trained on pairs of what people say and the code it is about (`inference/training`); how well it
does and where its pairs come from: `inference/weights/README.md`. Numpy alone computes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelFilesInvalid
from inference.words import WORD, parts_of

WEIGHTS = Path(__file__).with_name("weights")
MANIFEST = "manifest.json"
REMEMBERED_WORDS = 1 << 16
BATCH_TEXTS = 16  # what is gathered of them stays in the processor's cache

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What is learned. V words, D dimensions."""

    name: str  # stored beside every vector: other weights, another name
    words: tuple[str, ...]  # V
    vectors: NDArray[np.int8]  # V x D
    scales: Vectors  # V: a word's vector is its row times its scale; its length is its weight
    near: float  # cosine from which a text is near a question, not only nearest

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])


class StaticModel:
    """Thread-safe; a fraction of a millisecond per text."""

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self.dimensions = weights.dimensions
        self._vectors = weights.vectors.astype(np.float32) * weights.scales[:, np.newaxis]
        self._numbers = {word: number for number, word in enumerate(weights.words)}
        self._known = lru_cache(maxsize=REMEMBERED_WORDS)(self._look_up)

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> StaticModel:
        return cls(read_weights(folder))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one row per text, in the order of the texts.

        A text without a known word has the zero vector: it is near to nothing.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), BATCH_TEXTS):
            self._embed_into(
                vectors[start : start + BATCH_TEXTS], texts[start : start + BATCH_TEXTS]
            )
        return vectors

    def _embed_into(self, vectors: Vectors, texts: Sequence[str]) -> None:
        numbers: list[int] = []
        times: list[int] = []
        starts: list[int] = []
        present: list[int] = []
        for row, text in enumerate(texts):
            if counts := self._counts(text):
                present.append(row)
                starts.append(len(numbers))
                numbers.extend(counts)
                times.extend(counts.values())
        if present:
            weights = damped(np.array(times, dtype=np.float32))
            weighted = self._vectors[numbers] * weights[:, np.newaxis]
            vectors[present] = unit_length(np.add.reduceat(weighted, starts, axis=0))

    def _counts(self, text: str) -> dict[int, int]:
        counts: dict[int, int] = {}
        for word, times in Counter(WORD.findall(text)).items():
            for number in self._known(word):
                counts[number] = counts.get(number, 0) + times
        return counts

    def _look_up(self, word: str) -> tuple[int, ...]:
        found = (self._numbers.get(part) for part in parts_of(word))
        return tuple(number for number in found if number is not None)


def damped(times: Vectors) -> Vectors:
    """Return what repetitions of a word weigh: the tenth says less than the second."""
    return np.asarray(1 + np.log(times), dtype=np.float32)


def unit_length(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is said of weights beside them."""

    name: str
    file: str
    sha256: str
    near: float


def read_manifest(folder: Path = WEIGHTS) -> Manifest:
    """Read what the weights are, without the weights. Raises ModelFilesInvalid."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        name, file, digest = (str(said[key]) for key in ("name", "file", "sha256"))
        return Manifest(name, file, digest, float(said["near"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ModelFilesInvalid(f"{folder / MANIFEST} does not name a static model: {exc}") from exc


def read_weights(folder: Path) -> Weights:
    """Read the weights that the folder's manifest names, when they are those, byte for byte.

    Raises ModelFilesInvalid.
    """
    manifest = read_manifest(folder)
    file = folder / Path(manifest.file).name
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise ModelFilesInvalid(f"The weights of the static model cannot be read: {exc}") from exc
    if sha256(content).hexdigest() != manifest.sha256:
        raise ModelFilesInvalid(
            f"{file} is damaged: it is not the file that its manifest names. Restore it from the"
            " repository."
        )
    return unpacked(content, name=manifest.name, near=manifest.near)


def unpacked(content: bytes, *, name: str, near: float) -> Weights:
    """Return the weights that `packed` wrote; raises ModelFilesInvalid."""
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            weights = Weights(
                name=name,
                words=tuple(arrays["words"].tobytes().decode("utf-8").split("\n")),
                vectors=arrays["vectors"],
                scales=arrays["scales"].astype(np.float32),
                near=near,
            )
    except (BadZipFile, EOFError, KeyError, ValueError, OSError) as exc:
        raise ModelFilesInvalid(f"The weights of {name} are no weights: {exc}") from exc
    count = len(weights.words)
    if not len(weights.vectors) == len(weights.scales) == count:
        raise ModelFilesInvalid(f"The weights of {name} do not belong together")
    return weights


def packed(weights: Weights) -> bytes:
    """Return the weights as one file, without their name."""
    out = BytesIO()
    np.savez(
        out,
        words=np.frombuffer("\n".join(weights.words).encode("utf-8"), dtype=np.uint8),
        vectors=weights.vectors,
        scales=weights.scales.astype(np.float16),
    )
    return out.getvalue()


def write_weights(folder: Path, weights: Weights) -> None:
    """Write weights with their manifest into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = packed(weights)
    file = f"{weights.name}.npz"
    (folder / file).write_bytes(content)
    manifest = {
        "name": weights.name,
        "file": file,
        "sha256": sha256(content).hexdigest(),
        "near": weights.near,
        "size_bytes": len(content),
        "words": len(weights.words),
        "dimensions": weights.dimensions,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def quantised(vectors: Vectors) -> tuple[NDArray[np.int8], Vectors]:
    """Return rows of 8-bit numbers and the scale of each row."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
    rows = np.rint(vectors / scales[:, np.newaxis]).astype(np.int8)
    return rows, np.asarray(scales, dtype=np.float32)
