"""`./install` of a bundle: what is wrong with the call is said before anything is done."""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.local.bundle import verify
from appliance.local.bundle.signing import read_or_make_key, sign
from tests.ansible.rendering import ANSIBLE, BIN, environment

PLAY = """---
- name: Say who is meant
  hosts: all
  gather_facts: false
  tasks:
    - name: Say it
      ansible.builtin.debug:
        msg: "{{ inventory_hostname }} is meant"
"""
INVENTORY = "all: {hosts: {alone: {ansible_connection: local}}}\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A signed bundle with a playbook that says who is meant, and the environment it would make."""
    folder = tmp_path / "bundle"
    packages = folder / "wheels/install/requirements.txt"
    packages.parent.mkdir(parents=True)
    packages.write_text("")
    (folder / "ansible").mkdir()
    (folder / "ansible/site.yml").write_text(PLAY)
    shutil.copy(ANSIBLE / "ansible.cfg", folder / "ansible/ansible.cfg")
    shutil.copy(ANSIBLE / "install", folder / "install")
    shutil.copy(verify.__file__, folder / "verify-bundle")
    sign(folder, read_or_make_key(tmp_path / "key.pem"))
    made = tmp_path / "environment"
    (made / "bin").mkdir(parents=True)
    (made / "complete").write_text(f"{sha256(b'').hexdigest()}  -\n")
    (made / "bin/ansible-playbook").symlink_to(BIN / "ansible-playbook")
    (tmp_path / "id").write_text("#!/bin/sh\necho 0\n")  # as root
    (tmp_path / "id").chmod(0o755)
    return folder


def install(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = bundle.parent
    variables = {
        name: value for name, value in environment(home).items() if name != "ANSIBLE_CONFIG"
    }
    return subprocess.run(
        ["sh", bundle / "install", *arguments],
        env=variables | {
            "PLUMBLINE_ANSIBLE": str(home / "environment"), "PATH": f"{home}:{os.environ['PATH']}"
        },
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_inventory_named_by_a_relative_path_is_found(bundle: Path) -> None:
    (bundle.parent / "site").mkdir()
    (bundle.parent / "site/hosts.yml").write_text(INVENTORY)
    done = install(bundle, "--key", "key.pub", "--inventory", "site")
    assert done.returncode == 0, done.stderr
    assert "alone is meant" in done.stdout


def test_an_inventory_that_is_not_there_ends_the_run(bundle: Path) -> None:
    done = install(bundle, "--key", "key.pub", "--inventory", "nowhere")
    assert done.returncode == 2
    assert "There is no inventory nowhere. Copy one of" in done.stderr


def test_an_inventory_without_hosts_is_no_success(bundle: Path) -> None:
    (bundle.parent / "site").mkdir()
    (bundle.parent / "site/hosts.yml").write_text("all: {hosts: {alone: {}\n")
    done = install(bundle, "--key", "key.pub", "--inventory", "site")
    assert done.returncode != 0
    assert "Completely failed to parse inventory source" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key"], "--key needs a value"),
        (["--key", "key.pub"], "usage: ./install --key"),
        (["--key", "key.pub", "--inventory", ".", "--play", "all"], "There are: site.yml"),
    ],
)
def test_a_call_that_cannot_be_meant_is_explained(
    bundle: Path, arguments: list[str], said: str
) -> None:
    done = install(bundle, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_bundle_that_was_changed_is_not_used(bundle: Path) -> None:
    (bundle.parent / "site").mkdir()
    (bundle / "ansible/site.yml").write_text(PLAY.replace("meant", "attacked"))
    done = install(bundle, "--key", "key.pub", "--inventory", "site")
    assert done.returncode == 1
    assert "ansible/site.yml was changed" in done.stderr
    assert "attacked" not in done.stdout
