"""A mirror's objects and refs as they travel to another host: git's packs, and the list of refs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed
from indexer.fetching.mirror import held_for_writing
from indexer.fetching.objects import missing_objects, open_git

Refs = Mapping[str, str]  # the object id of each ref, by its full name
SHA256_DIGITS = 64


def refs_of(mirror: Path) -> dict[str, str]:
    """Return every ref of a mirror, the product's own too."""
    if not (mirror / "HEAD").exists():
        return {}
    return read_refs(_run(mirror, ["for-each-ref", "--format=%(objectname) %(refname)"], b""))


def read_refs(lines: bytes) -> dict[str, str]:
    """Return the refs of the lines that `lines_of` makes."""
    pairs = (line.split(" ", 1) for line in lines.decode("utf-8", "surrogateescape").split("\n"))
    return {parts[1]: parts[0] for parts in pairs if len(parts) == 2}


def lines_of(refs: Refs) -> bytes:
    """Return refs as bytes, in one order: names may hold what is no text."""
    lines = (f"{object_id} {name}\n" for name, object_id in sorted(refs.items()))
    return "".join(lines).encode("utf-8", "surrogateescape")


def write_pack(
    mirror: Path, wanted: Iterable[str], known: Iterable[str], *, block_bytes: int
) -> Iterator[bytes]:
    """Yield, in blocks, a pack of all that the wanted objects reach and the known ones do not.

    Raises FetchFailed when git cannot read the mirror.
    """
    here = sorted(set(known) - missing_objects(mirror, sorted(set(known))))
    lines = [*sorted(set(wanted)), "--not", *here]
    words = ["pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"]
    with open_git(mirror, words) as process:
        questions, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        questions.write("".join(f"{line}\n" for line in lines).encode("ascii"))
        questions.close()
        while block := answers.read(block_bytes):
            yield block
    if process.returncode:
        raise _failed("pack-objects", mirror)


def take_over(mirror: Path, packs: Iterable[Iterable[bytes]], refs: Refs) -> None:
    """Bring a mirror to the state of another host: its packs first, then its refs, as they are there.

    Raises FetchFailed: when somebody else works in the mirror, when a pack is damaged, and when
    the refs name objects that did not come. The refs then stay as they were.
    """
    with held_for_writing(mirror):
        if not (mirror / "HEAD").exists():
            is_long = any(len(object_id) == SHA256_DIGITS for object_id in refs.values())
            form = f"--object-format={'sha256' if is_long else 'sha1'}"
            _run(mirror, ["init", "--bare", "--quiet", "--template=", form], b"")
        for pack in packs:
            _take(mirror, pack)
        if missing_objects(mirror, sorted(set(refs.values()))):
            raise FetchFailed(
                "mirror_incomplete",
                "Not all of the repository has come to this host yet. Try again in a moment.",
            )
        before = refs_of(mirror)
        gone = before.keys() - refs.keys()
        changed = {name: oid for name, oid in refs.items() if before.get(name) != oid}
        # In two steps: git refuses to delete `a` and to make `a/b` in one.
        _update_refs(mirror, (f"delete {name}" for name in sorted(gone)))
        _update_refs(mirror, (f"update {name} {oid}" for name, oid in sorted(changed.items())))


def _take(mirror: Path, blocks: Iterable[bytes]) -> None:
    with open_git(mirror, ["index-pack", "--stdin"]) as process:
        stream = cast(IO[bytes], process.stdin)
        try:
            for block in blocks:
                stream.write(block)
            stream.close()
        except BrokenPipeError:
            pass  # git found a fault and ended; its status says so below
        cast(IO[bytes], process.stdout).read()
    if process.returncode:
        raise _failed("index-pack", mirror)


def _update_refs(mirror: Path, lines: Iterable[str]) -> None:
    commands = "".join(f"{line}\n" for line in lines)
    if commands:
        _run(mirror, ["update-ref", "--stdin"], commands.encode("utf-8", "surrogateescape"))


def _run(mirror: Path, words: list[str], given: bytes) -> bytes:
    with open_git(mirror, words) as process:
        output, _ = process.communicate(given)
    if process.returncode:
        raise _failed(words[0], mirror)
    return output


def _failed(command: str, mirror: Path) -> FetchFailed:
    return FetchFailed(
        "mirror_damaged",
        f"git {command} failed in the mirror {mirror.name}. Sync the source again.",
    )
