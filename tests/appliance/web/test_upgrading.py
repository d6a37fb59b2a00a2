"""An upgrade is done as a whole or not at all, whatever ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql
from pytest_django import Settings

from appliance.web.upgrading import running
from appliance.web.upgrading.looking import check_version, pending_migrations
from tests.services import database_url

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[3]
NAME = "upgrade_trial"
# The product's newest step of each kind of table, taken away and done again by the tests.
UNDO = ("web", "0002")
# One process that loads the product, and a child of it for each point.
SCRIPT = """
import json, os, signal, sys
import django
django.setup()
from django.core.management import call_command
def end(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
for how in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        exec(how)
        call_command("upgrade", no_backup=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
KILLED_AT = {
    "between two steps": "from django.db.migrations.recorder import MigrationRecorder as R; R.record_applied = end",
    "the look at the outcome": "from appliance.web.upgrading import running; running.look_after = end",
    "the last moment": "from appliance.web.upgrading import running; running.record = end",
}


@pytest.fixture
def older(db: None) -> Iterator[None]:
    """The tests' database, a step behind."""
    call_command("migrate", *UNDO, interactive=False, verbosity=0)
    yield
    call_command("migrate", interactive=False, verbosity=0)


def schema() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        columns = cursor.fetchall()
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2")
        return [*columns, *cursor.fetchall()]


def test_it_backs_up_and_does_all_steps(older: None, tmp_path: Path) -> None:
    output = StringIO()
    call_command("upgrade", backup=tmp_path, stdout=output)
    assert "steps were done in" in output.getvalue()
    assert pending_migrations() == []
    [file] = tmp_path.glob("*.backup")
    call_command("backup", file, verify=True, stdout=StringIO())
    output = StringIO()
    call_command("upgrade", backup=tmp_path, stdout=output)
    assert output.getvalue() == "The tables are of this version already.\n"
    assert len(list(tmp_path.glob("*.backup"))) == 1


def test_the_backup_leads_back_to_the_version_before(older: None, tmp_path: Path) -> None:
    before = schema()
    call_command("upgrade", backup=tmp_path, stdout=StringIO())
    assert schema() != before
    [file] = tmp_path.glob("*.backup")
    call_command("restore", file, stdout=StringIO(), stderr=StringIO())
    assert schema() == before


def test_what_fails_is_undone(older: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = schema()

    def bad() -> None:
        raise running.BadOutcome("Source cannot be read: no such column")

    monkeypatch.setattr(running, "look_after", bad)  # of our own: as a step that went wrong shows
    with pytest.raises(CommandError, match="undone, and the database is as before: Source cannot"):
        call_command("upgrade", backup=tmp_path)
    assert schema() == before
    assert len(list(tmp_path.glob("*.backup"))) == 1


def test_a_kill_at_any_moment_changes_nothing(older: None, tmp_path: Path) -> None:
    """H06: killed, run again, done."""
    before = schema()
    database = connection.settings_dict
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "appliance.config.settings",
        "PLUMBLINE_HOME": str(tmp_path),
        "PLUMBLINE_SECRET_KEY": "only-for-tests-" + "x" * 40,
        "PLUMBLINE_DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
    }
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, json.dumps(list(KILLED_AT.values()))]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["-9", "-9", "-9"], done.stderr
    assert schema() == before
    call_command("upgrade", no_backup=True, stdout=StringIO())
    assert pending_migrations() == []


def test_all_steps_can_be_done_in_one_transaction(db: None) -> None:
    """From nothing to this version, and every step says that it can be undone by the database."""
    loader = MigrationLoader(connection)
    assert [key for key, one in loader.disk_migrations.items() if not one.atomic] == []
    with psycopg.connect(database_url(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(NAME)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = NAME
    try:
        done = running.upgrade(None)
        assert len(done.steps) > 50
        assert pending_migrations() == []
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        with psycopg.connect(database_url(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(NAME)))


def test_a_newer_database_is_refused(older: None, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('web', '0999_x', now())"
        )
    try:
        assert check_version().state == "failed"
        with pytest.raises(CommandError, match=r"newer version \(web.0999_x\)"):
            call_command("upgrade", backup=tmp_path)
        with pytest.raises(SystemExit):
            call_command("upgrade_check", stdout=StringIO())
        assert list(tmp_path.iterdir()) == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '0999_x'")


def test_without_room_nothing_begins(
    older: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage())
    with pytest.raises(CommandError, match="Free some space"):
        call_command("upgrade", backup=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_check_says_what_would_be_done(older: None, tmp_path: Path, settings: Settings) -> None:
    settings.BACKUP_FOLDER = str(tmp_path)
    output = StringIO()
    call_command("upgrade_check", stdout=output)
    assert "steps: web." in output.getvalue()
    call_command("upgrade_check", json=True, stdout=StringIO())
