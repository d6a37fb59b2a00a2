"""The short-lived process in which GitPython fetches: python -m indexer.fetching.child.

It exists because GitPython leaks and git meets hostile servers: everything it may use is limited
here, and all of it ends with this process group. One request comes on standard input, progress
and one result go to standard output. When standard input closes, the supervisor is gone and the
group ends itself.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading

from indexer.errors import FetchError
from indexer.fetching.credentials import scrub
from indexer.fetching.protocol import FetchRequest, Report, report_to_json, request_from_json
from indexer.fetching.transfer import Transfer
from indexer.fetching.values import FetchLimits


def main() -> None:
    request = request_from_json(sys.stdin.readline())
    limit_resources(request.limits)
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    try:
        send(_work(request))
    except FetchError as error:
        send(type(error)(error.code, scrub(error.message, request.credential)))


def _work(request: FetchRequest) -> Report:
    if request.kind in {"folder", "archive"}:
        # Only here: snapshots are made with what fetching is made of.
        from indexer.fetching.snapshots.snapshot import Snapshot

        return Snapshot(request, send).run()
    return Transfer(request, send).run()


def limit_resources(limits: FetchLimits) -> None:
    """Bind this process and every git below it; each process counts for itself."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.disk_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def send(report: Report) -> None:
    sys.stdout.write(report_to_json(report) + "\n")
    sys.stdout.flush()


def _end_with_supervisor() -> None:
    # Through the descriptor: the buffered reader is locked while another thread exits.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
