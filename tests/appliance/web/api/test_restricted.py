"""What a program with a restricted token may do to its person's threads: nothing to those of which it
may not read everything, and all to its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import find_token
from appliance.conversations.models import Message, Thread
from appliance.conversations.programs import Wish
from appliance.web.chat.questions import Begun, begin, remember
from appliance.web.chat.shapes import ChatMessage, ChatRequest
from appliance.web.mcp import answers
from appliance.web.mcp.calling import Caller, within
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.appliance.web.api.conftest import Call, token_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db, pytest.mark.usefixtures("quiet")]

WANTED = {"question": "And then?"}


@pytest.fixture
def other(source_factory: SourceFactory) -> Source:
    return source_factory("other", {"notes.md": "# Notes\n"})


@pytest.fixture
def restricted(kept: Message, owner: User, other: Source) -> str:
    """A token that reads another source than the one on which the owner's thread rests."""
    return token_of(owner, sources=[other])


@pytest.fixture
def its_own(owner: User, other: Source, message_factory: MessageFactory) -> Message:
    return message_factory(owner, "Notes [E1].", [lines_of(other, "notes.md", 1, 1)])


Try = Callable[[Call, str, Message], Any]


def delete(call: Call, token: str, answer: Message) -> Any:
    return call(token, "delete", f"/api/v1/threads/{answer.thread_id}")


def stop(call: Call, token: str, answer: Message) -> Any:
    return call(token, "post", f"/api/v1/messages/{answer.pk}/stop")


def follow_up(call: Call, token: str, answer: Message) -> Any:
    return call(token, "post", f"/api/v1/threads/{answer.thread_id}/messages", json=WANTED)


@pytest.mark.parametrize("change", [stop, follow_up, delete])
def test_it_changes_no_thread_that_it_may_not_read(
    call: Call, kept: Message, restricted: str, its_own: Message, owner: User, change: Try
) -> None:
    Message.objects.filter(pk=kept.pk).update(state="writing")
    refused = change(call, restricted, kept)
    assert refused.status_code == 404
    kept.refresh_from_db()
    assert not kept.stop_asked
    assert kept.thread.messages.count() == 2
    assert change(call, restricted, its_own).status_code in (201, 202, 204)
    # The same program without restrictions acts as its person.
    assert change(call, token_of(owner), kept).status_code in (201, 202, 204)


def test_a_tool_follows_up_on_none_either(kept: Message, restricted: str, its_own: Message) -> None:
    caller = Caller(find_token(restricted).pk, "10.0.0.1", "http://here")

    def ask(thread: Thread) -> Any:
        wish = Wish("And then?")
        return within(caller, TokenRight.ASK, lambda access: answers.begin(access, wish, thread.pk))

    with pytest.raises(ToolError, match="no such thing"):
        ask(kept.thread)
    assert Message.objects.get(pk=ask(its_own.thread)).thread_id == its_own.thread_id


def test_a_chat_that_it_may_not_read_begins_anew(
    call: Call, owner: User, other: Source, message_factory: MessageFactory, shop: Source
) -> None:
    """What came out of a wider token does not open the thread to a narrower one."""
    said = (("user", "How are items added?"),)
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    kept = message_factory(owner, "It appends.", [cart])
    remember(owner, Begun(kept, said), "It appends.")
    again = [*said, ("assistant", "It appends."), ("user", "And then?")]
    body = ChatRequest(
        model="plumbline", messages=[ChatMessage(role=role, content=text) for role, text in again]
    )
    wide, narrow = find_token(token_of(owner)), find_token(token_of(owner, sources=[other]))
    assert begin(narrow, body).message.thread_id != kept.thread_id
    assert begin(wide, body).message.thread_id == kept.thread_id
