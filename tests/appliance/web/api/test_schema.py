"""The whole OpenAPI document under hostile values: no request makes the server fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from pytest_django import Settings
from schemathesis import Case, GenerationMode

from appliance.accounts.models import User
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from appliance.web.api.document import document
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory
from tests.appliance.web.api.conftest import token_of
from tests.journeys.serving import served

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

EXAMPLES = 5  # of each operation, that fit, and as many that do not
HOSTILE = (
    "\0", "'\\\";--", "../../etc/passwd", "%s%n", "\u202e\ud800", "{{7*7}}", "9" * 400, "-1",
    "1e999", "null", "[]", "a" * 3000, "\r\nX: y", "*(+)", "/(a+)+$/", "L4-L9", "main", "cart",
)  # fmt: skip


@pytest.fixture
def send(
    shop: Source,
    owner: User,
    message_factory: MessageFactory,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Send what schemathesis or a test makes up to a running appliance, with a good token."""
    settings.API_REQUESTS_PER_MINUTE = 0

    def answered(identifier: str) -> None:
        Message.objects.filter(pk=identifier).update(state="done", text="Yes.")

    monkeypatch.setattr(answer_question, "delay", answered)
    token = token_of(owner)
    message_factory(owner, "Yes.")
    with served() as address, requests.Session() as session:

        def sent(method: str, url: str, **more: Any) -> requests.Response:
            headers = {**(more.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
            more |= {"headers": headers, "cookies": {}, "timeout": 30}
            return session.request(method, address + url.removeprefix(address), **more)

        yield sent


def raw(text: str) -> bytes:
    """Return a text as a client may send it that does not care what UTF-8 allows."""
    return text.encode("utf-8", "surrogatepass")


def operations() -> list[Any]:
    loaded = schemathesis.openapi.from_dict(document())
    found: Any = loaded.get_all_operations()
    return [one.ok() for one in found]


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


def test_no_made_up_request_makes_it_fail(send: Any) -> None:
    seen: dict[int, int] = {}
    for operation in operations():
        for mode in GenerationMode:

            @limits(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def run(case: Case[Any]) -> None:
                try:
                    answer = send(**case.as_transport_kwargs(base_url=""))
                except (requests.exceptions.RequestException, ValueError, UnicodeError):
                    return  # this client cannot even say it
                told = (case.method, case.formatted_path, case.query, case.body, answer.text)
                assert answer.status_code < 500, told
                seen[answer.status_code] = seen.get(answer.status_code, 0) + 1

            run()
    assert sum(seen.values()) > 120
    assert {200, 201, 404, 422} <= set(seen)


def test_no_hostile_value_in_any_place_makes_it_fail(send: Any) -> None:
    answer = Message.objects.get(role="answer")
    good = {
        "thread_id": str(answer.thread_id), "message_id": str(answer.pk), "source": "shop",
        "name": "shop", "commit": "main", "path": "shop/cart.py", "q": "cart", "model": "plumbline",
    }  # fmt: skip
    count = 0
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if method == "delete":
                continue
            places = [one for one in operation["parameters"] if one["in"] in {"path", "query"}]
            for number, value in enumerate(HOSTILE):
                given_values = {**good, "limit": "5"}
                if places:
                    given_values[places[number % len(places)]["name"]] = value
                url = path
                for name in good:
                    url = url.replace(f"{{{name}}}", quote(raw(given_values[name]), safe=""))
                query = {
                    one["name"]: raw(given_values[one["name"]])
                    for one in places
                    if one["in"] == "query" and one["name"] in given_values
                }
                body = {"question": value, "messages": [{"role": "user", "content": value}]}
                sent = {"json": body} if method == "post" else {}
                told = send(method, url, params=query, **sent)
                assert told.status_code < 500, (method, url, query, told.text)
                count += 1
    assert count > 250
