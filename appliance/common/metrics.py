"""What the product tells Prometheus: one exposition for all processes of a host.

Counters, and how long things took, are written by each process into files of the data folder, so
that workers need no port. What stands in the database anyway is looked up at each scrape, by
collectors that the parts of the product register here. No label names a person; sources go by number.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

Collect = Callable[[], Iterable[Metric]]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ENDED = "ended"  # in place of a process number: what processes that are gone have counted
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)

_collectors: dict[str, Collect] = {}


def register(name: str, collect: Collect) -> None:
    """Have `collect` called at each scrape. Its statements must be cheap: a scrape comes every 15 s."""
    _collectors[name] = collect


def gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def gauges(
    name: str, documentation: str, label: str, values: Iterable[tuple[str, float]]
) -> Metric:
    """Return one metric with a value for each value of its label."""
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for labelled, value in values:
        family.add_metric([labelled], value)
    return family


def exposition() -> bytes:
    """Return everything in Prometheus' text format."""
    folder = Path(settings.METRICS_DIR)
    registry = CollectorRegistry()
    if folder.is_dir():
        fold_ended(folder)
        MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    registry.register(_Registered())
    return generate_latest(registry)


class _Registered(Collector):
    def collect(self) -> Iterator[Metric]:
        failed = []
        for name, collect in _collectors.items():
            try:
                yield from list(collect())
            except DatabaseError as exc:
                logger.warning("metrics of %s cannot be read: %s", name, type(exc).__name__)
                failed.append(name)
        yield gauges(
            "plumbline_collector_failed",
            "Whether the values of a part could not be read from the database.",
            "part",
            [(name, float(name in failed)) for name in _collectors],
        )


def fold_ended(folder: Path) -> None:
    """Add what ended processes have counted to one file for each kind, and remove theirs.

    Else each restart would leave files behind for ever; and a counter must never go back.
    """
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in folder.glob("*.db"):
            kind, _, process = file.stem.rpartition("_")
            if process == ENDED or not process.isdigit() or psutil.pid_exists(int(process)):
                continue
            if not kind.startswith("gauge"):
                _add(file, folder / f"{kind}_{ENDED}.db")
            file.unlink()


def _add(ended: Path, total: Path) -> None:
    kept = MmapedDict(str(total))  # type: ignore[no-untyped-call]
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
            before, _ = kept.read_value(key)  # type: ignore[no-untyped-call]
            kept.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        kept.close()  # type: ignore[no-untyped-call]
