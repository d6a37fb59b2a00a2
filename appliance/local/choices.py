"""What the person who starts Plumbline chose: MODEL, REPO, PORT, BIND and WAIT_MODEL, checked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_PORT = 8000
NAME_LIMIT = 100


class WrongChoice(Exception):
    """A value on the command line means nothing."""


class ModelKind(StrEnum):
    NONE = "none"  # search works, answers say that there is no model
    SMALL = "small"  # the small model, fetched and served here
    FOLDER = "folder"  # a model folder of this machine, served here
    SERVER = "server"  # an OpenAI-compatible server that runs already


@dataclass(frozen=True, slots=True)
class Model:
    """Which model answers, and where it is for the last two kinds."""

    kind: ModelKind
    place: str = ""

    @property
    def is_served_here(self) -> bool:
        return self.kind in {ModelKind.SMALL, ModelKind.FOLDER}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository to connect: what `manage.py connect` takes, and the name it gets."""

    location: str
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    model: Model
    repository: Repository | None
    is_repository_asked_for: bool
    port: int
    bind: str
    wait_for_model: bool


def model_from(text: str) -> Model:
    if text in {"none", "small"}:
        return Model(ModelKind(text))
    if urlsplit(text).scheme in {"http", "https"}:
        if not urlsplit(text).hostname:
            raise WrongChoice(f"MODEL={text}: the address names no host")
        # Clients add /v1/... themselves.
        return Model(ModelKind.SERVER, text.rstrip("/").removesuffix("/v1"))
    folder = Path(text).expanduser()
    if (folder / "config.json").is_file():
        return Model(ModelKind.FOLDER, str(folder.resolve()))
    raise WrongChoice(
        f"MODEL={text}: write none, small, the folder of a model (with its config.json), "
        "or the http address of an OpenAI-compatible server"
    )


def repository_from(text: str) -> Repository:
    folder = Path(text).expanduser()
    if "://" not in text and folder.exists():
        folder = folder.resolve()
        return Repository(str(folder), name_from(folder.name))
    if "://" in text or re.match(r"[\w.-]+@[\w.-]+:", text):
        return Repository(text, name_from(text.rstrip("/").rpartition("/")[2]))
    raise WrongChoice(f"REPO={text}: no such folder or bundle, and no git address")


def name_from(text: str) -> str:
    """Turn the end of a path or address into a name that a source may have."""
    bare = re.sub(r"\.(git|bundle)$", "", text)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("._-")[:NAME_LIMIT] or "repository"


def own_repository(root: Path) -> Repository | None:
    """Return this checkout, or None where the product was unpacked without its history."""
    shown = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--verify", "HEAD"],
        capture_output=True,
        check=False,
    )
    return Repository(str(root), "plumbline") if shown.returncode == 0 else None


def port_from(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise WrongChoice(f"PORT={text}: write a number from 1 to 65535")
    return int(text)


def flag_from(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise WrongChoice(f"{name}={text}: write true or false")
    return text == "true"


def choices_from(environ: Mapping[str, str], root: Path) -> Choices:
    repo = environ.get("REPO") or ""
    return Choices(
        model=model_from(environ.get("MODEL") or "small"),
        repository=repository_from(repo) if repo else own_repository(root),
        is_repository_asked_for=bool(repo),
        port=port_from(environ.get("PORT") or str(DEFAULT_PORT)),
        bind=environ.get("BIND") or "127.0.0.1",
        wait_for_model=flag_from("WAIT_MODEL", environ.get("WAIT_MODEL") or "false"),
    )
