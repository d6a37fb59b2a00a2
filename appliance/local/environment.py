"""Make the environment in .venv and keep it equal to the locked requirements.

`environment.sh` calls this with a suitable Python; only the standard library is imported. The dev
environment holds everything of the product's: once somebody asked for it, it stays, so that
`make run` and `make test` do not uninstall each other's packages.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

from appliance.local.preflight import (
    PRODUCT_BYTES,
    MissingPrerequisite,
    check_disk,
    check_machine,
)

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
UV_REQUIREMENTS = REQUIREMENTS / "uv.txt"
# How long the last installation took; the next start takes it into its own account.
SECONDS_FILE = FOLDER / "plumbline-install.json"


class InstallFailed(Exception):
    """The packages could not be installed."""


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def stamp_file(name: str) -> Path:
    return FOLDER / f"plumbline-{name}.sha256"


def fingerprint(name: str) -> str:
    """Return what an environment made from these requirements is recognised by."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS / f"{name}.txt", UV_REQUIREMENTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(name: str) -> bool:
    stamp = stamp_file(name)
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == fingerprint(name)


def choose(wanted: str) -> str:
    """Return the requirements to install: those of dev once they were asked for."""
    return "dev" if wanted == "dev" or stamp_file("dev").exists() else "product"


def run(command: list[str | Path], **settings: str) -> None:
    environment = os.environ | settings
    if subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode:
        raise InstallFailed(
            "The packages could not be installed (the reason stands above): check that this "
            "machine reaches a Python package index (pip's and uv's settings apply), and start again."
        )


def make_environment() -> None:
    """Make the folder when it is missing, broken, or of another Python than PYTHON names."""
    inside = Path(sys.prefix).resolve() == FOLDER.resolve()
    if inside or (PYTHON.exists() and python_version(PYTHON) == sys.version):
        return
    say(f"Making .venv with Python {sys.version.split()[0]}")
    venv.create(FOLDER, clear=True, with_pip=True, symlinks=True)


def python_version(python: Path) -> str:
    shown = subprocess.run(
        [python, "-c", "import sys; sys.stdout.write(sys.version)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout


def install(name: str) -> None:
    uv = FOLDER / "bin" / "uv"
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps"]
    run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", UV_REQUIREMENTS])
    files = [REQUIREMENTS / f"{name}.txt"]
    if name == "product":
        files.append(UV_REQUIREMENTS)  # else uv would remove itself
    # On a terminal uv shows bars; on a log it would list every package.
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    sync: list[str | Path] = [uv, "pip", "sync", *quiet, "--python", PYTHON, "--require-hashes"]
    # As pip does: a company's own certificates are in the system's store.
    run([*sync, "--system-certs", *files], **index_of_pip())


def index_of_pip() -> dict[str, str]:
    """Return pip's index as a setting of uv, which does not read pip's: one place must do."""
    if os.environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        return {}
    if index := os.environ.get("PIP_INDEX_URL"):
        return {"UV_DEFAULT_INDEX": index}
    shown = subprocess.run(
        [PYTHON, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {"UV_DEFAULT_INDEX": shown.stdout.strip()} if shown.stdout.strip() else {}


def ensure(wanted: str) -> None:
    check_machine(ROOT)
    if PYTHON.exists() and "PYTHON" not in os.environ and is_current(choose(wanted)):
        return
    started = time.monotonic()
    check_disk(ROOT, PRODUCT_BYTES)
    make_environment()
    name = choose(wanted)
    if is_current(name):
        return
    say(f"Installing the {name} packages into .venv (minutes the first time)")
    for old in ("product", "dev"):
        stamp_file(old).unlink(missing_ok=True)
    install(name)
    stamp_file(name).write_text(fingerprint(name))
    seconds = round(time.monotonic() - started, 1)
    SECONDS_FILE.write_text(json.dumps({"at": time.time(), "seconds": seconds}))
    say(f"The packages are installed ({seconds:.0f} s)")


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) > 1 else "product"
    try:
        ensure(wanted)
    except (MissingPrerequisite, InstallFailed) as exc:
        say(str(exc))
        return 1
    except KeyboardInterrupt:
        say("Stopped; the next start goes on here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
