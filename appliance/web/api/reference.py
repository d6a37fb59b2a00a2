"""The reference of the API: a page made of the OpenAPI document, and the document itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.bearer import TokenRequest
from appliance.accounts.requests import SignedInRequest
from appliance.web.api.document import document

DEEPEST = 3
NAMED = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    description: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    status: str
    answer: tuple[Field, ...]


@require_safe
def reference_page(request: SignedInRequest) -> HttpResponse:
    """Show every address with what it takes and gives."""
    groups: dict[str, list[Operation]] = {}
    for tag, operation in operations_of(document()):
        groups.setdefault(tag, []).append(operation)
    context = {
        "groups": groups,
        "base": request.build_absolute_uri("/").rstrip("/"),
        "limit": settings.API_REQUESTS_PER_MINUTE,
    }
    return render(request, "web/reference.html", context)


@require_safe
def reference_document(request: SignedInRequest) -> JsonResponse:
    """Give the document to whoever is signed in."""
    return JsonResponse(document())


@require_safe
def openapi(request: TokenRequest) -> JsonResponse:
    """Give the document to a program with a token."""
    return JsonResponse(document())


def operations_of(whole: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Yield every operation with its group, in the document's order."""
    schemas = whole["components"]["schemas"]
    for path, operations in whole["paths"].items():
        for method, one in operations.items():
            yield one["tags"][0], _operation(path, method, one, schemas)


def _operation(
    path: str, method: str, one: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Operation:
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {})
    status = next(str(status) for status in one["responses"] if str(status).startswith("2"))
    content = one["responses"][_key(one["responses"], status)].get("content", {})
    answer = content.get("application/json", {}).get("schema", {})
    return Operation(
        anchor=one["operationId"].rpartition(".")[2].replace("_", "-"),
        method=method.upper(),
        path=path,
        summary=one["summary"],
        description=_plain(one.get("description", "")),
        parameters=tuple(_parameter(each, schemas) for each in one.get("parameters", ())),
        body=tuple(fields_of(body.get("schema", {}), schemas)),
        status=status,
        answer=tuple(fields_of(answer, schemas)),
    )


def _plain(text: str) -> str:
    """Return Markdown of a docstring without the marks that a page would show as they are."""
    return text.replace("`", "")


def _key(responses: Mapping[Any, Any], status: str) -> Any:
    return next(key for key in responses if str(key) == status)


def _parameter(one: Mapping[str, Any], schemas: Mapping[str, Any]) -> Field:
    schema = one.get("schema", {})
    description = _plain(one.get("description") or schema.get("description", ""))
    where = "" if one["in"] in {"query", "path"} else f" ({one['in']})"
    return Field(
        one["name"], _kind(schema, schemas) + where, description, bool(one.get("required"))
    )


def fields_of(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], before: str = "", depth: int = 0
) -> Iterator[Field]:
    """Yield the fields of a shape, those inside others by their path: message.text."""
    schema = _resolved(schema, schemas)
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        is_required = name in required
        yield Field(before + name, _kind(one, schemas), one.get("description", ""), is_required)
        inner = one.get("items", one)
        if depth < DEEPEST and "properties" in _resolved(inner, schemas):
            mark = "[]." if "items" in one else "."
            yield from fields_of(inner, schemas, before + name + mark, depth + 1)


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    named = schema.get("$ref", "")
    if not named and "anyOf" in schema:
        named = next((one["$ref"] for one in schema["anyOf"] if "$ref" in one), "")
    found: Mapping[str, Any] = schemas[named.removeprefix(NAMED)] if named else schema
    return found


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one, schemas) for one in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if "const" in schema:
        return f'"{schema["const"]}"'
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), schemas)}"
    return {"date-time": "time", "uuid": "UUID"}.get(
        schema.get("format", ""), str(schema.get("type", "anything"))
    )
