"""The templates of the playbooks, rendered by Ansible itself for each host of an inventory."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = ROOT / "ansible"
ROLES = ANSIBLE / "roles"
INVENTORIES = sorted(path.name for path in (ANSIBLE / "inventories").iterdir())
BIN = ROOT / ".venv" / "bin"
# Rendered in loops of their own.
LOOPED = {"plumbline-worker.service", "model-server.service", "model-gateway.service"}


@dataclass(frozen=True, slots=True)
class Site:
    """The rendered files of each host."""

    folder: Path

    @property
    def hosts(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def text(self, host: str, name: str) -> str:
        return (self.folder / host / name).read_text(encoding="utf-8")


def templates() -> list[str]:
    names = sorted(path.relative_to(ROLES).as_posix() for path in ROLES.glob("*/templates/*.j2"))
    return [name[:-3] for name in names if Path(name[:-3]).name not in LOOPED]


def render(inventory: str, folder: Path, others: dict[str, object] | None = None) -> Site:
    """Render an example inventory, with other values for some variables; secrets are made in the folder, too."""
    rendered = folder / "rendered"
    rendered.mkdir()
    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / "SHA256SUMS").write_text("x\n")
    (bundle / "VERSION").write_text("1.0+test\n")
    values: dict[str, object] = {
        "rendered": str(rendered),
        "roles": str(ROLES),
        "site_bundle": str(bundle),
        "site_secrets": str(folder / "secrets"),
        "templates": unique_by_name(templates()),
        **(others or {}),
    }
    playbook(Path(__file__).with_name("render.yml"), inventory, values, folder)
    for path in rendered.glob("*.json"):
        path.with_suffix("").mkdir()
        for name, text in json.loads(path.read_text(encoding="utf-8")).items():
            (path.with_suffix("") / name).write_text(text, encoding="utf-8")
        path.unlink()
    return Site(rendered)


def unique_by_name(names: list[str]) -> list[str]:
    """Leave out the second of two templates of the same name; `plumbline` keeps its sandbox."""
    kept = {Path(name).name: name for name in reversed(names)}
    kept["sandbox.conf"] = "plumbline/templates/sandbox.conf"
    return sorted(kept.values())


def in_a_network_of_its_own(*command: str | Path) -> list[str | Path]:
    """Return a command as root of a namespace whose rules and addresses are nobody else's."""
    return ["unshare", "--user", "--map-root-user", "--net", *command]


def playbook(
    path: Path,
    inventory: str,
    values: dict[str, object],
    home: Path,
    *,
    fails: bool = False,
    apart: bool = False,
) -> str:
    """Run a playbook on this machine alone, `apart` in a network of its own; return what it printed."""
    done = subprocess.run(
        [
            *(in_a_network_of_its_own() if apart else []),
            BIN / "ansible-playbook", "--inventory", ANSIBLE / "inventories" / inventory,
            "--connection", "local", "--extra-vars", json.dumps(values | {"ansible_connection": "local"}),
            path,
        ],
        env=environment(home),
        cwd=ANSIBLE,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, output[-3000:]
    return output


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORKS": "1",
        "ANSIBLE_ROLES_PATH": str(ROLES),
        "ANSIBLE_PYTHON_INTERPRETER": str(BIN / "python"),
        "NO_COLOR": "1",
    }
