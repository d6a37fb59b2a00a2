"""The versions below which no release is made."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from indexer.fetching.versions import git_version, has_security_fixes


def test_a20_gitpython_is_not_below_its_floor() -> None:
    assert tuple(int(part) for part in version("GitPython").split(".")[:3]) >= (3, 2, 1)


def test_a20_the_installed_git_has_the_security_fixes() -> None:
    assert has_security_fixes(git_version())


@pytest.mark.parametrize(
    ("found", "is_fixed"),
    [
        ((), False),
        ((1, 9, 9), False),
        ((2, 38, 9), False),
        ((2, 39, 3), False),
        ((2, 39, 5), True),
        ((2, 45, 0), False),
        ((2, 45, 1), True),
        ((2, 55, 0), True),
        ((3, 0), True),
    ],
)
def test_a20_versions_without_the_fixes_are_told_apart(
    found: tuple[int, ...], is_fixed: bool
) -> None:
    assert has_security_fixes(found) is is_fixed


def test_a_machine_without_git_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert git_version() == ()
