"""Reads what a program said when it failed: the places it came by, the error and its message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from appliance.conversations.answering.fixing.log_lines import bare
from appliance.conversations.answering.fixing.trace_forms import (
    CAUSE,
    ERRORS,
    FUNCTION_BEFORE,
    NAMELESS,
    PLACES,
)

LONGEST_LINE = 1500  # letters looked at of one line
LONGEST = 200_000  # letters of a text; of a longer one the two ends are read
MOST_FRAMES = 60  # of a long trace the two ends say what matters
PYTEST = re.compile(r"E {3,}\S")
SEPARATOR = re.compile(r"::|[./#]|->")


@dataclass(frozen=True, slots=True)
class Frame:
    """A place that a trace names."""

    path: str
    line: int
    function: str = ""  # its last part; empty: not told, or nameless
    quoted: str = ""  # the line of code that the trace quotes


@dataclass(frozen=True, slots=True)
class Trace:
    frames: tuple[Frame, ...]  # where it failed first
    error: str = ""  # the type, as it is written
    message: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.frames and not self.error

    @property
    def sentence(self) -> str:
        return ": ".join(part for part in (self.error, self.message) if part)


def read_trace(text: str) -> Trace:
    """Return the places and the error that a text tells of; an empty trace when it tells none."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"
    lines = [bare(line[:LONGEST_LINE].rstrip("\r")) for line in text.split("\n")]
    frames = list(_frames(_causes_first(lines)))
    if any('", line ' in line or PYTEST.match(line) for line in lines):
        frames.reverse()  # Python begins with who called
    if len(frames) > MOST_FRAMES:
        frames = frames[: MOST_FRAMES // 2] + frames[-MOST_FRAMES // 2 :]
    error, message = _error(lines)
    return Trace(tuple(dict.fromkeys(frames)), error, message)


def _causes_first(lines: Sequence[str]) -> list[str]:
    """Return the lines of a trace with the last cause in front: there it failed first."""
    bounds = [0, *(at for at, line in enumerate(lines) if CAUSE.match(line)), len(lines)]
    return [line for start, end in reversed(list(pairwise(bounds))) for line in lines[start:end]]


def _frames(lines: Sequence[str]) -> Iterator[Frame]:
    for at, line in enumerate(lines):
        found = next((hit for form in PLACES if (hit := form.match(line))), None)
        if found is None or not 0 < int(found["line"]) < 10**7:
            continue
        groups = found.groupdict()
        is_python = line.lstrip().startswith("File ")
        function = groups.get("function") or ("" if is_python else _function_before(lines, at))
        quoted = lines[at + 1].strip() if is_python and at + 1 < len(lines) else ""
        if quoted and PLACES[0].match(lines[at + 1]):
            quoted = ""
        path = groups["path"].strip()
        yield Frame(_of_package(path, function), int(groups["line"]), _last(function), quoted)


def _function_before(lines: Sequence[str], at: int) -> str:
    found = FUNCTION_BEFORE.match(lines[at - 1]) if at else None
    return next((group for group in found.groups() if group), "") if found else ""


def _of_package(path: str, function: str) -> str:
    """Return a Java file with the folders that its package has: the trace gives its name alone."""
    if not path.endswith((".java", ".kt", ".scala")) or "/" in path:
        return path
    package = function.rpartition("/")[2].split(".")[:-2]
    return "/".join([*package, path])


def _last(function: str) -> str:
    """Return the name itself: `add` of `shop.Cart.add`, `(*Cart).Add` or `cart::add::{{closure}}`."""
    if function in NAMELESS:
        return ""
    parts = [re.sub(r"\W", "", part) for part in SEPARATOR.split(function)]
    named = [part for part in parts if part and part not in {"closure", "anonymous", "init"}]
    named = [part for part in named if not re.fullmatch(r"func\d+|h[0-9a-f]{16}|\d+", part)]
    return named[-1] if named else ""


def _error(lines: Sequence[str]) -> tuple[str, str]:
    """Return the error that says most: a cause before what it caused, then what stands last."""
    found: list[tuple[int, int, re.Match[str]]] = []
    for at, line in enumerate(lines):
        for rank, form in enumerate(ERRORS):
            if hit := form.match(line.strip()):
                found.append((rank, -at, hit))
                break
    if not found:
        return _panicked(lines)
    _, at, hit = min(found, key=lambda one: one[:2])
    return hit["type"], (hit["message"] or "").strip()


def _panicked(lines: Sequence[str]) -> tuple[str, str]:
    """Read Rust's newer form: the message stands on the line after the place."""
    for at, line in enumerate(lines[:-1]):
        if line.startswith("thread '") and " panicked at " in line:
            return "panicked", lines[at + 1].strip()
    return "", ""
