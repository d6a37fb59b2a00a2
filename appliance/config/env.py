"""Typed values from the environment: a wrong one stops the start, with a sentence."""

from __future__ import annotations

import json
import os
from ipaddress import ip_network
from pathlib import Path


class SettingError(Exception):
    """A setting is missing or wrong."""


def load_env_file(path: Path) -> None:
    """Take NAME=value lines from a file for names that the environment does not set.

    `make run` writes such a file, so that `manage.py` finds the running appliance.
    """
    if not path.is_file():
        return
    for number, line in enumerate(_text_of(path, str(path)).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator:
            raise SettingError(f"{path}, line {number}: write NAME=value")
        os.environ.setdefault(name.strip(), value.strip())


def env_str(name: str, *, default: str) -> str:
    return os.environ.get(name, default)


def env_text(name: str, *, default: str = "") -> str:
    """Return a value whose blanks and new lines matter: in double quotes it is a JSON string."""
    value = os.environ.get(name, default)
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError as exc:
        raise SettingError(f"{name}={value}: not a string in double quotes: {exc}") from None


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


def env_texts(name: str) -> dict[str, str]:
    """Return the names and texts of a JSON object, such as {"shop": "make test"}."""
    value = os.environ.get(name, "{}")
    try:
        texts = json.loads(value)
    except ValueError as exc:
        raise SettingError(f"{name}: not a JSON object: {exc}") from None
    if not isinstance(texts, dict) or not all(isinstance(one, str) for one in texts.values()):
        raise SettingError(f'{name}: write a JSON object of texts, such as {{"shop": "make test"}}')
    return texts


def env_choice(name: str, *, choices: set[str], default: str) -> str:
    value = os.environ.get(name, default)
    if value not in choices:
        raise SettingError(f"{name}={value!r}: write one of {', '.join(sorted(choices))}")
    return value


def env_path(name: str, *, default: Path) -> Path:
    return Path(os.environ.get(name) or default).expanduser().resolve()


def env_networks(name: str) -> list[str]:
    """Return the comma-separated networks, such as 10.0.0.0/8."""
    networks = env_list(name)
    try:
        return [str(ip_network(network)) for network in networks]
    except ValueError as exc:
        raise SettingError(f"{name}: {exc}; write networks such as 10.0.0.0/8") from None


def env_secret(name: str, *, default: str | None = None) -> str:
    """Return the secret from the file that NAME_FILE names, else from NAME, else the default."""
    if path := os.environ.get(f"{name}_FILE"):
        if secret := _text_of(Path(path), f"{name}_FILE={path!r}").strip():
            return secret
        raise SettingError(f"{name}_FILE={path!r}: the file is empty")
    if value := os.environ.get(name):
        return value
    if default is not None:
        return default
    raise SettingError(f"set {name} or {name}_FILE ('make run' makes one by itself)")


def _text_of(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise SettingError(f"{what}: {exc.strerror}") from exc
    except UnicodeDecodeError:
        raise SettingError(f"{what}: not a text file in UTF-8") from None
