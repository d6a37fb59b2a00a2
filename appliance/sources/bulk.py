"""Connect many sources at once: read a list, say what would happen to each line, then do it.

A plan is only a promise about now. Doing it looks at every line again, and a line that has become
impossible is reported and leaves the others alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from appliance.audit.acting import COMMAND_LINE, Actor
from appliance.sources import managing, recorded
from appliance.sources.granting import set_grant
from indexer import clients
from indexer.errors import FetchRefused
from indexer.fetching.location import check_ref, parse_location
from indexer.models import SharedCredential, Source

MOST_LINES = 5_000
LONGEST_NAME = 100
ADDRESS_COLUMNS = ("url", "address", "location")
OTHER_COLUMNS = ("name", "refs")

Outcome = Literal["connect", "known", "refused"]


class ListRefused(ValueError):
    """The list as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One source that somebody wants to connect."""

    number: int  # counted from 1 in the list
    location: str
    name: str = ""  # empty: made from the location
    ref_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to a line: connected under this name, known already, or refused."""

    line: Line
    outcome: Outcome
    name: str
    reason: str = ""  # why it is refused, or as which source it is known

    @property
    def as_line(self) -> str:
        """Return the line with its name settled, in the form that `read_list` reads."""
        return " ".join([self.line.location, self.name, *self.line.ref_names])


@dataclass(frozen=True, slots=True)
class Result:
    """What happened to a line."""

    line: Line
    name: str
    is_connected: bool
    reason: str = ""


def read_list(text: str) -> list[Line]:
    """Read lines of `URL [name] [refs...]`, or CSV when the first line names its columns.

    Empty lines and lines that begin with # are left out. Raises ListRefused.
    """
    rows = [(number, row) for number, row in enumerate(text.splitlines(), 1)]
    rows = [(n, row) for n, row in rows if row.strip() and not row.lstrip().startswith("#")]
    if len(rows) > MOST_LINES:
        raise ListRefused(f"The list has {len(rows)} lines; at most {MOST_LINES} go at once.")
    if rows and (columns := _columns(rows[0][1])):
        return _read_csv(rows[1:], columns)
    return [_line(number, row.split()) for number, row in rows]


def _columns(row: str) -> list[str]:
    """Return the names of CSV's columns, none when this is no header."""
    names = [cell.strip().lower() for cell in row.lstrip("\ufeff").split(",")]
    if not set(ADDRESS_COLUMNS) & set(names):
        return []
    if unknown := [name for name in names if name not in ADDRESS_COLUMNS + OTHER_COLUMNS]:
        raise ListRefused(
            f"There is no column {unknown[0][:40]!r}: use {', '.join(ADDRESS_COLUMNS[:1])}, "
            f"{' and '.join(OTHER_COLUMNS)}."
        )
    return ["url" if name in ADDRESS_COLUMNS else name for name in names]


def _read_csv(rows: Sequence[tuple[int, str]], columns: Sequence[str]) -> list[Line]:
    lines = []
    for number, row in rows:
        try:
            cells = next(csv.reader(io.StringIO(row), strict=True), [])
        except csv.Error as exc:
            raise ListRefused(f"Line {number} is not CSV: {exc}.") from exc
        given = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        refs = given.get("refs", "").replace(",", " ").replace(";", " ").split()
        lines.append(Line(number, given.get("url", ""), given.get("name", ""), tuple(refs)))
    return lines


def _line(number: int, words: Sequence[str]) -> Line:
    name = words[1] if len(words) > 1 else ""
    return Line(number, words[0].lstrip("\ufeff"), name, tuple(words[2:]))


def plan(
    lines: Iterable[Line], *, from_command_line: bool = False, only_host: str | None = None
) -> list[Planned]:
    """Say what would happen to each line; nothing is fetched and nothing is stored.

    With `only_host` a location on another host is refused: a server lists what lies on it.
    """
    policy = clients.location_policy(from_command_line=from_command_line)
    sources = list(Source.objects.values_list("name", "location"))
    known = {_identity(location): name for name, location in sources}
    taken = {name.lower() for name, _ in sources} | managing.RESERVED_NAMES
    planned: list[Planned] = []
    seen: dict[str, int] = {}
    for line in lines:
        try:
            place = parse_location(line.location, policy)
            refs = tuple(check_ref(ref) for ref in line.ref_names)
        except FetchRefused as exc:
            planned.append(Planned(line, "refused", line.name, str(exc)))
            continue
        line, identity = replace(line, ref_names=refs), _identity(place.url_or_path)
        if only_host is not None and place.host != only_host:
            planned.append(Planned(line, "refused", "", f"It does not lie on {only_host}."))
        elif identity in known:
            planned.append(Planned(line, "known", known[identity]))
        elif identity in seen:
            reason = f"Line {seen[identity]} names the same repository."
            planned.append(Planned(line, "refused", line.name, reason))
        else:
            seen[identity] = line.number
            planned.append(Planned(line, "connect", line.name))
    return _named(planned, taken)


def connect_all(
    planned: Iterable[Planned],
    *,
    shared_credential: SharedCredential | None = None,
    from_command_line: bool = False,
    readers: Group | None = None,
    by: Actor = COMMAND_LINE,
) -> list[Result]:
    """Connect what is planned and queue the first syncs; a line that fails leaves no row.

    A group of readers may read all that is connected, in the name of `by`.
    """
    results = []
    for one in planned:
        if one.outcome != "connect":
            reason = f"It is connected as {one.name}." if one.outcome == "known" else one.reason
            results.append(Result(one.line, one.name, is_connected=False, reason=reason))
            continue
        try:
            with transaction.atomic():
                source = managing.connect(
                    one.line.location,
                    name=one.name,
                    ref_names=one.line.ref_names,
                    shared_credential=shared_credential,
                    from_command_line=from_command_line,
                )
                if readers is not None:
                    set_grant(readers, source, by=by)
                managing.request_sync(source)
        except (FetchRefused, managing.NameRefused) as exc:
            recorded.refused(one.name, exc)  # what was recorded above went with the line
            results.append(Result(one.line, one.name, is_connected=False, reason=str(exc)))
        except IntegrityError:
            reason = f"There is already a source called {one.name}."
            results.append(Result(one.line, one.name, is_connected=False, reason=reason))
        else:
            results.append(Result(one.line, one.name, is_connected=True))
    return results


def _identity(location: str) -> str:
    """Return the same text for the ways in which one repository is usually written."""
    return location.rstrip("/").removesuffix(".git").rstrip("/")


def _named(planned: Sequence[Planned], taken: set[str]) -> list[Planned]:
    """Give each line that will be connected a name of its own."""
    named = [_checked(one, taken) for one in planned]
    given = Counter(one.name.lower() for one in named if one.outcome == "connect" and one.name)
    named = [
        replace(one, outcome="refused", reason="Another line has the same name.")
        if one.outcome == "connect" and given[one.name.lower()] > 1
        else one
        for one in named
    ]
    used = taken | set(given)
    nameless = [one for one in named if one.outcome == "connect" and not one.name]
    chosen = iter(_choose([name_candidates(one.line.location) for one in nameless], used))
    return [
        replace(one, name=next(chosen)) if one.outcome == "connect" and not one.name else one
        for one in named
    ]


def _checked(one: Planned, taken: set[str]) -> Planned:
    """Refuse a name that was written in the list and cannot be given."""
    if one.outcome != "connect" or not one.name:
        return one
    if one.name.lower() in taken:
        return replace(one, outcome="refused", reason=f"There is already a source {one.name}.")
    try:
        managing.check_name(one.name)
    except managing.NameRefused as exc:
        return replace(one, outcome="refused", reason=str(exc))
    return one


def name_candidates(location: str) -> list[str]:
    """Return the names that a location suggests, short ones first: shop, team-shop ..."""
    path = urlsplit(location).path if "://" in location else location.rpartition(":")[2]
    parts = [_word(part) for part in unquote(path).strip("/").removesuffix(".git").split("/")]
    parts = [part for part in parts if part] or ["source"]
    longer = ("-".join(parts[-count:]) for count in range(1, len(parts) + 1))
    return [name[-LONGEST_NAME:].lstrip("-._") for name in longer]


def _word(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-._")


def _choose(candidates: Sequence[Sequence[str]], used: set[str]) -> list[str]:
    """Choose the shortest names that differ from each other and from those in use.

    All that would share a name get a longer one, so that none of them looks like the main one.
    """
    lengths = [0] * len(candidates)
    while True:
        names = [
            options[min(length, len(options) - 1)]
            for options, length in zip(candidates, lengths, strict=True)
        ]
        count = Counter(name.lower() for name in names)
        longer = [
            place
            for place, name in enumerate(names)
            if (count[name.lower()] > 1 or name.lower() in used)
            and lengths[place] < len(candidates[place]) - 1
        ]
        if not longer:
            return _numbered(names, used)
        for place in longer:
            lengths[place] += 1


def _numbered(names: Sequence[str], used: set[str]) -> list[str]:
    """Tell those apart that not even their whole paths tell apart, as on two hosts."""
    used = set(used)
    result = []
    for name in names:
        number, free = 1, name
        while free.lower() in used:
            number += 1
            free = f"{name[: LONGEST_NAME - 5]}-{number}"
        used.add(free.lower())
        result.append(free)
    return result
