"""What is in the bundle, as CycloneDX: the packages of each environment, and Debian's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from appliance.local.bundle.debian import DebianPackage
from appliance.local.bundle.running import run
from appliance.local.bundle.target import DEBIAN


def write_python_sbom(requirements: Sequence[str], output: Path, work: Path) -> None:
    """Write what locked requirements consist of."""
    output.parent.mkdir(parents=True, exist_ok=True)
    file = work / f"{output.name}.txt"
    file.write_text("\n".join([*requirements, ""]), encoding="utf-8")
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(file)]
    options = ["--output-reproducible", "--of", "JSON", "--output-file", str(output)]
    run([*command, *options], "the list of software cannot be written")


def write_debian_sbom(packages: Sequence[DebianPackage], output: Path, at: datetime) -> None:
    """Write what Debian's packages are; the same packages give the same file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    named = " ".join(f"{package.name}={package.version}" for package in packages)
    bom = Bom(
        components=[_component(package) for package in packages],
        serial_number=uuid5(NAMESPACE_URL, named),
    )
    bom.metadata.timestamp = at
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    outputter.output_to_file(str(output), allow_overwrite=True, indent=2)


def _component(package: DebianPackage) -> Component:
    which = {"arch": package.architecture, "distro": DEBIAN}
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=f"{package.name}={package.version}",
        purl=PackageURL("deb", "debian", package.name, package.version, which),
    )
