"""What a machine must have before anything is installed or started: one sentence when it lacks it.

Only the standard library is imported here, because this runs before the environment exists.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

GIGABYTE = 1_000_000_000
# The environment takes 0.5 GB; the rest is the package cache and the first sources.
PRODUCT_BYTES = 2 * GIGABYTE
# vLLM's environment takes 2.4 GB and as much again while it is made, the model 1.7 GB.
SMALL_MODEL_BYTES = 8 * GIGABYTE

PLATFORMS = {
    "Linux": {"x86_64", "aarch64"},
    "Darwin": {"arm64"},
}
# Each breaks one of the tools on the way: venv (:), process manager (; # % "), make ($).
FORBIDDEN_IN_FOLDER = set(":;#%\"'$\\\n")


class MissingPrerequisite(Exception):
    """This machine lacks something that Plumbline needs."""


def how_to_get(packages: Mapping[str, str]) -> str:
    """Return the install command of this machine's package manager."""
    for tool, package in packages.items():
        if shutil.which(tool):
            prefix = "" if tool == "brew" or os.geteuid() == 0 else "sudo "
            return f"{prefix}{tool} install {package}"
    return f"install {next(iter(packages.values()))} with your package manager"


def check_platform(system: str, machine: str) -> None:
    if machine in PLATFORMS.get(system, set()):
        return
    raise MissingPrerequisite(
        f"Plumbline runs on Linux (x86-64 or ARM64) and macOS (ARM64), this machine is {system} "
        f"{machine}: use one of those, on Windows inside WSL 2."
    )


def check_libc(system: str, libc: str) -> None:
    """The database's wheel is built against glibc."""
    if system == "Linux" and libc != "glibc":
        raise MissingPrerequisite(
            "The database's package needs glibc, and this Linux has another C library (Alpine?): "
            "use Debian, Ubuntu, Fedora or another distribution with glibc."
        )


def check_folder(folder: Path) -> None:
    if bad := sorted(FORBIDDEN_IN_FOLDER & set(str(folder))):
        shown = " ".join(repr(character) for character in bad)
        raise MissingPrerequisite(
            f"The folder name {str(folder)!r} contains {shown}, which the tools below cannot take: "
            "move the folder to a path without it."
        )


def check_modules() -> None:
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    how = how_to_get({"apt-get": f"python{version}-venv", "dnf": f"python{version}"})
    raise MissingPrerequisite(f"Python {version} lies here without its venv module: {how}.")


def check_git() -> None:
    if shutil.which("git") is None:
        how = how_to_get({"apt-get": "git", "dnf": "git", "brew": "git"})
        raise MissingPrerequisite(f"git is missing: {how}.")


def check_compiler() -> None:
    """vLLM compiles parts of itself for the processor at hand."""
    if any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        return
    how = how_to_get({"apt-get": "g++", "dnf": "gcc-c++", "brew": "llvm"})
    raise MissingPrerequisite(
        f"The small model needs a C++ compiler and there is none: {how}, or start with MODEL=none."
    )


def check_disk(folder: Path, needed_bytes: int) -> None:
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(present).free
    if free < needed_bytes:
        raise MissingPrerequisite(
            f"{present} has {free / GIGABYTE:.1f} GB free and {needed_bytes / GIGABYTE:.0f} GB are "
            "needed: free some space, or name a folder on another disk."
        )


def check_port(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        # As the web server does: the remains of an ended connection do not count as in use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((bind, port))
        except OSError as exc:
            raise MissingPrerequisite(
                f"Port {port} on {bind} cannot be used ({exc.strerror}): "
                f"stop what uses it, or choose another, as in: make run PORT={port + 1 & 0xFFFF}."
            ) from exc


def check_machine(root: Path) -> None:
    """Check all that installing the product needs."""
    check_platform(platform.system(), platform.machine())
    check_libc(platform.system(), platform.libc_ver()[0])
    check_folder(root)
    check_modules()
    check_git()
