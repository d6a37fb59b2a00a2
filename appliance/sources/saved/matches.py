"""What a saved search finds at this moment, for one reader, and which of it is new."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from appliance.sources.models import SavedSearch
from appliance.sources.narrowing.finding import search_code_narrowed, search_narrowed
from appliance.sources.narrowing.narrowing import Narrowing
from indexer.codesearch.certificate import CodeResult
from indexer.models import Source
from indexer.scope import Scope

SEARCH_SECONDS = 3.0  # of one code search: others wait for the same worker
FOLLOWED_LINES = 2000  # of a code search
BEST = 20  # documents of a search by meaning that are worth telling
FOLLOWED_DOCUMENTS = 100  # so many are known, so that one that sinks and rises is no news
DIGEST_BYTES = 8
MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Match:
    """A line of code, or a document, that a search finds."""

    source_id: int
    source: str
    path: str
    line: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Within:
    """Where a saved search looks: what its owner may read of it, and the ref (empty: each default)."""

    scope: Scope
    ref: str


@dataclass(frozen=True, slots=True)
class Found:
    matches: tuple[Match, ...]  # that may be told
    digests: frozenset[bytes]  # of these and of others that are known from now on
    is_cut: bool  # there may be more than these


def found_by(search: SavedSearch, within: Within) -> Found:
    """Make the search. Raises QueryRefused."""
    by = Narrowing.from_json(search.narrowing)
    scope, ref = within.scope, within.ref
    if search.page == SavedSearch.Page.CODE:
        result, _ = search_code_narrowed(
            search.query, by, scope=scope, ref=ref, max_lines=FOLLOWED_LINES, seconds=SEARCH_SECONDS
        )
        matches = tuple(_lines(result))
        digests = frozenset(match.digest for match in matches)
        return Found(matches, digests, not result.certificate.is_complete)
    searched = search_narrowed(
        search.query, by, scope=scope, names=(), ref=ref, limit=FOLLOWED_DOCUMENTS
    )
    documents = {
        (hit.source_id, hit.path): Match(
            hit.source_id,
            hit.source,
            hit.path,
            hit.span.start_line,
            _digest(hit.source_id, hit.path),
        )
        for hit in reversed(searched.result.hits)
    }
    best = tuple(reversed(documents.values()))
    return Found(best[:BEST], frozenset(match.digest for match in best), False)


def _lines(result: CodeResult) -> Iterable[Match]:
    """Yield the lines. What a line says makes it new, not its number: lines above it move it."""
    ids = dict(Source.objects.filter(
        name__in={file.source for file in result.files}
    ).values_list("name", "pk"))  # fmt: skip
    for file in result.files:
        same: Counter[str] = Counter()
        for line in file.lines:
            text = line.text.strip()
            same[text] += 1
            digest = _digest(ids[file.source], file.path, text, same[text])
            yield Match(ids[file.source], file.source, file.path, line.line, digest)


def new_among(found: Found, known: Collection[bytes]) -> list[Match]:
    return [match for match in found.matches if match.digest not in known]


def known_of(kept: bytes | memoryview) -> frozenset[bytes]:
    held = bytes(kept)
    return frozenset(held[at : at + DIGEST_BYTES] for at in range(0, len(held), DIGEST_BYTES))


def known_after(search: SavedSearch, found: Found) -> bytes:
    """Return what is no news from now on.

    Of code: what is there now, so that lines which come back are told again. By meaning, and where
    not all was found, what was known stays known.
    """
    digests = set(found.digests)
    if found.is_cut or search.page == SavedSearch.Page.MEANING:
        before: Sequence[bytes] = sorted(known_of(search.known) - digests)
        digests |= set(before[: max(0, MOST_KNOWN - len(digests))])
    return b"".join(sorted(digests))


def _digest(*parts: object) -> bytes:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:DIGEST_BYTES]
