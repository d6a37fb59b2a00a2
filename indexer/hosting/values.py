"""The values that go into a listing of a host's repositories and come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """A repository as its host describes it; nothing in here has been checked yet."""

    path: str  # "team/backend/shop"
    clone_url: str
    is_archived: bool = False
    is_fork: bool = False
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a group's repositories are asked for."""

    archived: bool = False
    forks: bool = False
    name: str = ""  # part of the path, or a pattern with * and ?; empty: all

    def takes(self, repository: HostedRepository) -> bool:
        """Return whether it is asked for; an empty repository has nothing to connect."""
        if repository.is_empty or (repository.is_archived and not self.archived):
            return False
        if repository.is_fork and not self.forks:
            return False
        path, name = repository.path.lower(), self.name.lower()
        return fnmatchcase(path, name) if {"*", "?"} & set(name) else name in path


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What one listing may cost before it is stopped."""

    wall_s: float = 60.0
    connect_s: float = 10.0
    read_s: float = 20.0  # without a byte from the server
    page_bytes: int = 16 * MIB
    pages: int = 300
    repositories: int = 5_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The repositories that were asked for, in the host's order."""

    repositories: tuple[HostedRepository, ...]
    seen: int  # how many the host listed, asked for or not
    is_cut: bool  # the limit was reached: there are more
