"""The API for programs: JSON behind a token, over the functions that the pages use."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from appliance.accounts.bearer import TokenRequest, refusal, right_required
from appliance.accounts.models import TokenRight
from appliance.sources.access import scope_of_token
from appliance.sources.asof import as_of
from appliance.web.api_forms import SearchForm
from indexer.models import Source
from indexer.retrieval.search import search

logger = logging.getLogger(__name__)


@require_safe
@right_required(TokenRight.READ)
def me(request: TokenRequest) -> HttpResponseBase:
    """Say whose token this is, what it may do, and which sources it reads."""
    sources = Source.objects.filter(pk__in=scope_of_token(request.token).source_ids)
    return JsonResponse(
        {
            "user": request.user.get_username(),
            "token": {
                "name": request.token.name,
                "prefix": request.token.prefix,
                "rights": request.token.rights,
                "expires_at": request.token.expires_at.isoformat(),
            },
            "sources": list(sources.order_by("name").values_list("name", flat=True)),
        }
    )


@require_safe
@right_required(TokenRight.READ)
def search_hits(request: TokenRequest) -> HttpResponseBase:
    """Search as the page does; a source that may not be read is one that is not there."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return refusal(400, form.sentence())
    scope = scope_of_token(request.token)
    named = request.GET.getlist("source")
    known = set(Source.objects.filter(pk__in=scope.source_ids).values_list("name", flat=True))
    if missing := [name for name in named if name not in known]:
        return refusal(404, f"There is no source {missing[0][:100]!r}.")
    narrowing = as_of(scope, named, form.cleaned_data["ref"])
    if narrowing.is_unknown:
        return refusal(404, narrowing.sentence)
    try:
        result = search(
            form.cleaned_data["q"],
            scope=scope,
            source_names=named,
            refs=[narrowing.ref] if narrowing.ref else (),
            limit=form.cleaned_data["limit"],
        )
    except DatabaseError:
        logger.exception("search failed")
        return refusal(503, "The search does not work at the moment. Try again.")
    return JsonResponse({"hits": [hit.to_json() for hit in result.hits]})
