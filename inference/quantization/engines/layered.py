"""A model of which one layer at a time is in memory: what makes a small card do for a large model.

All layers begin without weights (torch's "meta" device). One is filled from the files, is given what
calibration text makes of the layers before it, is quantized, and is emptied again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import init_empty_weights
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from inference.errors import QuantizationFailed
from inference.quantization.engines.packing import Solved, packed
from inference.quantization.engines.protocol import Window
from inference.quantization.engines.tensors import Tensors, read_config

HIDDEN = "hidden"
FORMAT = {"format": "pt"}  # without it transformers does not read the file


@dataclass(frozen=True, slots=True)
class Structure:
    """Where an architecture keeps its layers, and which matrices of one see the same input."""

    layers: str  # "model.layers"
    outside: tuple[str, ...]  # what else is needed for the first layer's input
    groups: tuple[tuple[str, ...], ...]  # in the order in which they are passed


class SolverOf(Protocol):
    def see(self, inputs: Any) -> None: ...

    def solve(self) -> Solved: ...


class _Enough(Exception):
    """Every matrix of a group has seen its input: the rest of the layer need not be computed."""


class LayeredModel:
    """A model folder as the loop needs it: see engines/protocol.py."""

    def __init__(
        self,
        folder: Path,
        structure_of: Callable[[str], Structure],
        solver_of: Callable[[Any], SolverOf],
        *,
        device: Any,
        bits: int,
    ) -> None:
        config = AutoConfig.for_model(**read_config(folder))
        self._structure = structure_of(config.model_type)
        self._solver_of, self._device, self._bits = solver_of, device, bits
        self._dtype = torch.float32 if device.type == "cpu" else torch.float16
        self._tensors = Tensors(folder)
        config.use_cache = False
        with init_empty_weights(include_buffers=False):
            self._model = AutoModelForCausalLM.from_config(
                config, attn_implementation="sdpa"
            ).eval()
        self._layers = _module(self._model, self._structure.layers)
        self._arguments: dict[str, Any] = {}  # what each layer is given beside its input

    @property
    def layers(self) -> int:
        return len(self._layers)

    def first_inputs(self, windows: Sequence[Window], inputs: Path) -> None:
        with torch.inference_mode():
            hidden = torch.cat([self._first_input(window) for window in windows])
        save_file({HIDDEN: hidden.cpu()}, inputs)

    def quantize_layer(
        self, number: int, inputs: Path, outputs: Path, weights: Path
    ) -> Mapping[str, float]:
        hidden = load_file(inputs)[HIDDEN]
        layer, prefix = self._layers[number], f"{self._structure.layers}.{number}."
        with torch.inference_mode():
            if not self._arguments:  # work that is continued
                self._first_input((0,) * hidden.shape[1])
            self._fill(layer, prefix)
            solved = self._solve(layer, hidden)
            save_file({HIDDEN: self._passed(layer, hidden)}, outputs)
            save_file(dict(self._of_layer(layer, prefix, solved)), weights, metadata=FORMAT)
        layer.to("meta")
        return {name: matrix.lost for name, matrix in solved.items()}

    def write_rest(self, weights: Path) -> None:
        inside = f"{self._structure.layers}."
        rest = {
            name: _stored(self._tensors.get(name))
            for name in self._tensors.names
            if not name.startswith(inside)
        }
        save_file(rest, weights, metadata=FORMAT)

    def _first_input(self, window: Window) -> Any:
        """Run the model up to its first layer; keep what that is given."""
        for name in self._structure.outside:
            module = _find_module(self._model, name)
            if module is not None and any(tensor.is_meta for tensor in module.parameters()):
                self._fill(module, f"{name}.")
        caught: list[Any] = []

        def catch(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            given = dict(kwargs)
            caught.append(args[0] if args else given.pop("hidden_states"))
            self._arguments = given
            raise _Enough

        handle = self._layers[0].register_forward_pre_hook(catch, with_kwargs=True)
        try:
            self._model(torch.tensor([window], device=self._device))
        except _Enough:
            pass
        finally:
            handle.remove()
        return caught[0]

    def _fill(self, module: Any, prefix: str) -> None:
        """Give a module its weights, on the device."""
        state = {
            name: tensor.to(self._device, self._dtype)
            for name, tensor in self._tensors.below(prefix)
        }
        missing = module.load_state_dict(state, strict=False, assign=True).missing_keys
        if missing:
            raise QuantizationFailed(f"the weights have no {prefix}{missing[0]}")
        module.to(self._device)

    def _solve(self, layer: Any, hidden: Any) -> dict[str, Solved]:
        matrices = {
            name: module
            for name, module in layer.named_modules()
            if isinstance(module, torch.nn.Linear)
        }
        solved: dict[str, Solved] = {}
        for group in self._structure.groups:
            solvers = {name: self._solver_of(matrices[name]) for name in group if name in matrices}
            if solvers:
                self._show(layer, hidden, {matrices[name]: one for name, one in solvers.items()})
                solved |= {name: solver.solve() for name, solver in solvers.items()}
        if not solved:
            raise QuantizationFailed("a layer has none of the matrices that are to be quantized")
        return solved

    def _show(self, layer: Any, hidden: Any, solvers: Mapping[Any, SolverOf]) -> None:
        """Let the matrices of a group see what each window makes of the layer up to them."""
        seen: set[Any] = set()

        def look(matrix: Any, args: tuple[Any, ...]) -> None:
            solvers[matrix].see(args[0])
            seen.add(matrix)
            if len(seen) == len(solvers):
                raise _Enough

        handles = [matrix.register_forward_pre_hook(look) for matrix in solvers]
        try:
            for window in hidden.split(1):
                seen.clear()
                try:
                    layer(window.to(self._device), **self._arguments)
                except _Enough:
                    continue
        finally:
            for handle in handles:
                handle.remove()

    def _passed(self, layer: Any, hidden: Any) -> Any:
        """Return what the quantized layer makes of its inputs."""
        outputs = []
        for window in hidden.split(1):
            given = layer(window.to(self._device), **self._arguments)
            outputs.append((given[0] if isinstance(given, tuple) else given).cpu())
        return torch.cat(outputs)

    def _of_layer(
        self, layer: Any, prefix: str, solved: Mapping[str, Solved]
    ) -> Sequence[tuple[str, Any]]:
        """Return the tensors of a layer: packed where quantized, in 16 bits elsewhere."""
        found = []
        modules = dict(layer.named_modules())
        for name, matrix in solved.items():
            tensors = packed(matrix, self._bits, modules[name].bias)
            found += [(f"{prefix}{name}.{part}", tensor) for part, tensor in tensors.items()]
        for name, tensor in layer.state_dict().items():
            if name.rpartition(".")[0] not in solved:
                found.append((f"{prefix}{name}", _stored(tensor)))
        return found


def _stored(tensor: Any) -> Any:
    """Return a tensor as it is stored: GPTQ's kernels calculate in 16-bit floats."""
    return tensor.half().cpu().contiguous() if tensor.is_floating_point() else tensor.cpu()


def _find_module(model: Any, name: str) -> Any:
    return reduce(lambda module, part: getattr(module, part, None), name.split("."), model)


def _module(model: Any, name: str) -> Any:
    module = _find_module(model, name)
    if module is None:
        raise QuantizationFailed(f"the model has no {name}")
    return module
