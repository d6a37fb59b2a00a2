"""Typed values from the environment: a wrong one stops the start, with a sentence."""

from __future__ import annotations

import os
from pathlib import Path


class SettingError(Exception):
    """A setting is missing or wrong."""


def load_env_file(path: Path) -> None:
    """Take NAME=value lines from a file for names that the environment does not set.

    `make run` writes such a file, so that `manage.py` finds the running appliance.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator:
            raise SettingError(f"{path}, line {number}: write NAME=value")
        os.environ.setdefault(name.strip(), value.strip())


def env_str(name: str, *, default: str) -> str:
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value not in {"true", "false"}:
        raise SettingError(f"{name}={value!r}: write true or false")
    return value == "true"


def env_int(name: str, *, default: int, minimum: int = 0) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}: write a whole number") from None
    if number < minimum:
        raise SettingError(f"{name}={value!r}: must be at least {minimum}")
    return number


def env_list(name: str, *, default: str = "") -> list[str]:
    """Return the comma-separated values, empty ones left out."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_choice(name: str, *, choices: set[str], default: str) -> str:
    value = os.environ.get(name, default)
    if value not in choices:
        raise SettingError(f"{name}={value!r}: write one of {', '.join(sorted(choices))}")
    return value


def env_path(name: str, *, default: Path) -> Path:
    return Path(os.environ.get(name) or default).expanduser().resolve()


def env_secret(name: str) -> str:
    """Return the secret from the file that NAME_FILE names, else from NAME."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SettingError(f"{name}_FILE={path!r}: {exc.strerror}") from exc
    if value := os.environ.get(name):
        return value
    raise SettingError(f"set {name} or {name}_FILE ('make run' makes one by itself)")
