"""Log lines without what somebody wrote: the product's own message, and numbers in its places.

A line leaves only in the shape of a message that stands in the product's code. Of all others there stay
time, level and whose it was; of a traceback the places in code, and the class of the error.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from appliance.web.support.words import LEFT_OUT, PACKAGES, functions, message_templates

LINES = 5000  # of each file, the newest
TAIL_BYTES = 4_000_000
LONGEST = 2000  # letters of a line: a database writes whole statements down
TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?!\d)"
LEVEL = r"DEBUG|INFO|WARNING|ERROR|CRITICAL|LOG|FATAL|PANIC|NOTICE|HINT|DETAIL|STATEMENT"
OURS = re.compile(rf"({TIME}) ({LEVEL}) ([\w.]+) (.*)")
CELERYS = re.compile(rf"\[({TIME}): ({LEVEL})/([\w-]+)\] (.*)")
OTHERS = re.compile(rf"({TIME})\D.*?\b({LEVEL})\b")
FRAME = re.compile(r'^\s+File "([^"]+)", line (\d{1,6}), in (\w+)$')
ERROR = re.compile(r"^([\w.]+)(?::.*)?$")
VALUE = re.compile(r"%(?:\.\d)?[a-z]")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,6})?%?")
FOREIGN = ("django", "celery", "kombu", "uvicorn", "httpx", "allauth", "asyncio", "psycopg", "git")
STATES = {
    "sync",
    "embed",
    "ask",
    "upkeep",
    "web",
    "worker",
    "scheduler",
    "done",
    "failed",
    "True",
    "False",
    "None",
}


def reduced(lines: Iterable[str]) -> Iterator[str]:
    """Yield what of the lines may leave; runs of lines that may not become one."""
    left_out = 0
    for line in lines:
        if told := _reduce(line[:LONGEST].rstrip("\n")):
            if left_out:
                yield f"({left_out} lines left out)"
                left_out = 0
            yield told
        else:
            left_out += 1
    if left_out:
        yield f"({left_out} lines left out)"


def newest_lines(file: Path) -> list[str]:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - TAIL_BYTES))
        text = stream.read(TAIL_BYTES).decode("utf-8", "replace")
    return text.splitlines()[-LINES:]


def _reduce(line: str) -> str:
    if found := OURS.search(line):
        at, level, name, message = found.groups()
        return f"{at} {level} {_logger(name)} {_message(message)}"
    if found := CELERYS.search(line):
        at, level, _, message = found.groups()
        return f"{at} {level} {_message(message)}"
    if found := OTHERS.search(line):
        return f"{found.group(1)} {found.group(2)} {LEFT_OUT}"
    if found := FRAME.match(line):
        return _frame(*found.groups())
    if (found := ERROR.match(line)) and (name := found.group(1).rpartition(".")[2]) in _errors():
        return name
    return ""


def _message(message: str) -> str:
    for pattern, template in _templates():
        if found := pattern.fullmatch(message):
            return _filled(template, found.groups())
    return LEFT_OUT


def _filled(template: str, values: tuple[str, ...]) -> str:
    left = iter(values)
    return VALUE.sub(lambda _: _value(next(left)), template)


def _value(value: str) -> str:
    is_plain = NUMBER.fullmatch(value) or value in STATES or value in _errors()
    return value if is_plain else LEFT_OUT


def _logger(name: str) -> str:
    first = name.partition(".")[0]
    if first in PACKAGES:
        file = settings.BASE_DIR / (name.replace(".", "/") + ".py")
        return name if file.is_file() else first
    return first if first in FOREIGN else LEFT_OUT


def _frame(path: str, line: str, function: str) -> str:
    """Keep a place in the product or in a library, where there is one; of any other, nothing."""
    base = f"{settings.BASE_DIR}/"
    library = next((folder for folder in sys.path if folder and path.startswith(f"{folder}/")), "")
    is_there = ".." not in path and Path(path).is_file()
    if is_there and path.startswith(tuple(f"{base}{package}/" for package in PACKAGES)):
        named = function if function in functions() else LEFT_OUT
        return f"  {path.removeprefix(base)}:{line} {named}"
    if is_there and "packages" in library:
        return f"  {path.removeprefix(library + '/')}:{line}"
    return f"  {LEFT_OUT}:{line}"


@lru_cache(maxsize=1)
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Return each message of the product's code as a pattern, the most telling first."""
    longest_first = sorted(message_templates(), key=lambda text: -len(VALUE.sub("", text)))
    return [(_pattern(text), text) for text in longest_first]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(re.escape(part) for part in VALUE.split(template)))


@lru_cache(maxsize=1)
def _errors() -> frozenset[str]:
    """Return the names of all classes of errors that are loaded."""

    def below(kind: type[BaseException]) -> Iterator[str]:
        yield kind.__name__
        for one in type.__subclasses__(kind):
            yield from below(one)

    return frozenset(below(BaseException))
