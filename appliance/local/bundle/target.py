"""The hosts that a bundle is for: Debian 13 on x86-64, with the Python that it comes with.

Some environments are for another Python, which the site brings: those whose packages have no wheels
for Debian's.
"""

from __future__ import annotations

DEBIAN = "trixie"
ARCHITECTURE = "amd64"
PYTHON = "3.13"
GLIBC_MINOR = 41  # of Debian 13
OLDEST_GLIBC_MINOR = 5

OLD_PYTHON = "3.11"  # the last one that the packages of quantization have wheels for

# What the roles of ansible/ install, and Debian's packages of which these consist.
PACKAGES = (
    "bubblewrap",
    "ca-certificates",
    "git",
    "nftables",
    "nginx-light",
    "openssh-client",
    "openssh-server",
    "openssl",
    "postgresql-17",
    "postgresql-17-pgvector",
    "postgresql-client-17",
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "python3",
    "python3-apt",
    "python3-venv",
    "sudo",
    "systemd-timesyncd",
    "valkey-server",
)
MODEL_NODE_PACKAGES = {
    "cpu": ("g++", "libnuma1"),
    "cuda": ("gcc", "libc6-dev", "python3-dev"),
}


def markers(python: str = PYTHON) -> dict[str, str]:
    """Return what the markers of requirements are asked about; this machine may be another."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.5",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.5",
        "python_version": python,
        "sys_platform": "linux",
    }


def platforms() -> list[str]:
    """Return the tags of wheels that run there, newest first."""
    minors = range(GLIBC_MINOR, OLDEST_GLIBC_MINOR - 1, -1)
    old = ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    return [f"manylinux_2_{minor}_x86_64" for minor in minors] + old
