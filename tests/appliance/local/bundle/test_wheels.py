"""Wheels are chosen for the Python of the hosts, whatever machine makes the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.local.bundle.environments import (
    INSTALL,
    PRODUCT,
    Environment,
    quantizing,
    serving,
)
from appliance.local.bundle.running import BundleFailed
from appliance.local.bundle.wheels import requirements_for_target

ENVIRONMENTS = (PRODUCT, INSTALL, serving("cpu"), serving("cuda"), quantizing("cpu"))
ROOT = Path(__file__).resolve().parents[4]
LOCKED = """\
# a comment
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:dd
plain==1.0 \\
    --hash=sha256:ee
"""


def test_markers_are_asked_about_the_hosts() -> None:
    assert requirements_for_target(LOCKED) == [
        "numpy==2.5.5 --hash=sha256:cc",
        "plain==1.0 --hash=sha256:ee",
    ]


@pytest.mark.parametrize("line", ["django>=5", "django", "git+https://example.com/x", "-r other"])
def test_what_is_not_pinned_is_refused(line: str) -> None:
    with pytest.raises(BundleFailed, match="without an exact version"):
        requirements_for_target(f"{line} \\\n    --hash=sha256:aa\n")


def test_another_python_gets_the_wheels_of_its_own() -> None:
    assert (
        requirements_for_target(LOCKED, "3.11")[0]
        == "numpy==2.4.6 --hash=sha256:aa --hash=sha256:bb"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.name)
def test_every_environment_is_locked_by_hash(environment: Environment) -> None:
    names = []
    for file in environment.requirements:
        text = (ROOT / "requirements" / file).read_text()
        for line in requirements_for_target(text, environment.python):
            assert " --hash=sha256:" in line
            names.append(line.partition("==")[0])
    assert names
    assert len(names) == len(set(names))
