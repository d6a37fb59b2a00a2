"""Every action becomes a valid event of OCSF, as the public schema describes its classes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from appliance.audit.actions import Action, Outcome
from appliance.audit.exporting import line_of
from appliance.audit.models import Event
from appliance.audit.ocsf import ACTIVITIES, to_ocsf
from appliance.audit.recording import Lines, Target, record

# From the schema's own files (github.com/ocsf/ocsf-schema, 1.5.0): of each class its category, the
# activities that it knows beside 0 (unknown) and 99 (other), and what it requires beyond the rest.
CLASSES = {
    3001: (3, range(1, 13), {"user"}),
    3002: (3, range(1, 8), {"user"}),
    3004: (3, range(1, 14), {"entity"}),
    3005: (3, range(1, 3), {"user", "privileges"}),
    3006: (3, range(1, 10), {"group"}),
    6001: (6, range(1, 9), {"web_resources"}),
}
REQUIRED = {
    "activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid",
}  # fmt: skip


def _event(action: Action, **more: object) -> Event:
    fields: dict[str, object] = {
        "sequence": 7,
        "at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "actor_id": 3,
        "actor": "ana",
        "address": "10.0.0.9",
        "object_kind": "person",
        "object_id": "4",
        "object_name": "ben",
        "details": {"group": "readers", "role": "auditor"},
    }
    return Event(action=action, **fields | more)


@pytest.mark.parametrize("action", Action)
def test_each_action_is_a_valid_event(action: Action) -> None:
    told = to_ocsf(_event(action))
    category, activities, required = CLASSES[told["class_uid"]]
    assert told.keys() >= REQUIRED | required
    assert told["category_uid"] == category
    assert told["activity_id"] in {*activities, 99}
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert told["time"] == 1772366400000
    assert told["severity_id"] in range(1, 7)
    assert told["metadata"]["product"]["vendor_name"]
    assert told["metadata"]["version"] == "1.5.0"
    assert told["src_endpoint"] == {"ip": "10.0.0.9"}
    assert told["actor"]["user"]["name"] == "ana"


def test_every_action_has_its_class() -> None:
    assert ACTIVITIES.keys() == set(Action)


@pytest.mark.parametrize(("outcome", "status"), [("done", 1), ("denied", 2), ("failed", 2)])
def test_the_outcome_is_told(outcome: str, status: int) -> None:
    assert to_ocsf(_event(Action.SIGNED_IN, outcome=outcome))["status_id"] == status


def test_who_acts_and_who_it_is_done_to_are_told_apart() -> None:
    told = to_ocsf(_event(Action.MEMBER_ADDED))
    assert (told["actor"]["user"]["name"], told["user"]["name"]) == ("ana", "ben")
    assert told["group"] == {"name": "readers"}
    assert to_ocsf(_event(Action.PERSON_DISABLED))["user"]["uid"] == "4"
    assert to_ocsf(_event(Action.SIGN_IN_FAILED, object_kind=""))["user"]["name"] == "ana"


def test_a_program_is_no_user() -> None:
    told = to_ocsf(_event(Action.SOURCE_REMOVED, actor_id=None, actor="command line"))
    assert told["actor"] == {"app_name": "command line"}


@pytest.mark.services
@pytest.mark.django_db
def test_the_command_writes_each_record_on_one_line(tmp_path: Path) -> None:
    shown = [Lines("shop", "a\nb.py", 1, 9, "c0ffee", "grant 1")]
    record(Action.FILE_READ, actor="ana\n{}", target=Target("file", "", "a\nb"), shown=shown)
    out = StringIO()
    call_command("audit", "export", stdout=out)
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["web_resources"][1]["name"] == "a\\x0ab.py#L1-L9"
    assert second["metadata"]["event_code"] == "audit.exported"
    file = tmp_path / "out.jsonl"
    call_command("audit", "export", "--format", "jsonl", "--out", str(file), stdout=StringIO())
    stored = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["sequence"] for one in stored] == [1, 2, 3]
    assert stored[0]["outcome"] == Outcome.DONE
    since = ["--since", "2100-01-01"]
    out = StringIO()
    call_command("audit", "export", *since, stdout=out)
    assert out.getvalue() == ""


@pytest.mark.services
@pytest.mark.django_db
def test_a_hash_of_a_question_can_be_checked() -> None:
    out = StringIO()
    call_command("audit", "hash", "how?", stdout=out)
    assert len(out.getvalue().strip()) == 64
    with pytest.raises(CommandError, match="There is no hold"):
        call_command("audit", "release", "person", "nobody", "--reason", "none")


def test_a_line_holds_no_line_break() -> None:
    assert "\n" not in line_of(_event(Action.SIGNED_IN, actor="a\nb\u2028c"))
