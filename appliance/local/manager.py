"""The process manager's own program: supervisord, which a full disk does not end.

What supervisord cannot write into a log it tells on standard error, and an error there ends it, with
nobody left to start what falls over. Its standard error lies on the same disk. So what cannot be
written there is dropped: python -m appliance.local.manager -c FILE.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from typing import TextIO

from supervisor.supervisord import main


class Unfailing(io.TextIOBase):
    """A stream that drops what cannot be written; to supervisord a stream of texts, not of bytes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()


if __name__ == "__main__":
    sys.stdout, sys.stderr = Unfailing(sys.stdout), Unfailing(sys.stderr)
    main()
