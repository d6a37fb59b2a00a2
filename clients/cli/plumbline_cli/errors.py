"""What can go wrong, each with the exit code that scripts rely on."""

from __future__ import annotations

NOTHING_FOUND = 1
NOT_SIGNED_IN = 3
NOT_REACHED = 4
REFUSED = 5


class CliError(Exception):
    """Something went wrong; the sentence says what, and what to do."""

    exit_code = REFUSED


class NotSignedIn(CliError):
    """There is no token, or it opens nothing any more."""

    exit_code = NOT_SIGNED_IN


class NotReached(CliError):
    """The appliance does not answer, or not as one does."""

    exit_code = NOT_REACHED


class Refused(CliError):
    """The appliance answered that it will not do this."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status
