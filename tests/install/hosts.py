"""A Debian 13 host of its own on this machine: debootstrap makes it, systemd-nspawn boots it.

It needs root, and the packages debootstrap and systemd-container. The hosts of a drill are on one
bridge, on which this machine is too, and forwards nothing: there is no route out, unless a test adds one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INCLUDED = (
    "systemd,systemd-sysv,dbus,ca-certificates,iproute2,python3,openssl,procps,sudo,openssh-server"
)
MIRROR = "http://deb.debian.org/debian"
BOOT_TIMEOUT_S = 120
BRIDGE, GATEWAY = "plumb-drill", "10.99.7.1"  # this machine's address on it
HOME = "/root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HostFailed(Exception):
    """A host did not do what it had to."""


@dataclass(frozen=True, slots=True)
class Host:
    """A booted host."""

    name: str
    folder: Path
    leader: int  # its first process, as this machine sees it
    address: str

    def run(self, *command: str, check: bool = True, timeout_s: float = 3600) -> str:
        """Run a command in the host; return what it printed. Raises HostFailed."""
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        clean = ["env", "-i", f"PATH={PATH}", f"HOME={HOME}", "LANG=C.UTF-8"]
        done = subprocess.run(
            [*enter, *clean, *command], capture_output=True, text=True, timeout=timeout_s
        )
        if check and done.returncode:
            raise HostFailed(f"{' '.join(command)}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def path(self, inside: str) -> Path:
        return self.folder / inside.lstrip("/")


def make_base(folder: Path) -> Path:
    """Make the folder that hosts are copied from, once."""
    if not (folder / "usr").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", "trixie", folder, MIRROR],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return folder


@contextmanager
def bridge() -> Iterator[None]:
    """Lay the cable on which the hosts and this machine are, and nobody else."""
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _ip("link", "del", BRIDGE)


@contextmanager
def booted(base: Path, folder: Path, address: str, bundle: Path | None) -> Iterator[Host]:
    """Copy the base, boot it, and stop it again; the bundle is a medium that cannot be written."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "--archive", base, folder], check=True)
    name = folder.name
    (folder / "etc/hostname").write_text(f"{name}\n")
    (folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (folder / "etc/resolv.conf").unlink(missing_ok=True)
    (folder / "etc/resolv.conf").touch()
    log = folder.with_suffix(".console")
    command = [
        "systemd-nspawn", "--directory", str(folder), "--boot", "--register=no", "--keep-unit",
        f"--network-bridge={BRIDGE}", f"--machine={folder.parent.name}-{name}", f"--hostname={name}",
        "--resolv-conf=off", "--timezone=off", "--link-journal=no",
        *([f"--bind-ro={bundle}:/media/bundle"] if bundle else []),
    ]  # fmt: skip
    with log.open("wb") as console:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    try:
        host = Host(name, folder, _wait_for_boot(process, log), address)
        host.run("ip", "addr", "replace", f"{address}/24", "dev", "host0")
        host.run("ip", "link", "set", "host0", "up")
        yield host
    finally:
        _stop(process)


def _wait_for_boot(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + BOOT_TIMEOUT_S
    while b"login:" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise HostFailed(f"the host did not boot: {log.read_text(errors='replace')[-1000:]}")
        time.sleep(0.5)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0])


def trust(control: Host, others: Sequence[Host]) -> None:
    """Let the administrator of one host sign in to the others by ssh."""
    control.run("mkdir", "-p", "-m", "700", f"{HOME}/.ssh")
    control.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{HOME}/.ssh/id_ed25519")
    key = control.path(f"{HOME}/.ssh/id_ed25519.pub").read_text()
    known = ""
    for host in others:
        host.run("mkdir", "-p", "-m", "700", f"{HOME}/.ssh")
        host.path(f"{HOME}/.ssh/authorized_keys").write_text(key)
        known += f"{host.address} {host.path('/etc/ssh/ssh_host_ed25519_key.pub').read_text()}"
    control.path(f"{HOME}/.ssh/known_hosts").write_text(known)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for leader in children.read_text().split() if children.exists() else ():
        os.kill(int(leader), signal.SIGRTMIN + 4)  # systemd: shut down
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def missing_programs(
    names: Sequence[str] = ("debootstrap", "systemd-nspawn", "nsenter"),
) -> list[str]:
    return [name for name in names if shutil.which(name) is None]
