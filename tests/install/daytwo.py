"""Day two on a host that runs: new certificates, a way out that opens, an upgrade that fails or is killed, and the end."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.install.hosts import HOME, Host, HostFailed
from tests.install.outside import breached, outside, wait_until

SITE = ("--key", "/srv/key.pub", "--inventory", "/srv/site")
SERVICES = ("web", "worker", "worker-embed", "worker-ask", "scheduler")
CURRENT = "/opt/plumbline/current"
RUN = "drill-install"  # the unit in which a run is killed
# Steps of an upgrade at whose beginning the run is killed: before, at and after the tables, and in between.
KILLED_AT = (
    "plumbline : Unpack the code",
    "plumbline : Install the product's packages from the bundle",
    "plumbline : Bring the tables up to date",
    "plumbline : Make this version the one in use",
    "worker : Write the workers' units",
)


def play(host: Host, bundle: str, *options: str) -> str:
    """Run ./install with what comes behind the key and the inventory."""
    return host.run("env", "ANSIBLE_NOCOLOR=1", f"{bundle}/install", *SITE, *options)


def fingerprint(host: Host) -> str:
    """Return which certificate the pages show to whoever asks for their name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = (
        False,
        ssl.CERT_NONE,
    )  # who gave it is not asked here
    with (
        socket.create_connection((host.address, 443), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=site_address(host)) as secured,
    ):
        return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()[:16]


def replace_secret_key(host: Host, bundle: str) -> str:
    """Replace the key that credentials are sealed with; return what a look with both keys finds."""
    kept = host.path("/etc/plumbline-site/secret-key").read_text()
    host.run("sh", "-c", "echo planted | plumbline credential drill --username u --secret-file -")
    play(host, bundle, "--play", "secret_key")
    if host.path("/etc/plumbline-site/secret-key").read_text() == kept:
        raise HostFailed("the secret key is that of before")
    all_serve(host)
    return host.run("plumbline", "rotate_key").splitlines()[0]


def site_address(host: Host) -> str:
    """Return the name under which people open the pages."""
    settings = host.path("/etc/plumbline/settings.env").read_text()
    return settings.partition("PLUMBLINE_HOSTS=")[2].splitlines()[0]


def replace_certificates(host: Host, bundle: str, *, authority_too: bool) -> None:
    """Give the host a new certificate; the pages show it, and everything still talks to everything."""
    before = fingerprint(host)
    if authority_too:
        host.run("sh", "-c", "rm /etc/plumbline-site/tls/authority.*")
    play(host, bundle, "--play", "certificates")
    if fingerprint(host) == before:
        raise HostFailed("the pages still show the certificate from before")
    all_serve(host)


def all_serve(host: Host) -> None:
    """Wait until the services run, the pages answer, and the doctor finds nothing that failed."""
    for name in SERVICES:
        wait_until(host, f"{name} runs", "systemctl", "is-active", "--quiet", f"plumbline-{name}")
    wait_until(host, "the pages answer", "python3", "-c", asking_health(host))
    wait_until(host, "the doctor finds nothing", "plumbline", "doctor")


def asking_health(host: Host) -> str:
    """Return a program that ends well when the pages can serve."""
    headers = {"Host": site_address(host), "X-Forwarded-Proto": "https"}
    return (
        "import urllib.request as r;"
        f"r.urlopen(r.Request('http://127.0.0.1:8000/healthz/', headers={headers!r}), timeout=10)"
    )


def leak_stops_services(host: Host) -> dict[str, str]:
    """Open a way out; return what each service says when it refuses to run, and see it come back after."""
    said = {}
    with outside(), breached(host):
        since = host.run("date", "+%Y-%m-%d %H:%M:%S").strip()
        for name in SERVICES:
            host.run("systemctl", "restart", "--no-block", f"plumbline-{name}")
        for name in SERVICES:
            look = f"journalctl --no-pager --since='{since}' --unit=plumbline-{name} | grep 'EGRESS OPEN'"
            wait_until(host, f"{name} refuses", "sh", "-c", look)
            said[name] = host.run("sh", "-c", f"{look} | tail -1").partition("EGRESS")[2].strip()
        try:
            host.run("python3", "-c", asking_health(host))
        except HostFailed:
            said["pages"] = "closed"
    all_serve(host)
    return said


def version_in_use(host: Host) -> str:
    return host.run("readlink", CURRENT).strip().rpartition("/")[2]


def fail_to_serve(host: Host, bundle: str) -> str:
    """Upgrade to a version whose pages do not start; return the version that serves afterwards."""
    version = host.path(f"{bundle}/VERSION").read_text().strip()
    release = f"/opt/plumbline/releases/{version}"
    archive = f"{bundle}/product/plumbline-{version}.tar.gz"
    host.run("mkdir", release)
    host.run("tar", "-xf", archive, "-C", release, "--strip-components=1")
    host.path(f"{release}/appliance/config/asgi.py").write_text("raise SystemExit('planted')\n")
    try:
        play(host, bundle, "--extra-vars", "plumbline_gate_tries=10")
    except HostFailed as exc:
        if "The version before runs again on every host" not in str(exc):
            raise
    else:
        raise HostFailed("an upgrade to a version that cannot serve was called a success")
    all_serve(host)
    serving = version_in_use(host)
    shutil.rmtree(host.path(release))
    return serving


def upgrade_killed(host: Host, bundle: str) -> int:
    """Upgrade, with kill -9 of everything at each of the steps; return how often it was killed."""
    kills = 0
    for step in KILLED_AT:
        with _running(host, bundle) as log:
            if _reaches(host, log, step):
                host.run("systemctl", "kill", "--signal=KILL", RUN, check=False)
                host.run("systemctl", "kill", "--signal=KILL", "plumbline-manage-*", check=False)
                kills += 1
    play(host, bundle)
    all_serve(host)
    return kills


@contextmanager
def _running(host: Host, bundle: str) -> Iterator[Path]:
    log = f"/srv/{RUN}.log"
    host.path(log).unlink(missing_ok=True)
    environment = ("--setenv=ANSIBLE_NOCOLOR=1", f"--setenv=ANSIBLE_LOG_PATH={log}")
    host.run(
        "systemd-run", "--quiet", f"--unit={RUN}", "--collect", f"--setenv=HOME={HOME}", *environment,
        f"{bundle}/install", *SITE,
    )  # fmt: skip
    yield host.path(log)
    wait_until(host, "the run ended", "sh", "-c", f"! systemctl is-active --quiet {RUN}")


def _reaches(host: Host, log: Path, step: str) -> bool:
    """Wait for a step of the run to begin; False when the run ended before."""
    while f"TASK [{step}]" not in (log.read_text() if log.exists() else ""):
        if host.run("systemctl", "is-active", RUN, check=False).strip() not in {
            "active",
            "activating",
        }:
            return False
        time.sleep(0.2)
    return True
