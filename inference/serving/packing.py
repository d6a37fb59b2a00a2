"""A model as one file for transport without a network, and back: a plain tar, verified on both sides."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from inference.errors import ModelFilesInvalid
from inference.fetching import no_progress
from inference.serving.manifest import NAME, Manifest, verify_folder

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


def pack_model(folder: Path, archive: Path, progress: Progress = no_progress) -> Manifest:
    """Write a verified folder into an archive; it appears under its name when it is complete."""
    manifest = verify_folder(folder)
    total = sum(entry.size_bytes for entry in manifest.files.values())
    done = 0
    unfinished = archive.with_name(f"{archive.name}.unfinished")
    try:
        with tarfile.open(unfinished, "w") as tar:
            for name in (NAME, *sorted(manifest.files)):
                tar.add(folder / name, arcname=name, recursive=False, filter=_anonymous)
                done += manifest.files[name].size_bytes if name in manifest.files else 0
                progress(done, total)
        unfinished.replace(archive)
    except OSError as exc:
        unfinished.unlink(missing_ok=True)
        raise ModelFilesInvalid(f"{archive} cannot be written: {exc.strerror}") from exc
    return manifest


def unpack_model(archive: Path, folder: Path) -> Manifest:
    """Unpack an archive and verify it; the folder appears under its name only when it is right."""
    if folder.exists():
        raise ModelFilesInvalid(f"{folder} is there already: name a new folder")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(part, filter="data")
        manifest = verify_folder(part)
    except (tarfile.TarError, OSError) as exc:
        raise ModelFilesInvalid(f"{archive} is not a packed model: {exc}") from exc
    except ModelFilesInvalid as exc:
        raise ModelFilesInvalid(str(exc).replace(str(part), str(archive))) from exc
    else:
        part.rename(folder)
        return manifest
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owned the file, and when it was written: the same folder packs the same."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o644
    return member
