"""Archives: what is in them is taken, whatever else they are is refused in a sentence."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FetchRefused
from indexer.fetching.mirror import FetchedRefs
from indexer.fetching.snapshots import budget
from indexer.fetching.snapshots.archive import read_archive, safe_path
from indexer.fetching.snapshots.values import LINK
from indexer.skips import Skip, SkipReason, stood_in_for
from tests.indexer.fetching.snapshots.conftest import Look, commit_of

Held = Callable[[FetchedRefs], dict[str, int]]
Content = Callable[[FetchedRefs, str], bytes | None]
MIB = 1024**2
PAGES = {"docs/one.md": b"# One\n\nRaise the anchor.\n", "docs/two.txt": b"two\n"}


def zip_of(file: Path, entries: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def tar_of(file: Path, entries: Mapping[str, bytes]) -> Path:
    form = file.suffix.removeprefix(".").replace("tgz", "gz").replace("tar", "")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{form}") as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    file.write_bytes(stream.getvalue())
    return file


def read(file: Path, notes: list[str] | None = None) -> dict[str, bytes]:
    heard = notes if notes is not None else []
    return {item.path: item.read() for item in read_archive(file, heard.append, largest=MIB)}


def refusal(file: Path) -> str:
    with pytest.raises(FetchRefused) as raised:
        read(file)
    assert raised.value.message.startswith("The archive ")
    assert "upload it again" in raised.value.message
    return raised.value.code


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "A.TAR.GZ"]
)
def test_every_form_gives_the_same_commit_tree(
    name: str, tmp_path: Path, look: Look, held: Held, content: Content
) -> None:
    make = zip_of if name.endswith("zip") else tar_of
    packed = make(tmp_path / name.lower(), PAGES)
    fetched = look(packed.rename(tmp_path / name))
    assert held(fetched) == dict.fromkeys(PAGES, 0o100644)
    assert content(fetched, "docs/one.md") == PAGES["docs/one.md"]
    assert look(tmp_path / name).changed is False


def test_a_tar_whose_last_file_is_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"evil.md": b"x\n"}).read_bytes()
    file = tar_of(tmp_path / "a.tar", {"a.md": b"a\n", "inner.zip": inner})
    assert read(file) == {"a.md": b"a\n", "inner.zip": inner}


def test_archives_in_archives_stay_closed(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"deep.md": b"x\n"}).read_bytes()
    assert read(zip_of(tmp_path / "a.zip", {"inner.zip": inner})) == {"inner.zip": inner}


def test_of_several_with_one_name_the_last_counts_and_it_is_said(
    tmp_path: Path, look: Look, content: Content
) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in (("a.md", "one\n"), ("b/../../c", "x"), ("./a.md", "two\n")):
            archive.writestr(name, text)
    fetched = look(file)
    assert content(fetched, "a.md") == b"two\n"
    assert fetched.notes == (
        "'b/../../c' is left out: no safe path in an archive.",
        "a.md is there more than once; the last one counts.",
    )


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("A", "a"), ("a/./b", "a//b")])
def test_names_that_are_in_each_others_way_break_nothing(
    tmp_path: Path, names: tuple[str, str], look: Look, stored: Callable[[], set[str]]
) -> None:
    fetched = look(tar_of(tmp_path / "a.tar", {name: name.encode() for name in names}))
    assert commit_of(fetched)
    stored()


@pytest.mark.parametrize(
    "name",
    [
        *("../up.md", "a/../../up.md", "/etc/passwd", "//share/a", "C:\\a.md", "c:a.md", "..\\a"),
        *("a\nb.md", "a\x1b[31m.md", "\x7f", ".git/config", "a/.git/hooks/x", "./../a", "x" * 5000),
        *("", ".", "./", "/"),
    ],
)
def test_a_name_that_is_no_safe_path_is_left_out(name: str) -> None:
    assert safe_path(name) is None


@given(st.text(max_size=80))
def test_every_path_that_passes_is_relative_and_plain(name: str) -> None:
    path = safe_path(name)
    if path is not None:
        assert not {"", ".", "..", ".git"} & set(path.split("/"))
        assert "\\" not in path
        assert path.isprintable() or min(path) >= " "


def test_a_file_with_a_password_is_listed_as_encrypted(tmp_path: Path) -> None:
    packed = bytearray(zip_of(tmp_path / "a.zip", {"a.md": b"a\n"}).read_bytes())
    packed[6] |= 1  # the flag in the file's own header, and in the table of contents
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(packed)
    assert stood_in_for(read(tmp_path / "a.zip")["a.md"]) == Skip(
        SkipReason.ENCRYPTED, "in the archive"
    )


def test_a_file_packed_in_an_unknown_way_is_listed(tmp_path: Path) -> None:
    packed = bytearray(zip_of(tmp_path / "a.zip", {"a.md": b"a\n"}).read_bytes())
    packed[8] = packed[packed.index(b"PK\x01\x02") + 10] = 9  # deflate64, as some systems write
    (tmp_path / "a.zip").write_bytes(packed)
    skip = stood_in_for(read(tmp_path / "a.zip")["a.md"])
    assert skip is not None
    assert skip.reason == SkipReason.BROKEN


def test_a_file_beyond_the_limit_is_listed_and_not_unpacked(tmp_path: Path) -> None:
    large = random.Random(1).randbytes(MIB + 1)  # noqa: S311  only not compressible
    for file in (
        zip_of(tmp_path / "a.zip", {"l": large}),
        tar_of(tmp_path / "a.tar", {"l": large}),
    ):
        skip = stood_in_for(read(file)["l"])
        assert skip == Skip(SkipReason.TOO_LARGE, f"{MIB + 1} bytes, limit {MIB}")


def test_links_of_an_archive_are_links_of_the_commit(
    tmp_path: Path, look: Look, held: Held, content: Content
) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        link, device = zipfile.ZipInfo("passwd"), zipfile.ZipInfo("sda")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        device.external_attr = (stat.S_IFBLK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(device, "")
    fetched = look(file)
    assert oct(held(fetched)["passwd"]) == f"0o{LINK}"
    assert content(fetched, "sda") == b"plumbline stand-in v1\nrejected\n" + (
        b"a link, device or pipe in the archive\n"
    )


def test_a_tar_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "a.tar", PAGES).read_bytes()
    for end in (512, 700, 1024, 1536, 2048):  # behind headers and behind files, and between
        (tmp_path / "a.tar").write_bytes(whole[:end])
        assert refusal(tmp_path / "a.tar") == "archive_broken"
        (tmp_path / "b.tar.gz").write_bytes(gzip.compress(whole[:end]))
        assert refusal(tmp_path / "b.tar.gz") == "archive_broken"


def test_a_damaged_header_in_a_tar_is_refused(tmp_path: Path) -> None:
    damaged = bytearray(tar_of(tmp_path / "a.tar", PAGES).read_bytes())
    damaged[1024 + 10] ^= 0xFF  # in the name of the second file
    (tmp_path / "a.tar").write_bytes(damaged)
    assert refusal(tmp_path / "a.tar") == "archive_broken"


def test_a_wrong_sum_is_refused_by_the_name_of_the_file(tmp_path: Path) -> None:
    packed = bytearray(zip_of(tmp_path / "a.zip", PAGES).read_bytes())
    at = packed.rindex(b"PK\x01\x02")
    packed[at + 16] ^= 0xFF  # of the last file, in the table of contents
    (tmp_path / "a.zip").write_bytes(packed)
    with pytest.raises(FetchRefused, match=r"docs/two\.txt"):
        read(tmp_path / "a.zip")
    packed = bytearray(tar_of(tmp_path / "a.tar.gz", PAGES).read_bytes())
    packed[-8] ^= 0xFF
    (tmp_path / "a.tar.gz").write_bytes(packed)
    assert refusal(tmp_path / "a.tar.gz") == "archive_broken"


@pytest.mark.parametrize("claimed", [1, 3])
def test_a_file_that_lies_about_its_size_is_refused(tmp_path: Path, claimed: int) -> None:
    packed = bytearray(zip_of(tmp_path / "a.zip", {"a.md": b"a\n"}).read_bytes())
    at = packed.index(b"PK\x01\x02")
    packed[at + 24 : at + 28] = struct.pack("<I", claimed)
    (tmp_path / "a.zip").write_bytes(packed)
    assert refusal(tmp_path / "a.zip") == "archive_broken"


def overlapping(file: Path) -> Path:
    """Make a zip of which every entry is the same 100 MB of zeros."""
    zip_of(file, {"0": b"\0" * 10**8})
    packed = file.read_bytes()
    at, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    table = packed[at:end] * 1000
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(table), at, 0)
    file.write_bytes(packed[:at] + table + tail)
    return file


def long_name(file: Path) -> Path:
    info = tarfile.TarInfo("a.md")
    info.pax_headers = {"comment": "x" * 5_000_000}
    with tarfile.open(file, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    return file


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: zip_of(folder / "a.zip", {"0": b"\0" * 30 * MIB}), "archive_ratio"),
        (lambda folder: tar_of(folder / "a.tar.gz", {"0": b"\0" * 30 * MIB}), "archive_ratio"),
        (lambda folder: tar_of(folder / "a.tar.xz", {"0": b"\0" * 30 * MIB}), "archive_ratio"),
        (lambda folder: overlapping(folder / "a.zip"), "archive_ratio"),
        (lambda folder: long_name(folder / "a.tar.gz"), "archive_broken"),
    ],
    ids=["zip", "gz", "xz", "overlapping", "long name"],
)
def test_b02_a_bomb_is_refused_before_it_unpacks(
    make: Callable[[Path], Path], code: str, tmp_path: Path
) -> None:
    assert refusal(make(tmp_path)) == code


def test_b02_folders_and_unsafe_names_count_as_entries_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_ENTRIES", 50)  # a limit, not behaviour
    names = [f"folder{number}/" for number in range(30)] + [f"../{number}" for number in range(30)]
    assert refusal(zip_of(tmp_path / "a.zip", dict.fromkeys(names, b""))) == "archive_entries"
    assert refusal(tar_of(tmp_path / "a.tar", dict.fromkeys(names, b""))) == "archive_entries"


def test_many_notes_are_cut(tmp_path: Path, look: Look) -> None:
    names = [f"../{number}" for number in range(300)]
    fetched = look(zip_of(tmp_path / "a.zip", dict.fromkeys(names, b"") | {"a.md": b"a\n"}))
    assert len(fetched.notes) == 51
    assert fetched.notes[-1] == "250 more."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n" * 500,
        b"PK\x03\x04 nothing more",
        b"\x1f\x8b\x08\0nothing",
        b"BZh9nothing",
        b"\xfd7zXZ\0nothing",
        b"PK\x05\x06" + b"\xff" * 18,
        lzma.compress(b"no tar in it\n"),
        gzip.compress(b"", mtime=0),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz"):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name) == "archive_broken"


def test_any_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311  the same cases every time
    for file in (zip_of(tmp_path / "a.zip", PAGES), tar_of(tmp_path / "a.tar.gz", PAGES)):
        whole = file.read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            file.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(whole))])])
            found: dict[str, bytes] = {}
            with suppress(FetchRefused):
                found = read(file)
            assert all(safe_path(path) == path for path in found)


def test_a_refused_archive_leaves_nothing_in_the_mirror(
    tmp_path: Path, look: Look, stored: Callable[[], set[str]]
) -> None:
    file = zip_of(tmp_path / "a.zip", PAGES)
    first = look(file)
    before = stored()
    packed = bytearray(zip_of(file, {f"{n}.md": b"x" * n for n in range(300)} | PAGES).read_bytes())
    packed[packed.rindex(b"PK\x01\x02") + 16] ^= 0xFF
    file.write_bytes(packed)
    for _ in range(2):
        with pytest.raises(FetchRefused):
            look(file)
    assert stored() == before
    file.unlink()
    assert commit_of(look_again(look, file, tmp_path)) == commit_of(first)


def look_again(look: Look, file: Path, folder: Path) -> FetchedRefs:
    return look(zip_of(folder / file.name, PAGES))
