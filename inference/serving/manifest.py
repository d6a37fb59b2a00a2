"""A model folder's manifest: what each file must be, where the model comes from, under which licence.

    {"name", "licence", "origin", "window_tokens", "quantization", "report", "promoted",
     "learned_from", "files": {name: {"sha256", "size_bytes"}}}

Whoever can write into the folder can write the manifest too: it proves that the model is the one
that was packed, and is itself proven by its own hash, which IT keeps elsewhere (`manifest show`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference.errors import ModelFilesInvalid, ServingFailed
from inference.fetching import sha256_of
from inference.serving.shape import read_shape

NAME = "plumbline-manifest.json"
CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"  # instead of the other in the folder of a LoRA adapter
VOCABULARY = "tokenizer.json"  # tens of megabytes; no code is loaded by what it says
LARGEST = 4 * 1024 * 1024
HASHING_THREADS = 4
# Files that run code when they are loaded, or may: none of them belongs to a model that is served.
UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".py", ".so", ".dll", ".h5", ".msgpack", ".zip")  # fmt: skip
FILE_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*(/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)*")


@dataclass(frozen=True, slots=True)
class FileEntry:
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    name: str
    licence: str
    origin: str
    window_tokens: int
    quantization: str  # "gptq, 4 bits, group 128"; "" for none
    files: Mapping[str, FileEntry]
    report: Mapping[str, Any] = field(default_factory=dict)  # of a quantization: before and after
    promoted: bool | None = None  # by that comparison; None: the model was not quantized here
    learned_from: tuple[str, ...] = ()  # of an adapter: the sources whose text it was trained with

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def make_manifest(
    folder: Path, *, name: str, licence: str, origin: str, learned_from: Sequence[str] = ()
) -> Manifest:
    """Return the manifest of a folder as it is. Raises ModelFilesInvalid for one not to be served."""
    check_safe(folder)
    window, quantization = (0, "") if is_adapter(folder) else _told_by_shape(folder)
    paths = [folder / name for name in _names(folder)]
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        hashes = list(pool.map(sha256_of, paths))
    files = {
        path.relative_to(folder).as_posix(): FileEntry(digest, path.stat().st_size)
        for path, digest in zip(paths, hashes, strict=True)
    }
    return Manifest(
        name, licence, origin, window, quantization, files, learned_from=tuple(learned_from)
    )


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER_CONFIG).is_file() and not (folder / CONFIG).exists()


def _told_by_shape(folder: Path) -> tuple[int, str]:
    shape = read_shape(folder)
    packed = shape.quantization
    told = f"gptq, {packed.bits} bits, group {packed.group_size}" if packed else ""
    return shape.longest_window, told


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write a manifest in one step: it is there as a whole or not at all."""
    path = folder / NAME
    unfinished = folder / f"{NAME}.unfinished"
    unfinished.write_text(manifest.to_json(), encoding="utf-8")
    unfinished.replace(path)
    return path


def check_promoted(folder: Path, manifest: Manifest) -> None:
    """Refuse what was measured and found worse, or of which nobody knows yet: a model that lost too
    much by quantization, an adapter that learned nothing."""
    if manifest.promoted is False:
        reasons = manifest.report.get("refused") or ["it was not compared with the original yet"]
        advice = f"Compare it with `python -m inference.quantization verify ORIGINAL {folder}`"
        if is_adapter(folder):
            advice = "Train it with more pairs"
        raise ServingFailed(
            f"{folder} is not promoted: {'; '.join(map(str, reasons))}. {advice}, or serve it all the same "
            "with --unpromoted."
        )


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest. Raises ModelFilesInvalid when it is missing or is none."""
    path = folder / NAME
    try:
        if path.stat().st_size > LARGEST:
            raise ModelFilesInvalid(f"{path} is larger than a manifest can be")
        stored = json.loads(path.read_text(encoding="utf-8"))
        files = {name: FileEntry(**entry) for name, entry in stored.pop("files").items()}
        learned_from = tuple(map(str, stored.pop("learned_from", ())))
        return Manifest(**stored, files=files, learned_from=learned_from)
    except FileNotFoundError as exc:
        raise ModelFilesInvalid(
            f"{folder} has no {NAME}: make one where the model comes from, with `python -m "
            f"inference.serving manifest make {folder} --licence ... --origin ...`"
        ) from exc
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as exc:
        raise ModelFilesInvalid(f"{path} is not a manifest: {exc}") from exc


def verify_folder(folder: Path) -> Manifest:
    """Hash every file; raise ModelFilesInvalid for the first that is changed, missing or too many."""
    manifest = read_manifest(folder)
    check_safe(folder)
    there = set(_names(folder))
    if missing := sorted(manifest.files.keys() - there):
        raise _mismatch(folder, f"{missing[0]} is missing")
    if added := sorted(there - manifest.files.keys()):
        raise _mismatch(folder, f"{added[0]} is not in the manifest")

    def is_same(name: str) -> bool:
        entry, path = manifest.files[name], folder / name
        return path.stat().st_size == entry.size_bytes and sha256_of(path) == entry.sha256

    # The large files first: they take the time.
    order = sorted(manifest.files, key=lambda name: -manifest.files[name].size_bytes)
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        for name, same in zip(order, pool.map(is_same, order), strict=True):
            if not same:
                raise _mismatch(folder, f"{name} is not the file of the manifest")
    return manifest


def check_safe(folder: Path) -> None:
    """Refuse what could run code at loading: pickles, scripts, `auto_map`, links, odd names."""
    if not (folder / CONFIG).is_file() and not is_adapter(folder):
        raise ModelFilesInvalid(f"{folder} is no model folder: it has no {CONFIG}")
    paths = list(_everything(folder))
    for path in paths:
        if complaint := _complaint(path, path.relative_to(folder).as_posix()):
            raise _mismatch(folder, complaint)
    if not any(path.suffix == ".safetensors" for path in paths):
        raise _mismatch(folder, "there are no weights in safetensors")


def _complaint(path: Path, name: str) -> str:
    """Return why a file may not stand in a model folder; empty: it may."""
    if path.is_symlink() or not path.is_file():
        return f"{name} is not a plain file"
    if path.suffix.lower() in UNSAFE:
        return f"{name} may run code when it is loaded; only safetensors are"
    if not FILE_NAME.fullmatch(name):
        return f"{name!r} is no name for a file of a model"
    if path.suffix != ".json" or name in {NAME, VOCABULARY} or name.endswith(".index.json"):
        return ""
    if path.stat().st_size > LARGEST:
        return f"{name} is larger than a configuration can be"
    return f"{name} names code of its own (auto_map)" if _names_code(path) else ""


def _names_code(path: Path) -> bool:
    """Return whether a configuration has an `auto_map` at any depth."""
    try:
        waiting = [json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, RecursionError) as exc:
        raise ModelFilesInvalid(f"{path} is not JSON: {exc}") from exc
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "auto_map" in one or "custom_pipelines" in one:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _names(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in _everything(folder))
    return sorted(name for name in names if name != NAME)


def _everything(folder: Path) -> Iterator[Path]:
    """Yield all files and links beneath, without following links."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in (*files, *links))


def _mismatch(folder: Path, what: str) -> ModelFilesInvalid:
    return ModelFilesInvalid(f"model_manifest_mismatch: {folder}: {what}")
