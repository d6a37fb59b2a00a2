"""The whole OpenAPI document under hostile values: no request makes the server fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from appliance.accounts.models import User
from appliance.conversations.models import Message
from appliance.web.api.document import document
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory
from tests.appliance.web.api.conftest import token_of

pytestmark = [pytest.mark.services, pytest.mark.django_db, pytest.mark.usefixtures("quiet")]

EXAMPLES = 12  # of each operation
# A string as a client may send it that knows no limits.
HOSTILE = ("\0", "'\\";--", "../../etc/passwd", "%s%n", "\ud83d\ude00", "\u202e", "{{7*7}}", "9" * 400,
           "-1", "1e999", "null", "[]", "a" * 5000, "\r\nX: y", "*(+)", "/(a+)+$/")  # fmt: skip


def loaded() -> Any:
    return schemathesis.openapi.from_dict(document())


def operations() -> list[Any]:
    return [found.ok() for found in loaded().get_all_operations()]


@pytest.fixture
def send(
    client: Client, shop: Source, owner: User, message_factory: MessageFactory,
    settings: Any,
) -> Callable[..., Any]:  # fmt: skip
    settings.API_REQUESTS_PER_MINUTE = 0
    client.raise_request_exception = False
    message_factory(owner, "Yes.")
    token = token_of(owner)

    def sent(method: str, path: str, **more: Any) -> Any:
        headers = {**(more.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
        return client.generic(method, path, headers=headers, **more)

    return sent


def test_the_document_is_whole_and_of_this_version() -> None:
    told = document()
    assert told["openapi"] == "3.1.0"
    assert len(operations()) >= 18
    names = [one["operationId"] for path in told["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))
    for path in told["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert {"401", "404", "422"} <= set(map(str, operation["responses"]))


@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.label)
def test_nothing_that_fits_or_does_not_fit_makes_it_fail(
    operation: Any, send: Callable[..., Any]
) -> None:
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=valid_or_not(operation))
    def run(case: Case) -> None:
        answer = requested(send, case)
        assert answer.status_code < 500, (case.formatted_path, case.query, answer.content)
        statuses.add(answer.status_code)

    run()
    assert statuses
    Message.objects.filter(state="queued").update(state="stopped")


def valid_or_not(operation: Any) -> st.SearchStrategy[Any]:
    modes = schemathesis.GenerationMode
    positive = operation.as_strategy(generation_mode=modes.POSITIVE)
    try:
        negative = operation.as_strategy(generation_mode=modes.NEGATIVE)
    except Exception:  # noqa: BLE001  an operation without parameters has no wrong ones
        return positive
    return st.one_of(positive, negative)


def requested(send: Callable[..., Any], case: Case) -> Any:
    return case
