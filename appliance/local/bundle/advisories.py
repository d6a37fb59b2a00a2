"""The gate over the pins: what is locked must have no known hole.

Two lists, both files, so that it works without a network: the floors that are kept with the code, and an export of
the open database of advisories (https://osv.dev: PyPI/all.zip), which whoever has a network fetches and names:

python -m appliance.local.bundle.advisories [EXPORT.zip]
"""

from __future__ import annotations

import json
import logging
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from appliance.local.bundle.running import BundleFailed
from appliance.local.home import ROOT

logger = logging.getLogger(__name__)

FLOORS, ACCEPTED = "floors.txt", "accepted-advisories.txt"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)
LARGEST_RECORD_BYTES = 5_000_000


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """One package in the version that is locked, and where."""

    name: str
    version: str
    file: str


def pins_of(requirements: Path) -> list[Pin]:
    """Return everything that the locked files name."""
    return sorted(
        {
            Pin(canonicalize_name(name), version, path.name)
            for path in requirements.glob("*.txt")
            if path.name not in {FLOORS, ACCEPTED}
            for name, version in PINNED.findall(path.read_text(encoding="utf-8"))
        }
    )


def below_floors(requirements: Path) -> list[str]:
    """Return a sentence for each pin that is older than its floor."""
    floors = list(_floors(requirements / FLOORS))
    return [
        f"{pin.file}: {pin.name} {pin.version} is below {floor.specifier} ({why})."
        for pin in pins_of(requirements)
        for floor, why in floors
        if pin.name == canonicalize_name(floor.name) and pin.version not in floor.specifier
    ]


def _floors(file: Path) -> Iterator[tuple[Requirement, str]]:
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        named, _, why = line.partition("#")
        if named.strip():
            yield Requirement(named), why.strip()


def known_holes(requirements: Path, export: Path) -> list[str]:
    """Return a sentence for each pin that an advisory of the export names. Raises BundleFailed."""
    pins: dict[str, set[Pin]] = {}
    for pin in pins_of(requirements):
        pins.setdefault(pin.name, set()).add(pin)
    accepted = set(_accepted(requirements / ACCEPTED))
    return sorted(
        {
            f"{pin.file}: {pin.name} {pin.version} has {record['id']}: {str(record.get('summary', ''))[:120]}"
            for record in _records(export)
            if not accepted & {record["id"], *record.get("aliases", ())}
            and "withdrawn" not in record
            for pin in _hit(record, pins)
        }
    )


def _accepted(file: Path) -> Iterator[str]:
    """Yield the ids that somebody looked at; each needs its reason in the file."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        named, _, why = line.partition("#")
        if named.strip() and not why.strip():
            raise BundleFailed(f"{file.name}: {named.strip()} has no reason behind a #.")
        yield from named.split()


def _records(export: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with zipfile.ZipFile(export) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".json") and member.file_size < LARGEST_RECORD_BYTES:
                    record = json.loads(archive.read(member))
                    if isinstance(record, dict) and "id" in record:
                        yield record
    except (OSError, ValueError, zipfile.BadZipFile) as exc:
        raise BundleFailed(f"{export} is no export of advisories: {exc}") from exc


def _hit(record: Mapping[str, Any], pins: Mapping[str, Iterable[Pin]]) -> Iterator[Pin]:
    for affected in record.get("affected", ()):
        package = affected.get("package", {})
        if package.get("ecosystem") == "PyPI":
            for pin in pins.get(canonicalize_name(str(package.get("name", ""))), ()):
                if is_affected(pin.version, affected):
                    yield pin


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Say whether an advisory holds for a version: it is listed, or within a range."""
    if version in affected.get("versions", ()):
        return True
    return any(
        _is_within(version, one.get("events", ()))
        for one in affected.get("ranges", ())
        if one.get("type") == "ECOSYSTEM"
    )


def _is_within(version: str, events: Sequence[Mapping[str, str]]) -> bool:
    try:
        ours, is_in = Version(version), False
        for event in events:
            if "introduced" in event and ours >= Version(event["introduced"]):
                is_in = True
            if "fixed" in event and ours >= Version(event["fixed"]):
                is_in = False
            if "last_affected" in event and ours > Version(event["last_affected"]):
                is_in = False
    except InvalidVersion:
        return True  # nobody can say that it is not
    return is_in


def check(requirements: Path, export: Path | None) -> None:
    """Raise BundleFailed with a sentence for each pin that must not be shipped."""
    wrong = below_floors(requirements) + (known_holes(requirements, export) if export else [])
    if wrong:
        raise BundleFailed(
            "\n".join(
                [*wrong, f"Lock newer versions (make lock), or write into {ACCEPTED} why not."]
            )
        )


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    export = Path(arguments[0]) if arguments else None
    try:
        check(ROOT / "requirements", export)
    except BundleFailed as exc:
        logger.error("%s", exc)
        return 1
    pins = len(pins_of(ROOT / "requirements"))
    against = "the floors and the export" if export else "the floors alone: name an export of OSV"
    logger.info("%d pins have no known hole, by %s.", pins, against)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
