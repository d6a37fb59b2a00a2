"""The product's worker with other patience: python -m tests.indexer.ingestion.queue_worker.

What takes minutes or hours in the product (a slice, a message's time-out) takes moments here, so
these numbers are replaced in this process; the code that they steer is the product's own.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from celery.signals import task_prerun

from appliance.config.celery import app
from appliance.web import watchdog


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--concurrency", default="1")
    parser.add_argument("--record", type=Path, help="a line for each job that was handed over")
    parser.add_argument("--visibility-s", type=int)
    parser.add_argument("--slice-s", type=float)
    parser.add_argument("--batch", type=int, help="blobs stored at once")
    parser.add_argument("--pause-s", type=float, default=0.0, help="before each such batch")
    parser.add_argument("--silence-s", type=float, help="after which it gives its line up")
    parser.add_argument("--loglevel", default="info")
    options = parser.parse_args()
    django.setup()
    _replace_numbers(options.slice_s, options.batch, options.pause_s)
    if options.visibility_s is not None:
        transport = {
            **app.conf.broker_transport_options,
            "visibility_timeout": options.visibility_s,
            # Looks for such messages each second; kombu's default is every hundred.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        }
        app.conf.broker_transport_options = transport
    if options.silence_s is not None:
        watchdog.guard(options.silence_s, look_s=0.2)
    if options.record is not None:
        task_prerun.connect(_recorder(options.record), weak=False)
    app.worker_main(
        [
            "worker",
            *("--hostname", f"test-{os.getpid()}@local", "--queues", "sync,embed"),
            *("--pool", "threads", "--concurrency", options.concurrency),
            *("--without-gossip", "--without-mingle", "--loglevel", options.loglevel),
        ]
    )


def _replace_numbers(slice_s: float | None, batch: int | None, pause_s: float) -> None:
    # Here because the settings must be set up first; by name because they are replaced.
    jobs: Any = import_module("indexer.ingestion.jobs")
    sync: Any = import_module("indexer.ingestion.sync")
    if slice_s is not None:
        defaults = jobs.Heartbeat.__init__.__kwdefaults__
        assert "slice_s" in defaults
        defaults["slice_s"] = slice_s
    if batch is not None:
        sync.BATCH_BLOBS = batch
    if pause_s:
        store_blobs = sync.store_blobs

        def store_later(*arguments: Any) -> int:
            time.sleep(pause_s)
            return int(store_blobs(*arguments))

        sync.store_blobs = store_later


def _recorder(record: Path) -> Any:
    def note(task: Any, args: tuple[int, ...], **_: object) -> None:
        if task.name == "indexer.tasks.sync_source":
            with record.open("a") as file:
                file.write(f"{args[0]}\n")

    return note


if __name__ == "__main__":
    main()
