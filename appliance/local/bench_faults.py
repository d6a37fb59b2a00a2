"""Let a whole appliance have a bad day, and look afterwards whether anything was lost.

    python -m appliance.local.bench_faults [--people 6] [--only TEXT...] [--seconds 5]
        [--times 1] [--hold SECONDS] [--streams N] [--clock]

Starts an appliance in a temporary folder with a paced fake model, lets people search, ask and read
and somebody commit, and breaks one thing after the other: each program killed and standing still, all
at once, lines cut, an emptied queue, a full disk, a slow network; with --clock, instead of these, a
clock that jumps, for which every program is started under libfaketime. After each
fault it waits until a new question is answered, then lets everybody pause and looks: nothing lost, nothing
doubled, nobody shown what they may not read, the audit whole. As root on Linux it runs in namespaces of
its own, with a disk that it may fill and a loopback that it may slow; elsewhere these two are left
out. --times repeats each fault, at moments that are drawn by chance, and --hold lets it last longer.
With --streams people only ask: each fault comes while so many answers are being followed, and what
became of each stream is told. Exit code 1 when something does not hold. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx
from rich.console import Console
from rich.table import Table

from appliance.local.trials import checking, faults, isolation, using
from appliance.local.trials.faults import Fault, ModelServer, Stage
from appliance.local.trials.through import Followed, streams_through
from appliance.local.trials.using import Journal
from appliance.local.trials.world import QUESTION, Person, running

MODULE = "appliance.local.bench_faults"
RECOVERY_S = 300.0  # a busy small machine takes minutes to load a program anew
DISK_MB = 700
PAUSE_S = 3.0  # between words, where answers must last until something breaks
SOURCES = 3
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Survived:
    """One fault and what became of it."""

    name: str
    missing: str  # why it was not tried
    recovered_s: float | None  # until a new question was answered; None: not within the limit
    problems: tuple[str, ...]
    slowest_refusal_s: float = 0.0  # of answers that said that it does not work now
    streams: Followed | None = None  # that were open when it came

    @property
    def holds(self) -> bool:
        lost = self.streams is not None and self.streams.silent
        return bool(self.missing) or (
            self.recovered_s is not None and not self.problems and not lost
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="of a fault's name")
    parser.add_argument("--seconds", type=float, default=5.0, help="at work before each fault")
    parser.add_argument("--times", type=int, default=1, help="each fault")
    parser.add_argument("--hold", type=float, help="seconds that each fault lasts")
    parser.add_argument("--streams", type=int, default=0, help="that are open when a fault comes")
    parser.add_argument("--clock", action="store_true", help="the faults of the clock instead")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    isolation.isolate(MODULE, sys.argv[1:])
    counts: Counter[str] = Counter()
    chosen = faults.clock_faults() if options.clock else faults.all_faults()
    wanted = [fault for fault in chosen if _is_wanted(fault, options.only)]
    possible = [_lasting(fault, options.hold) for fault in wanted if not fault.missing]
    results = [Survived(one.name, one.missing, None, ()) for one in wanted if one.missing]
    if possible:
        results += _try([one for one in possible for _ in range(options.times)], options, counts)
    console.print(_table(results))
    tried = [one for one in results if not one.missing]
    result = {
        "bench": "faults",
        "people": options.people,
        "faults": len(tried),
        "survived": sum(one.holds for one in tried),
        "not_tried": {one.name: one.missing for one in results if one.missing},
        "slowest_recovery_s": max((one.recovered_s or RECOVERY_S for one in tried), default=0.0),
        "requests": dict(sorted(counts.items())),
        "slowest_refusal_s": round(max((one.slowest_refusal_s for one in tried), default=0.0), 2),
        "each": [asdict(one) for one in results],
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0 if all(one.holds for one in results) else 1


def _lasting(fault: Fault, hold_s: float | None) -> Fault:
    return fault if hold_s is None else replace(fault, hold_s=hold_s)


def _is_wanted(fault: Fault, only: Sequence[str]) -> bool:
    return not only or any(text in fault.name for text in only)


def _try(
    chosen: Sequence[Fault], options: argparse.Namespace, counts: Counter[str]
) -> list[Survived]:
    with tempfile.TemporaryDirectory(prefix="plumbline-trial-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        if isolation.is_isolated():
            isolation.give_disk(folder / "home", DISK_MB)
        model = ModelServer(free_port(), folder / "model.log")
        if options.streams:
            model.pause_s = PAUSE_S
        model.start()
        clock_file = folder / "clock"
        extra = faults.faketime_variables(clock_file) if options.clock else {}
        try:
            with running(
                folder, model.url, sources=SOURCES, people=options.people, extra=extra
            ) as world:
                stage, earlier = Stage(world, model, clock_file), Journal()
                if options.streams:
                    tried = [_lose(stage, fault, options.streams, earlier) for fault in chosen]
                else:
                    tried = [_survive(stage, fault, options.seconds, earlier) for fault in chosen]
                counts.update(earlier.statuses)
                return tried
        finally:
            model.kill()
            if isolation.is_isolated():
                isolation.take_disk(folder / "home")


def _survive(stage: Stage, fault: Fault, seconds: float, earlier: Journal) -> Survived:
    """Break one thing while everybody is at work, mend it, and look."""
    console.print(f"{fault.name} ...", end=" ")
    people = stage.world.people
    with using.at_work(stage.world, people) as journal:
        time.sleep(random.uniform(0, 2 * seconds))  # noqa: S311  any moment will do
        fault.begin(stage)
        time.sleep(fault.hold_s)
        fault.end(stage)
        recovered = _recovered_s(stage, people[0], journal)
        time.sleep(1)
    found = checking.look(stage.world, _added(earlier, journal), clock_was_set=fault.sets_clock)
    problems = found.all
    console.print("well" if recovered is not None and not problems else f"[red]{problems}[/red]")
    return Survived(fault.name, "", recovered, problems, max(journal.refusals, default=0.0))


def _lose(stage: Stage, fault: Fault, count: int, earlier: Journal) -> Survived:
    """Break one thing while so many answers are followed, and see what their readers are told."""
    console.print(f"{fault.name}, {count} streams ...", end=" ")
    people, journal = stage.world.people, Journal()

    def during() -> None:
        fault.begin(stage)
        time.sleep(fault.hold_s)
        fault.end(stage)

    _recovered_s(stage, people[0], journal)  # what a first question loads counts for nothing
    streams = streams_through(stage.world, people, count, journal, during)
    recovered = _recovered_s(stage, people[0], journal)
    problems = checking.look(stage.world, _added(earlier, journal)).all
    console.print(f"{streams.states}, {streams.silent} silent {problems or ''}")
    return Survived(fault.name, "", recovered, problems, streams=streams)


def _added(earlier: Journal, journal: Journal) -> Journal:
    """Count what was promised in all faults so far: nothing of it may be lost later."""
    earlier.promised |= journal.promised
    earlier.keys += journal.keys
    earlier.statuses += journal.statuses
    return replace(journal, promised=dict(earlier.promised), keys=Counter(earlier.keys))


def _recovered_s(stage: Stage, person: Person, journal: Journal) -> float | None:
    """Ask again and again until an answer is written."""
    started = time.monotonic()
    with using.client_of(stage.world, person) as client:
        while time.monotonic() - started < RECOVERY_S:
            journal.keys[person.name] += 1
            if _is_answered(client, journal, person):
                return round(time.monotonic() - started, 1)
            time.sleep(0.5)
    return None


def _is_answered(client: httpx.Client, journal: Journal, person: Person) -> bool:
    body = {"question": QUESTION, "mode": "answer"}
    try:
        asked = client.post("/api/v1/threads", json=body, headers={"Idempotency-Key": str(uuid4())})
        if asked.status_code != 201:
            return False
        number = asked.json()["message"]["id"]
        journal.promised[number] = person.name
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = client.get(f"/api/v1/messages/{number}").json().get("state", "")
            if state in {"done", "failed", "stopped"}:
                return bool(state == "done")
            time.sleep(0.3)
    except (httpx.HTTPError, ValueError, KeyError):
        pass
    return False


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _table(results: Sequence[Survived]) -> Table:
    table = Table("fault", "a new answer after", "what does not hold")
    for one in results:
        shown = "not tried" if one.missing else f"{one.recovered_s} s"
        table.add_row(one.name, shown, one.missing or "; ".join(one.problems))
    return table


if __name__ == "__main__":
    sys.exit(main())
