"""Putting a bundle together, part by part, in a folder that gets its name when all is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.local.bundle import verify
from appliance.local.bundle.advisories import check
from appliance.local.bundle.clients import add_clients
from appliance.local.bundle.debian import Mirror, fetch_packages
from appliance.local.bundle.environments import INSTALL, PRODUCT, Environment, quantizing, serving
from appliance.local.bundle.product import Release, pack_product, read_release
from appliance.local.bundle.running import BundleFailed
from appliance.local.bundle.sbom import write_debian_sbom, write_python_sbom
from appliance.local.bundle.signing import read_or_make_key, sign
from appliance.local.bundle.target import MODEL_NODE_PACKAGES, PACKAGES, PYTHON
from appliance.local.bundle.wheels import fetch_torch, fetch_wheels
from appliance.local.home import ROOT
from inference.serving.packing import pack_model

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle shall hold besides the product."""

    devices: tuple[str, ...] = ()  # of model servers: cpu, cuda
    models: tuple[Path, ...] = ()  # model folders with a manifest
    debian: bool = True
    mirror: Mirror = field(default_factory=Mirror)
    clients: bool = True
    quantize: str = ""  # cpu, cuda: with what makes models smaller
    advisories: Path | None = None  # an export of OSV; none: the floors alone are asked
    model_python: str = PYTHON  # of the hosts that serve models on a processor

    @property
    def environments(self) -> list[Environment]:
        pythons = {"cpu": self.model_python}
        served = [serving(device, pythons.get(device, PYTHON)) for device in self.devices]
        return [PRODUCT, INSTALL, *served, *([quantizing(self.quantize)] if self.quantize else [])]

    @property
    def packages(self) -> list[str]:
        extra = {name for device in self.devices for name in MODEL_NODE_PACKAGES[device]}
        return sorted({*PACKAGES, *extra})


def make_bundle(
    folder: Path, contents: Contents, key_file: Path, tell: Tell, root: Path = ROOT
) -> Release:
    """Make a bundle in a folder that does not exist yet. Raises BundleFailed."""
    if folder.exists():
        raise BundleFailed(f"{folder} is there already: give a new folder for each bundle.")
    check(root / "requirements", contents.advisories)
    release = read_release(root)
    key = read_or_make_key(key_file)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as name:
        work, unfinished = Path(name), Path(name) / "bundle"
        unfinished.mkdir()
        tell("The product's code and the playbooks")
        _add_product(unfinished, release, work, root)
        for environment in contents.environments:
            tell(f"Wheels of {environment.name}")
            _add_wheels(unfinished, environment, release, work, root / "requirements")
        if contents.clients:
            tell("Programs for people's own machines")
            add_clients(unfinished / "clients", root)
        if contents.debian:
            tell("Debian's packages")
            _add_debian(unfinished, contents, release, work)
        for model in contents.models:
            tell(f"Model {model.name}")
            (unfinished / "models").mkdir(exist_ok=True)
            pack_model(model, unfinished / "models" / f"{model.name}.tar")
        tell("Checksums and signature")
        write_lists(unfinished)
        sign(unfinished, key)
        unfinished.rename(folder)
    return release


def _add_product(bundle: Path, release: Release, work: Path, root: Path) -> None:
    archive = pack_product(release, bundle / "product", work, root)
    shutil.unpack_archive(archive, work / "unpacked", filter="data")
    unpacked = work / "unpacked" / f"plumbline-{release.version}"
    for name in ("ansible", "docs"):
        shutil.copytree(unpacked / name, bundle / name)
    shutil.move(bundle / "ansible" / "install", bundle / "install")
    shutil.copy(verify.__file__, bundle / "verify-bundle")
    (bundle / "verify-bundle").chmod(0o755)
    (bundle / "VERSION").write_text(f"{release.version}\n", encoding="utf-8")


def _add_wheels(
    bundle: Path, environment: Environment, release: Release, work: Path, requirements: Path
) -> None:
    files = [requirements / name for name in environment.requirements]
    folder = bundle / "wheels" / environment.name
    fetch_wheels(files, folder, work, environment.python)
    if environment.torch:
        fetch_torch(folder, environment.torch, environment.python)
    if environment is INSTALL:
        shutil.copy(files[0], folder / "requirements.txt")
    output = bundle / "sbom" / f"{environment.name}.cdx.json"
    write_python_sbom(list(folder.glob("*.whl")), output, release.at)


def _add_debian(bundle: Path, contents: Contents, release: Release, work: Path) -> None:
    packages = fetch_packages(contents.packages, bundle / "debian", work, contents.mirror)
    write_debian_sbom(packages, bundle / "sbom" / "debian.cdx.json", release.at)


def write_lists(bundle: Path) -> None:
    """Write what each part holds, for people: a name, a size and a hash a line."""
    (bundle / "lists").mkdir()
    for part in sorted(path for path in bundle.iterdir() if path.is_dir()):
        names = sorted(verify.files_below(part))
        _write_list(bundle / "lists" / f"{part.name}.txt", part, names)


def _write_list(output: Path, part: Path, names: Sequence[str]) -> None:
    lines = [
        f"{name}  {(part / name).stat().st_size}  {verify.sha256_of(part / name)}\n"
        for name in names
    ]
    if lines:
        output.write_text("".join(lines), encoding="utf-8")
