"""One file at a commit, whole or some lines of it."""

from __future__ import annotations

import hashlib
from typing import Annotated

from django.http import Http404, HttpResponse
from django.utils.http import parse_etags
from ninja import Router
from pydantic import Field

from appliance.accounts.bearer import TokenRequest
from appliance.sources.access import OpenedDocument, get_document, get_source, scope_of_token
from appliance.sources.elsewhere import followed_at
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_file
from appliance.web.api.errors import Refused
from appliance.web.api.rights import READ
from appliance.web.api.schemas import FileOut
from indexer.scope import Scope
from indexer.spans import Span

router = Router(tags=["Reading"], auth=READ)
Lines = Annotated[str, Field(pattern=r"^[0-9]{1,9}(-[0-9]{1,9})?$", description="12 or 12-40")]


@router.get(
    "/files/{source}/{commit}/{path:path}",
    response={200: FileOut, 304: None},
    url_name="api_file",
    summary="A file at a commit",
)
def file(
    request: TokenRequest, source: str, commit: str, path: str, lines: Lines | None = None
) -> HttpResponse:
    """Show a file at a commit; instead of one, the name of a followed ref means its live commit.

    The answer has an ETag: with `If-None-Match` it comes only when it is another.
    """
    document = _opened(scope_of_token(request.token), source, commit, path)
    span = _span(lines, document.line_count)
    text = "\n".join(span.lines_of(document.text)) if lines else document.text
    tag = _etag(document, span, text)
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": tag})
    record_file(document, Grounds.of(request.user), span)
    shown = FileOut(
        source=document.source.name,
        commit=document.commit,
        path=document.path,
        language=document.language,
        lines=[span.start_line, span.end_line],
        total_lines=document.line_count,
        text=text,
        is_live=document.is_live,
    )
    return HttpResponse(
        shown.model_dump_json(), content_type="application/json", headers={"ETag": tag}
    )


def _opened(scope: Scope, name: str, commit: str, path: str) -> OpenedDocument:
    """Open the document; a ref such as release/2.0 holds a slash, so its end is looked for."""
    try:
        return get_document(scope, name, commit, path)
    except Http404:
        if "\0" in commit + path:
            raise
        ref, rest = followed_at(get_source(scope, name), commit, path)
        if ref is None:
            raise
        return get_document(scope, name, ref.name, rest)


def _span(lines: str | None, count: int) -> Span:
    """Return the lines asked for as far as the file has them."""
    if lines is None:
        return Span(1, max(count, 1))
    first, _, last = lines.partition("-")
    start, end = int(first), min(int(last or first), count)
    if not 1 <= start <= end:
        raise Refused(422, f"lines: this file has the lines 1 to {count}.", code="lines")
    return Span(start, end)


def _etag(document: OpenedDocument, span: Span, text: str) -> str:
    parts = (document.source.name, document.commit, document.path, str(span), text)
    told = "\0".join((*parts, str(document.is_live))).encode("utf-8", "surrogatepass")
    return f'"{hashlib.sha256(told).hexdigest()[:32]}"'
