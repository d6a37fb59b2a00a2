"""The settings in effect with their explanations, as an admin reads them; never a secret's value.

Settings are read once at start and are changed where the appliance is installed: a page that
changed them would be one more way in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from appliance.conversations.rendering import render_markdown

SECRET = re.compile(r"(KEY|SECRET|PASSWORD|TOKEN)(_FILE)?$")
ADDRESS = re.compile(r"\w+://")
LINK = re.compile(r" ?\(\[\d{4}\]\([^)]*\)\)|\[([^\]]+)\]\([^)]*\)")  # decisions go, words stay
LEFT_OUT = "Only for `make`"  # names of the command line, not of the running appliance


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str  # as it was written; of a secret, and where the default is in effect, nothing
    is_set: bool
    explanation: SafeString  # HTML


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    settings: tuple[Setting, ...]

    @property
    def changed(self) -> int:
        return sum(one.is_set for one in self.settings)


def sections(
    text: str | None = None, environment: Mapping[str, str] | None = None
) -> list[Section]:
    """Return all settings by section, in the order of their documentation."""
    text = _documentation() if text is None else text
    environment = os.environ if environment is None else environment
    return [
        Section(title, tuple(_setting(name, about, environment) for name, about in _named(body)))
        for title, body in _parts(text, "## ")
        if title != LEFT_OUT
    ]


def _documentation() -> str:
    return Path(settings.BASE_DIR / "docs" / "settings.md").read_text(encoding="utf-8")


def _parts(text: str, mark: str) -> Iterator[tuple[str, str]]:
    for part in re.split(rf"^{mark}", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        yield title.strip(), body.strip()


def _named(body: str) -> list[tuple[str, str]]:
    return [(name, about) for name, about in _parts(body, "### ") if name.isupper()]


def _setting(name: str, explanation: str, environment: Mapping[str, str]) -> Setting:
    value = environment.get(name, "")
    from_file = environment.get(f"{name}_FILE", "")
    is_set = bool(value or from_file)
    shown = "" if from_file or (value and SECRET.search(name)) else without_password(value)
    words = LINK.sub(lambda found: found[1] or "", explanation)  # they lead to files, not to pages
    # Through the walls that answers go through, although it is our own text.
    return Setting(name, shown, is_set, mark_safe(render_markdown(words)))  # noqa: S308


def without_password(value: str) -> str:
    """Return an address without what stands before its @, and any other text as it is."""
    if not ADDRESS.match(value):
        return value
    try:
        parts = urlsplit(value)
        if parts.username is None and parts.password is None:
            return value
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(not an address)"
    return urlunsplit((parts.scheme, f"…@{host}{port}", parts.path, parts.query, ""))
