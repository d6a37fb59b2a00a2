"""The error tree: its drawing is complete, and every error says something."""

from __future__ import annotations

import pytest

from inference import errors
from inference.errors import InferenceError

LEAVES = InferenceError.__subclasses__()


@pytest.mark.parametrize("error", [InferenceError, *LEAVES])
def test_every_error_is_drawn_and_has_a_default_message(error: type[InferenceError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")
    assert str(error()) == error.__doc__


def test_a_given_message_wins() -> None:
    assert str(InferenceError("x")) == "x"
