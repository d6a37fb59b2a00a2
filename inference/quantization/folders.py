"""From the files of a finished run to a model folder with a manifest, and what the manifest tells.

The weights stay in one file a layer: joining them would need memory for all of them at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inference.errors import ModelFilesInvalid
from inference.fetching import sha256_of
from inference.quantization.calibration import Text
from inference.quantization.recipe import Recipe
from inference.quantization.running import Finished
from inference.serving.manifest import NAME, Manifest, make_manifest, verify_folder, write_manifest

INDEX = "model.safetensors.index.json"
CONFIG = "config.json"
LONGEST_HEADER = 100_000_000
READABLE = (
    0o644  # weights tell nobody what they were calibrated with; a server of another user reads them
)


def described(model: Path, *, licence: str, origin: str) -> Manifest:
    """Return the verified manifest of the model to quantize, or one made here where it has none."""
    if (model / NAME).exists():
        return verify_folder(model)
    if not licence or not origin:
        raise ModelFilesInvalid(f"{model} has no manifest: name its --licence and --origin")
    return make_manifest(model, name=model.resolve().name, licence=licence, origin=origin)


def identity_of(manifest: Manifest) -> str:
    """Return one hash for all files of a model."""
    hashes = {name: entry.sha256 for name, entry in manifest.files.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def told_of_calibration(files: Sequence[Path], texts: Sequence[Text]) -> dict[str, Any]:
    """Return which text was used and how much, never the text."""
    return {
        "files_sha256": [sha256_of(file) for file in files],
        "texts": {part: sum(text.part == part for text in texts) for part in ("own", "general")},
        "characters": {
            part: sum(len(text.text) for text in texts if text.part == part)
            for part in ("own", "general")
        },
    }


def assemble(
    model: Path,
    out: Path,
    finished: Finished,
    recipe: Recipe,
    *,
    told: Mapping[str, Any],
    before: Manifest,
) -> Manifest:
    """Make the folder of the quantized model; it appears under its name when it is complete.

    It is not promoted: that is for `verify` to say.
    """
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _copy_rest(model, part)
    _place_weights(finished.files, part)
    config = json.loads((model / CONFIG).read_text(encoding="utf-8"))
    for key in ("dtype", "torch_dtype"):
        if key in config:
            config[key] = "float16"
    config["quantization_config"] = recipe.as_config()
    (part / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    manifest = make_manifest(
        part,
        name=out.name,
        licence=before.licence,
        origin=f"quantized from {before.name}, whose files have SHA-256 {identity_of(before)}",
    )
    report = {
        "recipe": asdict(recipe),
        "losses": finished.losses,
        "seconds": finished.seconds,
        **told,
    }
    manifest = replace(manifest, report=report, promoted=False)
    write_manifest(part, manifest)
    part.rename(out)
    return manifest


def _copy_rest(model: Path, part: Path) -> None:
    """Copy tokenizer, chat template and the like: all that is neither weights nor about them."""
    for path in sorted(model.iterdir()):
        is_weights = path.suffix == ".safetensors" or path.name in {INDEX, CONFIG, NAME}
        if path.is_file() and not is_weights:
            shutil.copyfile(path, part / path.name)


def _place_weights(files: Sequence[Path], part: Path) -> None:
    places: dict[str, str] = {}
    total = 0
    for number, file in enumerate(files, 1):
        name = f"model-{number:05}-of-{len(files):05}.safetensors"
        _link_or_copy(file, part / name)
        for tensor, size in _sizes_in(file).items():
            places[tensor] = name
            total += size
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (part / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _link_or_copy(file: Path, place: Path) -> None:
    try:
        os.link(file, place)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, place)
    place.chmod(READABLE)


def _sizes_in(file: Path) -> dict[str, int]:
    """Return the bytes of each tensor of a safetensors file, from its header."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > LONGEST_HEADER:
            raise ModelFilesInvalid(f"{file} is no safetensors file")
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return {
        name: tensor["data_offsets"][1] - tensor["data_offsets"][0]
        for name, tensor in header.items()
    }
