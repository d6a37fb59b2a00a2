"""What programs are told when something goes wrong: problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, **more: Any) -> JsonResponse:
    """Return an error as every address of the API tells it: in a sentence that says what to do."""
    return JsonResponse(
        problem_of(status, detail, **more), status=status, content_type=CONTENT_TYPE
    )


def problem_of(status: int, detail: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
