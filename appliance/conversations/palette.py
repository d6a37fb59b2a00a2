"""What pickers and the command palette offer: one's threads, and of sources what one may read.

Names only, never lines; so it is not recorded as reading (docs/audit.md). What is opened is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from django.urls import reverse

from appliance.accounts.models import User
from appliance.conversations.access import threads_of
from appliance.sources.access import readable_sources, scope_of
from indexer.retrieval.completing import Completer

OF_A_KIND = 6
FROM_CHARACTERS = 3  # fewer match half of a corpus


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a picker: where it leads, and what is put into a form for it."""

    kind: str
    label: str
    detail: str
    url: str
    value: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody has typed into a picker, and what is chosen beside it already."""

    user: User
    text: str
    source_names: tuple[str, ...] = ()
    ref: str = ""

    def completer(self) -> Completer:
        """Complete in what may be read; after `source:`, in that source alone."""
        source, _ = self.parts()
        return Completer.over(
            scope_of(self.user),
            source_names=(source,) if source else self.source_names,
            refs=(self.ref,) if self.ref else (),
            limit=OF_A_KIND,
        )

    def parts(self) -> tuple[str, str]:
        """Return the source before a colon, if one may be read that is called so, and the rest."""
        source, colon, rest = self.text.partition(":")
        if colon and readable_sources(self.user).filter(name=source).exists():
            return source, rest
        return "", self.text


def entries_for(asked: Asked, kinds: Collection[str]) -> list[Entry]:
    """Return what is offered of these kinds, kind by kind."""
    return [entry for kind in KINDS if kind in kinds for entry in KINDS[kind](asked)]


def _threads(asked: Asked) -> Iterator[Entry]:
    threads = threads_of(asked.user)
    for word in asked.text.split()[:8]:
        threads = threads.filter(title__icontains=word)
    for thread in threads[:OF_A_KIND]:
        yield Entry("thread", thread.title, "", reverse("thread", args=[thread.pk]), "")


def _sources(asked: Asked) -> Iterator[Entry]:
    sources = readable_sources(asked.user).filter(name__icontains=asked.text.strip())
    for name in sources.order_by("name").values_list("name", flat=True)[:OF_A_KIND]:
        yield Entry("source", name, "", reverse("source_files", args=[name]), name)


def _files(asked: Asked) -> Iterable[Entry]:
    source, rest = asked.parts()
    if not source and len(rest.strip()) < FROM_CHARACTERS:
        return []
    return [
        Entry(
            "file",
            one.path,
            one.source,
            reverse("file", args=[one.source, one.commit, one.path]),
            f"{one.source}:{one.path}",
        )
        for one in asked.completer().files(rest)
    ]


def _folders(asked: Asked) -> Iterable[Entry]:
    source, rest = asked.parts()
    if not source and len(rest.strip()) < FROM_CHARACTERS:
        return []
    return [
        Entry("folder", f"{one.path}/", one.source, "", f"{one.source}:{one.path}")
        for one in asked.completer().folders(rest)
    ]


def _names(asked: Asked) -> Iterable[Entry]:
    if len(asked.text.strip()) < FROM_CHARACTERS:
        return []
    found = []
    for one in asked.completer().names(asked.text.strip()):
        page = reverse("file", args=[one.source, one.commit, one.path])
        first, last = one.span.start_line, one.span.end_line
        url = f"{page}?lines={first}-{last}#L{first}"
        where = f"{one.kind} in {one.source}: {one.path}"
        found.append(Entry("name", one.qualified, where, url, one.qualified))
    return found


KINDS: Mapping[str, Callable[[Asked], Iterable[Entry]]] = {
    "thread": _threads,
    "source": _sources,
    "folder": _folders,
    "file": _files,
    "name": _names,
}
