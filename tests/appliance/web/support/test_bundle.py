"""Canaries planted everywhere: none of them leaves in a support bundle, and what helps does."""

from __future__ import annotations

import io
import json
import logging
import time
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import Directory, TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.audit.recording import Target, record
from appliance.sources.credentials import add
from appliance.web.support import parts
from appliance.web.support.bundle import fill
from appliance.web.support.logs import reduced
from appliance.web.support.words import Words, message_templates, vocabulary
from appliance.web.support.words import words as all_words
from indexer.fetching.values import Credential
from indexer.models import Job
from tests.appliance.conversations.conftest import MessageFactory, message_factory  # noqa: F401
from tests.conftest import RepositoryFactory, SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

CANARY = "zq7canary"
LOG = f"""\
2026-03-01 10:00:00,123 WARNING appliance.conversations.prompting.rewriting rewriting failed: {CANARY} said
2026-03-01 10:00:01,000 INFO appliance.{CANARY} question={CANARY}
2026-03-01 10:00:02,000 ERROR appliance.web.watchdog handed nothing for 240 s: the worker ends, to be started again
2026-03-01 10:00:03,000 ERROR django.request Internal Server Error: /files/{CANARY}/
Traceback (most recent call last):
  File "BASE/appliance/web/health.py", line 12, in check_all
    secret = "{CANARY}"
  File "/srv/{CANARY}/x.py", line 3, in {CANARY}
ValueError: {CANARY} is wrong
{CANARY}Error: x
[2026-03-01 10:00:04,000: WARNING/MainProcess] no bells from the database: OperationalError
[2026-03-01 10:00:05,000: INFO/{CANARY}] Task {CANARY} received
2026-03-01 10:00:06.000 UTC [7] STATEMENT:  SELECT '{CANARY}'
{CANARY}
Mar 01 10:00:07 {CANARY} python[9]: 2026-03-01 10:00:07,000 WARNING appliance.web.egress.looking the look for a way out is not kept: {CANARY}
"""


@pytest.fixture
def planted(
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    user_factory: UserFactory,
    message_factory: MessageFactory,  # noqa: F811
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Put the canary into everything that people write, name or keep secret."""
    repository = repository_factory({f"{CANARY}/{CANARY}.py": f"def {CANARY}():\n    return 1\n"})
    repository.git("branch", f"{CANARY}-branch")
    source = source_factory(f"{CANARY}-source", repository=repository)
    source.refs.update(name=f"{CANARY}-ref")
    source.hidden_reason, source.location = CANARY, f"https://{CANARY}.example/{CANARY}.git"
    source.hidden_at = source.created_at
    source.save()
    person = user_factory(f"{CANARY}-person", first_name=CANARY, email=f"{CANARY}@x.example")
    Group.objects.create(name=f"{CANARY}-group")
    create_token(person, name=CANARY, rights=[TokenRight.READ], days=9, by=person)
    add(f"{CANARY}-credential", Credential(CANARY, CANARY))
    message_factory(person, f"It is {CANARY}.", question=f"What is {CANARY}?")
    Job.objects.create(source=source, state="failed", error_code="unreachable", error=CANARY)
    Job.objects.create(source=source, state="failed", error_code=f"{CANARY} 1", phase=CANARY)
    record(Action.SEARCHED, target=Target("search", name=CANARY), details={"q": CANARY})
    for name in (
        "PLUMBLINE_SECRET_KEY",
        "PLUMBLINE_CHAT_URL",
        "PLUMBLINE_HOSTS",
        "PLUMBLINE_METRICS_TOKEN",
    ):
        monkeypatch.setenv(name, f"http://{CANARY}")
    monkeypatch.setenv("PLUMBLINE_POLL_S", "77")
    settings.CHAT_URL = f"http://{CANARY}.invalid:1"
    settings.AUDIT_FOLDER = f"/nowhere/{CANARY}"
    settings.PLUMBLINE_HOME = tmp_path / CANARY
    (settings.PLUMBLINE_HOME / "logs").mkdir(parents=True)
    (settings.PLUMBLINE_HOME / CANARY).write_text(CANARY)
    for name in ("web", CANARY):
        text = LOG.replace("BASE", str(settings.BASE_DIR))
        (settings.PLUMBLINE_HOME / "logs" / f"{name}.log").write_text(text)


def contents(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_no_canary_leaves(planted: None, tmp_path: Path) -> None:
    more = tmp_path / f"{CANARY}-journal"
    more.write_text(LOG)
    call_command("support_bundle", tmp_path / "bundle.zip", log=[more])
    told = contents((tmp_path / "bundle.zip").read_bytes())
    assert len(told) == 10
    found = {name: text for name, text in told.items() if CANARY in f"{name}{text}".lower()}
    assert found == {}
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o077 == 0
    assert Event.objects.filter(action="support_bundle.made").exists()


def test_what_helps_is_there(planted: None) -> None:
    stream = io.BytesIO()
    fill(stream)
    told = contents(stream.getvalue())
    log = told["logs/web.log"]
    assert "ERROR appliance.web.watchdog handed nothing for 240 s: the worker ends" in log
    assert "WARNING appliance.conversations.prompting.rewriting rewriting failed: ▢" in log
    assert "no bells from the database: OperationalError" in log
    assert "  appliance/web/health.py:12 check_all\n" in log
    assert "\nValueError\n" in log
    assert "2026-03-01 10:00:06.000 STATEMENT ▢" in log
    jobs = json.loads(told["jobs.json"])
    assert jobs["counts"]["sync failed unreachable"] == 1
    assert json.loads(told["counts.json"])["rows"]["indexer.Source"] == 1
    settings = json.loads(told["settings.json"])
    assert (settings["PLUMBLINE_POLL_S"], settings["PLUMBLINE_CHAT_URL"]) == ("77", "(set)")
    checks = {check["name"]: check for check in json.loads(told["checks.json"])}
    assert "hidden, because the origin refused" in checks["Origins"]["detail"]
    assert "django" in {name.lower() for name in json.loads(told["versions.json"])["packages"]}
    assert "plumbline_jobs{" in told["measurements.prom"]


def test_a_word_of_the_product_that_is_a_name_here_is_left_out() -> None:
    assert "sync" in vocabulary()
    words = Words(frozenset({"sync"}))
    assert words.scrub("sync failed, 12 times") == "▢ failed, 12 times"
    assert words.scrub("see /etc/passwd or a@b.example") == "see ▢ or ▢"


@pytest.mark.parametrize(
    "address",
    ["10.20.0.12", "10.20.0.12:5432,", '"10.20.0.12",', "(fd00::12)", "[2001:db8:0:1:2:3:4:5]:443",
     "00:1b:44:11:3a:b7", "db-10.20.0.12.internal"],
)  # fmt: skip
def test_no_address_of_a_host_leaves(address: str) -> None:
    told = Words(frozenset()).scrub(f"connection to server at {address} failed")
    assert told == "connection to server at ▢ failed"


def test_times_sizes_and_versions_stay() -> None:
    said = "last sign of life 12 s ago, 2026-03-01 10:00, 1.5 MB, 10:00:04, version 17.6.1"
    assert Words(frozenset()).scrub(said) == said


def test_a_number_that_is_somebodys_name_is_left_out(
    user_factory: UserFactory, source_factory: SourceFactory
) -> None:
    """People go by the number of their contract, and sources by that of a customer."""
    user_factory("482913")
    source_factory("7714", {"a.py": "x = 1\n"})
    Directory.objects.create(name="Audit", slug="a", kind=Directory.Kind.SAML)
    scrub = all_words().scrub
    assert scrub("syncing 482913, 7714, audit, 12 of 5000") == "syncing ▢, ▢, ▢, 12 of 5000"


def test_a_line_without_an_end_costs_moments() -> None:
    """A database writes a statement that failed down as it was, with all that somebody pasted."""
    at = "2026-03-01 10:00:00,1 "
    placed = max(message_templates(), key=lambda one: one.count("%"))
    filled = placed.replace("%s", "x").replace("%d", "1")
    started = time.process_time()
    for line in (
        at * 150_000,
        f"{at}INFO appliance.web.api " + filled * 20_000,
        f"{at}INFO appliance.web.api " + "source=" * 200_000,
        "File " * 400_000,
    ):
        list(reduced([line] * 20))
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize(
    "line",
    [
        f"2026-03-01 10:00:00,1 INFO {CANARY} {CANARY}",
        f"2026-03-01 10:00:00,1 INFO appliance.web.api search failed {CANARY}",
        f'  File "/x/{CANARY}/appliance/web/health.py", line 1, in {CANARY}',
        f"{CANARY}: x",
        f"\x00{CANARY}\x1b[31m",
        "2026-03-01 10:00:00,1 INFO appliance.web.watchdog handed nothing for "
        f"{CANARY} s: the worker ends, to be started again",
        f'  File "BASE/appliance/web/{CANARY}.py", line 1, in check_all',
        f'  File "BASE/appliance/web/health.py", line 1, in {CANARY}',
        f'  File "BASE/appliance/../{CANARY}/web/health.py", line 1, in check_all',
        f'  File "{json.__file__}", line 1, in {CANARY}',
        f'  File "{pytest.__file__}", line 1, in {CANARY}',
    ],
)
def test_a_forged_line_carries_nothing_out(line: str, settings: Settings) -> None:
    assert CANARY not in "".join(reduced([line.replace("BASE", str(settings.BASE_DIR))]))


def test_digits_that_pose_as_a_time_stay() -> None:
    line = "2026-03-01 10:00:00,4111111111111111 INFO appliance.web.health x"
    assert "4111111111111111" not in "".join(reduced([line]))


def test_a_setting_shows_its_value_only_when_it_is_a_documented_word() -> None:
    told = parts.settings_told({
        "PLUMBLINE_EGRESS": "enforce", "PLUMBLINE_DEBUG": "true", "PLUMBLINE_HOSTS": "12",
        "PLUMBLINE_TIME_ZONE": CANARY, "PLUMBLINE_SECRET_KEY": "123456", "PLUMBLINE_METRICS_TOKEN_FILE": "x",
    })  # fmt: skip
    assert told == {
        "PLUMBLINE_EGRESS": "enforce", "PLUMBLINE_DEBUG": "true", "PLUMBLINE_HOSTS": "12",
        "PLUMBLINE_TIME_ZONE": "(set)", "PLUMBLINE_SECRET_KEY": "(set)", "PLUMBLINE_METRICS_TOKEN": "(set)",
    }  # fmt: skip


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("support_bundle", tmp_path / "mine.zip")
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


def test_without_a_database_there_is_a_bundle_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    stream = io.BytesIO()
    fill(stream)
    monkeypatch.undo()
    connection.close()
    told = contents(stream.getvalue())
    assert json.loads(told["versions.json"]) == {"not known": "OperationalError"}
    assert json.loads(told["checks.json"])


class TestPage:
    def test_it_is_for_admins_alone(
        self, client: Client, reader: User, outsider: User, staff: User
    ) -> None:
        for person in (reader, outsider):
            client.force_login(person)
            assert client.get("/manage/support/").status_code == 404
            assert client.post("/manage/support/bundle/").status_code == 404
        assert not Event.objects.filter(action="support_bundle.made").exists()
        client.force_login(staff)
        assert b"Not in it" in client.get("/manage/support/").content
        answer = client.post("/manage/support/bundle/")
        told = contents(answer.content)
        assert "README.txt" in told
        assert Event.objects.get(action="support_bundle.made").actor == "staff"
