"""The API as a whole: its parts under one version, and the sentences for what they refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from appliance.common.problems import problem
from appliance.web.api import corpus, files, messages, sources, threads
from appliance.web.api.errors import SENTENCES, Refused

VERSION = "1"


class Api(NinjaAPI):
    """An API whose operations are called as their functions are."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)


def refuse(request: HttpRequest, refused: Refused) -> HttpResponse:
    return refused.response()


def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, SENTENCES[404])


def not_let_in(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, SENTENCES.get(error.status_code, SENTENCES[400]))


def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(422, sentence_of(error.errors), code="invalid")


def sentence_of(errors: Iterable[dict[str, Any]]) -> str:
    """Say of each parameter what is wrong with it; never what it held."""
    told = {_name(one["loc"]): str(one["msg"]).rstrip(".") for one in errors}
    return " ".join(f"{name}: {what}." for name, what in told.items())[:1000]


def _name(place: Iterable[object]) -> str:
    return ".".join(str(part)[:60] for part in list(place)[1:]) or "body"


HANDLERS: dict[type[Exception], Any] = {
    Refused: refuse,
    Http404: not_found,
    AuthenticationError: not_let_in,
    HttpError: not_let_in,
    ValidationError: not_valid,
}


def new_api(title: str, namespace: str, more: dict[type[Exception], Any] | None = None) -> NinjaAPI:
    """Return an API without pages of its own, whose errors are problem details; `more` says some in
    other words."""
    made = Api(
        title=title,
        version=VERSION,
        urls_namespace=namespace,
        docs_url=None,
        openapi_url=None,
    )
    for kind, handler in (HANDLERS | (more or {})).items():
        made.add_exception_handler(kind, handler)
    return made


api = new_api("Plumbline", "api")
for part in (corpus, sources, files, threads, messages):
    api.add_router("", part.router)
