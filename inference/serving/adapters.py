"""LoRA adapters: what was learned on top of a model, served beside it under names of their own.

An adapter is a folder with PEFT's `adapter_config.json`, weights in safetensors and a manifest, which says
what it learned from. Everything is checked before vLLM starts: one that does not fit would end it after minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.errors import ModelFilesInvalid, ServingFailed
from inference.serving.manifest import ADAPTER_CONFIG, NAME, check_promoted, verify_folder
from inference.serving.profiles import Profile
from inference.serving.shape import Shape

WEIGHTS = "adapter_model.safetensors"
RANKS = (8, 16, 32, 64, 128)  # the steps of vLLM's --max-lora-rank
LONGEST_HEADER = 10_000_000
ADAPTER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LAYER = re.compile(r"\.layers\.(\d+)\.")
WIDTH = 2  # bytes of a number, as vLLM keeps them


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter that fits its model."""

    name: str
    folder: Path
    rank: int
    learned_from: tuple[str, ...] = ()  # names of sources

    def as_module(self) -> str:
        """Return it as vLLM reads it; as JSON, since a path may hold a comma."""
        return json.dumps({"name": self.name, "path": str(self.folder)})


def named_folder(text: str) -> tuple[str, Path]:
    """Read NAME=FOLDER. Raises ValueError."""
    name, equals, folder = text.partition("=")
    if not equals or not folder or not ADAPTER_NAME.fullmatch(name):
        raise ValueError(f"{text}: write NAME=FOLDER, the name in small letters and digits")
    return name, Path(folder)


def read_adapters(
    named: Sequence[tuple[str, Path]],
    profile: Profile,
    base: Shape,
    *,
    may_be_unpromoted: bool = False,
) -> tuple[Adapter, ...]:
    """Verify adapters against their manifests and the model that they are for.

    Raises ModelFilesInvalid for changed files, ServingFailed for what cannot be served.
    """
    names = [name for name, _ in named]
    if len({*names, profile.served_name}) <= len(names):
        raise ServingFailed(
            f"each adapter needs a name of its own, other than {profile.served_name}: {', '.join(names)}"
        )
    if names and not profile.adapters:
        raise ServingFailed(f"the profile of {profile.served_name} serves no adapters")
    return tuple(_read(name, folder.absolute(), base, may_be_unpromoted) for name, folder in named)


def rank_of(adapters: Sequence[Adapter]) -> int:
    """Return the rank that vLLM is told: the step that holds all of them; 0 without any."""
    most = max((one.rank for one in adapters), default=0)
    return next(step for step in (0, *RANKS) if step >= most)


def slots_of(profile: Profile, adapters: Sequence[Adapter]) -> int:
    """Return how many are held beside the model at the same time."""
    return min(len(adapters), profile.adapters)


def bytes_of(base: Shape, rank: int, slots: int) -> int:
    """Return what vLLM sets aside: both matrices of each adapter, for every matrix of the model."""
    in_layer = sum(rank * (inputs + outputs) for inputs, outputs in base.matrices)
    return slots * base.layers * in_layer * WIDTH


def _read(name: str, folder: Path, base: Shape, may_be_unpromoted: bool) -> Adapter:
    if not (folder / NAME).exists():
        raise ModelFilesInvalid(
            f"{folder} has no manifest, which says what the adapter learned from: `python -m inference.serving "
            f"manifest make {folder} --licence ... --origin ... --learned-from SOURCE`"
        )
    manifest = verify_folder(folder)
    if not may_be_unpromoted:
        check_promoted(folder, manifest)
    if not (folder / ADAPTER_CONFIG).is_file():
        raise ServingFailed(f"{folder} is no adapter: it has no {ADAPTER_CONFIG}")
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    if complaint := _complaint(config):
        raise ServingFailed(f"{folder} cannot be served: {complaint}")
    shapes = _shapes_in(folder / WEIGHTS)
    for complaint in _misfits(shapes, int(config["r"]), base):
        raise ServingFailed(f"{folder} is not an adapter for {base.name}: {complaint}")
    return Adapter(name, folder, int(config["r"]), manifest.learned_from)


def _complaint(config: Mapping[str, Any]) -> str:
    """Return what vLLM would refuse, or do otherwise than the training; empty: nothing."""
    if config.get("peft_type") != "LORA":
        return f"it is of the kind {config.get('peft_type')!r}, not LORA"
    rank = config.get("r")
    if not isinstance(rank, int) or not 1 <= rank <= RANKS[-1]:
        return f"its rank is {rank!r}; 1 to {RANKS[-1]} are served"
    for key in ("use_dora", "modules_to_save", "layer_replication", "rank_pattern"):
        if config.get(key):
            return f"it uses {key}, which is not served"
    return "" if config.get("bias", "none") == "none" else "it trained biases, which are not served"


def _misfits(shapes: Mapping[str, list[int]], rank: int, base: Shape) -> Iterator[str]:
    """Yield what does not fit the model: names that are no matrix of an adapter, other sizes."""
    fitting = {
        ".lora_A.": {(rank, one) for one, _ in base.matrices},
        ".lora_B.": {(one, rank) for _, one in base.matrices},
    }
    if not shapes:
        yield "it has no weights"
    for name, shape in shapes.items():
        layer = LAYER.search(name)
        sizes = next((sizes for part, sizes in fitting.items() if part in name), None)
        if layer is None or int(layer[1]) >= base.layers:
            yield f"{name} is in none of its {base.layers} layers"
        elif sizes is None:
            yield f"{name} is no matrix of an adapter"
        elif tuple(shape) not in sizes:
            yield f"{name} has the size {shape}"


def _shapes_in(file: Path) -> dict[str, list[int]]:
    """Return the size of each tensor of a safetensors file, from its header."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > LONGEST_HEADER:
                raise ModelFilesInvalid(f"{file} is no safetensors file")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        return {name: [int(size) for size in one["shape"]] for name, one in header.items()}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as exc:
        raise ModelFilesInvalid(f"{file} is no safetensors file: {exc}") from exc
