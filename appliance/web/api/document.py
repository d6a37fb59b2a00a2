"""The OpenAPI document of everything below /api/v1/ and /v1/."""

from __future__ import annotations

from functools import cache
from typing import Any

from appliance.common.problems import CONTENT_TYPE
from appliance.web.api.schemas import Problem
from appliance.web.api.site import api
from appliance.web.chat.shapes import ChatError
from appliance.web.chat.site import chat

DESCRIPTION = (
    "Ask about your company's code and documents, search them, and read them at a commit."
    " Send a token as Authorization: Bearer. What it reads is what its person may read."
)
ERRORS = {
    "401": "The token is missing, wrong, expired or revoked.",
    "403": "The token lacks the right for this.",
    "404": "There is no such thing, or none that the token reads.",
    "422": "A parameter is wrong.",
    "429": "Too many requests, or too many questions: see Retry-After.",
}


@cache
def document() -> dict[str, Any]:
    """Return the document, OpenAPI 3.1."""
    whole: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="api/v1/"))
    others = chat.get_openapi_schema(path_prefix="v1/")
    whole["info"] = {"title": "Plumbline", "version": api.version, "description": DESCRIPTION}
    whole["paths"] = {**whole["paths"], **others["paths"]}
    schemas = {**whole["components"]["schemas"], **others["components"]["schemas"]}
    schemas["Problem"] = Problem.model_json_schema()
    scheme = {"type": "http", "scheme": "bearer"}
    whole["components"] = {"schemas": schemas, "securitySchemes": {"Right": scheme}}
    schemas["ChatError"] = ChatError.model_json_schema()
    for path, operations in whole["paths"].items():
        for operation in operations.values():
            _with_errors(operation, is_chat=path.startswith("/v1/"))
    return whole


def _with_errors(operation: dict[str, Any], *, is_chat: bool) -> None:
    kind, name = ("application/json", "ChatError") if is_chat else (CONTENT_TYPE, "Problem")
    content = {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    for status, description in ERRORS.items():
        operation["responses"].setdefault(status, {"description": description, "content": content})
    operation["security"] = [{"Right": []}]
