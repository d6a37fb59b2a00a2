"""Keys of twenty kinds are masked wherever they stand; what only looks like one is left alone."""

from __future__ import annotations

import random
from collections import Counter
from time import process_time

import pytest

from indexer.masking import mask
from tests.indexer.masking.keys import ALNUM, FRAMES, KINDS, LOOK_ALIKES, NAMED, pick

SECRETS = 200
ALIKE = 200


def test_two_hundred_keys_of_twenty_kinds_are_masked() -> None:
    dice = random.Random(7)  # noqa: S311  the same keys at every run
    missed: Counter[str] = Counter()
    for number in range(SECRETS):
        name = list(KINDS)[number % len(KINDS)]
        secret = KINDS[name](dice)
        value = secret.split(":")[-1].split("@")[0] if "://" in secret else secret
        value = value.removeprefix("AccountKey=")
        before = "import shop\n\n"
        text = before + dice.choice(FRAMES).format(secret) + "after = 1\n"
        masked = mask(text, "src/settings.py")
        assert masked.text.count("\n") == text.count("\n")
        assert masked.text.startswith(before)
        assert masked.text.endswith("after = 1\n")
        assert value not in repr(masked.findings)
        if value in masked.text or not masked.findings:
            missed[name] += 1
        else:
            assert {finding.line for finding in masked.findings} == {3}
            assert "[SECRET:" in masked.text
    assert sum(missed.values()) <= SECRETS * 0.05, missed


@pytest.mark.parametrize("frame", ["{}", "{}\n", "a {} b", "({})", "\t{}", "<td>{}</td>"])
@pytest.mark.parametrize("name", KINDS)
def test_a_key_alone_is_masked_as_a_whole(name: str, frame: str) -> None:
    """No name of a variable gives it away, and no piece of it stays."""
    for seed in range(40):
        secret = KINDS[name](random.Random(seed))  # noqa: S311  the same keys at every run
        value = secret.split(":")[-1].split("@")[0] if "://" in secret else secret
        text = mask(frame.format(secret), "notes.txt").text
        pieces = [value[at : at + 12] for at in range(8, len(value) - 12, 4)]
        assert [piece for piece in pieces if piece in text] == [], (seed, text)


@pytest.mark.parametrize("name", NAMED)
def test_a_value_that_only_its_name_gives_away_is_masked(name: str) -> None:
    dice = random.Random(name)  # noqa: S311
    value = pick(dice, ALNUM, 18) + "7x"
    masked = mask(f'{name} = "{value}"\n', "settings.py")
    assert value not in masked.text
    assert masked.text == f'{name} = "[SECRET:password-or-key]"\n'


def test_two_hundred_look_alikes_stay_as_they_are() -> None:
    dice = random.Random(11)  # noqa: S311
    wrong = []
    for number in range(ALIKE):
        text = LOOK_ALIKES[number % len(LOOK_ALIKES)](dice) + "\n"
        if mask(text, "src/shop.py").text != text:
            wrong.append(text)
    assert len(wrong) <= ALIKE * 0.05, wrong


def test_a_private_key_keeps_its_lines_and_ends_at_its_end() -> None:
    dice = random.Random(3)  # noqa: S311
    key = KINDS["private key"](dice)
    text = f"first\n{key}\nlast\n"
    masked = mask(text, "id_rsa")
    assert masked.text.split("\n")[0] == "first"
    assert masked.text.split("\n")[1] == "[SECRET:private-key]"
    assert masked.text.rstrip("\n").split("\n")[-1] == "last"
    assert masked.text.count("\n") == text.count("\n")
    assert not any(line in masked.text for line in key.split("\n")[1:-1])


def test_a_key_that_is_cut_off_is_masked_to_its_end() -> None:
    dice = random.Random(4)  # noqa: S311
    key = KINDS["private key"](dice).rpartition("\n")[0]
    assert mask(key, "id_rsa").text.strip("\n") == "[SECRET:private-key]"


def test_the_same_text_is_masked_in_the_same_way() -> None:
    dice = random.Random(5)  # noqa: S311
    text = "".join(frame.format(KINDS["github classic"](dice)) for frame in FRAMES)
    assert mask(text, "a.py") == mask(text, "a.py")


@pytest.mark.parametrize(
    "text",
    [
        "key='" + "a1B2" * 250_000,
        "password = " * 90_000,
        "://a:b" * 150_000,
        "-----BEGIN PRIVATE KEY-----\n" * 30_000,
        "eyJ" * 330_000,
        "sk-" + "a" * 1_000_000,
        "x" * 1_000_000,
        ("secret" + "'" * 40 + "\n") * 20_000,
    ],
    ids=["long value", "names", "addresses", "headers", "tokens", "one key", "plain", "quotes"],
)
def test_hostile_texts_are_masked_in_bounded_time(text: str) -> None:
    started = process_time()
    masked = mask(text, "hostile.txt")
    assert process_time() - started < 10
    assert masked.text.count("\n") == text.count("\n")
