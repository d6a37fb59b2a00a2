"""What of a commit message is its own, and which commits tell nothing."""

from __future__ import annotations

import pytest

from inference.training.messages import is_by_a_bot, is_trivial, said, subject


def test_what_tools_add_is_taken_away() -> None:
    message = (
        "fix(parser): accept empty lists (#123)\n\nSee https://example.com/x and "
        "0123456789abcdef01.\n\nFixes: #12\nSigned-off-by: Ada <a@b>\nCo-authored-by: B <b@c>\n"
    )
    assert said(message) == "fix(parser): accept empty lists \nSee  and .".replace(
        "lists \n", "lists\n"
    )
    assert subject(message) == "accept empty lists"


@pytest.mark.parametrize(
    ("message", "trivial"),
    [
        ("Bump lodash from 1 to 2", True),
        ("Merge branch 'main' into side", True),
        ('Revert "Add a cache"', True),
        ("v1.2.3", True),
        ("typo", True),
        ("fix typo in docs", True),
        ("chore(deps): update all", True),
        ("wip", True),
        ("", True),
        ("#12", True),
        ("Keep the connection open after a timeout", False),
        ("fix: do not lose the last line", False),
        ("release the lock when the worker dies", True),  # the price of a simple rule
    ],
)
def test_trivial_messages(message: str, trivial: bool) -> None:
    assert is_trivial(message) is trivial


def test_bots() -> None:
    assert is_by_a_bot("dependabot[bot]")
    assert is_by_a_bot("Renovate")
    assert not is_by_a_bot("Abbot Robotham")
