"""Whether the memory of a host may be written to a disk in the clear, with code and keys in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.common.starting import is_site
from appliance.web.check import Check

NAME = "Swap"
SWAPS, DEVICES = Path("/proc/swaps"), Path("/sys/block")
IN_MEMORY, ENCRYPTED = "zram", "CRYPT-"


def check_swap(swaps: Path = SWAPS, devices: Path = DEVICES) -> Check:
    """Name the swap of this host that is not encrypted; on one's own machine it is one's own affair."""
    if not is_site():
        return Check(
            NAME, "off", "looked at on hosts of a site", "It is optional: see docs/install.md."
        )
    clear = list(_in_the_clear(swaps, devices))
    if clear:
        detail = f"memory may be written to {', '.join(clear)} in the clear"
        return Check(NAME, "warning", detail, "Switch it off (swapoff, /etc/fstab), or encrypt it.")
    return Check(NAME, "ok", "none, or encrypted")


def _in_the_clear(swaps: Path, devices: Path) -> Iterator[str]:
    try:
        lines = swaps.read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return
    for place in (line.split()[0] for line in lines if line.split()):
        device = Path(place).resolve().name
        if not device.startswith(IN_MEMORY) and not _is_encrypted(devices / device):
            yield place


def _is_encrypted(device: Path) -> bool:
    try:
        return (device / "dm" / "uuid").read_text(encoding="utf-8").startswith(ENCRYPTED)
    except OSError:
        return False  # a file or a plain device
