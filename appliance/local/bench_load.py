"""Find how much a whole appliance carries on this machine, and whether it grows over time.

    python -m appliance.local.bench_load [--users 1 2 4 8 16 32] [--streams 4 8 16 24 50]
        [--seconds 20] [--vanish 20] [--flood] [--fill FILES] [--soak MINUTES] [--setting NAME=VALUE]

Starts an appliance in a temporary folder with a fake model that writes a word every 50 ms. Steps of
people who search and read without a pause: the knee is the most requests a second with a 95th
percentile of half a second at most, no error, and a health page that answers; behind the steps it
looks how long it takes until everything is as usual. Steps of answers that are asked for at the
same moment: the knee is the most that all come to their end, with first words within ten seconds
for 95 of 100; then so many of fifty readers leave in the middle (--vanish). With --fill people
search while a source of so many files is read; with --soak they work as on an ordinary day for so
long, and every program is watched: memory, descriptors, what waits. At its end it looks, as after a
fault, that nothing was lost, doubled or shown to the wrong person. With --flood, instead of all that,
one person sends a hundred requests a second beside twenty who work, with a limit of ninety requests
a minute. The clients run on this machine too and take their part of it. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from appliance.local.bench_faults import free_port
from appliance.local.trials import checking, filling, overload, pushing, soaking, using
from appliance.local.trials.faults import ModelServer
from appliance.local.trials.pushing import Step, Streams
from appliance.local.trials.using import Journal
from appliance.local.trials.world import World, running

SOURCES, PEOPLE = 3, 24
AT_ONCE, BESIDE, WORKERS = 50, 4, 21
# The others stay below it, and a flood is above it on the slowest machine.
FLOOD_LIMIT = {"PLUMBLINE_API_REQUESTS_PER_MINUTE": "90"}
SLOWEST_P95_MS, SLOWEST_FIRST_WORDS_S = 500.0, 10.0
console = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--users", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--streams", type=int, nargs="*", default=[4, 8, 16, 24, 50])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each step of requests")
    parser.add_argument("--vanish", type=int, default=0, metavar="READERS", help="of fifty")
    parser.add_argument("--flood", action="store_true", help="one person beside twenty others")
    parser.add_argument("--fill", type=int, default=0, metavar="FILES")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = dict(one.split("=", 1) for one in options.setting)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    result: dict[str, Any] = {"bench": "load"}
    with _appliance((FLOOD_LIMIT if options.flood else {}) | settings) as (world, folder):
        result |= (
            measure_flood(world, options) if options.flood else measure(world, options, folder)
        )
    console.print(_table(result))
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if result["problems"] else 0


@contextmanager
def _appliance(extra: Mapping[str, str]) -> Iterator[tuple[World, Path]]:
    with tempfile.TemporaryDirectory(prefix="plumbline-trial-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        model = ModelServer(free_port(), folder / "model.log")
        model.start()
        try:
            with running(folder, model.url, sources=SOURCES, people=PEOPLE, extra=extra) as world:
                yield world, folder
        finally:
            model.kill()


def measure_flood(world: World, options: argparse.Namespace) -> dict[str, Any]:
    told = overload.flood(world, world.people[:WORKERS], options.seconds)
    found = checking.look(world, Journal(keys=asked_before(world)))
    return {"flood": asdict(told), "problems": list(found.all)}


def measure(world: World, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    people = world.people
    result: dict[str, Any] = {}
    pushing.push(world, people, 2, 3)  # the first requests load what the others find loaded
    if options.users:
        usual = pushing.push(world, people, min(options.users), options.seconds)
        steps = [pushing.push(world, people, users, options.seconds) for users in options.users]
        result |= {"steps": [asdict(one) for one in steps], "knee": knee(steps)}
        result["normal_after_s"] = overload.normal_after_s(world, people, usual)
    if options.streams:
        streams = [pushing.ask_at_once(world, people, count) for count in options.streams]
        result |= {"streams": [asdict(one) for one in streams], "stream_knee": stream_knee(streams)}
    if options.vanish:
        result["vanished"] = asdict(overload.vanish(world, people, AT_ONCE, options.vanish))
    if options.fill:
        usual = pushing.push(world, people, BESIDE, options.seconds)
        filled = filling.fill(world, people, options.fill, folder, usual)
        result["fill"] = asdict(filled)
    result |= soak(world, options.soak)
    result["problems"] += _shown_to_others(result)
    return result


def knee(steps: Sequence[Step]) -> dict[str, Any] | None:
    """Return the step with the most requests a second that is still good for everybody."""
    good = [one for one in steps if one.p95_ms <= SLOWEST_P95_MS and not one.has_errors]
    return asdict(max(good, key=lambda one: one.requests_per_s)) if good else None


def stream_knee(steps: Sequence[Streams]) -> int:
    """Return how many answers at once all came to their end and began soon; 0: not even the fewest."""
    good = [
        one.at_once
        for one in steps
        if one.completed == one.at_once
        and not one.lost_events
        and one.first_words_p95_s <= SLOWEST_FIRST_WORDS_S
    ]
    return max(good, default=0)


def soak(world: World, minutes: float) -> dict[str, Any]:
    """Let people work for so long, and look whether all is there; without minutes only look."""
    watching = soaking.Soak(world)
    journal = Journal()
    before = asked_before(world)
    if minutes:
        with using.at_work(world, world.people) as journal:
            watching.start()
            time.sleep(60 * minutes)
            watching.ended.set()
            watching.join(60)
    journal.keys.update(before)
    half = max(1, len(watching.waiting) // 2)
    return {
        "soak_minutes": minutes,
        "requests": dict(sorted(journal.statuses.items())),
        "growth": {name: asdict(one) for name, one in watching.growth().items()},
        "waiting_first_half": max(watching.waiting[:half], default=0),
        "waiting_second_half": max(watching.waiting[half:], default=0),
        "problems": list(checking.look(world, journal).all),
    }


def asked_before(world: World) -> Counter[str]:
    """Return how many questions people have asked that stand in no journal."""
    return Counter({person.name: _asked_by(person.name) for person in world.people})


def _shown_to_others(result: Mapping[str, Any]) -> list[str]:
    words = {word for one in result.get("steps", []) for word in one["wrong"]}
    return [f"somebody was shown {word}, which is not for them" for word in sorted(words)]


def _asked_by(name: str) -> int:
    from appliance.conversations.models import Thread

    return Thread.objects.filter(owner__username=name).count()


def _table(result: dict[str, Any]) -> Table:
    table = Table("load", "what came of it")
    for one in result.get("steps", []):
        told = f"{one['requests_per_s']} requests/s, p95 {one['p95_ms']} ms, {one['outcomes']}"
        table.add_row(f"{one['users']} people without a pause", told)
    for one in result.get("streams", []):
        told = f"{one['completed']} ended, first words p95 {one['first_words_p95_s']} s"
        table.add_row(f"{one['at_once']} answers at once", told)
    for name in ("vanished", "fill", "flood"):
        if one := result.get(name):
            table.add_row(name, ", ".join(f"{key} {value}" for key, value in one.items()))
    for name, one in result.get("growth", {}).items():
        told = f"{one['memory_mb']} MB, {one['memory_mb_per_hour']:+} an hour"
        table.add_row(f"{name} over time", f"{told}, {one['descriptors_grown']:+} descriptors")
    return table


if __name__ == "__main__":
    sys.exit(main())
