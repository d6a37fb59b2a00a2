"""All attempts at once, beside controls that must succeed: what is known of the walls then.

A tester that reaches nothing at all would call everything sealed. So the same attempts are made to
listeners of its own, and to what the service must reach; when one of these fails, nothing is known.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from inference.egress.attempts import Ended, Outcome, attempt
from inference.egress.targets import DNS, NTP, TCP, Target

Verdict = Literal["sealed", "accepted", "open", "unknown"]
LIMIT_S = 4.0
GRACE_S = 0.5  # for threads to say so
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as it went; of a control, `open` is what it must be."""

    target: str
    kind: str
    outcome: Outcome
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What one look found.

    sealed: nothing got out. accepted: only by kinds of way that the settings accept. open: by
    others too. unknown: a control failed, so that closed ways prove nothing.
    """

    verdict: Verdict
    attempts: tuple[Attempt, ...]
    controls: tuple[Attempt, ...]
    seconds: float

    @property
    def open(self) -> tuple[Attempt, ...]:
        return tuple(one for one in self.attempts if one.outcome == "open")

    @property
    def sentence(self) -> str:
        """Return the verdict in words, as logs and people read it."""
        failed = [f"{one.target} ({one.detail})" for one in self.controls if one.outcome != "open"]
        ways = ", ".join(f"{one.target} ({one.detail})" for one in self.open)
        tried = sum(one.outcome != "untried" for one in self.attempts)
        match self.verdict:
            case "open":
                return f"EGRESS OPEN: {ways}"
            case "unknown":
                why = f"the control failed: {', '.join(failed)}" if failed else "nothing was tried"
                return f"EGRESS UNKNOWN: {why}"
            case "accepted":
                return f"EGRESS OPEN where the settings accept it: {ways}"
        return (
            f"EGRESS CLOSED ({tried}/{len(self.attempts)} attempts made, none got out; controls OK)"
        )


def check(
    targets: Sequence[Target],
    *,
    controls: Sequence[Target] = (),
    accepted: Collection[str] = (),
    limit_s: float = LIMIT_S,
) -> Report:
    """Make all attempts at the same time; takes the time limit at most, and a little."""
    started = time.monotonic()
    with own_listeners() as own:
        ended = _all_at_once([*own, *controls, *targets], limit_s)
    count = len(own) + len(controls)
    checked, attempts = tuple(ended[:count]), tuple(ended[count:])
    return Report(
        verdict_of(attempts, checked, accepted),
        attempts,
        checked,
        round(time.monotonic() - started, 2),
    )


def verdict_of(
    attempts: Sequence[Attempt], controls: Sequence[Attempt], accepted: Collection[str]
) -> Verdict:
    ways = {one.kind for one in attempts if one.outcome == "open"}
    if ways - set(accepted):
        return "open"
    if any(one.outcome != "open" for one in controls):
        return "unknown"
    if not any(one.outcome != "untried" for one in attempts):
        return "unknown"
    return "accepted" if ways else "sealed"


def _all_at_once(targets: Sequence[Target], limit_s: float) -> list[Attempt]:
    """Return an attempt for each target, in their order; one that hangs is left to itself."""
    ended: dict[int, Attempt] = {}

    def run(number: int, target: Target) -> None:
        started = time.monotonic()
        try:
            outcome, detail = attempt(target, limit_s)
        except ValueError as exc:  # a host name that no resolver takes
            outcome, detail = Ended("untried", str(exc))
        seconds = round(time.monotonic() - started, 2)
        ended[number] = Attempt(str(target), target.kind, outcome, detail, seconds)

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(targets)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit_s + GRACE_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no answer within {limit_s:g} s"
    return [
        ended.get(number) or Attempt(str(target), target.kind, "closed", late, limit_s)
        for number, target in enumerate(targets)
    ]


@contextmanager
def own_listeners() -> Iterator[list[Target]]:
    """Listen by TCP and UDP on this machine: each way of trying must find an open one open."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taking,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering,
    ):
        try:
            taking.bind((LOOPBACK, 0))
            taking.listen(4)
            answering.bind((LOOPBACK, 0))
        except OSError:  # not even here: the attempts below will say so
            yield [Target(TCP, LOOPBACK, 9)]
            return
        port = answering.getsockname()[1]
        # Not joined: it ends with its socket.
        threading.Thread(target=_answer, args=(answering,), daemon=True).start()
        yield [
            Target(TCP, LOOPBACK, taking.getsockname()[1]),
            Target(DNS, LOOPBACK, port),
            Target(NTP, LOOPBACK, port),
        ]


def _answer(line: socket.socket) -> None:
    line.settimeout(0.2)
    while line.fileno() >= 0:
        try:
            message, sender = line.recvfrom(512)
            line.sendto(message, sender)
        except TimeoutError:
            continue
        except OSError:
            return
