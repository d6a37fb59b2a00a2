"""`--play secret_key`: ended anywhere it goes on, and no key that data is sealed with is ever lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.ansible.rendering import playbook

pytestmark = pytest.mark.timeout(600)

FORMER = "F" * 48
MAKE = {"name": "plumbline", "tasks_from": "new_key", "public": True}
WRITE = {"content": "{{ plumbline_credentials | to_json }}", "dest": "{{ told }}", "mode": "0600"}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "roles": ["site"],
        "tasks": [
            {"name": "Make the key", "ansible.builtin.import_role": MAKE},
            {"name": "Say what the services get", "ansible.builtin.copy": WRITE},
            # Before everything is sealed anew no third key is made: with it the first would be lost.
            {"name": "Run again", "ansible.builtin.import_role": MAKE},
        ],
    }
]


def make_key(folder: Path) -> dict[str, str]:
    """Run the tasks; return what the services are given."""
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    bundle = folder / "bundle"
    bundle.mkdir(exist_ok=True)
    (bundle / "SHA256SUMS").touch()
    (bundle / "VERSION").write_text("1.0")
    told = folder / "told.json"
    values: dict[str, object] = {
        "site_bundle": str(bundle),
        "site_secrets": str(folder / "secrets"),
        "told": str(told),
    }
    playbook(folder / "play.yml", "one-host", values, folder)
    given: dict[str, str] = json.loads(told.read_text())
    return given


def text(folder: Path, name: str) -> str:
    return (folder / "secrets" / name).read_text().strip()


def test_a_new_key_comes_and_the_one_before_is_kept(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "secret-key").write_text(FORMER)
    given = make_key(tmp_path)
    made = text(tmp_path, "secret-key")
    assert (len(made), made != FORMER) == (64, True)
    assert (given["secret-key"], given["old-secret-key"]) == (made, FORMER)
    assert {path.stat().st_mode & 0o777 for path in secrets.glob("secret-key*")} == {0o600}
    assert text(tmp_path, "secret-key.old") == FORMER


def test_a_run_that_was_killed_before_the_change_goes_on_with_the_same_key(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, content in {"": FORMER, ".old": FORMER, ".next": "N" * 64, ".begun": ""}.items():
        (secrets / f"secret-key{name}").write_text(content)
    given = make_key(tmp_path)
    assert (given["secret-key"], given["old-secret-key"]) == ("N" * 64, FORMER)
    assert not (secrets / "secret-key.next").exists()
