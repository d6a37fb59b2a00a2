"""H09: whatever is done to the record, `audit verify` names the first record that it was done to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from appliance.audit import keys
from appliance.audit.actions import Action
from appliance.audit.chain import FIRST, hash_of
from appliance.audit.heads import heads_file, known_heads, sign_head
from appliance.audit.models import Event, Exposure, Head
from appliance.audit.recording import record
from appliance.audit.verifying import Problem, verify
from tests.appliance.audit.conftest import Tamper

pytestmark = [pytest.mark.services, pytest.mark.django_db]

Attack = Callable[[Tamper], None]


def _found() -> tuple[int, str] | None:
    problem: Problem | None = verify(heads=known_heads()).problem
    return (problem.sequence, problem.kind) if problem else None


def test_an_untouched_record_is_whole(events: list[Event]) -> None:
    sign_head()
    report = verify(heads=known_heads())
    assert (report.problem, report.checked, report.last, report.head) == (None, 10, 10, 10)


def _swap(tamper: Tamper) -> None:
    tamper("UPDATE audit_event SET sequence = 99 WHERE sequence = 5")
    tamper("UPDATE audit_event SET sequence = 5 WHERE sequence = 6")
    tamper("UPDATE audit_event SET sequence = 6 WHERE sequence = 99")


def _write_anew(tamper: Tamper) -> None:
    """Change one record and compute every later hash again, as who knows the code would."""
    tamper("UPDATE audit_event SET actor = 'somebody else' WHERE sequence = 4")
    before = Event.objects.get(sequence=3).hash
    for event in Event.objects.filter(sequence__gte=4):
        event.previous_hash = before
        before = hash_of(event)
        tamper(
            "UPDATE audit_event SET previous_hash = %s, hash = %s WHERE sequence = %s",
            event.previous_hash,
            before,
            event.sequence,
        )


def _forge(tamper: Tamper, sequence: int, before: str) -> None:
    """Put a record in whose hashes fit: only the key is not there to sign it."""
    event = Event(
        sequence=sequence, at=timezone.now(), action="file.read", actor="reader", details={},
        previous_hash=before, signature="00" * 64,
    )  # fmt: skip
    tamper(
        "INSERT INTO audit_event (sequence, at, action, outcome, actor, address, object_kind,"
        " object_id, object_name, details, previous_hash, hash, signature)"
        " VALUES (%s, %s, %s, 'done', %s, '', '', '', '', '{}', %s, %s, %s)",
        sequence, event.at, event.action, event.actor, before, hash_of(event), event.signature,
    )  # fmt: skip


def _append_forged(tamper: Tamper) -> None:
    _forge(tamper, 11, Event.objects.get(sequence=10).hash)


def _insert_forged(tamper: Tamper) -> None:
    tamper("UPDATE audit_event SET sequence = -sequence WHERE sequence >= 5")
    tamper("UPDATE audit_event SET sequence = 1 - sequence WHERE sequence < 0")
    _forge(tamper, 5, Event.objects.get(sequence=4).hash)


ATTACKS: dict[str, tuple[int, str, Attack]] = {
    "a name is changed": (
        4,
        "changed",
        lambda sql: sql("UPDATE audit_event SET actor = 'nobody' WHERE sequence = 4"),
    ),
    "the time is changed": (
        4,
        "changed",
        lambda sql: sql("UPDATE audit_event SET at = at - interval '1 s' WHERE sequence = 4"),
    ),
    "details are changed": (
        3,
        "changed",
        lambda sql: sql("UPDATE audit_event SET details = '{}' WHERE sequence = 3"),
    ),
    "a change is followed by new hashes": (4, "forged", _write_anew),
    "a record is deleted": (
        5,
        "deleted",
        lambda sql: sql("DELETE FROM audit_event WHERE sequence = 5"),
    ),
    "several are deleted": (
        5,
        "deleted",
        lambda sql: sql("DELETE FROM audit_event WHERE sequence BETWEEN 5 AND 7"),
    ),
    "the first is deleted": (
        1,
        "deleted",
        lambda sql: sql("DELETE FROM audit_event WHERE sequence = 1"),
    ),
    "two change places": (5, "order", _swap),
    "one is put in at the end": (11, "forged", _append_forged),
    "one is put in between": (5, "forged", _insert_forged),
    "the newest are cut off": (
        8,
        "truncated",
        lambda sql: sql("DELETE FROM audit_event WHERE sequence >= 8"),
    ),
    "all are removed": (1, "truncated", lambda sql: sql("DELETE FROM audit_event")),
    "shown lines are removed": (
        3,
        "shown",
        lambda sql: sql("DELETE FROM audit_exposure WHERE event_id = 3"),
    ),
    "shown lines are changed": (
        3,
        "shown",
        lambda sql: sql("UPDATE audit_exposure SET first_line = 9 WHERE event_id = 3"),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_kind_of_tampering_is_found(attack: str, events: list[Event], tamper: Tamper) -> None:
    sign_head()
    sequence, kind, act = ATTACKS[attack]
    assert _found() is None
    act(tamper)
    assert _found() == (sequence, kind)


def test_a_cut_tail_is_found_by_the_file_when_the_heads_are_cut_too(
    events: list[Event], tamper: Tamper
) -> None:
    sign_head()
    tamper("DELETE FROM audit_event WHERE sequence >= 8")
    tamper("DELETE FROM audit_head")
    assert _found() == (8, "truncated")


def test_another_table_of_the_same_installation_is_found(
    events: list[Event], tamper: Tamper
) -> None:
    """Whoever runs the appliance has its key: what they cannot take back is a head that left it."""
    sign_head()
    tamper("DELETE FROM audit_exposure")
    tamper("DELETE FROM audit_event")
    tamper("DELETE FROM audit_head")
    for number in range(12):
        record(Action.SIGNED_IN, actor=f"nobody {number}")
    assert _found() == (10, "replaced")


def test_the_table_of_another_installation_is_found(
    events: list[Event], home: Path, tamper: Tamper
) -> None:
    shutil.rmtree(home / "keys")
    keys._private_key.cache_clear()
    assert _found() == (1, "forged")


def test_a_clock_that_was_set_back_is_found(
    events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr("appliance.audit.recording.timezone.now", lambda: earlier)
    record(Action.SIGNED_IN, actor="late")
    assert _found() == (11, "clock")
    assert verify(first=11).problem is None


def test_a_forged_head_is_found(events: list[Event]) -> None:
    sign_head()
    file = heads_file()
    forged = json.loads(file.read_text()) | {"sequence": 9, "hash": events[8].hash}
    file.write_text(file.read_text() + json.dumps(forged) + "\n")
    assert _found() == (9, "head")


def test_a_half_written_line_in_the_file_of_heads_is_passed_over(events: list[Event]) -> None:
    sign_head()
    heads_file().write_text(heads_file().read_text() + '{"sequence": 11, "ha')
    assert _found() is None


def test_a_head_is_signed_once_for_a_record(events: list[Event]) -> None:
    assert sign_head() is not None
    assert sign_head() is None
    assert Head.objects.count() == len(heads_file().read_text().splitlines()) == 1


@pytest.mark.parametrize("table", ["audit_event", "audit_exposure", "audit_head", "audit_pruning"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_database_refuses_to_change_a_record(
    table: str, verb: str, events: list[Event], tamper: Tamper
) -> None:
    sign_head()
    tamper(
        "INSERT INTO audit_pruning (first, last, previous_hash, hash, at, signature)"
        " VALUES (90, 91, '', '', now(), '')"
    )
    with pytest.raises(DatabaseError, match=r"append-only|pending trigger"), transaction.atomic():
        _change(table, verb)


def _change(table: str, verb: str) -> None:
    column = "first" if table == "audit_pruning" else "at"
    statements = {
        "UPDATE": f"UPDATE {table} SET {column} = {column}",  # noqa: S608
        "DELETE": f"DELETE FROM {table}",  # noqa: S608
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statements[verb])


def _run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_what_is_wrong_and_fails(events: list[Event], tamper: Tamper) -> None:
    sign_head()
    assert _run("verify")[0] == 0
    assert "10 records are whole" in _run("verify")[1]
    tamper("UPDATE audit_event SET actor = 'nobody' WHERE sequence = 4")
    code, text = _run("verify")
    assert (code, "Record 4 was changed" in text) == (1, True)
    code, text = _run("verify", "--json")
    assert (code, json.loads(text)["problem"]["sequence"]) == (1, 4)
    assert _run("verify", "--from", "5")[0] == 0


def test_the_command_takes_heads_that_were_kept_elsewhere(
    events: list[Event], tamper: Tamper, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(_run("head")[1])
    tamper("DELETE FROM audit_event WHERE sequence = 10")
    tamper("DELETE FROM audit_head")
    heads_file().unlink()
    assert _run("verify")[0] == 0
    code, text = _run("verify", "--head", str(kept))
    assert (code, "cut off" in text) == (1, True)


def test_an_empty_record_is_whole(db: None) -> None:
    report = verify(heads=known_heads())
    assert (report.problem, report.checked) == (None, 0)
    assert not Exposure.objects.exists()
    assert FIRST == "0" * 64
