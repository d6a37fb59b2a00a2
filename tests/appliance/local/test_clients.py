"""What `make clients` builds runs by itself, and holds nothing of the product."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from appliance.local.clients import build


def test_both_programs_run_where_nothing_is_installed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plumbline_cli-0.0.1-py3-none-any.whl").write_bytes(b"old")
    wheel, single = build(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [single.name, wheel.name]
    with zipfile.ZipFile(wheel) as packed:
        folders = {name.partition("/")[0] for name in packed.namelist()}
    assert {folder.partition("-")[0] for folder in folders} == {"plumbline_cli"}
    # -S: without the packages of this environment.
    command = [sys.executable, "-I", "-S", str(single)]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("plumbline, version")
    nowhere = [*command, "whoami", "--url", "http://127.0.0.1:9"]
    failed = subprocess.run(
        nowhere, capture_output=True, text=True, check=False, env={"PLUMBLINE_TOKEN": "x"}
    )
    assert (failed.returncode, failed.stdout) == (4, "")
    assert failed.stderr.startswith("plumbline: http://127.0.0.1:9 is not reached")
