"""To what a question is narrowed: sources, folders (or files) of sources, and a branch or tag.

A folder is written `source:path`. Of a source of which folders are chosen only those are searched;
of one that is chosen without a folder, all of it. Narrowing never opens anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.http import QueryDict

from appliance.conversations.models import Message, Thread
from indexer.models import Source
from indexer.scope import Scope

MOST_FOLDERS = 20


@dataclass(frozen=True, slots=True)
class Narrowing:
    sources: tuple[str, ...] = ()  # none: all that may be read
    folders: tuple[str, ...] = ()
    ref: str = ""

    @classmethod
    def of_thread(cls, thread: Thread, names: Collection[str]) -> Narrowing:
        """Return that of a thread's latest question, which the next one keeps, less the sources
        that its owner may not read any more."""
        asked = thread.messages.filter(role=Message.Role.QUESTION).order_by("-created_at", "-pk")
        latest = asked.first()
        return cls.of_question(latest, names) if latest else cls()

    @classmethod
    def of_question(cls, asked: Message, names: Collection[str]) -> Narrowing:
        folders = tuple(one for one in asked.folders if source_of(one) in names)
        meant = {source_of(one) for one in folders}
        sources = (name for name in asked.source_names if name in names and name not in meant)
        return cls(tuple(sources), folders, asked.ref)

    @classmethod
    def of_query(cls, query: QueryDict, names: Collection[str]) -> Narrowing:
        """Return what an address asks for: `?source=a&folder=a:src&ref=main`."""
        folders = [one for one in query.getlist("folder") if source_of(one) in names]
        return cls(
            tuple(name for name in query.getlist("source") if name in names),
            tuple(folders[:MOST_FOLDERS]),
            query.get("ref", "").strip()[:250],
        )

    def __bool__(self) -> bool:
        return bool(self.sources or self.folders or self.ref)

    def to_initial(self) -> dict[str, object]:
        """Return what the form of a question begins with."""
        return {"sources": list(self.sources), "folders": list(self.folders), "ref": self.ref}


def source_of(folder: str) -> str:
    return folder.partition(":")[0]


def path_of(folder: str) -> str:
    return folder.partition(":")[2].strip("/")


def with_sources_of(sources: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return the sources that are searched: the chosen ones, and those of the chosen folders."""
    return list(dict.fromkeys([*sources, *map(source_of, folders)]))


def narrowed(scope: Scope, folders: Iterable[str]) -> Scope:
    """Return the part of a scope that lies in the chosen folders; of a source that is gone, or not
    to be read any more, nothing is opened by naming it."""
    folders = list(folders)
    if not folders:
        return scope
    ids = dict(
        Source.objects.filter(
            pk__in=scope.source_ids, name__in={source_of(one) for one in folders}
        ).values_list("name", "pk")
    )
    chosen = [(ids[source_of(one)], path_of(one)) for one in folders if source_of(one) in ids]
    return scope.within(chosen)
