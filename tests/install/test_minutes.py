"""The drill's figures are read from Ansible's own words."""

from __future__ import annotations

import pytest

from tests.install.minutes import changed_in_recap, seconds_of_roles

LOG = """\
2026-11-26 21:14:10,100 p=1 u=root n=ansible INFO| TASK [postgres : Install PostgreSQL] ****
2026-11-26 21:14:10,200 p=1 u=root n=ansible INFO| changed: [h1]
2026-11-26 21:15:40,100 p=1 u=root n=ansible INFO| RUNNING HANDLER [postgres : Restart PostgreSQL] ***
2026-11-26 21:15:50,100 p=1 u=root n=ansible INFO| TASK [web : Write the unit] ****
2026-11-26 21:16:00,100 p=1 u=root n=ansible INFO| PLAY RECAP ****
"""


def test_seconds_go_to_the_role_of_each_task() -> None:
    assert seconds_of_roles(LOG.splitlines()) == {"postgres": 100, "web": 10}


def test_changes_of_all_hosts_count() -> None:
    recap = (
        "h1 : ok=9 changed=2 unreachable=0 failed=0\nh2 : ok=9 changed=1 unreachable=0 failed=0\n"
    )
    assert changed_in_recap(recap) == 3


@pytest.mark.parametrize("output", ["", "h1 : ok=1 changed=0 unreachable=0 failed=1"])
def test_a_run_that_failed_is_not_one_without_changes(output: str) -> None:
    with pytest.raises(ValueError, match="playbook"):
        changed_in_recap(output)
