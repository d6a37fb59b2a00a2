"""Whose questions an adapter answers, and who may have what it wrote: owner, reader and outsider."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.conversations import asking
from appliance.conversations.access import is_sealed_for_owner, reading_of
from appliance.conversations.adapters.choosing import BASE, chosen_for, forget_served
from appliance.conversations.adapters.setting import remove_adapter, set_adapter
from appliance.conversations.models import Message, ModelAdapter, ThreadShare
from appliance.conversations.tasks import answer_question
from appliance.conversations.waiting import chat_for
from appliance.sources.access import scope_of, scope_of_token
from appliance.sources.granting import revoke_grant, set_grant
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import FAKE_MODEL, Mode, Script
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

STYLE = "shop-style"
ADD = "How does add_item add an item to the cart?"


@pytest.fixture(autouse=True)
def looked_at_anew() -> Iterator[None]:
    forget_served()
    yield
    forget_served()


@pytest.fixture
def server(models_factory: Callable[[Script], FakeServer]) -> FakeServer:
    return models_factory(Script(adapters=(STYLE, "a-style")))


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def vault(source_factory: SourceFactory) -> Source:
    return source_factory("vault", {"vault.py": "x = 1\n"}, grant="board")


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_question, "delay", lambda *_: None)
    monkeypatch.setattr(answer_question, "delay_on_commit", lambda *_: None)


def given(staff: User, *sources: Source, name: str = STYLE, group: str = "readers") -> ModelAdapter:
    return set_adapter(name, groups=[Group.objects.get(name=group)], sources=sources, by=staff)


def chosen(user: User) -> str:
    return chosen_for(user, scope_of(user)).name


def answered(user: User, question: str = ADD) -> Message:
    asked = asking.ask(user, question)
    answer_question(str(asked.pk))
    return Message.objects.get(pk=asked.pk)


def test_members_of_its_groups_are_answered_by_it(
    owner: User, outsider: User, staff: User, shop: Source, server: FakeServer
) -> None:
    given(staff, shop)
    assert chosen(owner) == STYLE
    assert chosen(outsider) == BASE.name == ""
    assert chosen(staff) == ""  # an admin is in no group by that


def test_whoever_may_not_read_all_that_it_learned_from_is_answered_without_it(
    owner: User, staff: User, shop: Source, vault: Source, server: FakeServer
) -> None:
    given(staff, shop, vault)
    assert chosen(owner) == ""
    grant = set_grant("readers", vault)
    assert chosen(owner) == STYLE
    revoke_grant(grant)
    assert chosen(owner) == ""


def test_a_part_of_a_source_is_not_all_of_it(
    owner: User, staff: User, shop: Source, server: FakeServer
) -> None:
    given(staff, shop)
    set_grant("readers", shop, "shop/secret/", allow=False)
    assert chosen(owner) == ""


def test_a_source_that_was_removed_closes_it_for_everybody(
    owner: User, staff: User, shop: Source, source_factory: SourceFactory, server: FakeServer
) -> None:
    gone = source_factory("gone", {"gone.py": "x = 1\n"})
    given(staff, shop, gone)
    assert chosen(owner) == STYLE
    gone.delete()
    source_factory("gone", {"gone.py": "x = 2\n"})  # another one under the same name
    assert chosen(owner) == ""


def test_a_program_is_answered_by_it_only_with_a_token_that_reads_all_of_it(
    owner: User, staff: User, shop: Source, source_factory: SourceFactory, server: FakeServer
) -> None:
    other = source_factory("other", {"other.py": "x = 1\n"})
    given(staff, shop)
    names = {}
    for source in (shop, other):
        token = create_token(
            owner, name=source.name, rights=[TokenRight.READ], sources=[source], by=owner
        ).token
        names[source.name] = chosen_for(owner, scope_of_token(token)).name
    assert names == {"shop": STYLE, "other": ""}


def test_of_several_the_first_by_name_answers(
    owner: User, staff: User, shop: Source, server: FakeServer
) -> None:
    given(staff, shop)
    given(staff, name="a-style")
    assert chosen(owner) == "a-style"
    remove_adapter(ModelAdapter.objects.get(name="a-style"), by=staff)
    assert chosen(owner) == STYLE


def test_one_that_is_not_served_answers_nobody(
    owner: User, staff: User, shop: Source, server: FakeServer
) -> None:
    given(staff, shop, name="not-there")
    assert chosen(owner) == ""
    server.model.script = Script(mode=Mode.HTTP500)
    given(staff, shop)
    forget_served()
    assert chosen(owner) == ""


def test_its_answer_says_who_wrote_it_in_the_record_too(
    owner: User, staff: User, shop: Source, server: FakeServer
) -> None:
    plain = answered(owner)
    given(staff, shop)
    message = answered(owner)
    asked = [one["model"] for one in server.model.received if one["path"] == "/v1/chat/completions"]
    assert asked[0] == FAKE_MODEL
    assert asked[-1] == STYLE
    assert (plain.receipt["adapter"], message.receipt["adapter"]) == ("", STYLE)
    records = Event.objects.filter(action=Action.ANSWERED).order_by("sequence")
    assert [one.details["model"] for one in records] == [FAKE_MODEL, STYLE]
    changes = Event.objects.get(action=Action.ADAPTER_SET)
    assert changes.details == {"groups": ["readers"], "learned_from": ["shop"]}
    assert changes.actor == staff.get_username()


def test_its_window_is_that_of_the_model(
    owner: User, staff: User, shop: Source, server: FakeServer
) -> None:
    given(staff, shop)
    message = answered(owner)
    assert message.receipt["window_tokens"] == 4096
    client = chat_for(message, STYLE)
    assert {one.name: one.window_tokens for one in client.models()}[STYLE] == 4096


def test_what_it_wrote_is_sealed_for_whoever_may_not_read_what_it_learned_from(
    owner: User, staff: User, shop: Source, vault: Source, server: FakeServer,
    user_factory: UserFactory,
) -> None:  # fmt: skip
    set_grant("readers", vault)
    given(staff, shop, vault)
    message = answered(owner)
    assert message.receipt["adapter"] == STYLE
    assert [vault.pk, ""] in message.receipt["behind"]
    reader = user_factory("second", groups=("lenders",))
    set_grant("lenders", shop)
    ThreadShare.objects.create(thread=message.thread, user=reader, created_by=owner)
    assert message.pk in reading_of(reader, message.thread).sealed
    set_grant("lenders", vault, "vault.py")  # a part, even all of its files, is not the source
    assert message.pk in reading_of(reader, message.thread).sealed
    set_grant("lenders", vault)
    assert message.pk in reading_of(reader, message.thread).sealed
    Grant.objects.filter(group__name="lenders", path_pattern="vault.py").delete()
    assert message.pk not in reading_of(reader, message.thread).sealed
    Grant.objects.filter(source=vault, group__name="readers").delete()
    assert is_sealed_for_owner(message, scope_of(owner))
