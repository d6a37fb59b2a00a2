"""What a search found, less the files that the reader left out, after those that they added."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.conversations.answering.events import Question
from appliance.conversations.wanted import File
from indexer.models import Document, Ref
from indexer.retrieval.hits import Hit
from indexer.scope import Scope
from indexer.spans import Span


def with_wanted(question: Question, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that the reader wants in the prompt, files that they added first."""
    if not question.wanted:
        return list(hits)
    added = [hit for file in question.wanted.add if (hit := _whole(question, file))]
    seen = {File(hit.source, hit.path) for hit in added} | question.wanted.drop
    return [*added, *(hit for hit in hits if File(hit.source, hit.path) not in seen)]


def find_document(scope: Scope, ref_name: str, file: File) -> tuple[Document, Ref] | None:
    """Return the document as a question about the ref sees it, and the ref itself; None when it is not there, or may
    not be read."""
    refs = Ref.objects.filter(source__name=file.source, source_id__in=scope.source_ids)
    refs = refs.filter(name=ref_name) if ref_name else refs.filter(is_default=True)
    ref = refs.first()
    if ref is None or not scope.allows(ref.source_id, file.path):
        return None
    documents = Document.objects.filter(source_id=ref.source_id, path=file.path)
    document = documents.filter(refs__contains=[ref.pk]).select_related("blob").first()
    return (document, ref) if document else None


def _whole(question: Question, file: File) -> Hit | None:
    found = find_document(question.scope, question.ref, file)
    if found is None:
        return None
    document, ref = found
    text = document.blob.text.rstrip("\n")
    return Hit(
        source_id=document.source_id,
        source=file.source,
        path=file.path,
        commit=ref.commit,
        blob_id=document.blob_id,
        span=Span(1, text.count("\n") + 1),
        symbol="",
        kind="file",
        language=document.blob.language,
        score=1.0,
        legs=("added",),
        text=text,
    )
