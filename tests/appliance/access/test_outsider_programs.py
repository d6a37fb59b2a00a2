"""What an outsider's program gets of the API is the same, byte for byte, whether the secret source is
there or not: every operation of the OpenAPI document, by every parameter that names something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.sources import managing
from appliance.web.api.document import document
from indexer.models import Source
from tests.appliance.access.test_outsider import FILES
from tests.appliance.conversations.conftest import MessageFactory, lines_of, message_factory
from tests.conftest import SourceFactory, UserFactory

__all__ = ["message_factory"]
pytestmark = [pytest.mark.services, pytest.mark.django_db]

BOTH = (TokenRight.READ, TokenRight.ASK)
WORDS: Mapping[str, str] = {
    "q": "combination_4711",
    "source": "vault",
    "ref": "main",
    "limit": "20",
    "lines": "1-2",
    "all": "true",
}
QUESTION = "Where is the safe?"
MENTION = "What does @vault:keys/safe.py do?"
BODIES: Mapping[str, list[dict[str, Any]]] = {
    "thread_begin": [
        {"question": QUESTION, "sources": ["vault"]},
        {"question": QUESTION, "folders": ["vault:keys"]},
        {"question": MENTION, "sources": ["vault"]},
        {"question": QUESTION, "sources": ["vault"], "ref": "main"},
    ],
    "thread_follow_up": [{"question": MENTION}],
    "message_stop": [{}],
    "completions": [{"model": "no-such-model", "messages": [{"role": "user", "content": MENTION}]}],
}
# The clock, and the time that it took.
VARIES = re.compile(rb'"searched_at": ?"[^"]*"|"seconds": ?[0-9.e-]+')


def requests(known: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, address and body of what is asked."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            words = {**WORDS, "name": "open_the_safe"}
            query = urlencode({name: words[name] for name in names if name in words})
            place = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], path)
            for body in BODIES.get(operation["operationId"], [{}]):
                yield method, f"{place}?{query}" if query else place, body


def answers(token: str, known: Mapping[str, str]) -> dict[tuple[str, str, str], tuple[int, bytes]]:
    got = {}
    for method, address, body in requests(known):
        response = getattr(Client(), method)(
            address,
            **({"data": json.dumps(body), "content_type": "application/json"} if body else {}),
            headers={"Authorization": f"Bearer {token}"},
        )
        content = response.getvalue()
        got[method, address, str(body)] = (response.status_code, VARIES.sub(b"", content))
    return got


@pytest.mark.parametrize("groups", [(), ("readers",)])
def test_to_an_outsiders_program_the_secret_source_might_as_well_not_be_there(
    source_factory: SourceFactory,
    message_factory: MessageFactory,
    user_factory: UserFactory,
    settings: Settings,
    groups: tuple[str, ...],
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    vault = source_factory("vault", FILES, grant="keepers")
    keeper: User = user_factory("keeper", groups=("keepers",))
    message = message_factory(keeper, "It is [E1].", [lines_of(vault, "keys/safe.py", 1, 2)])
    known = {
        "name": "vault",
        "source": "vault",
        "commit": str(vault.refs.get().commit),
        "path": "keys/safe.py",
        "thread_id": str(message.thread_id),
        "message_id": str(message.pk),
        "model": "vault",
    }
    stranger = user_factory("stranger", groups=groups)
    token = create_token(stranger, name="agent", rights=BOTH, by=stranger).text
    # The keeper's program does get them: the same addresses say something to who may read.
    theirs = create_token(keeper, name="agent", rights=BOTH, by=keeper).text
    assert any(b"return combination" in body for _, body in reading(theirs, known).values())
    there = answers(token, known)
    assert len(there) > 20
    for place, (status, body) in there.items():
        assert status < 500, place
        assert b"return combination" not in body, place  # else it may be their own question
    managing.remove(vault)
    message.thread.delete()
    assert not Source.objects.filter(name="vault").exists()
    gone = answers(token, known)
    assert [place for place in there if there[place] != gone[place]] == []


def reading(token: str, known: Mapping[str, str]) -> dict[str, tuple[int, bytes]]:
    """Ask what changes nothing, and is no stream of an answer."""
    got = {}
    for method, address, _ in requests(known):
        if method == "get" and "/events" not in address:
            response = Client().get(address, headers={"Authorization": f"Bearer {token}"})
            got[address] = (response.status_code, response.content)
    return got
