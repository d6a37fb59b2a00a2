"""What is in the bundle, as CycloneDX: the packages of each environment, and Debian's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from appliance.local.bundle.debian import DebianPackage
from appliance.local.bundle.target import DEBIAN
from appliance.local.bundle.verify import sha256_of

WHEEL = re.compile(r"^([A-Za-z0-9._]+)-([^-]+)-")


def write_python_sbom(wheels: Sequence[Path], output: Path, at: datetime) -> None:
    """Write what an environment consists of, each wheel with its hash."""
    _write([_wheel(path) for path in sorted(wheels)], output, at)


def write_debian_sbom(packages: Sequence[DebianPackage], output: Path, at: datetime) -> None:
    """Write what Debian's packages are, each with its hash."""
    _write([_package(package) for package in packages], output, at)


def _write(components: Sequence[Component], output: Path, at: datetime) -> None:
    """Write a list; the same components give the same file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    named = " ".join(str(one.purl) for one in components)
    bom = Bom(components=components, serial_number=uuid5(NAMESPACE_URL, named))
    bom.metadata.timestamp = at
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    outputter.output_to_file(str(output), allow_overwrite=True, indent=2)


def _wheel(path: Path) -> Component:
    found = WHEEL.match(path.name)
    name, version = found.groups() if found else (path.stem, "")
    purl = PackageURL("pypi", None, name.lower().replace("_", "-"), version)
    return _component(name, version, purl, path)


def _package(package: DebianPackage) -> Component:
    which = {"arch": package.architecture, "distro": DEBIAN}
    purl = PackageURL("deb", "debian", package.name, package.version, which)
    return _component(package.name, package.version, purl, package.path)


def _component(name: str, version: str, purl: PackageURL, path: Path) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=str(purl),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256_of(path))],
    )
