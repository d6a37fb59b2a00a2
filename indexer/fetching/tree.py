"""What a commit holds: the entries of its tree, read from the object store, never checked out."""

from __future__ import annotations

from dataclasses import dataclass

REGULAR = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a tree. An undecodable path is shown with its odd bytes escaped."""

    path: str
    mode: int
    object_id: str
    size: int | None  # None for a submodule
    is_decodable: bool = True

    @property
    def is_symlink(self) -> bool:
        return self.mode == SYMLINK

    @property
    def is_submodule(self) -> bool:
        return self.mode == SUBMODULE

    @property
    def is_file(self) -> bool:
        """Tell whether the object is the content of a file; old histories have modes like 100664."""
        return self.mode & 0o170000 == 0o100000


@dataclass(frozen=True, slots=True)
class TreeChange:
    """A path of which two commits differ: what the newer one has there, None for nothing."""

    path: str
    entry: TreeEntry | None


def entry_from_line(line: bytes) -> TreeEntry:
    """Read one record of `git ls-tree -z -l`."""
    facts, _, name = line.partition(b"\t")
    mode, _kind, object_id, size = facts.decode("ascii").split()
    return _entry(name, int(mode, 8), object_id, None if size == "-" else int(size))


def change_from_record(facts: bytes, name: bytes, size: int | None) -> TreeChange:
    """Read the two parts of a record of `git diff-tree -z --raw`, with the new object's size."""
    _old_mode, mode, _old_id, object_id, status = facts.decode("ascii").split()
    entry = _entry(name, int(mode, 8), object_id, size)
    return TreeChange(entry.path, None if status == "D" else entry)


def _entry(name: bytes, mode: int, object_id: str, size: int | None) -> TreeEntry:
    try:
        path, is_decodable = name.decode("utf-8"), True
    except UnicodeDecodeError:
        path, is_decodable = name.decode("utf-8", "backslashreplace"), False
    return TreeEntry(path, mode, object_id, size, is_decodable)
