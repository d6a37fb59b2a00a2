"""The rules that the roles keep: typed values, secrets out of logs, and a run that stops in time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.rendering import ANSIBLE, BIN, INVENTORIES, ROLES, environment, playbook

pytestmark = pytest.mark.timeout(1800)

NAMES = sorted(path.name for path in ROLES.iterdir())
SECRET = ("site_passwords", "plumbline_credentials[", ".key", "model-key")
# Places that name a key's file and show nothing of it.
NAMES_ONLY = (
    "Make the site's authority",
    "Make the certificate of the host",
    "Give PostgreSQL",
    "Give Valkey",
)


def tasks_of(role: str) -> Iterator[dict[str, Any]]:
    for path in (ROLES / role / "tasks").glob("*.yml"):
        yield from yaml.safe_load(path.read_text()) or ()


@pytest.mark.parametrize("role", NAMES)
def test_every_variable_is_typed_and_explained(role: str) -> None:
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())
    specs = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    ours = {
        "site_password_form",
        "site_bundle_id",
        "site_is_control",
        "site_passwords",
        "site_database_ip",
        "site_database_ips",
        "site_followers",
        "site_replication",
        "site_broker_ip",
        "site_clients",
    }
    assert options.keys() == defaults.keys() - ours  # these are made of others
    assert [name for name, option in options.items() if not option["description"]] == []


@pytest.mark.parametrize("role", NAMES)
def test_what_handles_a_secret_is_not_logged(role: str) -> None:
    for task in tasks_of(role):
        if any(word in str(task) for word in SECRET) and not task["name"].startswith(NAMES_ONLY):
            assert task.get("no_log"), f"{role}: {task['name']}"


@pytest.mark.parametrize("role", NAMES)
def test_files_have_modes_in_quotes(role: str) -> None:
    for task in tasks_of(role):
        for module in ("ansible.builtin.template", "ansible.builtin.copy"):
            if module in task:
                assert isinstance(task[module]["mode"], str), f"{role}: {task['name']}"


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_the_playbook_reads_with_each_inventory(inventory: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", f"inventories/{inventory}", "--syntax-check", "site.yml"],
        cwd=ANSIBLE, env=environment(tmp_path), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_wrong_value_fails_before_the_first_change(tmp_path: Path) -> None:
    play = [{"hosts": "all", "gather_facts": False, "roles": ["site", "preflight"]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    said = playbook(tmp_path / "play.yml", "one-host", {"web_port": "many"}, tmp_path, fails=True)
    assert "web_port" in said
    assert "unable to convert to int" in said
    assert "changed=0" in said


def test_the_preflight_says_in_words_all_that_is_missing(tmp_path: Path) -> None:
    play = [{"hosts": "all", "roles": ["site", "preflight"]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    values: dict[str, object] = {
        "preflight_memory_mb": 10_000_000,
        "preflight_disk_mb": 1_000_000_000,
        "site_bundle": str(tmp_path / "nothing"),
        "site_address": "",
    }
    said = playbook(tmp_path / "play.yml", "one-host", values, tmp_path, fails=True)
    for sentence in (
        "10000000 are needed. Give the host more.",
        "1000000000 are needed. Make room, or a larger disk.",
        "is not an unpacked bundle",
        "does not set site_address",
    ):
        assert sentence in said, sentence
    assert "changed=0" in said


def test_ansible_lint_finds_nothing_in_the_profile_for_production(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "ansible-lint", "--offline", "--profile", "production", "--nocolor"],
        cwd=ANSIBLE, env=environment(tmp_path), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failure(s), 0 warning(s)" in done.stderr


def test_apt_reads_the_bundle_and_no_other_source() -> None:
    called = [task for task in tasks_of("common") if "'apt-get'" in str(task)]
    assert len(called) == 3  # the list, what is older, bringing it up to date
    for task in called:
        assert task["ansible.builtin.command"]["argv"].endswith("+ common_apt }}"), task["name"]
    options = yaml.safe_load((ROLES / "common/vars/main.yml").read_text())["common_apt"]
    assert "--option=Dir::Etc::SourceParts=/dev/null" in options
    assert options[2].endswith("/etc/apt/sources.list.d/plumbline.sources")
