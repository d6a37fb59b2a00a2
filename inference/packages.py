"""Which models travel as packages of the Python index, and what must come out of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from inference.errors import ModelFilesInvalid

MANIFEST = Path(__file__).with_suffix(".yaml")
MINILM = "all-minilm-l6-v2"
SMALL_MODEL_GGUF = "qwen2.5-coder-0.5b-instruct-gguf"


@dataclass(frozen=True, slots=True)
class Part:
    """One file in one wheel."""

    package: str
    version: str
    sha256: str  # of the wheel
    size_bytes: int  # of the wheel
    member: str  # path inside the wheel


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: the members of its parts, joined in this order."""

    name: str
    sha256: str
    size_bytes: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    name: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def download_bytes(self) -> int:
        return sum(part.size_bytes for file in self.files for part in file.parts)


def packaged_models(manifest: Path = MANIFEST) -> dict[str, PackagedModel]:
    """Return every model of the manifest by name."""
    listed = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    return {
        name: PackagedModel(
            name,
            model["licence"],
            tuple(_file(file_name, entry) for file_name, entry in model["files"].items()),
        )
        for name, model in listed.items()
    }


def get_model(name: str) -> PackagedModel:
    try:
        return packaged_models()[name]
    except KeyError as exc:
        raise ModelFilesInvalid(f"there is no packaged model {name!r}") from exc


def default_cache_folder() -> Path:
    """Return where models are kept: large, shared by all checkouts, safe to delete."""
    if folder := os.environ.get("PLUMBLINE_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "plumbline"


def model_folder(cache: Path, name: str) -> Path:
    return cache / "models" / name


def _file(name: str, entry: dict[str, object]) -> ModelFile:
    parts = entry["parts"]
    if Path(name).name != name or not isinstance(parts, list):
        raise ModelFilesInvalid(f"the manifest's entry {name!r} is wrong")
    return ModelFile(
        name,
        str(entry["sha256"]),
        int(str(entry["size_bytes"])),
        tuple(_part(part) for part in parts),
    )


def _part(entry: dict[str, object]) -> Part:
    return Part(
        str(entry["package"]),
        str(entry["version"]),
        str(entry["sha256"]),
        int(str(entry["size_bytes"])),
        str(entry["member"]),
    )
