"""The REST API: who gets what, and in which shape."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import find_token
from appliance.audit.models import Event
from appliance.conversations.models import Message, Thread
from appliance.conversations.programs import Wish, ask_with
from appliance.conversations.questions import question_of
from appliance.conversations.sharing import share
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from appliance.web.api import idempotency
from appliance.web.models import IdempotencyKey
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.appliance.web.api.conftest import QUESTION, Call, token_of

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ABSENT = "00000000-0000-4000-8000-000000000000"
PROBLEM = "application/problem+json"


def records() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("action", flat=True))


class TestReading:
    def test_sources_come_in_pages(
        self, call: Call, shop: Source, source_factory: Any, reader: User, outsider: User
    ) -> None:
        source_factory("pay", {"pay.py": "x = 1\n"})
        token = token_of(reader)
        first = call(token, "get", "/api/v1/sources?limit=1").json()
        assert [one["name"] for one in first["items"]] == ["pay"]
        second = call(token, "get", f"/api/v1/sources?limit=1&cursor={first['next']}").json()
        assert ([one["name"] for one in second["items"]], second["next"]) == (["shop"], None)
        [ref] = second["items"][0]["refs"]
        assert (ref["commit"], ref["is_default"]) == (second["items"][0]["commit"], True)
        assert call(token, "get", "/api/v1/sources/shop").json() == second["items"][0]
        assert call(token_of(outsider), "get", "/api/v1/sources").json()["items"] == []

    def test_a_file_comes_whole_or_in_part_and_only_when_it_changed(
        self, call: Call, shop: Source, reader: User
    ) -> None:
        token = token_of(reader)
        whole = call(token, "get", "/api/v1/files/shop/main/shop/cart.py")
        told = whole.json()
        assert told["text"].startswith('"""Shopping carts."""')
        assert (told["lines"][0], told["is_live"]) == (1, True)
        part = call(token, "get", f"/api/v1/files/shop/{told['commit']}/shop/cart.py?lines=4-5")
        assert part.json()["text"].startswith('def add_item(cart, item):\n    """Add')
        assert part.json()["lines"] == [4, 5]
        assert part["ETag"] != whole["ETag"]
        before = len(records())
        known = {"If-None-Match": whole["ETag"]}
        again = call(token, "get", "/api/v1/files/shop/main/shop/cart.py", headers=known)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", whole["ETag"])
        assert len(records()) == before  # nothing was shown
        set_grant("readers", shop, path_pattern="shop/", allow=False)
        again = call(token, "get", "/api/v1/files/shop/main/shop/cart.py", headers=known)
        assert again.status_code == 404

    def test_lines_that_are_none_are_refused(self, call: Call, shop: Source, reader: User) -> None:
        token = token_of(reader)
        for lines in ("0", "9-4", "99999", "x", "4-", "4-5-6", "%00", "٤"):
            path = f"/api/v1/files/shop/main/shop/cart.py?lines={lines}"
            assert call(token, "get", path).status_code == 422, lines

    def test_code_search_brings_its_certificate(
        self, call: Call, shop: Source, reader: User, outsider: User
    ) -> None:
        found = call(token_of(reader), "get", "/api/v1/code?q=/CartFull/").json()
        [file] = found["files"]
        assert (file["source"], file["path"]) == ("shop", "shop/cart.py")
        assert [line["number"] for line in file["lines"]] == [7, 12]
        assert (found["total"], found["complete"]) == (2, True)
        assert found["certificate"]["refs"][0]["commit"] == file["commit"]
        none = call(token_of(outsider), "get", "/api/v1/code?q=/CartFull/").json()
        assert (none["files"], none["certificate"]["refs"]) == ([], [])
        refused = call(token_of(reader), "get", "/api/v1/code?q=/(/")
        assert (refused.status_code, refused["Content-Type"]) == (422, PROBLEM)

    def test_symbols_are_told_with_totals(
        self, call: Call, shop: Source, reader: User, outsider: User
    ) -> None:
        path = "/api/v1/symbols?name=CartFull"
        found = call(token_of(reader), "get", path).json()
        [definition] = found["definitions"]
        assert (definition["path"], definition["first_line"]) == ("shop/cart.py", 12)
        assert (found["totals"]["definitions"], found["next"]) == (1, None)
        none = call(token_of(outsider), "get", path).json()
        assert none["totals"] == {"definitions": 0, "uses": 0}
        assert call(token_of(reader), "get", path + "&source=none").status_code == 404

    def test_what_is_read_is_recorded(self, call: Call, shop: Source, reader: User) -> None:
        token = token_of(reader)
        before = len(records())
        for path in ("search?q=cart", "code?q=add_item", "symbols?name=add_item",
                     "files/shop/main/shop/cart.py"):  # fmt: skip
            assert call(token, "get", f"/api/v1/{path}").status_code == 200
        assert records()[before:] == ["search.done", "code_search.done", "symbol.read", "file.read"]
        newest = Event.objects.order_by("-sequence").values_list("actor", flat=True)[:4]
        assert set(newest) == {"reader"}


class TestThreads:
    def test_an_owner_reads_a_reader_of_it_reads_and_an_outsider_finds_nothing(
        self,
        call: Call,
        kept: Message,
        owner: User,
        reader: User,
        outsider: User,
        user_factory: Any,
    ) -> None:
        paths = [f"/api/v1/threads/{kept.thread_id}", f"/api/v1/messages/{kept.pk}"]
        share(kept.thread, by=owner, user=reader, group=None)
        for person, own in ((owner, True), (reader, False)):
            thread, message = (call(token_of(person), "get", path).json() for path in paths)
            assert (thread["own"], len(thread["messages"])) == (own, 2)
            assert message == thread["messages"][1]
            assert (message["text"], message["sealed"]) == ("It appends the item [1].", False)
            [citation] = message["citations"]
            assert (citation["path"], citation["first_line"]) == ("shop/cart.py", 4)
            assert message["text"][citation["offsets"][0] :].startswith("[1]")
        for path in paths:
            absent = path.rpartition("/")[0] + "/" + ABSENT
            for method in ("get", "delete") if "threads" in path else ("get",):
                hidden, none = (call(token_of(outsider), method, one) for one in (path, absent))
                assert (hidden.status_code, hidden.content) == (404, none.content)
        assert call(token_of(outsider), "get", "/api/v1/threads").json()["items"] == []
        assert call(token_of(reader), "delete", paths[0]).status_code == 404
        assert call(token_of(owner), "delete", paths[0]).status_code == 204
        assert not Thread.objects.exists()

    def test_who_may_not_read_the_evidence_any_more_is_told_nothing(
        self, call: Call, kept: Message, owner: User, reader: User
    ) -> None:
        share(kept.thread, by=owner, user=reader, group=None)
        owner.groups.clear()
        reader.groups.clear()
        for person in (owner, reader):
            message = call(token_of(person), "get", f"/api/v1/messages/{kept.pk}").json()
            assert (message["sealed"], message["text"], message["citations"]) == (True, "", [])

    def test_a_restricted_token_sees_of_own_threads_what_it_may_read(
        self, call: Call, kept: Message, owner: User, source_factory: Any,
        message_factory: MessageFactory,
    ) -> None:  # fmt: skip
        other = source_factory("other", {"notes.md": "# Notes\n"})
        message_factory(
            owner, "More [E1].", [lines_of(other, "notes.md", 1, 1)], thread=kept.thread,
            question="What is CartFull, which I just read?",
        )  # fmt: skip
        token = token_of(owner, sources=[other])
        thread = call(token, "get", f"/api/v1/threads/{kept.thread_id}").json()
        assert [one["sealed"] for one in thread["messages"]] == [False, True, True, True]
        assert "CartFull" not in json.dumps(thread)
        wide = call(token_of(owner), "get", f"/api/v1/threads/{kept.thread_id}").json()
        assert [one["sealed"] for one in wide["messages"]] == [False] * 4

    @pytest.mark.usefixtures("quiet")
    def test_a_restricted_token_is_answered_from_what_it_reads_alone(
        self, kept: Message, owner: User, source_factory: Any
    ) -> None:
        """Nothing of the turns before, and nothing of other sources, may reach its prompt; be it that
        the thread became one that it may not go on with while its question waited."""
        other = source_factory("other", {"notes.md": "# Notes\n"})
        set_grant("readers", other)
        for sources, turns in (([other], 0), (None, 1)):
            token = find_token(token_of(owner, sources=sources))
            asked = ask_with(token, Wish("And then?"), thread=kept.thread, after=kept)
            question, _ = question_of(asked)
            assert len(question.turns) == turns
            assert (
                kept.evidence_links.all()[0].evidence.source_id in question.scope.source_ids
            ) == (sources is None)
        Grant.objects.all().delete()
        newest = Message.objects.filter(role="answer").order_by("-created_at")[0]
        question, _ = question_of(newest)
        assert not question.scope.source_ids

    def test_threads_come_in_pages_and_none_twice(
        self, call: Call, shop: Source, owner: User, message_factory: MessageFactory
    ) -> None:
        made = {str(message_factory(owner, "Yes.").thread_id) for _ in range(5)}
        token = token_of(owner)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = call(token, "get", f"/api/v1/threads?limit=2&cursor={cursor}").json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert (len(seen), set(seen)) == (5, made)
        for wrong in ("x", "eA", "AA", "Mnw", "%00"):
            assert call(token, "get", f"/api/v1/threads?cursor={wrong}").status_code == 422

    @pytest.mark.usefixtures("quiet")
    def test_a_question_is_asked_and_followed_up(
        self, call: Call, shop: Source, owner: User, reader: User
    ) -> None:
        token = token_of(owner)
        begun = call(token, "post", "/api/v1/threads", json={"question": QUESTION, "mode": "pair"})
        assert begun.status_code == 201
        told = begun.json()
        assert (told["message"]["state"], told["message"]["mode"]) == ("queued", "pair")
        assert told["message"]["queue"]["before"] == 0
        path = f"/api/v1/threads/{told['thread']['id']}/messages"
        body = {"question": "And then?", "after": told["message"]["id"]}
        followed = call(token, "post", path, json=body).json()["message"]
        assert followed["thread"] == told["thread"]["id"]
        assert call(token_of(reader), "post", path, json=body).status_code == 404
        assert call(token, "post", path, json={**body, "after": ABSENT}).status_code == 404
        stopped = call(token, "post", f"/api/v1/messages/{followed['id']}/stop")
        assert (stopped.status_code, stopped.json()["state"]) == (202, "stopped")
        other = f"/api/v1/messages/{told['message']['id']}/stop"
        assert call(token_of(reader), "post", other).status_code == 404
        message = Message.objects.get(pk=followed["id"])
        assert message.token is not None
        assert message.token.user == owner
        assert "question.asked" in records()

    @pytest.mark.usefixtures("quiet")
    def test_what_is_no_question_is_refused(self, call: Call, shop: Source, owner: User) -> None:
        token = token_of(owner)
        bodies: list[dict[str, Any]] = [
            {}, {"question": ""}, {"question": "x" * 20_001}, {"question": "a\0b"}, {"question": 7},
            {"question": "x", "mode": "magic"}, {"question": "x", "sources": ["none"]},
            {"question": "x", "ref": "none"}, {"question": "x", "sources": "shop"},
        ]  # fmt: skip
        for body in bodies:
            refused = call(token, "post", "/api/v1/threads", json=body)
            assert (refused.status_code, refused["Content-Type"]) == (422, PROBLEM), body
        assert not Thread.objects.exists()

    def test_rights_are_asked_for(self, call: Call, kept: Message, owner: User) -> None:
        reads, asks = (token_of(owner, rights=[right]) for right in TokenRight)
        body = {"question": QUESTION}
        refused = call(reads, "post", "/api/v1/threads", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
        assert call(reads, "delete", f"/api/v1/threads/{kept.thread_id}").status_code == 403
        assert call(asks, "get", "/api/v1/search?q=x").status_code == 403
        assert call(asks, "get", f"/api/v1/messages/{kept.pk}").status_code == 200


@pytest.mark.usefixtures("quiet")
class TestIdempotency:
    def test_the_same_request_asks_once(
        self, call: Call, shop: Source, owner: User, reader: User
    ) -> None:
        token, key = token_of(owner), {"Idempotency-Key": "abc"}
        body = {"question": QUESTION}
        first, second = (
            call(token, "post", "/api/v1/threads", json=body, headers=key).json() for _ in range(2)
        )
        assert first["message"]["id"] == second["message"]["id"]
        other = call(token, "post", "/api/v1/threads", json={"question": "No."}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "key_used")
        assert Message.objects.filter(role="answer").count() == 1
        # A key is one token's own, and for a day.
        call(token_of(reader), "post", "/api/v1/threads", json=body, headers=key)
        assert Message.objects.filter(role="answer").count() == 2
        IdempotencyKey.objects.update(at=timezone.now() - timedelta(hours=25))
        call(token, "post", "/api/v1/threads", json=body, headers=key)
        assert Message.objects.filter(role="answer").count() == 3
        # It goes with the message, and holds no word of it.
        Thread.objects.all().delete()
        assert not IdempotencyKey.objects.exists()

    def test_one_that_is_being_done_is_not_done_beside_itself(
        self, call: Call, shop: Source, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token, key = token_of(owner), {"Idempotency-Key": "abc"}
        body = {"question": QUESTION}
        call(token, "post", "/api/v1/threads", json=body, headers=key)
        IdempotencyKey.objects.update(message=None)
        busy = call(token, "post", "/api/v1/threads", json=body, headers=key)
        assert (busy.status_code, busy["Retry-After"]) == (409, "1")
        monkeypatch.setattr(idempotency, "LOST", timedelta(0))  # as if that one had died
        again = call(token, "post", "/api/v1/threads", json=body, headers=key)
        assert again.status_code == 201

    def test_what_was_refused_leaves_the_key_free(
        self, call: Call, shop: Source, owner: User
    ) -> None:
        token, key = token_of(owner), {"Idempotency-Key": "abc"}
        wrong = {"question": "x", "mode": "magic"}
        assert call(token, "post", "/api/v1/threads", json=wrong, headers=key).status_code == 422
        right = {"question": "x"}
        assert call(token, "post", "/api/v1/threads", json=right, headers=key).status_code == 201

    def test_a_key_that_is_none_is_refused(self, call: Call, shop: Source, owner: User) -> None:
        token, body = token_of(owner), {"question": QUESTION}
        for key in ("", "x" * 256, "a b", "é"):
            headers = {"Idempotency-Key": key}
            refused = call(token, "post", "/api/v1/threads", json=body, headers=headers)
            assert refused.status_code == 422, key


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quiet")
def test_many_at_once_under_one_key_ask_once(call: Call, shop: Source, owner: User) -> None:
    token, key = token_of(owner), {"Idempotency-Key": "abc"}

    def ask(_: int) -> int:
        try:
            body = {"question": QUESTION}
            status = call(token, "post", "/api/v1/threads", json=body, headers=key).status_code
            return int(status)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(ask, range(6)))
    assert statuses <= {201, 409}
    assert 201 in statuses
    assert Message.objects.filter(role="answer").count() == 1


class TestErrors:
    def test_every_error_is_a_problem(
        self, call: Call, shop: Source, owner: User, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = token_of(owner)

        chat = call(token, "get", "/v1/nothing")
        assert (chat.status_code, chat.json()["error"]["code"]) == (404, "not_found")

        def broken(*args: Any, **more: Any) -> None:
            raise RuntimeError("a secret in the message of a fault")

        monkeypatch.setattr("appliance.web.api.corpus.search", broken)
        client.raise_request_exception = False
        told = {
            401: call("wrong", "get", "/api/v1/me"),
            404: call(token, "get", "/api/v1/nothing/here"),
            405: call(token, "post", "/api/v1/me"),
            422: call(token, "get", "/api/v1/search"),
            500: call(token, "get", "/api/v1/search?q=x"),
            400: client.get("/api/v1/me", headers={"Cookie": "sessionid=x"}),
        }
        for status, answer in told.items():
            assert answer.status_code == status
            assert answer["Content-Type"] == PROBLEM
            body = answer.json()
            assert (body["status"], body["type"]) == (status, "about:blank")
            assert body["detail"].endswith(".")
            assert "secret" not in body["detail"]
        assert told[405]["Allow"] == "GET"
        assert told[401]["WWW-Authenticate"].startswith("Bearer")

    def test_a_source_that_is_not_ones_own_is_one_that_is_not_there(
        self, call: Call, shop: Source, reader: User, outsider: User
    ) -> None:
        reader.groups.clear()
        for path in ("sources/{}", "files/{}/main/shop/cart.py", "search?q=x&source={}",
                     "symbols?name=x&source={}"):  # fmt: skip
            hidden, absent = (
                call(token_of(outsider), "get", "/api/v1/" + path.format(name))
                for name in ("shop", "none")
            )
            assert hidden.status_code == absent.status_code == 404
            assert hidden.content.replace(b"shop", b"none") == absent.content

    def test_too_many_requests_are_refused_until_the_minute_ends(
        self, call: Call, shop: Source, reader: User, owner: User, settings: Settings
    ) -> None:
        settings.API_REQUESTS_PER_MINUTE = 2
        token = token_of(reader)
        answers = [call(token, "get", "/api/v1/me") for _ in range(3)]
        if {one.status_code for one in answers} == {200}:  # the clock turned meanwhile
            answers = [call(token, "get", "/api/v1/me") for _ in range(3)]
        last = answers[-1]
        assert (last.status_code, last["Content-Type"]) == (429, PROBLEM)
        assert 1 <= int(last["Retry-After"]) <= 60
        assert last["RateLimit-Policy"] == '"requests";q=2;w=60'
        assert last["RateLimit"].startswith('"requests";r=0;t=')
        assert call(token_of(owner), "get", "/v1/models")["X-RateLimit-Remaining-Requests"] == "1"
        settings.API_REQUESTS_PER_MINUTE = 0
        assert "RateLimit" not in call(token, "get", "/api/v1/me").headers

    def test_a_session_opens_no_chat(self, client: Any, reader: User) -> None:
        client.force_login(reader)
        assert client.get("/v1/models").status_code == 400
