"""One file per served model and machine class: how a model is served there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from inference.errors import ServingFailed

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Profile:
    served_name: str
    window_tokens: int
    kv_cache_bytes: int
    max_sequences: int  # answers written at the same time
    enforce_eager: bool  # no compilation

    def __post_init__(self) -> None:
        if min(self.window_tokens, self.kv_cache_bytes, self.max_sequences) < 1:
            raise ServingFailed(f"the profile of {self.served_name} has a number below 1")


def profile_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def get_profile(name: str) -> Profile:
    """Read a profile; raise ServingFailed for an unknown name or a wrong field."""
    if name not in profile_names():
        raise ServingFailed(f"no profile {name!r}: there are {', '.join(profile_names())}")
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Profile(**yaml.safe_load(text))
    except TypeError as exc:
        raise ServingFailed(f"profile {name}: {exc}") from exc
