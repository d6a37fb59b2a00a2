"""A disk that is full ends neither the process manager nor what it looks after."""

from __future__ import annotations

import errno
import io
import sys

import pytest
from supervisor.loggers import StreamHandler, getLogger

from appliance.local.manager import Unfailing


class Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        """Nothing to write any more."""


def test_what_cannot_be_written_is_dropped() -> None:
    stream = Unfailing(Full())
    assert stream.write("lost") == 4
    stream.flush()


def test_what_can_be_written_is_written() -> None:
    file = io.StringIO()
    stream = Unfailing(file)
    stream.write("kept")
    assert file.getvalue() == "kept"


def test_a_log_is_written_as_text() -> None:
    logger, file = getLogger(), io.StringIO()
    logger.addHandler(handler := StreamHandler(Unfailing(file)))
    handler.setFormat("%(message)s\n")
    logger.critical("web exited")
    assert file.getvalue() == "web exited\n"


def test_a_log_on_a_full_disk_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = getLogger()
    logger.addHandler(handler := StreamHandler(Full()))
    handler.setFormat("%(message)s")
    monkeypatch.setattr(sys, "stderr", Full())
    with pytest.raises(OSError, match="No space"):
        logger.critical("without it")
    monkeypatch.setattr(sys, "stderr", Unfailing(Full()))
    logger.critical("with it")
