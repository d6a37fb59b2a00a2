"""Ends a worker that is handed nothing any more: its line to the broker is dead without its knowing.

The scheduler sends each queue a sign of life every fifteen seconds, so a worker that has work for
nobody is handed something all the same. Whoever runs the workers starts it again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from celery.signals import task_postrun, task_prerun, worker_ready

logger = logging.getLogger(__name__)

SILENCE_S = 240.0  # sixteen signs of life
LOOK_S = 10.0
EXIT_CODE = 1  # a failure, to every process manager


class Watchdog:
    """Counts what the worker has in hand, and how long it has had nothing."""

    def __init__(self, silence_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.silence_s = silence_s
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._last = clock()

    def begin(self, **_: object) -> None:
        with self._lock:
            self._running += 1

    def end(self, **_: object) -> None:
        with self._lock:
            self._running -= 1
            self._last = self._clock()

    def has_lost_its_line(self) -> bool:
        with self._lock:
            return not self._running and self._clock() - self._last > self.silence_s

    def watch(self, look_s: float = LOOK_S) -> None:
        """Look until the line is lost, then end the process, whatever its other threads do."""
        self._last = self._clock()  # starting took its own time
        while not self.has_lost_its_line():
            time.sleep(look_s)
        logger.error(
            "handed nothing for %.0f s: the worker ends, to be started again", self.silence_s
        )
        logging.shutdown()
        os._exit(EXIT_CODE)


def guard(silence_s: float = SILENCE_S, look_s: float = LOOK_S) -> None:
    """Have this process watched as soon as it is a worker that takes messages."""
    watchdog = Watchdog(silence_s)
    task_prerun.connect(watchdog.begin, weak=False)
    task_postrun.connect(watchdog.end, weak=False)

    def start(**_: object) -> None:
        threading.Thread(target=watchdog.watch, args=(look_s,), daemon=True).start()

    worker_ready.connect(start, weak=False)
