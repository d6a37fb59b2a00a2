"""A proposed change on its page, and as a download: for its owner, as long as they may read its files."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.answering.steps import Kind, Step
from appliance.conversations.asking import ask
from appliance.conversations.changes import MOST_LINES
from appliance.conversations.checking.checks import to_json
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.recording import record_answer
from appliance.conversations.trees import WHOLE
from appliance.conversations.waiting import claim_fairest
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.appliance.conversations.fixing.conftest import GOOD, NOWHERE, TRACE
from tests.appliance.conversations.planting import share_with
from tests.conftest import SourceFactory

DIFF = "diff --git a/shop/cart.py b/shop/cart.py\n--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -6,1 +6,1 @@\n-<b>old</b>\n+new\n"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def patch_of(source: Source, **changes: Any) -> dict[str, Any]:
    return {
        "source_id": source.pk, "source": source.name, "commit": "c" * 40, "diff": DIFF,
        "files": [{"path": "shop/cart.py", "is_new": False, "added": 1, "removed": 1}],
        "checks": [{"name": "applies", "verdict": "passed", "reason": "git <applies> it."}],
        "is_repaired": False, "state": "good", **changes,
    }  # fmt: skip


@pytest.fixture
def answered(shop: Source, owner: User, message_factory: MessageFactory) -> Message:
    text = f"It is old [E1].\n\n```diff\n{DIFF}```\n"
    given = [lines_of(shop, "README.md", 1, 1)]
    checks = to_json(judge_answer(text, {"E1": given[0]}, Documents(frozenset())))
    patches = [patch_of(shop)]
    return message_factory(owner, text, given, mode="fix", patches=patches, checks=checks)


def get(user: User, message: Message, number: int = 1) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(f"/messages/{message.pk}/patches/{number}.patch")


def page(user: User, message: Message) -> str:
    client = Client()
    client.force_login(user)
    return client.get(f"/threads/{message.thread_id}/").content.decode()


def test_the_owner_downloads_what_git_takes(answered: Message, owner: User) -> None:
    response = get(owner, answered)
    assert response.status_code == 200
    assert response.content.decode() == DIFF
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert "shop-cccccccccccc-1.patch" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("who", ["reader", "outsider", "staff"])
def test_nobody_else_does(answered: Message, who: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(who)
    response, absent = get(user, answered), get(user, answered, 7)
    assert (response.status_code, response.content) == (404, absent.content)


def test_nobody_without_an_account_does(answered: Message) -> None:
    assert Client().get(f"/messages/{answered.pk}/patches/1.patch").status_code == 302


@pytest.mark.parametrize("number", [0, 2, 99999999999])
def test_a_patch_that_is_not_there_is_not_found(
    answered: Message, owner: User, number: int
) -> None:
    assert get(owner, answered, number).status_code == 404


def test_who_may_not_read_a_changed_file_any_more_gets_nothing(
    answered: Message, owner: User, shop: Source
) -> None:
    group = owner.groups.get()
    Grant.objects.create(group=group, source=shop, path_pattern="shop/", allow=False)
    assert get(owner, answered).status_code == 404
    shown = page(owner, answered)
    assert "Sealed." in shown
    assert "cart.py" not in shown


def test_a_failed_patch_is_shown_and_not_offered(
    answered: Message, owner: User, shop: Source
) -> None:
    check = {"name": "applies", "verdict": "failed", "reason": "It does not."}
    Message.objects.filter(pk=answered.pk).update(
        patches=[patch_of(shop, state="failed", checks=[check])]
    )
    shown = page(owner, answered)
    assert get(owner, answered).status_code == 404
    assert "A change that does not hold" in shown
    assert "It does not." in shown
    assert "Copy patch" not in shown
    assert ".patch" not in shown


def test_the_page_shows_the_change_once_and_escaped(answered: Message, owner: User) -> None:
    shown = page(owner, answered)
    assert shown.count("&lt;b&gt;old&lt;/b&gt;") == 2  # the line, and what the button copies
    assert "<b>old" not in shown
    assert "language-diff" not in shown
    assert "git &lt;applies&gt; it." in shown
    assert "without a citation" not in shown
    assert f"/messages/{answered.pk}/patches/1.patch" in shown


def test_carriage_returns_are_in_the_download_and_nothing_is_copied(
    answered: Message, owner: User, shop: Source
) -> None:
    diff = DIFF.replace("old</b>\n", "old</b>\r\n")
    Message.objects.filter(pk=answered.pk).update(patches=[patch_of(shop, diff=diff)])
    assert get(owner, answered).content.decode() == diff
    assert "Copy patch" not in page(owner, answered)


def test_a_long_change_is_shown_in_part(answered: Message, owner: User, shop: Source) -> None:
    diff = DIFF + "+more\n" * 1000
    Message.objects.filter(pk=answered.pk).update(patches=[patch_of(shop, diff=diff)])
    shown = page(owner, answered)
    assert shown.count('class="diff-line') == MOST_LINES
    assert f"{1003 - MOST_LINES} more lines are in the download" in shown


def recorded(owner: User, models: FakeServer, said: str) -> Message:
    models.model.script = Script(text=said)
    waiting = ask(owner, TRACE, mode=Mode.FIX)
    message = claim_fairest()
    assert message is not None
    record_answer(message)
    return Message.objects.get(pk=waiting.pk)


@pytest.mark.django_db(transaction=True)
def test_a_recorded_fix_can_be_downloaded(shop: Source, owner: User, models: FakeServer) -> None:
    message = recorded(owner, models, GOOD)
    assert (message.state, [patch["state"] for patch in message.patches]) == ("done", ["good"])
    assert [step["kind"] for step in message.steps] == ["locate", "patch"]
    assert b"+    if cart.count(item) > 99:" in get(owner, message).content
    shown = page(owner, message)
    assert "Proposed change" in shown
    assert shown.count("diff-line is-added") == 1


@pytest.mark.django_db(transaction=True)
def test_a_recorded_fix_that_fails_is_told(shop: Source, owner: User, models: FakeServer) -> None:
    message = recorded(owner, models, NOWHERE)
    assert [patch["state"] for patch in message.patches] == ["failed"]
    assert get(owner, message).status_code == 404
    assert "A change that does not hold" in page(owner, message)


def test_lines_of_a_file_that_nobody_has_are_counted_and_an_empty_file_is_named(
    answered: Message, owner: User, shop: Source
) -> None:
    nowhere = "--- net/client.py\n+++ net/client.py\n@@\n-old\n+new\n+newer\n"
    made = "diff --git a/shop/plugins.py b/shop/plugins.py\nnew file mode 100644\n"
    for diff, files, told in (
        (nowhere, [], "2 added, 1 removed"),
        (
            made,
            [{"path": "shop/plugins.py", "is_new": True, "added": 0, "removed": 0}],
            'shop/plugins.py</span> <span class="soft small">new file, 0 added, 0 removed',
        ),
    ):
        patches = [patch_of(shop, diff=diff, files=files)]
        Message.objects.filter(pk=answered.pk).update(patches=patches)
        assert told in page(owner, answered)


RUN = {
    "name": "runs", "verdict": "marked", "reason": "`make <check>` ended with status 1.",
    "output": "E assert <b>5</b> == 4",
}  # fmt: skip


def test_what_failed_tests_said_is_shown_as_text(answered: Message, owner: User) -> None:
    assert "What it said last" not in page(owner, answered)  # stored before there was such a thing
    Message.objects.filter(pk=answered.pk).update(patches=[patch_of_run(answered)])
    html = page(owner, answered)
    assert "E assert &lt;b&gt;5&lt;/b&gt; == 4</pre>" in html
    assert "<code>make &lt;check&gt;</code> ended with status 1." in html


def test_what_failed_tests_said_is_sealed_for_who_reads_a_part_of_the_source(
    answered: Message, owner: User, reader: User, shop: Source
) -> None:
    """A test could print any file: who is not let in everywhere is shown nothing of it."""
    step = Step(1, Kind.RUN, "Ran the tests in the sandbox", places=((shop.pk, WHOLE),))
    Message.objects.filter(pk=answered.pk).update(
        patches=[patch_of_run(answered)], steps=[step.to_json()]
    )
    share_with(answered.thread, reader)
    assert "E assert" in page(reader, answered)
    closed = Grant.objects.create(user=reader, source=shop, path_pattern="secret/", allow=False)
    assert "E assert" not in page(reader, answered)
    assert "E assert" in page(owner, answered)
    closed.delete()
    assert "E assert" in page(reader, answered)


def patch_of_run(message: Message) -> dict[str, Any]:
    return {**message.patches[0], "state": "marked", "checks": [RUN]}
