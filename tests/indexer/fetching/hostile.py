"""What the tests of hostile servers and repositories share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.errors import FetchError
from indexer.fetching.location import Location
from indexer.fetching.mirror import Credential, fetch
from indexer.fetching.policy import LocationPolicy
from tests.listeners import listening


def refusal(
    location: Location,
    mirror: Path,
    policy: LocationPolicy,
    credential: Credential | None = None,
) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(location, mirror, policy=policy, credential=credential)
    return caught.value


@contextmanager
def counting_listener(host: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """Listen and record what is sent to a place where nothing should arrive."""
    seen: list[bytes] = []
    with listening(lambda connection: seen.append(connection.recv(1000)), host) as port:
        yield port, seen
