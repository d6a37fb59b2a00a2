"""No pin with a known hole gets into a bundle."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from appliance.local.bundle.advisories import (
    below_floors,
    check,
    is_affected,
    known_holes,
    main,
    pins_of,
)
from appliance.local.bundle.running import BundleFailed
from appliance.local.home import ROOT


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "product.txt").write_text(
        "Git_Python==3.1.40 \\\n    --hash=sha256:aa\ndjango[x]==5.2.19 ; python_version > '3'\n"
    )
    (folder / "floors.txt").write_text("# words\ngit-python>=3.2.1   # CVE-2026-1\n")
    return folder


def export(folder: Path, **fields: Any) -> Path:
    file = folder / "all.zip"
    record = {
        "id": "GHSA-1",
        "aliases": ["CVE-2026-9"],
        "summary": "a hole",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Django"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "5.2"}, {"fixed": "5.2.20"}]}
                ],
            }
        ],
    } | fields
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("GHSA-1.json", json.dumps(record))
    return file


def test_what_is_locked_here_is_above_every_floor() -> None:
    assert below_floors(ROOT / "requirements") == []
    assert len(pins_of(ROOT / "requirements")) > 300
    assert main([]) == 0


def test_a_pin_below_its_floor_is_named_with_the_reason(requirements: Path) -> None:
    [sentence] = below_floors(requirements)
    assert sentence == "product.txt: git-python 3.1.40 is below >=3.2.1 (CVE-2026-1)."
    with pytest.raises(BundleFailed, match=r"below >=3\.2\.1"):
        check(requirements, None)


def test_an_advisory_of_the_export_is_found(requirements: Path, tmp_path: Path) -> None:
    [sentence] = known_holes(requirements, export(tmp_path))
    assert sentence == "product.txt: django 5.2.19 has GHSA-1: a hole"


@pytest.mark.parametrize(
    "fields", [{"withdrawn": "2026-01-01"}, {"affected": [{"package": {"ecosystem": "npm"}}]}]
)
def test_withdrawn_and_foreign_ones_count_for_nothing(
    requirements: Path, tmp_path: Path, fields: dict[str, Any]
) -> None:
    assert known_holes(requirements, export(tmp_path, **fields)) == []


def test_somebody_may_accept_one_with_a_reason(requirements: Path, tmp_path: Path) -> None:
    accepted = requirements / "accepted-advisories.txt"
    accepted.write_text("CVE-2026-9  # that function is not called\n")
    assert known_holes(requirements, export(tmp_path)) == []
    accepted.write_text("CVE-2026-9\n")
    with pytest.raises(BundleFailed, match="no reason"):
        known_holes(requirements, export(tmp_path))


@pytest.mark.parametrize(
    ("version", "affected", "expected"),
    [
        ("1.0", {"versions": ["1.0"]}, True),
        ("1.1", {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}, True),
        (
            "1.1",
            {
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.0"}]}
                ]
            },
            False,
        ),
        ("odd", {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}, True),
        ("1.1", {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
    ],
)
def test_ranges_are_read_as_they_are_meant(
    version: str, affected: dict[str, Any], expected: bool
) -> None:
    assert is_affected(version, affected) is expected


def test_what_is_no_export_ends_it(requirements: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no")
    with pytest.raises(BundleFailed, match="no export of advisories"):
        known_holes(requirements, tmp_path / "no.zip")
