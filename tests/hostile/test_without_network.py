"""Without any network: the product works, asks nobody outside and looks up no names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

# Syncing, searching, answering, signing in, the pages: what asks others if anything does.
SUITE = (
    "tests/appliance/conversations/answering/test_flow.py",
    "tests/appliance/web/test_browser_suite.py",
    "tests/appliance/web/test_pages.py",
    "tests/appliance/sources/test_managing_pages.py",
    "tests/indexer/ingestion/test_sync.py",
    "tests/indexer/ingestion/test_killed_worker.py",
    "tests/indexer/retrieval/test_search.py",
)
FEW = (SUITE[0], SUITE[4])
PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider")
DESTINATION = re.compile(
    r'sa_family=AF_INET6?, .*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")'
)
PORT = re.compile(r"htons\((\d+)\)")
LOCAL = re.compile(r"127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+|::|0\.0\.0\.0")
TELEMETRY = re.compile(r"^(HF_|VLLM_|DO_NOT_TRACK|SCARF|TRANSFORMERS_|RAY_|ANONYMIZED)")
DNS = "53"

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(1800)]


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def environment(*, telemetry: bool = True) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    if telemetry:
        return kept
    return {name: value for name, value in kept.items() if not TELEMETRY.match(name)}


def test_f01_the_suite_passes_without_any_network() -> None:
    alone = (program("unshare"), "--map-root-user", "--net")
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")
    line = f"{program('ip')} link set lo up && exec {' '.join((*PYTEST, *SUITE))}"
    command = [*alone, "sh", "-c", line]
    if (
        os.geteuid() == 0
    ):  # PostgreSQL changes to a user of its own, whom a mapped root does not know
        command.remove("--map-root-user")
    ended = subprocess.run(
        command, check=False, cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout[-3000:]


@pytest.mark.parametrize(
    "telemetry", [True, False], ids=["f04-as-it-is", "f05-nothing-switched-off"]
)
def test_f04_nobody_outside_is_asked_and_no_name_is_looked_up(
    tmp_path: Path, *, telemetry: bool
) -> None:
    trace = tmp_path / "trace"
    watched = (program("strace"), "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg")
    ended = subprocess.run(
        [*watched, "-o", str(trace), *PYTEST, *FEW],
        check=False,
        cwd=ROOT,
        env=environment(telemetry=telemetry),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    lines = [line for line in trace.read_text(errors="replace").splitlines() if "AF_INET" in line]
    assert lines, "the fake model is asked by HTTP: nothing at all means that nothing was watched"
    asked = {(address_of(line), port_of(line)) for line in lines} - {("", "")}
    assert {one for one in asked if not LOCAL.fullmatch(one[0])} == set()
    assert {one for one in asked if one[1] == DNS} == set()


def address_of(line: str) -> str:
    found = DESTINATION.search(line)
    return (found[1] or found[2]) if found else ""


def port_of(line: str) -> str:
    found = PORT.search(line)
    return found[1] if found else ""


def test_f05_every_package_is_loaded_and_nobody_outside_is_asked(tmp_path: Path) -> None:
    """Loading a package is what sets its telemetry going."""
    names = sorted(
        {line.split("==")[0] for line in (ROOT / "requirements/product.txt").read_text().split("\n")
         if re.match(r"[a-z]", line)}
    )  # fmt: skip
    loader = (
        "import importlib, importlib.metadata as m, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try: files = m.distribution(name).read_text('top_level.txt') or name.replace('-', '_')\n"
        "    except m.PackageNotFoundError: continue\n"
        "    for top in files.split():\n"
        "        try: importlib.import_module(top)\n"
        "        except BaseException: pass\n"
    )
    trace = tmp_path / "trace"
    watched = (program("strace"), "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg")
    ended = subprocess.run(
        [*watched, "-o", str(trace), sys.executable, "-c", loader, *names],
        check=False,
        cwd=tmp_path,
        env=environment(telemetry=False) | {"DJANGO_SETTINGS_MODULE": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert len(names) > 50
    asked = {address_of(line) for line in trace.read_text(errors="replace").splitlines()} - {""}
    assert {one for one in asked if not LOCAL.fullmatch(one)} == set()
