"""`manage.py doctor` for people and for scripts, and what a start shows of its first sync."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.models import Grant
from appliance.web.check import Check
from appliance.web.management.commands import doctor, watch_sync
from appliance.web.management.commands.prepare import connect
from indexer.models import Job, Source
from tests.gitrepos import make_repository

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_the_doctor_fails_when_something_is_wrong(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING = "minilm"
    settings.PLUMBLINE_CACHE = tmp_path
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=output)
    checks = {check["name"]: check for check in json.loads(output.getvalue())["checks"]}
    assert ended.value.code == 1
    assert checks["Embedding model"]["state"] == "failed"
    assert checks["Database"]["state"] == "ok"


def test_the_doctor_is_content_with_a_healthy_appliance(monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = [Check("Database", "ok", "fine"), Check("Chat model", "off", "none")]
    # A whole appliance in full health is the journey's business; here it is the exit code's.
    monkeypatch.setattr(doctor, "check_all", lambda: healthy)
    output = StringIO()
    call_command("doctor", stdout=output)
    assert "Database" in output.getvalue()


def source_with_job(**fields: object) -> Source:
    source = Source.objects.create(name="tide", kind=Source.Kind.PATH, location="/srv/tide")
    Job.objects.create(source=source, **fields)
    return source


def test_watching_a_failed_sync_tells_why() -> None:
    source_with_job(state=Job.State.FAILED, error="the address does not answer")
    with pytest.raises(CommandError, match="the address does not answer"):
        call_command("watch_sync", "tide", stdout=StringIO())


def test_watching_what_is_not_there_ends() -> None:
    with pytest.raises(CommandError, match="no source tide"):
        call_command("watch_sync", "tide")


def test_progress_is_told_in_steps() -> None:
    job = Job(phase="embed", progress_done=59, progress_total=100)
    assert watch_sync.lines_of(job, None) == ["computing vectors, 40% done"]
    assert watch_sync.lines_of(Job(), None) == []


def test_the_first_repository_is_readable_by_everyone(settings: Settings, tmp_path: Path) -> None:
    settings.GIT_ALLOWED_FOLDERS = [tmp_path]
    call_command("first_admin", "--password-file", tmp_path / "password", stdout=StringIO())
    repository = make_repository(tmp_path / "tide", {"tide.py": "x = 1\n"})
    assert connect(str(repository.path), "tide") == ""
    grant = Grant.objects.get(source__name="tide")
    assert grant.group
    assert grant.group.user_set.get() == User.objects.get(username="admin")


def test_a_refused_repository_is_a_sentence_and_no_crash(
    settings: Settings, tmp_path: Path
) -> None:
    settings.GIT_ALLOWED_FOLDERS = []
    note = tmp_path / "note.txt"
    note.write_text("neither a repository nor an archive\n")
    assert connect(str(note), "tide")
    assert not Source.objects.exists()
