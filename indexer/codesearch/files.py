"""Which files a code search is about: visible ones that its filters choose, and skipped ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from indexer.codesearch.matching import compiled
from indexer.codesearch.query import CodeQuery, Filter
from indexer.models import Ref, SkippedFile, Source
from indexer.reading.kinds import kind_of_role
from indexer.retrieval.queries import CODE_FILES, Visibility, rows_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class CodeFile:
    source_id: int
    blob_id: int
    path: str
    language: str
    ref_ids: tuple[int, ...]
    has_trigrams: bool
    is_masked: bool
    kind: str  # what it is for: code, test, docs ...


@dataclass(frozen=True, slots=True)
class Searched:
    """The sources and refs that a query is about, within a scope."""

    scope: Scope
    names: dict[int, str]  # of the sources
    refs: tuple[Ref, ...]

    def visibility(self, of: Iterable[Ref]) -> Visibility:
        refs = list(of)
        scope = self.scope.narrowed_to({ref.source_id for ref in refs})
        return Visibility(scope, tuple({ref.name for ref in refs}))


def searched_by(query: CodeQuery, scope: Scope) -> Searched:
    """Return what `repo:` and `ref:` choose; without `ref:` each source's default."""
    chooses = _regex_filter(query.of("repo"))
    pairs = Source.objects.filter(pk__in=scope.source_ids).values_list("pk", "name")
    names = {pk: name for pk, name in pairs if chooses(name)}
    refs = Ref.objects.filter(source_id__in=names).order_by("source__name", "-is_default", "name")
    asked = query.of("ref")
    by_default = all(one.is_negated for one in asked)
    chosen = tuple(
        ref for ref in refs if _is_asked(ref.name, asked) and (ref.is_default or not by_default)
    )
    return Searched(scope.narrowed_to(names), names, chosen)


def _is_asked(name: str, asked: tuple[Filter, ...]) -> bool:
    return _all(asked, lambda one: fnmatchcase(name, one.value))


def files_of(query: CodeQuery, searched: Searched) -> list[CodeFile]:
    """Return the visible files that the filters choose, by source and path.

    Sources are asked for their own refs: the same name may be asked of one and not of another.
    """
    if not searched.refs:
        return []
    by_ref = {ref.pk for ref in searched.refs}
    rows = rows_of(CODE_FILES, searched.visibility(searched.refs), {})
    chooses = _path_filter(query)
    return [
        CodeFile(
            source_id, blob_id, path, language, kept, has_trigrams, is_masked, kind_of_role(role)
        )
        for source_id, blob_id, path, language, ref_ids, has_trigrams, is_masked, role in rows
        if (kept := tuple(ref_id for ref_id in ref_ids if ref_id in by_ref))
        and chooses(path)
        and _is_spoken(language, query.of("lang"))
        and _is_of_kind(role, query.of("kind"))
    ]


def _is_spoken(language: str, asked: tuple[Filter, ...]) -> bool:
    return _all(asked, lambda one: one.value.lower() == language)


def _is_of_kind(role: str, asked: tuple[Filter, ...]) -> bool:
    return _all(asked, lambda one: one.value == kind_of_role(role))


def skipped_of(query: CodeQuery, searched: Searched) -> dict[int, Counter[str]]:
    """Return by ref why which number of files cannot be searched: of those that may be seen."""
    chooses = _path_filter(query)
    sources = {ref.pk: ref.source_id for ref in searched.refs}
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = SkippedFile.objects.filter(ref_id__in=sources).values_list("ref_id", "path", "reason")
    for ref_id, path, reason in rows.iterator():
        if chooses(path) and searched.scope.allows(sources[ref_id], path):
            counts[ref_id][reason] += 1
    return counts


def _path_filter(query: CodeQuery) -> Callable[[str], bool]:
    return _regex_filter(query.of("path"))


def _regex_filter(filters: tuple[Filter, ...]) -> Callable[[str], bool]:
    patterns = [(compiled(one.value), one.is_negated) for one in filters]

    def chooses(text: str) -> bool:
        content = text.encode("utf-8", "replace")
        return all(bool(pattern.search(content)) != negated for pattern, negated in patterns)

    return chooses


def _all(filters: tuple[Filter, ...], is_true: Callable[[Filter], bool]) -> bool:
    """Return whether one of the plain filters is true, when there are any, and no negated one."""
    plain = [one for one in filters if not one.is_negated]
    if plain and not any(is_true(one) for one in plain):
        return False
    return not any(is_true(one) for one in filters if one.is_negated)
