"""What a search found, less the files that the reader left out, after those that they added."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.conversations.answering.events import Question
from appliance.conversations.wanted import File
from appliance.sources.access import find_live_blob
from indexer.retrieval.hits import Hit
from indexer.spans import Span


def with_wanted(question: Question, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that the reader wants in the prompt, files that they added first."""
    if not question.wanted:
        return list(hits)
    added = [hit for file in question.wanted.add if (hit := _whole(question, file))]
    seen = {File(hit.source, hit.path) for hit in added} | question.wanted.drop
    return [*added, *(hit for hit in hits if File(hit.source, hit.path) not in seen)]


def _whole(question: Question, file: File) -> Hit | None:
    found = find_live_blob(question.scope, file.source, file.path, ref_name=question.ref)
    if found is None:
        return None
    ref, blob = found
    text = blob.text.rstrip("\n")
    return Hit(
        source_id=ref.source_id,
        source=file.source,
        path=file.path,
        commit=ref.commit,
        blob_id=blob.pk,
        span=Span(1, text.count("\n") + 1),
        symbol="",
        kind="file",
        language=blob.language,
        score=1.0,
        legs=("added",),
        text=text,
    )
