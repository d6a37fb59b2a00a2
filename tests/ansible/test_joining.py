"""A host that joins a site is let in by the rules that the others have loaded, and what moved to it ends elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.ansible.rendering import ROLES, in_a_network_of_its_own, playbook

FORMER, JOINS = "10.30.0.12", "10.30.0.32"
SETS = ("database_clients", "clients", "reached")
RULES = "".join(f"set {name} {{ type ipv4_addr; elements = {{ {FORMER} }}; }}\n" for name in SETS)
ADMIT = {"name": "firewall", "tasks_from": "admit"}
TELL = "nft --json list table inet plumbline"
PLAY = [
    {
        "hosts": "web1:db1",
        "gather_facts": False,
        "roles": ["site"],
        "tasks": [
            {"name": "Load the former rules", "ansible.builtin.command": "{{ load }}"},
            {"name": "Admit", "ansible.builtin.import_role": ADMIT},
            {"name": "Tell", "ansible.builtin.command": TELL, "register": "loaded"},
            {
                "name": "Write it down",
                "ansible.builtin.copy": {
                    "content": "{{ loaded.stdout }}",
                    "dest": "{{ told }}/{{ inventory_hostname }}.json",
                    "mode": "0600",
                },
            },
            {"name": "Change nothing by the second time", "ansible.builtin.import_role": ADMIT},
        ],
    }
]

OTHERS = [
    {
        "hosts": "all",
        "gather_facts": False,
        "roles": ["site"],
        "tasks": [
            {"ansible.builtin.include_vars": str(ROLES / "plumbline/vars/main.yml")},
            {
                "ansible.builtin.copy": {
                    "content": "{{ plumbline_units_of_others | to_json }}",
                    "dest": "{{ told }}/{{ inventory_hostname }}.json",
                    "mode": "0600",
                }
            },
        ],
    }
]

pytestmark = pytest.mark.timeout(600)


@pytest.mark.skipif(
    shutil.which("nft") is None
    or subprocess.run(in_a_network_of_its_own("true"), capture_output=True).returncode != 0,
    reason="needs nftables, and leave to make a network",
)
def test_who_joins_is_let_in_by_the_rules_that_are_loaded(tmp_path: Path) -> None:
    former = tmp_path / "former.nft"
    table = "table inet plumbline"
    former.write_text(f"{table}\ndelete {table}\n{table} {{\n{RULES}}}\n")
    output = run(PLAY, tmp_path, {"load": f"nft --file {former}"}, apart=True)
    web, database = (sets_of(tmp_path / f"{host}.json") for host in ("web1", "db1"))
    assert web["reached"] >= {FORMER, JOINS}
    assert web["clients"] == database["clients"] >= {FORMER, JOINS}
    assert database["database_clients"] >= {FORMER, JOINS}
    assert output.count("changed: [web1] => (item=") == 3
    assert output.count("changed: [db1] => (item=") == 2


def test_a_host_ends_what_its_groups_do_not_name(tmp_path: Path) -> None:
    run(OTHERS, tmp_path, {})
    ended = {
        host: {name.split(".")[0] for name in json.loads((tmp_path / f"{host}.json").read_text())}
        for host in ("web1", "worker1", "worker2", "db1")
    }
    scheduled = {"plumbline-scheduler", "plumbline-backup", "plumbline-archive"}
    assert ended == {
        "web1": {"plumbline-worker*", *scheduled},
        "worker1": {"plumbline-web", *scheduled},
        "worker2": {"plumbline-web"},  # the scheduler is there
        "db1": {"plumbline-web", "plumbline-worker*", "plumbline-prune", *scheduled},
    }


def run(play: object, folder: Path, values: dict[str, object], *, apart: bool = False) -> str:
    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / "SHA256SUMS").touch()
    (bundle / "VERSION").write_text("1.0\n")
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    given = {"told": str(folder), "site_bundle": str(bundle), "site_secrets": str(folder / "s")}
    return playbook(folder / "play.yml", "two-of-each", values | given, folder, apart=apart)


def sets_of(path: Path) -> dict[str, set[str]]:
    """Return the addresses in each named set of the rules that nft told of."""
    told = json.loads(path.read_text())["nftables"]
    return {one["set"]["name"]: set(one["set"].get("elem", ())) for one in told if "set" in one}
