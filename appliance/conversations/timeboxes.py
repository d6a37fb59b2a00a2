"""A whole answer of a model, or none when it takes longer than it may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

from inference.protocol import ChatDelta
from inference.streaming import ChatStream

OnStream = Callable[[ChatStream], None]


def written_within(seconds: float, stream: ChatStream, on_stream: OnStream) -> str | None:
    """Return the text of a stream; None when it was not finished in time, or was closed.

    Raises InferenceError as the stream does.
    """
    on_stream(stream)
    timer = threading.Timer(seconds, stream.close)
    timer.daemon = True
    timer.start()
    parts: list[str] = []
    try:
        with closing(stream):
            for event in stream:
                if not isinstance(event, ChatDelta):
                    return "".join(parts) if event.finish_reason == "stop" else None
                parts.append(event.text)
    finally:
        timer.cancel()
    return None
