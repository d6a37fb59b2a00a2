"""From a model folder and calibration text to the folder of the quantized model."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from inference.errors import QuantizationFailed
from inference.quantization.calibration import read_texts, windows_of
from inference.quantization.engines.protocol import Engine, Window
from inference.quantization.folders import assemble, described, identity_of, told_of_calibration
from inference.quantization.recipe import Recipe, run_id
from inference.quantization.running import quantize_layers
from inference.serving.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be quantized, with which text, into which folder."""

    model: Path
    out: Path
    calibration: tuple[Path, ...]
    licence: str = ""  # of a model without a manifest
    origin: str = ""

    @property
    def work(self) -> Path:
        """Return where unfinished work is kept: beside the result, on the same disk."""
        return self.out.with_name(f"{self.out.name}.work")


def quantize(order: Order, engine: Engine, recipe: Recipe, tell: Callable[[str], None]) -> Manifest:
    """Quantize, or go on where an earlier run of the same order was ended.

    Raises QuantizationFailed, and ModelFilesInvalid when the model is not that of its manifest.
    """
    if order.out.exists():
        raise QuantizationFailed(f"{order.out} exists: name another folder, or remove it")
    tell("hashing the model")
    before = described(order.model, licence=order.licence, origin=order.origin)
    if before.quantization:
        raise QuantizationFailed(f"{order.model} is quantized already: {before.quantization}")
    texts = [text for file in order.calibration for text in read_texts(file)]
    if any(text.is_held_out for text in texts):
        raise QuantizationFailed(
            "the calibration text holds texts that are kept apart for the comparison: give the file "
            "`calibration.jsonl` that `calibrate` wrote"
        )
    windows = windows_of(
        tokens_of(order.model, [text.text for text in texts]),
        count=recipe.windows,
        tokens=recipe.window_tokens,
    )
    if len(windows) < recipe.windows:
        tell(f"the text is enough for {len(windows)} of {recipe.windows} windows")
    run = run_id(recipe, identity_of(before), _hash_of(windows))
    finished = quantize_layers(engine.open(order.model), windows, order.work, run, tell)
    told = {
        "engine": engine.version(),
        "calibration": told_of_calibration(order.calibration, texts)
        | {"windows": len(windows), "window_tokens": recipe.window_tokens},
    }
    tell("writing the folder and hashing it")
    manifest = assemble(order.model, order.out, finished, recipe, told=told, before=before)
    shutil.rmtree(order.work)
    return manifest


def tokens_of(model: Path, texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of texts, without any that a template would add."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    return [
        encoding.ids for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ]


def _hash_of(windows: Sequence[Window]) -> str:
    return hashlib.sha256(json.dumps(windows).encode()).hexdigest()
