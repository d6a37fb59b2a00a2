"""To what a question is narrowed: sources, folders (or files) of sources, and a branch or tag.

A folder is written `source:path`. Of a source of which folders are chosen only those are searched;
of one that is chosen without a folder, all of it. Narrowing never opens anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.http import QueryDict

from appliance.conversations.models import Message, Thread
from appliance.sources.narrowing.folders import MOST_FOLDERS, source_of


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


def with_sources_of(sources: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return the sources that are searched: the chosen ones, and those of the chosen folders."""
    return list(dict.fromkeys([*sources, *map(source_of, folders)]))
