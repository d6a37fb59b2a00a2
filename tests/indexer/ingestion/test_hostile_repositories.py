"""Repositories made to read, write or run something: their tricks end as reasons to skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.models import Blob, Document, SkippedFile
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import found_paths, live_tree

FILE, LINK, SUBMODULE = "100644", "120000", "160000"


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory({"plain.py": "def plain():\n    return 1\n"})


def skipped() -> dict[str, str]:
    return dict(SkippedFile.objects.values_list("path", "reason"))


def test_symbolic_links_are_skipped_and_never_followed(
    source_factory: SourceFactory, repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "app.env").write_text("CANARY=of-the-server\n")
    targets = {
        "passwd": "/etc/passwd",
        "env": "../../app.env",
        "folder": "/etc",
        "loop": "loop",
        "plain-link.py": "plain.py",
    }
    for name, target in targets.items():
        (repository.path / name).symlink_to(target)
    repository.git("add", "--all")
    repository.commit_index()
    source = source_factory("links", repository=repository)
    assert skipped() == dict.fromkeys(targets, "symlink")
    assert live_tree(source).keys() == {"plain.py"}
    for secret in ("root:x:", "of-the-server", "/etc/passwd"):
        assert not Blob.objects.filter(text__contains=secret).exists()


@pytest.mark.parametrize(
    "modules",
    [
        '[submodule "x"]\n\tpath = sub\n\turl = https://git.example.com/x.git\n',
        '[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c touch% {canary}\n',
        '[submodule "../../x"]\n\tpath = "sub\r"\n\turl = {canary}\n',
        "[include]\n\tpath = /etc/hostname\n",
    ],
)
def test_submodules_are_skipped_and_never_fetched(
    source_factory: SourceFactory, repository: Repository, tmp_path: Path, modules: str
) -> None:
    canary = tmp_path / "canary"
    text = modules.replace("{canary}", str(canary))
    repository.commit_entries(
        {
            b".gitmodules": (FILE, repository.store(text.encode())),
            b"plain.py": (FILE, repository.store(b"def plain():\n    return 1\n")),
            b"sub": (SUBMODULE, "1" * 40),
        }
    )
    source_factory("modules", repository=repository)
    assert skipped()["sub"] == "submodule"
    assert Document.objects.filter(path="plain.py").exists()
    assert not canary.exists()


def test_attributes_start_no_filter_and_pointers_fetch_nothing(
    source_factory: SourceFactory, repository: Repository, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a2146' * 8}\nsize 12345\n"
    )
    repository.git("config", "filter.evil.smudge", f"touch {canary}")
    repository.git("config", "diff.evil.textconv", f"touch {canary}")
    blobs = {
        b".gitattributes": "* filter=evil diff=evil\n*.bin filter=lfs\n",
        b".lfsconfig": f"[lfs]\n\turl = file://{canary}\n",
        b"big.bin": pointer,
        b"plain.py": "def plain():\n    return 1\n",
    }
    repository.commit_entries(
        {name: (FILE, repository.store(text.encode())) for name, text in blobs.items()}
    )
    source = source_factory("filters", repository=repository)
    assert skipped() == {"big.bin": "lfs"}
    assert "plain.py" in live_tree(source)
    assert not canary.exists()


def test_odd_names_are_skipped_with_a_path_that_can_be_shown(
    source_factory: SourceFactory, repository: Repository
) -> None:
    blob = repository.store(b"text = 1\n")
    names = [b"bad\xff.py", b"line\nbreak.py", b"escape\x1b[31m.py", b"x" * 1500 + b".py"]
    entries = dict.fromkeys([*names, "gut é 日.py".encode()], (FILE, blob))
    repository.commit_entries(dict(sorted(entries.items())))
    source = source_factory("names", repository=repository)
    assert live_tree(source).keys() == {"gut é 日.py"}
    assert list(skipped().values()) == ["path"] * len(names)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe" + "a\0b = 1\n".encode("utf-16-le"),
        b"\xff\xfe\xfa",
        b"# -*- coding: utf-7 -*-\nx = '+AAA-\xff'\n",
        b"def f(" + b"(" * 20_000,
        b"{" * 20_000 + b"\n",
        b"\r" * 5000,
        "\ufeffdef f():\n    return '\u2028'\n".encode(),
        b"/* " + b"unterminated " * 3000,
        "".join(f"{'  ' * n}if x:\n" for n in range(400)).encode(),
    ],
    ids=lambda content: ascii(content[:20]),
)
def test_no_content_stops_the_sync(
    source_factory: SourceFactory, repository: Repository, content: bytes
) -> None:
    repository.commit({f"odd.{suffix}": content for suffix in ("py", "js", "c", "md", "txt")})
    source = source_factory("odd", repository=repository)
    assert found_paths("plain", source)[0] == "plain.py"
    shown = live_tree(source).keys() | skipped().keys()
    assert len(shown) == 6
