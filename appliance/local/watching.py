"""A command that runs beside the foreground and tells line by line how far it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from appliance.local.home import ROOT


class Watcher:
    """One `manage.py` command whose lines go to `tell`; `ended` then gets its exit code."""

    def __init__(
        self, arguments: list[str], *, tell: Callable[[str], None], ended: Callable[[int], None]
    ) -> None:
        self.tell = tell
        self.ended = ended
        self.is_stopped = False
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        for line in self.process.stdout or ():
            if line.strip() and not self.is_stopped:
                self.tell(line.strip())
        code = self.process.wait()
        if not self.is_stopped:
            self.ended(code)

    def stop(self) -> None:
        self.is_stopped = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
