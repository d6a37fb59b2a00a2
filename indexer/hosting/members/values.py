"""What a host tells of who may read a repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indexer.hosting.paging import Entry

PRIVATE, INTERNAL, PUBLIC = "private", "internal", "public"


@dataclass(frozen=True, slots=True)
class HostedMember:
    """An account of a host that may read the code of a repository."""

    id: str  # never changes, other than the name
    user_name: str
    email: str = ""  # empty: the host does not tell it to this token
    external_id: str = ""  # by which an identity provider signs it in there
    right: str = ""  # in the host's own word: "Developer", "write"


@dataclass(frozen=True, slots=True)
class HostedAccess:
    """Who may read a repository, as its host says."""

    repository_id: str  # never changes, other than the path
    visibility: str
    members: tuple[HostedMember, ...]

    @classmethod
    def of(
        cls, repository: Entry, visibility: str, members: Iterable[HostedMember]
    ) -> HostedAccess:
        """Put it together; who is named twice counts once, as they were named first."""
        named: dict[str, HostedMember] = {}
        for member in members:
            if member.id and member.user_name:
                named.setdefault(member.id, member)
        ordered = sorted(named.values(), key=lambda one: (one.user_name.casefold(), one.id))
        return cls(id_of(repository), visibility, tuple(ordered))


def id_of(entry: Entry) -> str:
    """Return the number by which a host knows something, as text; empty without one."""
    number = entry.get("id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else ""


def entry_of(entry: Entry, key: str) -> Entry:
    """Return an object within an object, empty when there is none."""
    value = entry.get(key)
    return value if isinstance(value, dict) else {}
