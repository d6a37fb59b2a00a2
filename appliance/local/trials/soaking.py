"""What the programs take over time while people work: memory, descriptors, and what waits."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import psutil

from appliance.local.trials.world import World

SAMPLE_S = 2.0
SETTLED = 0.3  # of the time: what a program loads at first is no leak
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Growth:
    """How one program grew once it had settled."""

    memory_mb: float  # at the end
    memory_mb_per_hour: float
    descriptors: int  # at the end
    descriptors_grown: int  # of PostgreSQL: each connection keeps the files open that it has read
    processes: int  # at the end
    processes_grown: int


class Sample(NamedTuple):
    """A program with its children at one moment."""

    at: float  # seconds
    memory_mb: float
    descriptors: int
    processes: int


class Soak(threading.Thread):
    """Samples every program until it is told to end."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.ended = threading.Event()
        self.samples: dict[str, list[Sample]] = defaultdict(list)
        self.waiting: list[int] = []  # jobs and answers that were begun or wait

    def run(self) -> None:
        from django.db import connection

        programs = {one.name: one.pid for one in self.world.manager.states()}
        while not self.ended.wait(SAMPLE_S):
            for name, pid in programs.items():
                self._sample(name, pid)
            self.waiting.append(_waiting())
            connection.close()

    def growth(self) -> dict[str, Growth]:
        return {name: _growth(samples) for name, samples in self.samples.items() if samples}

    def _sample(self, name: str, pid: int) -> None:
        memory, descriptors = 0.0, 0
        try:
            head = psutil.Process(pid)
            processes = [head, *head.children(recursive=True)]
            for process in processes:
                memory += process.memory_info().rss / MEGABYTE
                descriptors += process.num_fds()
        except psutil.Error:  # a child that ended meanwhile: the next sample has the others
            return
        self.samples[name].append(Sample(time.monotonic(), memory, descriptors, len(processes)))


def _growth(samples: list[Sample]) -> Growth:
    settled = samples[int(len(samples) * SETTLED) :]
    first, last = settled[0], settled[-1]
    hours = np.array([one.at for one in settled]) / 3600
    memory = np.array([one.memory_mb for one in settled])
    slope = float(np.polyfit(hours, memory, 1)[0]) if len(settled) > 2 else 0.0
    return Growth(
        memory_mb=round(last.memory_mb, 1),
        memory_mb_per_hour=round(slope, 1),
        descriptors=last.descriptors,
        descriptors_grown=last.descriptors - first.descriptors,
        processes=last.processes,
        processes_grown=last.processes - first.processes,
    )


def _waiting() -> int:
    from appliance.conversations.models import Message
    from indexer.models import Job

    jobs = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).count()
    answers = Message.objects.filter(state__in=["queued", "searching", "writing"]).count()
    return jobs + answers
