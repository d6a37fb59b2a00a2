"""Patches are run where the admin set a command; the model may write again while that fails."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from pytest_django import Settings

from appliance.conversations.answering.events import Question, Stepped
from appliance.conversations.answering.flow import answer
from appliance.conversations.answering.steps import Kind
from appliance.conversations.modes import Mode
from appliance.conversations.trees import WHOLE
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from indexer.scope import PathRule, Scope
from inference.fake_server import FakeServer
from inference.sandbox import problem
from inference.testing import Script
from tests.appliance.conversations.conftest import FILES
from tests.appliance.conversations.fixing.conftest import (
    BUDGET,
    CHANGE,
    GOOD,
    HEAD,
    TRACE,
    Fix,
    end_of,
    events_of,
    fenced,
    reasons,
    verdicts,
)
from tests.conftest import SourceFactory

PROBLEM = problem()
pytestmark = pytest.mark.skipif(bool(PROBLEM), reason=f"no sandbox here: {PROBLEM}")

TEST = """from shop.cart import add_item, CartFull

class Cart(list):
    def count(self, item):
        return 99

add_item(Cart(), "tea")
print("99 are fine")
"""
COMMAND = "PYTHONPATH=. /usr/bin/python3 check.py"
USELESS = fenced(*HEAD, *CHANGE[:2], "+    if cart.count(item) >= 98:")


@pytest.fixture
def shop(source_factory: SourceFactory, settings: Settings) -> Source:
    settings.SANDBOX = "bubblewrap"
    settings.SANDBOX_COMMANDS = {"shop": COMMAND}
    settings.SANDBOX_TIME_LIMIT_S = 20
    return source_factory("shop", {**FILES, "check.py": TEST})


def details(models: FakeServer, said: str, repaired: str | None) -> list[tuple[str, str]]:
    models.model.script = Script(text=said, repaired=repaired)
    return [(step.kind.value, step.detail) for step in end_of(events_of()).steps]


def test_a_patch_with_which_the_command_passes_is_good(fix: Fix, shop: Source) -> None:
    patch = fix(GOOD)
    assert (patch["state"], verdicts(patch)["runs"]) == ("good", "passed")


def test_the_model_writes_again_when_the_command_fails(
    fix: Fix, shop: Source, models: FakeServer
) -> None:
    patch = fix(USELESS, repaired=GOOD)
    assert (patch["state"], patch["is_repaired"], verdicts(patch)["runs"]) == (
        "good",
        True,
        "passed",
    )
    asked = str([r["messages"] for r in models.model.received if "messages" in r])
    assert "CartFull: tea" in asked


def test_it_writes_again_no_oftener_than_it_may(
    shop: Source, models: FakeServer, settings: Settings
) -> None:
    kinds = [kind for kind, _ in details(models, USELESS, USELESS)]
    assert kinds == ["locate", "patch", "run", "patch", "run", "patch", "run"]
    settings.SANDBOX_ROUNDS = 0
    assert [kind for kind, _ in details(models, USELESS, USELESS)] == ["locate", "patch", "run"]


def test_a_command_that_fails_anyway_marks_a_patch(
    fix: Fix, shop: Source, settings: Settings
) -> None:
    patch = fix(USELESS)
    assert (patch["state"], verdicts(patch)["runs"]) == ("marked", "marked")
    assert "fails without it too" in reasons(patch)


def test_a_patch_that_breaks_what_passed_fails(fix: Fix, shop: Source, settings: Settings) -> None:
    settings.SANDBOX_COMMANDS = {"shop": "grep -q '>= 99' shop/cart.py"}
    patch = fix(GOOD)
    assert (patch["state"], verdicts(patch)["runs"]) == ("failed", "failed")


@pytest.mark.parametrize(
    ("name", "value"), [("SANDBOX", "off"), ("SANDBOX_COMMANDS", {"other": "x"})]
)
def test_nothing_runs_unless_it_is_switched_on(
    fix: Fix, shop: Source, settings: Settings, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    assert "runs" not in verdicts(fix(GOOD))


def test_a_failed_patch_is_not_run(fix: Fix, shop: Source) -> None:
    assert "runs" not in verdicts(fix(fenced(*HEAD, "@@", "-nothing of it", "+x")))


def test_only_files_that_the_asker_may_read_are_there(
    fix: Fix, source_factory: SourceFactory, shop: Source, settings: Settings
) -> None:
    source = source_factory("mill", {**FILES, "secret/vault.txt": "4711 is the code\n"})
    settings.SANDBOX_COMMANDS = {"mill": "cat secret/vault.txt; ls; false", "shop": "true"}
    rules = (PathRule(source.pk, "", True), PathRule(source.pk, "secret/", False))
    settings.SANDBOX_ROUNDS = 1
    patch = fix(GOOD, repaired=GOOD, scope=Scope.from_rules(rules))
    assert verdicts(patch)["runs"] == "marked"


BACKWARDS = """/usr/bin/python3 -c "import sys; print(open(sys.argv[1]).read()[::-1])\""""


@pytest.mark.parametrize("way", ["cat", "base64", BACKWARDS], ids=["cat", "base64", "backwards"])
def test_a_secret_that_a_run_prints_does_not_reach_the_model(
    fix: Fix,
    source_factory: SourceFactory,
    settings: Settings,
    models: FakeServer,
    shop: Source,
    way: str,
) -> None:
    """Nor in other letters, which no pattern finds in what was printed."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    source_factory("mint", {**FILES, "key.txt": f'token = "{secret}"\n'})
    settings.SANDBOX_COMMANDS = {"mint": f"{way} key.txt; false"}
    mint = Scope(frozenset({Source.objects.get(name="mint").pk}))
    fix(GOOD, repaired=GOOD, scope=mint)
    asked = str([r["messages"] for r in models.model.received if "messages" in r])
    assert "the tests fail with it" in asked
    printed = f'token = "{secret}"\n'.encode()
    assert secret not in asked
    assert secret[::-1] not in asked
    assert base64.b64encode(printed).decode()[:40] not in asked


def test_a_stop_ends_the_command_and_nothing_follows(
    shop: Source, models: FakeServer, settings: Settings
) -> None:
    """The person stops while the tests run: no second run, and the model writes nothing again."""
    settings.SANDBOX_COMMANDS = {"shop": "sleep 15; false"}
    models.model.script = Script(text=GOOD, repaired=GOOD)
    running: list[float] = []
    events = []
    for event in answer(
        Question(TRACE, scope_for(None), mode=Mode.FIX),
        client=clients.chat,
        budget=lambda client: BUDGET,
        stopped=lambda: bool(running) and time.monotonic() > running[0] + 1,
    ):
        events.append(event)
        if isinstance(event, Stepped) and event.step.kind is Kind.RUN and not running:
            running.append(time.monotonic())
    assert time.monotonic() - running[0] < 10
    end = end_of(events)
    assert [step.kind.value for step in end.steps] == ["locate", "patch", "run"]
    assert "was stopped" in end.steps[-1].detail


def test_a_source_that_is_too_large_is_not_run(fix: Fix, shop: Source, settings: Settings) -> None:
    settings.SANDBOX_DISK_MB = 0
    patch = fix(GOOD)
    assert (patch["state"], verdicts(patch)["runs"]) == ("marked", "marked")
    assert "more files than the sandbox has room" in reasons(patch)


def test_a_file_that_no_disk_takes_is_not_run(fix: Fix, shop: Source) -> None:
    patch = fix(fenced("--- /dev/null", f"+++ b/shop/{'x' * 300}.py", "@@", "+MOST = 99"))
    assert verdicts(patch)["runs"] == "marked"
    assert "could not be laid out" in reasons(patch)


def test_what_a_failed_run_said_is_kept_with_all_that_it_could_print(
    shop: Source, models: FakeServer
) -> None:
    models.model.script = Script(text=USELESS)
    end = end_of(events_of())
    [patch] = end.patches
    [check] = [one for one in patch["checks"] if one["name"] == "runs"]
    assert "CartFull: tea" in check["output"]
    run = next(step for step in end.steps if step.kind is Kind.RUN)
    assert (shop.pk, WHOLE) in run.places


def test_who_reads_a_part_of_the_source_is_not_told_what_a_run_said(
    fix: Fix, shop: Source, settings: Settings
) -> None:
    settings.SANDBOX_ROUNDS = 0
    rules = (PathRule(shop.pk, "", True), PathRule(shop.pk, "secret/", False))
    patch = fix(USELESS, scope=Scope.from_rules(rules))
    [check] = [one for one in patch["checks"] if one["name"] == "runs"]
    assert (check["verdict"], check["output"]) == ("marked", "")


def test_of_a_run_that_passed_nothing_is_kept(fix: Fix, shop: Source) -> None:
    assert all(not check["output"] for check in fix(GOOD)["checks"])
