"""Calibration text: the share of own code, nothing in both files, windows of one length, hostile files."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from inference.errors import QuantizationFailed
from inference.quantization.__main__ import main
from inference.quantization.calibration import (
    Text,
    excerpt,
    general_texts,
    mixed,
    read_texts,
    windows_of,
    write_texts,
)

OWN = [Text(f"own {number}", "own") for number in range(100)]
GENERAL = [Text(f"general {number}", "general") for number in range(100)]


def parts(texts: list[Text]) -> Counter[str]:
    return Counter(text.part for text in texts)


@pytest.mark.parametrize(("share", "own"), [(0.0, 0), (0.25, 10), (1.0, 40)])
def test_the_share_of_own_code_is_as_asked(share: float, own: int) -> None:
    drawn = parts(mixed(OWN, GENERAL, own_share=share, samples=40))
    assert (drawn["own"], drawn["general"]) == (own, 40 - own)


def test_a_short_part_keeps_the_share() -> None:
    assert parts(mixed(OWN[:10], GENERAL, own_share=0.5, samples=80)) == {"own": 10, "general": 10}


def test_a_part_that_is_wanted_must_be_there() -> None:
    with pytest.raises(QuantizationFailed, match="no own text"):
        mixed([], GENERAL, own_share=0.5, samples=10)
    assert len(mixed([], GENERAL, own_share=0, samples=10)) == 10


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(QuantizationFailed, match="give 0 to 1"):
        mixed(OWN, GENERAL, own_share=share, samples=10)


def test_the_same_seed_draws_the_same() -> None:
    first = mixed(OWN, GENERAL, own_share=0.5, samples=20)
    assert mixed(OWN, GENERAL, own_share=0.5, samples=20) == first
    assert mixed(OWN, GENERAL, own_share=0.5, samples=20, seed=1) != first


def test_about_one_text_of_eight_is_held_out() -> None:
    held_out = sum(Text(f"text {number}", "own").is_held_out for number in range(4000))
    assert 420 < held_out < 580


def test_an_excerpt_is_of_whole_lines() -> None:
    lines = [f"line {number}\n" for number in range(5000)]
    taken = excerpt("".join(lines), random.Random(3), 1000)  # noqa: S311
    assert 900 < len(taken) <= 1000
    assert set(taken.splitlines(keepends=True)) <= set(lines)
    assert excerpt("short", random.Random(3)) == "short"  # noqa: S311


def test_one_line_that_is_too_long_gives_nothing() -> None:
    assert excerpt("x" * 20000, random.Random(3)) == ""  # noqa: S311


def test_general_text_leaves_out_tests_and_packages(tmp_path: Path) -> None:
    for name in ("a.py", "test/b.py", "site-packages/c.py", "tiny.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1\n" if name == "tiny.py" else f"# {name}\n" * 50)
    assert ["# a.py" in text.text for text in general_texts(tmp_path)] == [True]


def test_a_file_of_texts_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    texts = [Text("a\nü\udcff", "own"), Text("b", "general")]
    assert write_texts(path, texts) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_texts(path) == texts


def test_a_link_is_not_followed_and_a_file_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("older")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(QuantizationFailed, match="exists"):
            write_texts(tmp_path / name, OWN)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "line",
    ["nothing", "[]", '{"text": "x"}', '{"text": 1, "part": "own"}', '{"text": "x", "part": "odd"}',
     "[" * 100_000],
)  # fmt: skip
def test_what_is_no_calibration_text_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps({"text": "x", "part": "own"}) + f"\n{line}\n")
    with pytest.raises(QuantizationFailed, match="line 2: no calibration text"):
        read_texts(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(QuantizationFailed, match="No such file"):
        read_texts(tmp_path / "none.jsonl")


def test_windows_have_one_length_and_short_texts_are_joined() -> None:
    assert windows_of([[1, 2], [3, 4, 5], [6]], count=9, tokens=3) == [(1, 2, 3), (4, 5, 6)]


def test_a_long_text_weighs_no_more_than_others() -> None:
    assert windows_of([list(range(100)), [7, 8, 9]], count=9, tokens=3) == [(0, 1, 2), (7, 8, 9)]


def test_no_more_windows_than_asked() -> None:
    assert len(windows_of([[1, 2, 3]] * 10, count=4, tokens=3)) == 4


def test_too_little_text_is_said() -> None:
    with pytest.raises(QuantizationFailed, match="no calibration text of 4 tokens"):
        windows_of([[1, 2, 3]], count=1, tokens=4)


def test_calibrate_writes_two_files_that_share_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    write_texts(own, [Text(f"def own_{number}(): ...\n" * 20, "own") for number in range(400)])
    told = ["calibrate", str(tmp_path / "out"), "--own", str(own), "--samples", "60"]
    assert main(told) == 0
    calibration = read_texts(tmp_path / "out" / "calibration.jsonl")
    held_out = read_texts(tmp_path / "out" / "held-out.jsonl")
    assert parts(calibration) == {"own": 30, "general": 30}
    assert parts(held_out)["own"] == parts(held_out)["general"] > 10
    assert not set(calibration) & set(held_out)
    assert main(told) == 1  # the files are there
