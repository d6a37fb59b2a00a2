"""A machine that lacks something gets one sentence that says what, and how to get it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from appliance.local import preflight
from appliance.local.preflight import MissingPrerequisite

ROOT = Path(__file__).resolve().parents[3]
OLD_PYTHON = """#!/bin/sh
case "$2" in *sys.exit*) exit 1;; *) echo "Python 3.9";; esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with nothing but a shell: its programs lie in the folder `bin`."""
    folder = tmp_path / "checkout" / "appliance" / "local"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "appliance/local/environment.sh", folder)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dirname", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def start(machine: Path, **environment: str) -> tuple[int, str]:
    ended = subprocess.run(
        ["sh", machine / "checkout/appliance/local/environment.sh", "product"],
        env={"PATH": str(machine / "bin")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def add_program(machine: Path, name: str, text: str) -> None:
    program = machine / "bin" / name
    program.write_text(text)
    program.chmod(0o755)


def one_sentence(shown: str) -> bool:
    return shown.count("\n") == 1 and shown.rstrip().endswith(".")


def test_without_python_it_says_which_and_how(machine: Path) -> None:
    code, shown = start(machine)
    assert code == 1
    assert one_sentence(shown)
    assert "needs Python 3.11, 3.12 or 3.13 and this machine has no Python 3" in shown


def test_an_old_python_is_named(machine: Path) -> None:
    add_program(machine, "python3", OLD_PYTHON)
    code, shown = start(machine)
    assert code == 1
    assert one_sentence(shown)
    assert "this machine has Python 3.9" in shown


@pytest.mark.parametrize(
    ("tool", "advice"), [("apt-get", "sudo apt-get install"), ("dnf", "sudo dnf install")]
)
def test_the_advice_fits_the_machine(machine: Path, tool: str, advice: str) -> None:
    add_program(machine, tool, "#!/bin/sh\n")
    assert advice in start(machine)[1]


def test_a_named_python_that_does_not_suit_is_refused(machine: Path) -> None:
    add_program(machine, "python3.9", OLD_PYTHON)
    code, shown = start(machine, PYTHON="python3.9")
    assert code == 1
    assert shown.startswith("PYTHON=python3.9 is not Python 3.11, 3.12 or 3.13")


def test_the_newest_suitable_python_is_taken(machine: Path) -> None:
    for name in ("python3", "python3.12", "python3.13"):
        add_program(machine, name, f"#!/bin/sh\ncase $1 in -m) echo {name} $2 $3;; esac\n")
    assert start(machine) == (0, "python3.13 appliance.local.environment product\n")


@pytest.mark.parametrize(("system", "processor"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_other_machines_are_refused(system: str, processor: str) -> None:
    with pytest.raises(MissingPrerequisite, match=f"this machine is {system} {processor}"):
        preflight.check_platform(system, processor)


@pytest.mark.parametrize(("system", "processor"), [("Linux", "aarch64"), ("Darwin", "arm64")])
def test_the_named_machines_are_taken(system: str, processor: str) -> None:
    preflight.check_platform(system, processor)


def test_another_c_library_is_refused() -> None:
    with pytest.raises(MissingPrerequisite, match="glibc"):
        preflight.check_libc("Linux", "")


@pytest.mark.parametrize("name", ["a:b", "50%", "x;y", "it's", "a$b", "line\nbreak"])
def test_a_folder_that_the_tools_cannot_take_is_refused(name: str) -> None:
    with pytest.raises(MissingPrerequisite, match="move the folder"):
        preflight.check_folder(Path("/srv") / name)


def test_a_folder_with_a_blank_is_fine() -> None:
    preflight.check_folder(Path("/srv/my code (new)"))


def test_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match=r"^git is missing: "):
        preflight.check_git()


def test_a_missing_compiler_leaves_a_way_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match="MODEL=none"):
        preflight.check_compiler()


def test_too_little_disk_is_told_in_numbers(tmp_path: Path) -> None:
    with pytest.raises(MissingPrerequisite, match=r"GB free and 1000000 GB are needed"):
        preflight.check_disk(tmp_path / "not" / "there", 10**15)


def test_a_port_in_use_names_the_next(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(MissingPrerequisite, match=rf"Port {port} .* make run PORT=\d+"):
            preflight.check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingPrerequisite, match=r"192\.0\.2\.1 cannot be used"):
        preflight.check_port("192.0.2.1", 0)
