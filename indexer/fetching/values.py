"""The values that go into a fetch and come out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexer.errors import FetchRefused

GIB = 1024**3

Phase = Literal["connecting", "counting", "compressing", "receiving", "resolving", "checking"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name and a password or token, for https."""

    username: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        # Each ends up on a line of its own in git's credential protocol.
        if any(character in self.username + self.secret for character in "\r\n\0"):
            raise FetchRefused(
                "credential_malformed", "A user name or token is one line. Enter it again."
            )


@dataclass(frozen=True, slots=True)
class SshKey:
    """A private key without a passphrase, for ssh."""

    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may use before it is stopped."""

    wall_s: float = 1800.0
    connect_s: float = 10.0
    stall_s: int = 300  # without a byte from the server
    cpu_s: int = 3600  # of each process
    disk_bytes: int = 5 * GIB
    memory_bytes: int = 4 * GIB  # address space of each process
    file_bytes: int = 20 * 1024**2  # larger files of folders and archives are not taken
    ref_count: int = 50_000
    followed_count: int = 50  # refs of one source, when patterns stand for more


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch has come."""

    phase: Phase
    done: int = 0  # objects, or deltas while resolving
    total: int | None = None
    received_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ResolvedRef:
    """What a name stands for in the repository now."""

    name: str
    commit: str
    kind: Literal["branch", "tag", "commit"]


@dataclass(frozen=True, slots=True)
class FetchedRefs:
    """Each followed ref by its name, the one that search uses by itself first.

    A name that was asked for stands as it was asked; what a pattern stands for goes by the name
    that refs.names_of gives.
    """

    refs: Mapping[str, ResolvedRef]
    changed: bool  # False when the mirror already held everything
    notes: tuple[str, ...] = ()  # sentences: patterns without a match, refs beyond the limit
