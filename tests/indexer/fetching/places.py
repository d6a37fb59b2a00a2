"""What the tests of addresses and paths share."""

from __future__ import annotations

import pytest

from indexer.errors import LocationRefused
from indexer.fetching.location import parse_location
from indexer.fetching.policy import LocationPolicy

STRICT = LocationPolicy()


def refusal(text: str, policy: LocationPolicy = STRICT) -> str:
    """Return the code with which a place is refused."""
    with pytest.raises(LocationRefused) as caught:
        parse_location(text, policy)
    assert caught.value.message
    return caught.value.code
