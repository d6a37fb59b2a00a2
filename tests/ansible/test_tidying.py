"""After an upgrade the version in use and the one before stay, and nothing older."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.ansible.rendering import playbook

pytestmark = pytest.mark.timeout(600)

TIDY = {"name": "common", "tasks_from": "tidy"}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "roles": ["site"],
        "tasks": [{"name": "Tidy", "ansible.builtin.import_role": TIDY}],
    }
]


def test_what_is_in_use_stays_and_the_way_back_too(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(yaml.safe_dump(PLAY))
    (tmp_path / "SHA256SUMS").touch()
    (tmp_path / "VERSION").write_text("1.3\n")
    for name in ("releases/1.0", "releases/1.1", "releases/1.2", "models/1.2", "models/1.3"):
        (tmp_path / name / "code").mkdir(parents=True)
    (tmp_path / "current").symlink_to(tmp_path / "releases/1.2")
    (tmp_path / "previous").symlink_to(tmp_path / "releases/1.1")
    values: dict[str, object] = {
        "site_bundle": str(tmp_path),
        "common_tidied": [str(tmp_path / name) for name in ("releases", "models", "nowhere")],
        "common_links": [str(tmp_path / name) for name in ("current", "previous", "nothing")],
        "common_kept": [str(tmp_path / "models/1.3")],
    }
    said = playbook(tmp_path / "play.yml", "one-host", values, tmp_path)
    assert "changed=1 " in said
    left = [path.name for name in ("releases", "models") for path in (tmp_path / name).iterdir()]
    assert sorted(left) == ["1.1", "1.2", "1.3"]
