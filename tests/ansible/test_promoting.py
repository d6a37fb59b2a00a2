"""A replica is promoted only when the former database says that it stands still: there are never two."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

PLAYS = yaml.safe_load((Path(__file__).parents[2] / "ansible/promote.yml").read_text())
STOP, PROMOTE = (play["tasks"] for play in PLAYS)


def may_go_on(former: dict[str, object], **variables: object) -> bool:
    """Evaluate the play's own condition on what stopping the former database gave."""
    condition = PROMOTE[0]["ansible.builtin.assert"]["that"]
    environment = Environment(autoescape=True)
    environment.filters["bool"] = lambda value: str(value).lower() == "true"
    return bool(environment.compile_expression(condition)(former_state=former, **variables))


def test_what_was_stopped_gives_way() -> None:
    assert STOP[0]["register"] == "former"
    assert STOP[0]["ansible.builtin.systemd_service"]["state"] == "stopped"
    assert may_go_on({"changed": True, "name": "postgresql@17-main", "state": "stopped"})
    assert may_go_on({"changed": False, "name": "postgresql@17-main", "state": "stopped"})


@pytest.mark.parametrize(
    "former",
    [{}, {"unreachable": True, "changed": False}, {"failed": True, "msg": "Access denied"}],
)
def test_who_does_not_say_so_is_not_believed_to_stand_still(former: dict[str, object]) -> None:
    assert not may_go_on(former)
    assert may_go_on(former, promote_former_is_off="true")  # an administrator says so
