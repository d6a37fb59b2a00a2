"""From a bundle to a cited answer: python -m tests.install WORK --bundle FOLDER --key FILE [--hosts 2] [--grow] [--day-two [--next FOLDER]].

Needs root, debootstrap, systemd-nspawn and Chromium; takes a quarter of an hour on two cores. With one
and two hosts the tests' fake model answers, with three the small one in vLLM, for which the bundle is made
with `--device cpu --model FOLDER --quantize cpu`. With --day-two come the drills of day two, another half an
hour: with three hosts the promotion of the replica, else those of one host; --next names the bundle of another version, to upgrade to. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.install.asking import ask, past_of, tls_version
from tests.install.daytwo import (
    fail_to_serve,
    leak_stops_services,
    replace_certificates,
    replace_secret_key,
    upgrade_killed,
    version_in_use,
)
from tests.install.ending import back_up, install_and_restore, records, uninstall
from tests.install.hosts import Host, HostFailed, booted, bridge, make_base, missing_programs, trust
from tests.install.leaks import drops, plant_leak, stray
from tests.install.losing import promote
from tests.install.minutes import changed_in_recap, seconds_of_roles
from tests.install.secrecy import in_files, in_processes, values
from tests.install.world import (
    QUESTION,
    REPOSITORIES,
    bring_repository,
    change_repository,
    start_stand_in,
    wait_for_model,
)

logger = logging.getLogger(__name__)

INVENTORIES = Path(__file__).parent / "inventories"
NAME = "plumbline.drill.example"
WITH_TWO_WEBS, WITH_MODEL = 2, 3
SITE = ("--inventory", "/srv/site")
PLAYBOOK = ("--chdir=/media/bundle/ansible", "ANSIBLE_NOCOLOR=1")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is installed on how many hosts."""

    work: Path
    bundle: Path
    key: Path
    count: int
    python: Path  # for the model host: the bundle's torch is for this one
    day_two: bool = False
    next: Path | None = None  # the bundle of another version
    grow: bool = False  # from one host


class Report:
    """What was found, and the seconds of each step."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        logger.info("%s", name)
        yield
        self.found[f"seconds: {name}"] = round(time.monotonic() - started)

    def note(self, name: str, value: Any, *, must: Any = None) -> None:
        """Write a value down; one that must be another ends the drill."""
        self.found[name] = value
        logger.info("  %s: %s", name, value)
        if must is not None and value != must:
            raise HostFailed(f"{name} is {value}, and must be {must}")


def grow(host: Host, report: Report, inventory: str) -> None:
    """Have the other hosts join the first one, which was alone, as docs/day-two.md tells."""
    shutil.rmtree(host.path("/srv/site"))
    shutil.copytree(INVENTORIES / inventory, host.path("/srv/site"))
    with report.step("other hosts join"):
        host.run("/media/bundle/install", "--key", "/srv/key.pub", *SITE)
    left = host.run("systemctl", "list-unit-files", "--no-legend", "plumbline-worker*", check=False)
    report.note("the workers that moved are still there", left.strip(), must="")


def install(host: Host, report: Report, inventory: str, key: Path) -> None:
    shutil.copytree(INVENTORIES / inventory, host.path("/srv/site"))
    shutil.copy(key, host.path("/srv/key.pub"))
    with report.step("install"):
        log = "ANSIBLE_LOG_PATH=/srv/install.log"
        host.run("env", log, "/media/bundle/install", "--key", "/srv/key.pub", *SITE)
    with host.path("/srv/install.log").open() as lines:
        report.note("seconds of roles", seconds_of_roles(lines))


def bring_python(host: Host, python: Path) -> None:
    """Give the model host the Python that the bundle's torch is for; a company's mirror would."""
    shutil.copytree(python, host.path("/opt/python"), symlinks=True)
    host.path("/etc/ld.so.conf.d/python.conf").write_text("/opt/python/lib\n")
    host.run("ldconfig")


def run_again(host: Host, report: Report) -> None:
    """A second run changes nothing, and one that only looks finds nothing to change."""
    command = ("env", *PLAYBOOK, "/opt/plumbline-ansible/bin/ansible-playbook", *SITE, "site.yml")
    with report.step("second run"):
        report.note("second run: changed", changed_in_recap(host.run(*command)), must=0)
    with report.step("run with --check"):
        report.note("--check: changed", changed_in_recap(host.run(*command, "--check")), must=0)


def use(host: Host, worker: Host, model: Host | None, report: Report, work: Path) -> None:
    """Connect a repository, ask in a browser, and see a push come through the confined worker."""
    for one in {host.name: host, worker.name: worker}.values():
        bring_repository(one)
        if model is None:
            start_stand_in(one)
    if model is not None:
        with report.step("the model is loaded"):
            wait_for_model(model)
    with report.step("connect"):
        host.run("plumbline", "connect", f"{REPOSITORIES}/gauge", "--name", "gauge", "--wait")
        host.run("plumbline", "grant", "everyone", "gauge")
    authority = host.path("/etc/plumbline/tls/authority.pem")
    report.note("tls", tls_version(host.address, NAME, authority), must="TLSv1.3")
    ask_in_browser(host, report, work)
    with report.step("a commit comes through the worker"):
        commit = change_repository(worker)
        wait_for_commit(worker, commit)
    with report.step("the past of a file"):
        report.note("is told by the pages", "Try longer" in tell_past(host, commit), must=True)
    host.run("plumbline", "doctor")


def ask_in_browser(host: Host, report: Report, work: Path, address: str = "") -> None:
    password = host.path("/var/lib/plumbline/admin-password").read_text().strip()
    with report.step("ask"):
        answer = ask(NAME, address or host.address, password, QUESTION, work / "answer.png")
    report.note("answer", answer.text.splitlines()[0])
    report.note("cites", answer.citations > 0, must=True)
    report.note("loaded from elsewhere", len(answer.foreign), must=0)


def tell_past(host: Host, commit: str) -> str:
    """Return what the pages of this host, which may have fetched nothing, say of a file's past."""
    password = host.path("/var/lib/plumbline/admin-password").read_text().strip()
    return past_of(NAME, host.address, password, "gauge", commit, "gauge.py")


def lose_pages(host: Host, other: Host, report: Report, work: Path) -> None:
    """End the pages of one host: those of the other answer."""
    host.run("systemctl", "stop", "plumbline-web")
    with report.step("the pages of the other host alone"):
        ask_in_browser(host, report, work, other.address)
    host.run("systemctl", "start", "plumbline-web")


def wait_for_commit(host: Host, commit: str, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while commit[:12] not in host.run("journalctl", "--unit=plumbline-worker", "--no-pager"):
        if time.monotonic() > deadline:
            raise HostFailed(f"the worker did not sync {commit[:12]} within {timeout_s:.0f} s")
        time.sleep(3)


def look_for_leaks(hosts: Sequence[Host], worker: Host, report: Report) -> None:
    before = {
        f"{host.name} {key}": packets
        for host in hosts
        for key, packets in stray(drops(host)).items()
        if packets
    }
    report.note("packets dropped so far", before, must={})
    host = worker
    said = plant_leak(host, "plumbline-worker")
    report.note("planted leak", said.split("\n"))
    after = drops(host)
    report.note("leak is stopped", "open" not in said, must=True)
    report.note("leak is counted", after["dropped", "worker"] > 0, must=True)
    report.note("its question to a name server is counted", after["names", "worker"] > 0, must=True)


def look_for_secrets(hosts: Sequence[Host], report: Report) -> None:
    secrets = values(hosts[0])
    for host in hosts:
        report.note(
            f"{host.name}: processes that show a secret", in_processes(host, secrets), must=[]
        )
        report.note(f"{host.name}: open files that hold a secret", in_files(host, secrets), must=[])


def day_two(host: Host, plan: Plan, base: Path, report: Report) -> None:
    """Replace what is replaced, open what must be closed, upgrade, and end the site and begin it anew."""
    bundle = "/media/bundle"
    with report.step("a way out that opens"):
        report.note("what the services say", leak_stops_services(host))
    with report.step("a new certificate"):
        replace_certificates(host, bundle, authority_too=False)
    with report.step("a new authority"):
        replace_certificates(host, bundle, authority_too=True)
    with report.step("a new secret key"):
        sealed = replace_secret_key(host, bundle)
        report.note("sealed", "0 secrets are sealed with the new key" in sealed, must=True)
    if plan.next is not None:
        bundle = "/srv/next"
        shutil.copytree(plan.next, host.path(bundle))
        before = version_in_use(host)
        with report.step("an upgrade that cannot serve"):
            report.note("serves after it", fail_to_serve(host, bundle), must=before)
        with report.step("an upgrade that is killed"):
            report.note("kills", upgrade_killed(host, bundle))
        release = (plan.next / "VERSION").read_text().strip()
        report.note("serves after it", version_in_use(host), must=release)
    end_and_begin(host, bundle, base, report)


def end_and_begin(host: Host, bundle: str, base: Path, report: Report) -> None:
    with report.step("backup"):
        back_up(host)
        before = records(host)
    with report.step("uninstall"):
        report.note("what is left", uninstall(host, bundle, NAME, base), must=[])
    report.note("on the empty host", asdict(install_and_restore(host, bundle)))
    report.note("records lost", max(0, before - records(host)))


def drill(plan: Plan, report: Report) -> None:
    work, bundle, key, count, python = plan.work, plan.bundle, plan.key, plan.count, plan.python
    with report.step("debootstrap"):
        base = make_base(work / "base")
    with ExitStack() as stack:
        stack.enter_context(bridge())
        hosts = [
            stack.enter_context(
                booted(
                    base, work / f"h{number}", f"10.99.7.1{number}", bundle if number == 1 else None
                )
            )
            for number in range(1, count + 1)
        ]
        worker, model = hosts[min(count, 2) - 1], hosts[2] if count == WITH_MODEL else None
        if model is not None:
            bring_python(model, python)
        trust(hosts[0], hosts[1:])
        install(hosts[0], report, "1-hosts" if plan.grow else f"{count}-hosts", key)
        if plan.grow:
            grow(hosts[0], report, f"{count}-hosts")
        use(hosts[0], worker, model, report, work)
        if count == WITH_TWO_WEBS:
            lose_pages(hosts[0], hosts[1], report, work)
        look_for_leaks(hosts, worker, report)
        run_again(hosts[0], report)
        look_for_secrets(hosts, report)
        for host in hosts:
            failed = host.run("systemctl", "--failed", "--no-legend")
            report.note(f"{host.name}: units that failed", failed, must="")
        if plan.day_two and model is not None:
            with report.step("promotion"):
                report.note("promotion", asdict(promote(hosts[0], hosts[1], "/media/bundle")))
            ask_in_browser(hosts[0], report, work)
        elif plan.day_two:
            day_two(hosts[0], plan, base, report)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="tests.install", description=__doc__)
    parser.add_argument("work", type=Path, help="a folder for the hosts; 5 GB")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True, help="the public key of the bundle")
    parser.add_argument("--hosts", type=int, choices=[1, WITH_TWO_WEBS, WITH_MODEL], default=1)
    parser.add_argument(
        "--python", type=Path, default=Path(sys.base_prefix), help="for the model host"
    )
    parser.add_argument("--day-two", action="store_true", help="the drills of day two, too")
    parser.add_argument("--grow", action="store_true", help="the first host is alone at first")
    parser.add_argument("--next", type=Path, help="the bundle of another version, to upgrade to")
    options = parser.parse_args()
    report = Report()
    if missing := missing_programs():
        logger.error("Install %s first: debootstrap, systemd-container.", ", ".join(missing))
        return 1
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        drill(
            Plan(
                options.work.resolve(),
                options.bundle.resolve(),
                options.key,
                options.hosts,
                options.python,
                options.day_two,
                options.next.resolve() if options.next else None,
                options.grow,
            ),
            report,
        )
    except (HostFailed, ValueError) as exc:
        logger.error("%s", exc)
        return 1
    finally:
        sys.stdout.write(json.dumps(report.found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
