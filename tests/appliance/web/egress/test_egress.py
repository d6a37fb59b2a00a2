"""Looks are kept, signed and shown to admins; a way out that is open ends a service that enforces it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit import keys
from appliance.audit.models import Event
from appliance.common.metrics import exposition
from appliance.web.egress import guarding
from appliance.web.egress.attesting import export, is_signed
from appliance.web.egress.checks import check_egress
from appliance.web.egress.counters import read_counters
from appliance.web.egress.looking import look, newest_runs
from appliance.web.models import EgressRun
from inference.egress.checking import Report
from inference.egress.targets import PROXY_VARIABLES
from tests.inference.egress.test_checking import NOBODY, listening
from tests.services import database_url

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def sealed(settings: Settings) -> None:
    settings.EGRESS, settings.EGRESS_TARGETS = "report", [NOBODY]


@pytest.fixture
def leak(settings: Settings) -> Iterator[str]:
    """A listener that plays the internet, and settings that have it tried."""
    settings.EGRESS = "report"
    with listening() as port:
        settings.EGRESS_TARGETS = [NOBODY, f"tcp://127.0.0.1:{port}"]
        yield f"tcp://127.0.0.1:{port}"


def test_a_look_is_kept_signed_and_recorded(sealed: None) -> None:
    assert look("worker").verdict == "sealed"
    [run] = EgressRun.objects.all()
    assert (run.service, run.verdict, is_signed(run)) == ("worker", "sealed", True)
    assert any("unix://" in one["target"] or ":" in one["target"] for one in run.controls)
    event = Event.objects.get(action="egress.checked")
    assert (event.outcome, event.details["verdict"]) == ("done", "sealed")


def test_a_row_that_was_changed_is_seen(leak: str, client: Client, staff: User) -> None:
    look("worker")
    EgressRun.objects.update(verdict="sealed")
    assert not is_signed(EgressRun.objects.get())
    client.force_login(staff)
    assert b"The signature is wrong" in client.get("/manage/egress/").content


def test_a_leak_is_recorded_as_a_failure_and_measured(leak: str) -> None:
    assert look("worker").verdict == "open"
    event = Event.objects.get(action="egress.checked")
    assert (event.outcome, event.details["open"]) == ("failed", [leak])
    told = exposition().decode()
    assert 'service="worker"} 1.0' in "".join(
        line for line in told.splitlines() if line.startswith("plumbline_egress_open{")
    )
    assert 'outcome="open",service="worker"} 1.0' in told


def test_a_database_that_is_not_reached_makes_all_unknown(
    sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    assert look("web").verdict == "unknown"


def test_old_looks_are_forgotten(sealed: None) -> None:
    look("web")
    EgressRun.objects.update(at=timezone.now() - timedelta(days=500))
    look("web")
    assert EgressRun.objects.count() == 1


def test_the_status_says_what_was_found(leak: str, settings: Settings) -> None:
    assert check_egress().state == "off"
    look("worker")
    assert (check_egress().state, leak in check_egress().detail) == ("off", True)
    settings.EGRESS = "enforce"
    assert check_egress().state == "failed"
    settings.EGRESS_TARGETS = [NOBODY]
    look("worker")
    assert check_egress().state == "ok"
    EgressRun.objects.update(at=timezone.now() - timedelta(days=3))
    assert check_egress().state == "warning"


@pytest.mark.django_db(transaction=True)
def test_enforcing_ends_the_start_and_off_does_nothing(leak: str, settings: Settings) -> None:
    settings.EGRESS = "off"
    guarding.begin("web")
    assert EgressRun.objects.count() == 0
    settings.EGRESS = "enforce"
    with pytest.raises(SystemExit, match="EGRESS OPEN: tcp://127") as stopped:
        guarding.begin("web")
    assert "web does not run while a way out is open" in str(stopped.value)


def test_a_way_that_opens_later_ends_the_service(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EGRESS = "enforce"
    verdicts = iter(["sealed", "unknown", "open"])
    waits: list[float] = []
    ended: list[int] = []
    # Of our own: days of waiting, and the end of the process that runs the tests.
    monkeypatch.setattr(guarding, "look", lambda service: Report(next(verdicts), (), (), 0.1))  # type: ignore[arg-type]
    monkeypatch.setattr("time.sleep", waits.append)
    monkeypatch.setattr("os.kill", lambda pid, number: ended.append(pid))
    guarding.watch("web", guarding.DAY_S)
    assert ended == [os.getpid()]
    assert waits == [guarding.DAY_S, guarding.DAY_S, guarding.AGAIN_S]


STARTS = {
    "web": ["uvicorn", "appliance.config.asgi:application", "--port", "0"],
    "worker-embed": ["celery", "-A", "appliance.config", "worker", "--hostname", "worker-embed@x"],
    "scheduler": ["celery", "-A", "appliance.config", "beat", "--pidfile="],
}


def test_every_service_refuses_to_start_with_a_leak(tmp_path: Path) -> None:
    with listening() as port:
        environment = {
            "PATH": os.environ["PATH"],
            "PLUMBLINE_HOME": str(tmp_path),
            "PLUMBLINE_SECRET_KEY": "only-for-tests-" + "x" * 40,
            "PLUMBLINE_DATABASE_URL": database_url(),
            "PLUMBLINE_EGRESS": "enforce",
            "PLUMBLINE_EGRESS_TARGETS": f"tcp://127.0.0.1:{port}",
        }
        started = {
            name: subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for name, command in STARTS.items()
        }  # fmt: skip
        for name, process in started.items():
            said, _ = process.communicate(timeout=240)  # until all three are loaded
            assert process.returncode not in {0, None}, (name, said)
            assert f"EGRESS OPEN: tcp://127.0.0.1:{port}" in said, said
            assert f"{name} does not run while a way out is open" in said, said


class TestExport:
    def test_it_is_genuine_until_it_is_changed(self, leak: str, tmp_path: Path) -> None:
        look("worker")
        look("web")
        file, key = tmp_path / "proof.json", tmp_path / "key.pub"
        output = StringIO()
        call_command("egress", "export", stdout=output)
        file.write_text(output.getvalue())
        key.write_text(keys.public_pem())
        for options in ({}, {"key": key}):
            output = StringIO()
            call_command("egress", "verify", file, stdout=output, **options)
            assert "Genuine: 2 looks" in output.getvalue()
            assert "Not sealed:" in output.getvalue()
        assert Event.objects.filter(action="egress.exported").count() == 1

    @pytest.mark.parametrize("field", ["verdict", "attempts", "made_at", "left out", "another key"])
    def test_what_was_changed_is_refused(self, leak: str, tmp_path: Path, field: str) -> None:
        look("worker")
        document = export(days=9)
        if field in {"verdict", "attempts"}:
            document["runs"][0][field] = "sealed" if field == "verdict" else []
        elif field == "left out":
            document["runs"] = []
        else:
            document["made_at" if field == "made_at" else "public_key"] = "x"
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(document))
        with pytest.raises(CommandError, match="signature of the export"):
            call_command("egress", "verify", file)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"signature": 1, "runs": [1]}', "\udcff"])
    def test_what_is_none_is_refused(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "proof.json"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(CommandError):
            call_command("egress", "verify", file)


class TestPage:
    def test_it_is_for_admins_alone(
        self, sealed: None, client: Client, reader: User, outsider: User, staff: User
    ) -> None:
        for person, status in ((reader, 404), (outsider, 404), (staff, 200)):
            client.force_login(person)
            assert client.get("/manage/egress/").status_code == status
        assert client.post("/manage/egress/look/").status_code == 302
        assert client.post("/manage/egress/export/").json()["runs"][0]["service"] == "web"
        client.force_login(reader)
        for path in ("look", "export"):
            assert client.post(f"/manage/egress/{path}/").status_code == 404
        assert EgressRun.objects.count() == 1

    def test_it_shows_what_was_tried(
        self, leak: str, client: Client, staff: User, settings: Settings, tmp_path: Path
    ) -> None:
        counters = tmp_path / "firewall.prom"
        counters.write_text(
            'plumbline_egress_dropped_packets_total{service="worker"} 12\nnonsense{} x\n'
        )
        settings.EGRESS_COUNTERS_FILE = str(counters)
        look("worker")
        client.force_login(staff)
        page = client.get("/manage/egress/").content.decode()
        assert leak in page
        assert "Not every service is known to be sealed" in page
        assert "tried to get out" in page

    def test_no_counters_where_there_is_no_file(self, settings: Settings) -> None:
        settings.EGRESS_COUNTERS_FILE = "/nowhere"
        assert read_counters() == []


def test_the_newest_of_each_service_counts(leak: str, settings: Settings) -> None:
    look("worker")
    settings.EGRESS_TARGETS = [NOBODY]
    look("worker")
    look("web")
    assert [(run.service, run.verdict) for run in newest_runs()] == [
        ("web", "sealed"),
        ("worker", "sealed"),
    ]


def test_the_command_ends_with_the_verdict(leak: str, settings: Settings) -> None:
    output = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("egress", json=True, stdout=output)
    assert stopped.value.code == 1
    assert json.loads(output.getvalue())["verdict"] == "open"
    settings.EGRESS_TARGETS = [NOBODY]
    call_command("egress", stdout=output)
    assert "EGRESS CLOSED" in output.getvalue()
