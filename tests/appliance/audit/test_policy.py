"""What a record keeps of a question, and that a known one can be found again."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from appliance.audit.policy import LONGEST, hash_text, told

QUESTION = "Who is let go in May?"


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("full", {"text": QUESTION}),
        ("hashed", {"text_hash": hash_text(QUESTION), "length": len(QUESTION)}),
        ("none", {"length": len(QUESTION)}),
    ],
)
def test_the_policy_decides(policy: str, kept: dict[str, object], settings: Settings) -> None:
    settings.AUDIT_QUESTIONS = policy
    assert told(QUESTION) == kept


def test_a_hash_is_of_this_installation(settings: Settings) -> None:
    here = hash_text(QUESTION)
    assert here == hash_text(f"  {QUESTION}\n")
    assert len(here) == 64
    settings.SECRET_KEY = "that of another one"
    assert hash_text(QUESTION) != here


def test_a_text_of_any_length_and_letters_is_taken(settings: Settings) -> None:
    assert len(hash_text("\ud800\0" * 100_000)) == 64
    settings.AUDIT_QUESTIONS = "full"
    assert len(str(told("x" * 10 * LONGEST)["text"])) == LONGEST
