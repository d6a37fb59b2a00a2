"""A search as its page and its export make it: narrowed, with the facets of all that was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from appliance.sources.narrowing.facets import Facet, facets_of
from appliance.sources.narrowing.narrowing import FoundFile, Narrowing, narrowed
from indexer.codesearch.certificate import CodeResult
from indexer.codesearch.query import as_of_refs, read_query
from indexer.codesearch.search import SECONDS, search_code
from indexer.models import Blob
from indexer.reading.kinds import kind_of_role
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.hits import SearchResult
from indexer.retrieval.search import search
from indexer.scope import Scope

CODE_LINES = 2000  # of one code search; the certificate says when there are more


@dataclass(slots=True)
class Sieve:
    """Lets through what is wanted, and counts all that came."""

    by: Narrowing
    files: list[FoundFile] = field(default_factory=list)

    def __call__(self, ranked: Sequence[RankedDocument]) -> list[RankedDocument]:
        blobs = {one.document.blob_id for one in ranked}
        languages = dict(Blob.objects.filter(pk__in=blobs).values_list("pk", "language"))
        kept = []
        for one in ranked:
            document = one.document
            language = languages.get(document.blob_id, "")
            kind = kind_of_role(document.role)
            file = FoundFile(document.source, document.path, language, kind)
            self.files.append(file)
            if self.by.allows(file):
                kept.append(one)
        return kept


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search by meaning found."""

    result: SearchResult
    facets: tuple[Facet, ...]
    documents: int  # that fit the words and the narrowing


def search_narrowed(
    query: str,
    by: Narrowing,
    *,
    scope: Scope,
    names: Collection[str],
    ref: str = "",
    limit: int,
) -> Searched:
    """Search by meaning."""
    sieve = Sieve(by)
    result = search(
        query,
        scope=scope,
        source_names=by.sources,
        refs=[ref] if ref else (),
        limit=limit,
        narrow=sieve,
    )
    wanted = sum(by.allows(file) for file in sieve.files)
    return Searched(result, facets_of(sieve.files, by, names), wanted)


def search_code_narrowed(
    line: str,
    by: Narrowing,
    *,
    scope: Scope,
    ref: str = "",
    max_lines: int = CODE_LINES,
    seconds: float = SECONDS,
) -> tuple[CodeResult, tuple[Facet, ...]]:
    """Search code; raises QueryRefused. Its facets count what the narrowed search found. `ref` is
    what is looked at unless the line names one."""
    query = as_of_refs(narrowed(read_query(line), by), [ref] if ref else ())
    result = search_code(query, scope=scope, max_lines=max_lines, seconds=seconds)
    files = [FoundFile(one.source, one.path, one.language, one.kind) for one in result.files]
    return result, facets_of(files, by)
