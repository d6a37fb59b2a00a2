"""Pages of what was asked for, and only the attributes that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from appliance.accounts.scim.about import MAX_RESULTS
from appliance.accounts.scim.errors import invalid_value
from appliance.accounts.scim.filters import parse_filter
from appliance.accounts.scim.paths import attribute_name, lowered
from appliance.accounts.scim.querying import Test, to_query

DEFAULT_COUNT = 100
MAX_DIGITS = 9
PARAMETERS = ("filter", "startIndex", "count", "attributes", "excludedAttributes")
ALWAYS = {"schemas", "id", "meta"}
M = TypeVar("M", bound=Model)


def list_response(
    found: QuerySet[M],
    tests: Mapping[str, Test],
    query: QueryDict,
    to_json: Callable[[M], dict[str, Any]],
) -> dict[str, Any]:
    """Return one page, counted from 1; with count=0 only how many there are."""
    if wanted := query.get("filter"):
        found = found.filter(to_query(parse_filter(wanted), tests)).distinct()
    start = max(_number(query, "startIndex", 1), 1)
    count = min(max(_number(query, "count", DEFAULT_COUNT), 0), MAX_RESULTS)
    page = list(found.order_by("pk")[start - 1 : start - 1 + count]) if count else []
    return wrapped(
        [shortened(to_json(one), query) for one in page], total=found.count(), start=start
    )


def query_of(body: dict[str, Any]) -> QueryDict:
    """Return what a search by POST asks for as if it stood in the address."""
    given = lowered(body)
    query = QueryDict(mutable=True)
    for parameter in PARAMETERS:
        value = given.get(parameter.lower())
        if isinstance(value, list):
            value = ",".join(str(one) for one in value)
        if value is not None:
            query[parameter] = str(value)
    return query


def wrapped(resources: list[dict[str, Any]], *, total: int, start: int = 1) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def shortened(body: dict[str, Any], query: QueryDict) -> dict[str, Any]:
    """Leave out what `attributes` and `excludedAttributes` leave out; whole attributes only."""
    wanted, unwanted = _names(query, "attributes"), _names(query, "excludedAttributes")
    return {
        name: value
        for name, value in body.items()
        if name in ALWAYS or (name.lower() in wanted if wanted else name.lower() not in unwanted)
    }


def is_wanted(name: str, query: QueryDict) -> bool:
    """Whether an attribute that costs something shall be looked up."""
    wanted = _names(query, "attributes")
    return name in wanted if wanted else name not in _names(query, "excludedAttributes")


def _names(query: QueryDict, parameter: str) -> set[str]:
    names = (attribute_name(one) for one in query.get(parameter, "").split(",") if one.strip())
    return {name.partition(".")[0] for name in names}


def _number(query: QueryDict, parameter: str, default: int) -> int:
    text = query.get(parameter, "").strip()
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise invalid_value(f"{parameter} must be a number.")
    return int(text)
