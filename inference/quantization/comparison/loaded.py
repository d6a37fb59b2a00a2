"""A whole model in memory, original or quantized, as the comparison reads and asks it.

Quantized weights are turned back into floats when they are loaded: the numbers are exactly those that a kernel
for 4 bits calculates with, and any processor can do it. Only the speed is not that of serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import dispatch_model, infer_auto_device_map, init_empty_weights
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from inference.quantization.comparison.values import Reading, Tokens, Written
from inference.quantization.engines.packing import unpacked
from inference.quantization.engines.tensors import Tensors, read_config

PACKED = ("qweight", "qzeros", "scales", "g_idx")
AT_ONCE = 16  # answers that are written together


def load_model(folder: Path, dtype: Any) -> tuple[Any, Any]:
    """Return a model folder as transformers knows it, and its configuration."""
    told = read_config(folder)
    quantization = told.pop("quantization_config", None)
    config = AutoConfig.for_model(**told)
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    bits = int(quantization["bits"]) if quantization else 0
    state = {name: tensor.to(dtype) for name, tensor in _floats(Tensors(folder), bits)}
    model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    return model, config


class LoadedModel:
    """A model folder, loaded."""

    def __init__(self, folder: Path, device: str) -> None:
        self._dtype = torch.float32 if device == "cpu" else torch.float16
        self._model, config = load_model(folder, self._dtype)
        if device == "cuda":  # what does not fit the card stays in memory and is brought in turn
            self._model = dispatch_model(self._model, infer_auto_device_map(self._model))
        self._end = config.eos_token_id
        self._device = torch.device(device)

    @property
    def how(self) -> str:
        kind = str(self._dtype).removeprefix("torch.")
        return f"transformers on {self._device.type}, {kind}, 4-bit weights turned back into floats"

    def read(self, window: Tokens) -> Reading:
        tokens = torch.tensor([window], device=self._device)
        with torch.inference_mode():
            scores = self._model(tokens).logits[0, :-1].float()
        loss = torch.nn.functional.cross_entropy(scores, tokens[0, 1:], reduction="sum")
        return Reading(float(loss), tuple(scores.argmax(-1).tolist()))

    def write(
        self, prompts: Sequence[Tokens], most: int, is_done: Callable[[Tokens], bool] | None = None
    ) -> list[Written]:
        """Continue each prompt with the likeliest words; several at once."""
        written: list[Written] = []
        for begin in range(0, len(prompts), AT_ONCE):
            written += self._write(prompts[begin : begin + AT_ONCE], most, is_done)
        return written

    def _write(
        self, prompts: Sequence[Tokens], most: int, is_done: Callable[[Tokens], bool] | None
    ) -> list[Written]:
        width = max(map(len, prompts))
        # Filled up on the left: all answers begin at the same place.
        tokens = torch.tensor([(0,) * (width - len(one)) + one for one in prompts])
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in prompts])

        def finished(so_far: Any, _: Any, **__: Any) -> Any:
            return torch.tensor(
                [is_done is not None and is_done(tuple(row)) for row in so_far[:, width:].tolist()],
                device=so_far.device,
            )

        started = time.perf_counter()
        rows = self._model.generate(
            tokens.to(self._device),
            attention_mask=mask.to(self._device),
            generation_config=GenerationConfig(
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=self._end,
                pad_token_id=_pad(self._end),
            ),
            stopping_criteria=[finished],
        )
        seconds = time.perf_counter() - started
        answers = [self._until_end(row) for row in rows[:, width:].tolist()]
        return [Written(one, seconds if len(prompts) == 1 else 0.0) for one in answers]

    def _until_end(self, row: list[int]) -> Tokens:
        ends = self._end if isinstance(self._end, list) else [self._end]
        places = [row.index(end) for end in ends if end in row]
        return tuple(row[: min(places, default=len(row))])


def _pad(end: int | list[int] | None) -> int:
    if isinstance(end, list):
        return end[0]
    return end if end is not None else 0


def _floats(tensors: Tensors, bits: int) -> Any:
    """Yield all weights by name, the packed ones unpacked."""
    for name in tensors.names:
        matrix, _, part = name.rpartition(".")
        if part == "qweight":
            yield (
                f"{matrix}.weight",
                unpacked({part: tensors.get(f"{matrix}.{part}") for part in PACKED}, bits),
            )
        elif part not in PACKED:
            yield name, tensors.get(name)
